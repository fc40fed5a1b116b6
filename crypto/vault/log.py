"""A log: statements in one order, each bound to the one before it, and to what its author had seen of other logs.

Owns what every log has in common: the fields of an entry, that it follows the last one, and that two people who were
shown different logs find out. What an entry may do is for the rules of its log. Three kinds: the network's directory,
and of each compartment who is a member, and its records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

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


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Head:
    """An entry as others name it: of which log, at which position, and its hash."""

    kind: Kind
    log: bytes
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
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
    if said.body.keys() != _FIELDS:
        raise NotAsWritten
    match said.body:
        case {
            "log": bytes(log),
            "number": int(number),
            "after": bytes(after),
            "at": int(at),
            "by": bytes(by),
            "do": str(do),
            "with": dict(particulars),
            "seen": list(seen),
        } if not isinstance(number, bool) and not isinstance(at, bool):
            pass
        case _:
            raise NotAsWritten
    right = (
        len(log) == ID_BYTES and len(by) == ID_BYTES and len(after) == HASH_BYTES
        and 0 < len(do) <= LONGEST_DEED and len(seen) <= MOST_SEEN
    )  # fmt: skip
    heads = tuple(_head(each) for each in seen)
    own = [each for each in heads if (each.kind, each.log) == (kind, log)]
    places = [(each.kind, each.log) for each in heads]
    if not right or own or places != sorted(set(places)):
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
    match value:
        case [int(kind), bytes(log), int(number), bytes(hashed)] if not (
            isinstance(kind, bool) or isinstance(number, bool)
        ):
            if kind in list(Kind) and len(log) == ID_BYTES and len(hashed) == HASH_BYTES:
                return Head(kind=Kind(kind), log=log, number=number, hash=hashed)
    raise NotAsWritten
