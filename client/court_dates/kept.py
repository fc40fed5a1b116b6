"""Which court date is which operation: a sealed record of the circle, as only its members may know. Pure.

It is a record of kind `brief`, so the server cannot tell it from the briefs beside it; identifiers of calendars often
carry a name or a place, and never leave it. Anybody of the circle may import the next file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from core.errors import Conflict
from core.texts import mark

KIND = "brief"
WHAT = "court dates of a calendar"
# The first bytes tell it from what people write.
_BEGINS = b'{"what":"court dates of a calendar"'

UNREADABLE = mark(
    "The court dates that are kept here cannot be read: a newer program wrote them, or somebody altered them."
)


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A court date that was imported, as the last file had it, and the operation that was planned for it.

    `minutes` is how long before the court's hour the way begins.
    """

    uid: str
    recurrence: str
    sequence: int
    stamp: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    cancelled: bool
    minutes: int
    operation: UUID

    @property
    def key(self) -> tuple[str, str]:
        """What names it in every file."""
        return self.uid, self.recurrence


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    what: str
    version: int
    dates: list[Known]


def encoded(dates: Sequence[Known]) -> bytes:
    """Return the record."""
    return msgspec.json.encode(_Kept(what=WHAT, version=1, dates=list(dates)))


def decoded(text: bytes) -> list[Known] | None:
    """Return what a record keeps; nothing where it is something else. Raises Conflict where it cannot be read."""
    if not text.startswith(_BEGINS):
        return None
    try:
        found = msgspec.json.decode(text, type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Conflict(UNREADABLE) from None
    if found.version != 1 or len({each.key for each in found.dates}) != len(found.dates):
        raise Conflict(UNREADABLE)
    return found.dates
