"""Whose public keys this person's machine has met: of duty desks that were sealed to, of those who signed cards.

It lies beside the key file (`ana.key` has `ana.key.known`). The server shows the keys, and could show its own
instead; what was met once, or compared by telephone, is remembered here, and a change is noticed. A first meeting is
believed, but not of a second desk of the same agency: an agency has one, and another would be somebody else's.
Nothing is ever forgotten to make room: whoever could make many desks would have a key forgotten so. Where there is no
room, that is said, and nothing is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec

from core import private_files
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark

VERSION = 1
# Far more desks, or authors, than a network has.
MOST = 4000
LARGEST = 2 * 1024 * 1024
NOT_ONE = mark("The file {path} is not one of Streha. It keeps which keys you have met: look who changed it.")
FULL = mark(
    "The file {path} has no room for the keys of more duty desks or people. NOTHING was done. Tell the operator: no "
    "network has so many."
)

Some = TypeVar("Some", bytes, UUID, int)


class Met(StrEnum):
    """How a key stands with what was met before."""

    SAME = "same"
    NEW = "new"
    CHANGED = "changed"


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    desks: dict[UUID, bytes]
    authors: dict[UUID, bytes]
    # Whose each desk is, as far as that was ever told.
    agencies: dict[UUID, UUID] = {}
    # When the key that was met was signed, in seconds since 1970, where somebody vouched for it.
    signed: dict[UUID, int] = {}
    # Which key of a desk somebody compared by telephone.
    by_hand: dict[UUID, bytes] = {}


@dataclass(slots=True, kw_only=True)
class KnownKeys:
    """The keys that were met, and the file that remembers them."""

    path: Path
    desks: dict[UUID, bytes] = field(default_factory=dict)
    authors: dict[UUID, bytes] = field(default_factory=dict)
    agencies: dict[UUID, UUID] = field(default_factory=dict)
    signed: dict[UUID, int] = field(default_factory=dict)
    by_hand: dict[UUID, bytes] = field(default_factory=dict)
    # As it was read: what another command meets meanwhile is not lost when this one writes.
    _read: _Stored | None = None

    def desk(self, desk_id: UUID, agency_id: UUID, key: bytes) -> Met:
        """Return how a desk's key stands with what was met of it, and of its agency under another desk's id."""
        met = _met(self.desks, desk_id, key)
        others = self._others(desk_id, agency_id)
        return Met.CHANGED if met is Met.NEW and any(self.desks[each] != key for each in others) else met

    def meet(self, desk_id: UUID, agency_id: UUID, key: bytes) -> None:
        """Remember a desk's key, and whose desk it is."""
        self._require_room(self.desks, desk_id)
        if self.by_hand.get(desk_id, key) != key:
            # The server could show it again.
            del self.by_hand[desk_id]
        self.desks[desk_id], self.agencies[desk_id] = key, agency_id

    def meet_signed(self, desk_id: UUID, agency_id: UUID, key: bytes, signed_at: int) -> None:
        """Remember a desk's key that somebody vouched for, and when they did."""
        self.meet(desk_id, agency_id, key)
        self.signed[desk_id] = signed_at

    def compared(self, desk_id: UUID, agency_id: UUID, key: bytes) -> bool:
        """Tell whether somebody compared just this key of this desk by telephone."""
        return self.by_hand.get(desk_id) == key and self.agencies.get(desk_id) == agency_id

    def trust(self, desk_id: UUID, agency_id: UUID, key: bytes) -> None:
        """Remember a key that somebody compared, in place of every other of that agency."""
        for each in self._others(desk_id, agency_id):
            del self.desks[each], self.agencies[each]
            self.by_hand.pop(each, None)
        self.meet(desk_id, agency_id, key)
        self.by_hand[desk_id] = key

    def meet_author(self, person_id: UUID, key: bytes) -> None:
        """Remember the key that somebody signs cards with."""
        self._require_room(self.authors, person_id)
        self.authors[person_id] = key

    def author(self, person_id: UUID, key: bytes) -> Met:
        """Return how the key that signed a card stands with what was met of its author."""
        return _met(self.authors, person_id, key)

    def save(self) -> None:
        """Write down what was met, beside what another command of this person has met meanwhile."""
        before = self._read or _Stored(version=VERSION, desks={}, authors={}, agencies={})
        with private_files.alone(self.path.with_name(self.path.name + ".lock")):
            now = _stored(self.path)
            self.desks = _joined(before.desks, self.desks, now.desks)
            self.authors = _joined(before.authors, self.authors, now.authors)
            self.agencies = _joined(before.agencies, self.agencies, now.agencies)
            self.signed = _joined(before.signed, self.signed, now.signed)
            self.by_hand = _joined(before.by_hand, self.by_hand, now.by_hand)
            self._read = _Stored(
                version=VERSION, desks={**self.desks}, authors={**self.authors}, agencies={**self.agencies},
                signed={**self.signed}, by_hand={**self.by_hand},
            )  # fmt: skip
            private_files.write(self.path, msgspec.json.format(msgspec.json.encode(self._read), indent=2) + b"\n")

    def _others(self, desk_id: UUID, agency_id: UUID) -> list[UUID]:
        return [each for each, whose in self.agencies.items() if whose == agency_id and each != desk_id]

    def _require_room(self, known: dict[UUID, bytes], of: UUID) -> None:
        if of not in known and len(known) >= MOST:
            raise Conflict(FULL, path=str(self.path))


def beside(key_path: Path) -> KnownKeys:
    """Return what the owner of a key file has met; nothing yet where there is no such file."""
    path = key_path.with_name(key_path.name + ".known")
    stored = _stored(path)
    return KnownKeys(
        path=path, desks={**stored.desks}, authors={**stored.authors}, agencies={**stored.agencies},
        signed={**stored.signed}, by_hand={**stored.by_hand}, _read=stored,
    )  # fmt: skip


def _stored(path: Path) -> _Stored:
    try:
        data = private_files.read(path, largest=LARGEST)
    except NotFound:
        return _Stored(version=VERSION, desks={}, authors={}, agencies={})
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(NOT_ONE, path=str(path)) from None
    if stored.version != VERSION:
        raise InvalidInput(NOT_ONE, path=str(path))
    whose = {desk: agency for desk, agency in stored.agencies.items() if desk in stored.desks}
    return msgspec.structs.replace(stored, agencies=whose)


def _joined(before: Mapping[UUID, Some], mine: Mapping[UUID, Some], now: Mapping[UUID, Some]) -> dict[UUID, Some]:
    """Return what stands now with what was changed here since it was read."""
    kept = {each: value for each, value in now.items() if each in mine or each not in before}
    return kept | {each: value for each, value in mine.items() if before.get(each) != value}


def _met(known: dict[UUID, bytes], of: UUID, key: bytes) -> Met:
    if of not in known:
        return Met.NEW
    return Met.SAME if known[of] == key else Met.CHANGED
