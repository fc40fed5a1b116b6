"""Which versions of a compartment's records are the current ones: pure rules over the log that is its manifest.

The log is of kind 2 (`crypto.vault.log`). An entry that writes names the versions that it follows. Who writes beside
somebody else follows what the other followed too: then there are two current versions, both stay, and one that follows
both ends it. So nothing is ever overwritten unseen, and no old version can pass for the newest.

Every entry names the head of the members' log that its author had seen. Its author must be a member there. What stands
in the records behind a head that a members' entry has seen was written after that entry: there its author must be a
member too, and the compartment open, whatever older head it names. Where that is not so the version is quarantined,
shown as such, and replaces nothing; an erasure has no effect, nor where the compartment was held by then. So one cannot
go on writing after one's removal by naming a head from before it, with a server that helps; nor erase after a hold.

What an entry may say at all is held against what it names alone (`said`), and what becomes of it against both logs as
far as they are known (`placed`). Members' entries that come to be known later are held against the same entries `anew`:
everybody who has the same two logs has the same records, in whatever order they were read.

Source: docs/protocol.md, *The records of a compartment*.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
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

# The compartment as it stood after each entry of the members' log that is known.
Circles = Sequence[Circle]
# As many versions as one can follow.
MOST_FOLLOWED = 16


class Write(deeds.Deed, frozen=True, kw_only=True):
    """A version of a record: its kind, hash and promise of its content, and the entries that it follows."""

    record: Id
    version: Id
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    content: Key
    promise: Key
    follows: Annotated[list[Key], msgspec.Meta(max_length=MOST_FOLLOWED)]


class Erase(deeds.Deed, frozen=True, kw_only=True):
    """Let a record be no more: its wraps are destroyed, and nothing follows it."""

    record: Id


Deed: TypeAlias = Write | Erase
DEEDS: Mapping[str, type[Deed]] = {"write": Write, "erase": Erase}


def read(do: str, particulars: Mapping[str, Value]) -> Deed:
    """Return the deed of an entry; raise NotAsWritten."""
    return deeds.read(DEEDS, do, particulars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An entry that its author was free to write where they stood, and the members' head that it names."""

    hash: bytes
    number: int
    by: bytes
    at: int
    members_seen: int
    deed: Deed


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
    # The furthest entry of the members' log that an entry so far was written after.
    members_seen: int = -1
    versions: KeptMap[bytes, Version] = field(default_factory=KeptMap)
    version_ids: KeptSet[bytes] = field(default_factory=KeptSet)
    # Every record of which there is a version, be it a quarantined one.
    known: KeptSet[bytes] = field(default_factory=KeptSet)
    # The current versions of each record: one, or several that nobody has brought together yet.
    current: KeptMap[bytes, frozenset[bytes]] = field(default_factory=KeptMap)
    erased: KeptSet[bytes] = field(default_factory=KeptSet)

    def in_conflict(self) -> frozenset[bytes]:
        """Return the records of which there are several current versions."""
        return frozenset(record for record, hashes in self.current.items() if len(hashes) > 1)


def decided(records: Records, entry: Entry, circles: Circles, directories: Directories) -> Records:
    """Return the records after an entry; raise Refused and change nothing where it may not stand."""
    return placed(records, said(records.compartment, entry, circles, directories), circles, directories)


def anew(compartment: bytes, entries: Iterable[Said], circles: Circles, directories: Directories) -> Records:
    """Return the records after these entries, by all that is known of the members now; raise Refused."""
    records = Records(compartment=compartment)
    for each in entries:
        records = placed(records, each, circles, directories)
    return records


def said(compartment: bytes, entry: Entry, circles: Circles, directories: Directories) -> Said:
    """Return what an entry says, held against the members' head that it names; raise Refused."""
    if (entry.head.kind, entry.head.log) != (Kind.RECORDS, compartment):
        raise NotAsWritten
    deed = read(entry.do, entry.particulars)
    own = _members_seen(entry)
    circle = circles[own]
    directory = directories(circle.directory_seen)
    author = directory.author(entry)
    if not circle.stands(author.id, directory, entry.at) or not circle.is_open(entry.at):
        raise NotEmpowered
    if isinstance(deed, Erase) and author.id not in circle.leaders:
        raise NotEmpowered
    if isinstance(deed, Erase) and circle.held:
        raise Void
    return Said(
        hash=entry.head.hash, number=entry.head.number, by=author.id, at=entry.at, members_seen=own, deed=deed
    )  # fmt: skip


def placed(records: Records, entry: Said, circles: Circles, directories: Directories) -> Records:
    """Return the records after what somebody has said, by all that is known of the members; raise Refused."""
    # The last members' entry whose author had not seen this one: what it decided held already.
    before = bisect_left(circles, entry.number, key=lambda circle: circle.records_seen) - 1
    furthest = max(records.members_seen, entry.members_seen, before)
    now = circles[furthest]
    gone = not now.stands(entry.by, directories(now.directory_seen), entry.at) or not now.is_open(entry.at)
    records = replace(records, members_seen=furthest)
    match entry.deed:
        case Erase(record=record):
            if record not in records.known or record in records.erased:
                raise Void
            if gone or now.held or entry.by not in now.leaders:
                return records
            return replace(records, current=records.current.without(record), erased=records.erased.with_(record))
        case Write() as write:
            version = Version(hash=entry.hash, by=entry.by, at=entry.at, write=write, quarantined=gone)
            return _written(records, version)


def _written(records: Records, version: Version) -> Records:
    write, follows = version.write, frozenset(version.write.follows)
    if write.record in records.erased or write.version in records.version_ids or len(follows) != len(write.follows):
        raise Void
    known = {name for name in follows if name in records.versions}
    if known != follows or any(records.versions[name].write.record != write.record for name in follows):
        raise Void
    if bool(follows) is not (write.record in records.known):
        # The first follows nothing, and everything else something.
        raise Void
    records = replace(
        records,
        versions=records.versions.with_(version.hash, version),
        version_ids=records.version_ids.with_(write.version),
        known=records.known.with_(write.record),
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
