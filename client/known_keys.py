"""Whose public keys this person's machine has met: of duty desks that were sealed to, of those who signed cards.

It lies beside the key file (`ana.key` has `ana.key.known`). The server shows the keys, and could show its own
instead; what was met once, or compared by telephone, is remembered here, and a change is noticed. A first meeting is
believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import msgspec

from core import private_files
from core.errors import InvalidInput, NotFound
from core.texts import mark

VERSION = 1
# The newest ones that are kept, far below what a private file may hold.
KEPT = 60
NOT_ONE = mark("The file {path} is not one of Streha. It keeps which keys you have met: look who changed it.")


class Met(StrEnum):
    """How a key stands with what was met before."""

    SAME = "same"
    NEW = "new"
    CHANGED = "changed"


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    desks: dict[UUID, bytes]
    authors: dict[UUID, bytes]


@dataclass(slots=True, kw_only=True)
class KnownKeys:
    """The keys that were met, and the file that remembers them."""

    path: Path
    desks: dict[UUID, bytes] = field(default_factory=dict)
    authors: dict[UUID, bytes] = field(default_factory=dict)

    def desk(self, desk_id: UUID, key: bytes) -> Met:
        """Return how a desk's key stands with what was met."""
        return _met(self.desks, desk_id, key)

    def author(self, person_id: UUID, key: bytes) -> Met:
        """Return how the key that signed a card stands with what was met of its author."""
        return _met(self.authors, person_id, key)

    def save(self) -> None:
        """Write down what was met, the oldest forgotten where it is too much."""
        stored = _Stored(version=VERSION, desks=_newest(self.desks), authors=_newest(self.authors))
        private_files.write(self.path, msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n")


def beside(key_path: Path) -> KnownKeys:
    """Return what the owner of a key file has met; nothing yet where there is no such file."""
    path = key_path.with_name(key_path.name + ".known")
    try:
        data = private_files.read(path)
    except NotFound:
        return KnownKeys(path=path)
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(NOT_ONE, path=str(path)) from None
    if stored.version != VERSION:
        raise InvalidInput(NOT_ONE, path=str(path))
    return KnownKeys(path=path, desks=stored.desks, authors=stored.authors)


def _met(known: dict[UUID, bytes], of: UUID, key: bytes) -> Met:
    if of not in known:
        return Met.NEW
    return Met.SAME if known[of] == key else Met.CHANGED


def _newest(known: dict[UUID, bytes]) -> dict[UUID, bytes]:
    return dict(list(known.items())[-KEPT:])
