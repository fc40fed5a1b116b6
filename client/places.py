"""Whether two ways may meet at one place: tokens of place and day that only those who share a secret can make.

The secret is a sealed record of a circle that coordinators of several agencies share, of kind `brief`: so the server
cannot tell it from the briefs beside it (docs/adr/0079).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from client.vault.reading import View
from client.vault.records import Records
from core.errors import Conflict, InvalidInput
from core.texts import mark
from crypto.place_token import SECRET_BYTES, named, token

KIND = "brief"
WHAT = "secret of places"
_BEGINS = b'{"what":"secret of places"'
# All countries of the network have one clock; a machine that is set to another makes the same tokens.
ZONE = ZoneInfo("Europe/Belgrade")
LONGEST = 400

NONE_HERE = mark("In this circle nobody has begun to compare places. Begin: {command}")
BEGIN = "streha operation places"
SEVERAL = mark("Two secrets of places stand here: {records}. Whoever leads the case erases one: streha record erase")
UNREADABLE = mark(
    "The secret of places cannot be read: a newer program wrote it, or somebody altered it. Make another: {command}"
)
NO_PLACE = mark("Write the place as it stands on an envelope: street and number, town.")


class _Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    what: str
    version: int
    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The secret of a circle, and in which record it stands; neither where nobody has begun."""

    secret: bytes | None = None
    record: bytes | None = None


async def kept_secret(records: Records, view: View) -> Kept:
    """Return the secret of a circle. Raises Conflict where it stands twice or cannot be read."""
    found = [
        Kept(secret=_decoded(each.text), record=each.version.write.record)
        for each in await records.of_kind(view, KIND)
        if each.text.startswith(_BEGINS)
    ]
    if len(found) > 1:
        names = sorted({str(UUID(bytes=each.record)) for each in found if each.record is not None})
        raise Conflict(SEVERAL, records=", ".join(names))
    return found[0] if found else Kept()


async def make_secret(records: Records, compartment: bytes, known: Kept) -> None:
    """Write a new secret in the place of the one before, if any: tokens of before meet none of those to come."""
    if known.record is not None:
        # What the next version follows must count as read.
        await records.get(compartment, known.record)
    text = msgspec.json.encode(_Secret(what=WHAT, version=1, secret=os.urandom(SECRET_BYTES)))
    await records.put(compartment, text, kind=KIND, record=known.record)


def token_of(known: Kept, place: str, begins_at: datetime) -> bytes:
    """Return the token of a place on the day of a moment. Raises Conflict where there is no secret."""
    if known.secret is None:
        raise Conflict(NONE_HERE, command=BEGIN)
    if not named(place) or len(place) > LONGEST:
        raise InvalidInput(NO_PLACE)
    return token(known.secret, place, begins_at.astimezone(ZONE).date())


def _decoded(text: bytes) -> bytes:
    try:
        found = msgspec.json.decode(text, type=_Secret)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Conflict(UNREADABLE, command=BEGIN) from None
    if found.version != 1 or len(found.secret) != SECRET_BYTES:
        raise Conflict(UNREADABLE, command=BEGIN)
    return found.secret
