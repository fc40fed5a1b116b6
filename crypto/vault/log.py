"""A log: statements in one order, each bound to the one before it, and to what its author had seen of other logs.

Owns what every log has in common: the fields of an entry, that it follows the last one, and that two people who were
shown different logs find out. What an entry may do is for the rules of its log. Three kinds: the network's directory,
and of each compartment who is a member, and its records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

import msgspec

from crypto.vault import statement
from crypto.vault.deterministic import Value
from crypto.vault.failures import Behind, Forked, NotAsWritten, NotNext, OfAnotherLog
from crypto.vault.hashing import BYTES as HASH_BYTES
from crypto.vault.labels import DIRECTORY, MEMBERSHIP, RECORD
from crypto.vault.statement import Statement

ID_BYTES = 16
START = bytes(HASH_BYTES)
# Of how many logs an entry may say what its author had seen.
MOST_SEEN = 64
LONGEST_DEED = 32
_HEAD_FIELDS = 4
_FIELDS = frozenset({"log", "number", "after", "at", "by", "do", "with", "seen"})


class Kind(IntEnum):
    """What a log is of."""

    DIRECTORY = 0
    MEMBERSHIP = 1
    RECORDS = 2

    @property
    def purpose(self) -> str:
        """What its entries are signed for."""
        return (DIRECTORY, MEMBERSHIP, RECORD)[self]


_KINDS = {int(kind): kind for kind in Kind}


class Head(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """An entry as others name it: of which log, at which position, and its hash."""

    kind: Kind
    log: bytes
    number: int
    hash: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has decided: `do` is the deed, `particulars` what it needs; the moment is what they say it was."""

    head: Head
    after: bytes
    at: int
    by: bytes
    key: bytes
    do: str
    particulars: dict[str, Value]
    seen: tuple[Head, ...]


def body(
    *, log: bytes, number: int, after: bytes, at: int, by: bytes, do: str, particulars: dict[str, Value],
    seen: Sequence[Head] = (),
) -> dict[str, Value]:  # fmt: skip
    """Return the body of an entry, for `statement.make`."""
    heads: list[Value] = [[int(each.kind), each.log, each.number, each.hash] for each in sorted(seen)]
    return {
        "log": log, "number": number, "after": after, "at": at, "by": by, "do": do, "with": particulars, "seen": heads,
    }  # fmt: skip


def read(data: bytes, kind: Kind, network: bytes) -> Entry:
    """Return an entry, once its signature was checked; raise Refused."""
    return entry_of(statement.verified(data, kind.purpose, network), kind)


def entry_of(said: Statement, kind: Kind) -> Entry:
    """Return a verified statement as an entry; raise NotAsWritten."""
    body = said.body
    if body.keys() != _FIELDS:
        raise NotAsWritten
    log, after, by = _bytes(body["log"], ID_BYTES), _bytes(body["after"], HASH_BYTES), _bytes(body["by"], ID_BYTES)
    number, at, do, particulars, seen = body["number"], body["at"], body["do"], body["with"], body["seen"]
    # True and false are numbers to Python, and not here.
    if type(number) is not int or type(at) is not int or not isinstance(do, str) or not 0 < len(do) <= LONGEST_DEED:
        raise NotAsWritten
    if not isinstance(particulars, dict) or not isinstance(seen, list) or len(seen) > MOST_SEEN:
        raise NotAsWritten
    heads = tuple(map(_head, seen))
    places = [(each.kind, each.log) for each in heads]
    if (kind, log) in places or any(one >= other for one, other in pairwise(places)):
        raise NotAsWritten
    return Entry(
        head=Head(kind=kind, log=log, number=number, hash=said.hash),
        after=after, at=at, by=by, key=said.key, do=do, particulars=particulars, seen=heads,
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Chain:
    """The hashes of a log as one knows it, from its first entry on."""

    kind: Kind
    log: bytes
    hashes: list[bytes] = field(default_factory=list)

    @property
    def last(self) -> bytes:
        """The hash that the next entry must follow."""
        return self.hashes[-1] if self.hashes else START

    def append(self, entry: Entry) -> None:
        """Take in the next entry; raise OfAnotherLog, NotNext or Forked, and stay as it was."""
        self.require_next(entry)
        self.hashes.append(entry.head.hash)

    def require_next(self, entry: Entry) -> None:
        """Refuse an entry that does not follow: OfAnotherLog, NotNext, or Forked where it is another one."""
        head = entry.head
        if (head.kind, head.log) != (self.kind, self.log):
            raise OfAnotherLog
        if head.number < len(self.hashes):
            raise NotNext if self.hashes[head.number] == head.hash else Forked
        if head.number > len(self.hashes):
            raise NotNext
        if entry.after != self.last:
            raise Forked

    def require(self, seen: Head) -> None:
        """Refuse what somebody else has seen and one has not: Forked where it differs, Behind where it is missing."""
        if seen.number >= len(self.hashes):
            raise Behind
        if self.hashes[seen.number] != seen.hash:
            raise Forked


def require_seen(entry: Entry, chains: Iterable[Chain]) -> None:
    """Hold what an author had seen against the logs that one has; the rules of a log are asked after that.

    A head of a log that is not among them is passed over.
    """
    mine = {(each.kind, each.log): each for each in chains}
    for seen in entry.seen:
        if (seen.kind, seen.log) in mine:
            mine[seen.kind, seen.log].require(seen)


def _head(value: Value) -> Head:
    if not isinstance(value, list) or len(value) != _HEAD_FIELDS:
        raise NotAsWritten
    kind, log, number, hashed = value
    if type(kind) is not int or kind not in _KINDS or type(number) is not int:
        raise NotAsWritten
    return Head(kind=_KINDS[kind], log=_bytes(log, ID_BYTES), number=number, hash=_bytes(hashed, HASH_BYTES))


def _bytes(value: Value, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise NotAsWritten
    return value
