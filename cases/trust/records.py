"""Which versions of a compartment's records are the current ones: pure rules over the log that is its manifest.

The log is of kind 2 (`crypto.vault.log`). An entry that writes names the versions that it follows. Who writes beside
somebody else follows what the other followed too: then there are two current versions, both stay, and one that follows
both ends it. So nothing is ever overwritten unseen, and no old version can pass for the newest.

Every entry names the head of the members' log that its author had seen. Its author must be a member there. Who was one
there, and is none any more at the furthest head that an entry before it has seen, has written before their removal and
been placed after it: that version is quarantined, shown as such, and replaces nothing.

Source: docs/protocol.md, *The records of a compartment*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeAlias

import msgspec

from agencies.trust.directory import NotEmpowered, Void
from agencies.trust.kept import KeptMap, KeptSet
from cases.trust.membership import Circle, Directories
from crypto.vault import deeds
from crypto.vault.deeds import Id, Key
from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten
from crypto.vault.log import Entry, Kind

# The compartment as it stood after the entry of the members' log at a position.
Circles = Callable[[int], Circle]


class Write(deeds.Deed, frozen=True, kw_only=True):
    """A version of a record: its kind, hash and promise of its content, and the entries that it follows."""

    record: Id
    version: Id
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    content: Key
    promise: Key
    follows: Annotated[list[Key], msgspec.Meta(max_length=16)]


class Erase(deeds.Deed, frozen=True, kw_only=True):
    """Let a record be no more: its wraps are destroyed, and nothing follows it."""

    record: Id


Deed: TypeAlias = Write | Erase
DEEDS: Mapping[str, type[Deed]] = {"write": Write, "erase": Erase}


def read(do: str, particulars: Mapping[str, Value]) -> Deed:
    """Return the deed of an entry; raise NotAsWritten."""
    return deeds.read(DEEDS, do, particulars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version as its author signed it, and the hash of the entry that says so."""

    hash: bytes
    by: bytes
    at: int
    write: Write
    quarantined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of a compartment at one position of their log."""

    compartment: bytes
    # The furthest head of the members' log that an entry has seen.
    members_seen: int = -1
    versions: KeptMap[bytes, Version] = field(default_factory=KeptMap)
    version_ids: KeptSet[bytes] = field(default_factory=KeptSet)
    # The current versions of each record: one, or several that nobody has brought together yet.
    current: KeptMap[bytes, frozenset[bytes]] = field(default_factory=KeptMap)
    erased: KeptSet[bytes] = field(default_factory=KeptSet)

    def in_conflict(self) -> frozenset[bytes]:
        """Return the records of which there are several current versions."""
        return frozenset(record for record, hashes in self.current.items() if len(hashes) > 1)


def decided(records: Records, entry: Entry, circles: Circles, directories: Directories) -> Records:
    """Return the records after an entry; raise Refused and change nothing where it may not stand."""
    if (entry.head.kind, entry.head.log) != (Kind.RECORDS, records.compartment):
        raise NotAsWritten
    deed = read(entry.do, entry.particulars)
    own = _members_seen(entry)
    circle = circles(own)
    directory = directories(circle.directory_seen)
    author = directory.author(entry)
    if not circle.stands(author.id, directory, entry.at) or not circle.is_open(entry.at):
        raise NotEmpowered
    furthest = max(records.members_seen, own)
    now = circles(furthest)
    gone = not now.stands(author.id, directories(now.directory_seen), entry.at)
    records = replace(records, members_seen=furthest)
    match deed:
        case Erase(record=record):
            if gone or author.id not in now.leaders:
                raise NotEmpowered
            if record not in records.current:
                raise Void
            return replace(records, current=records.current.without(record), erased=records.erased.with_(record))
        case Write():
            version = Version(hash=entry.head.hash, by=author.id, at=entry.at, write=deed, quarantined=gone)
            return _written(records, version)


def _written(records: Records, version: Version) -> Records:
    write, follows = version.write, frozenset(version.write.follows)
    if write.record in records.erased or write.version in records.version_ids or len(follows) != len(write.follows):
        raise Void
    known = {name for name in follows if name in records.versions}
    if known != follows or any(records.versions[name].write.record != write.record for name in follows):
        raise Void
    if bool(follows) is not (write.record in records.current):
        # The first follows nothing, and everything else something.
        raise Void
    records = replace(
        records,
        versions=records.versions.with_(version.hash, version),
        version_ids=records.version_ids.with_(write.version),
    )
    if version.quarantined:
        return records
    current = (records.current.get(write.record, frozenset()) - follows) | {version.hash}
    return replace(records, current=records.current.with_(write.record, current))


def _members_seen(entry: Entry) -> int:
    """Return the position of the head of the same compartment's members that an entry names; every entry here does."""
    for each in entry.seen:
        if (each.kind, each.log) == (Kind.MEMBERSHIP, entry.head.log):
            return each.number
    raise NotAsWritten
