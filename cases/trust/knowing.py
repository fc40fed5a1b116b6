"""Who could have known what of a compartment up to a moment: pure rules over its verified logs.

Whoever could have known a version was given a key that opens it: that of an epoch under which it was wrapped, or its
own by a history grant; or has written it. Under which epochs a version was wrapped no signature says. It is taken from
the order that the logs give, and where that leaves it open, a version counts as wrapped under an epoch: this errs
towards naming people. What the ledger says of fetching stands beside it (`client.vault.knowing`).

Moments are seconds since 1970 as authors' machines said them. Up to a moment means up to the last entry that names one
at or before it, or as much later as clocks may differ; without one, all that is there.

Source: docs/protocol.md, *Who could have known*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cases.trust import deeds, records
from cases.trust.compartment import Compartment
from cases.trust.grants import HistoryGrant
from cases.trust.membership import Circle
from core.texts import mark
from crypto.vault.log import Entry, Kind

# It stands in every answer, whoever gives it.
NOT_SHOWN = mark(
    "Not shown: what somebody read again from their own device, from a copy or from a screen; and what a server does "
    "not write down."
)
# A machine's clock may be so far off the server's (docs/protocol.md, *The server's part*).
CLOCKS_APART = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A membership: from which entry of the members' log on, and at which it was over; None while it lasts."""

    number: int
    at: int
    ended_number: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knower:
    """What somebody had of a compartment: stays, epochs whose key they were given, and versions they could open."""

    person: bytes
    stays: tuple[Stay, ...]
    epochs: tuple[int, ...]
    # By version: the first moment at which they had a key of it.
    versions: Mapping[bytes, int]
    # Those of them that only a history grant gave.
    by_history: frozenset[bytes]
    # History grants that name them and that nothing bears out: no proof that they were given anything.
    stated: tuple[HistoryGrant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """A version between the logs: where it stands, and from which entry of the records on it is current no more."""

    id: bytes
    record: bytes
    by: bytes
    at: int
    epoch: int
    number: int
    over: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Epoch:
    """An epoch: when it was begun, for whom, and how many entries of the records its author had seen."""

    number: int
    at: int
    members: frozenset[bytes]
    records_seen: int


def by_then(at: int, until: int | None) -> bool:
    """Whether what an author dates so may have been written by a moment."""
    return until is None or at <= until + CLOCKS_APART


def up_to(entries: Sequence[Entry], until: int | None) -> Sequence[Entry]:
    """Return the entries up to the last one that may have been written by a moment; all where there is none."""
    count = max((number for number, each in enumerate(entries, 1) if by_then(each.at, until)), default=0)
    return entries[:count]


def could_have_known(
    compartment: Compartment, members: Sequence[Entry], written: Sequence[Entry], until: int | None, *, now: int,
    granted: Iterable[HistoryGrant] = (), stated: Iterable[HistoryGrant] = (), record: bytes | None = None,
) -> list[Knower]:  # fmt: skip
    """Return everybody who was a member or had a key by a moment, ascending by id; of one record where one is named.

    `members` and `written` are all entries of the two logs; `now` is when it is asked. `granted` are verified history
    grants that the logs bear out (`cases.trust.giving`), `stated` those that they do not.
    """
    members, written = up_to(members, until), up_to(written, until)
    stays = _stays(compartment, members, now if until is None else until)
    epochs = list(_epochs(members))
    versions = [each for each in _versions(compartment, written) if record in (None, each.record)]
    found: dict[bytes, dict[bytes, int]] = {}
    past: dict[bytes, set[bytes]] = {}

    def had(person: bytes, version: bytes, at: int) -> None:
        mine = found.setdefault(person, {})
        mine[version] = min(at, mine.get(version, at))

    for version in versions:
        had(version.by, version.id, version.at)
        for epoch in epochs:
            if _was_wrapped(version, epoch):
                for person in epoch.members:
                    had(person, version.id, max(version.at, epoch.at))
    known = {each.id for each in versions}
    for grant in _of_these(granted, until, known):
        for each in known.intersection(grant.versions):
            if each not in found.get(grant.member, {}):
                past.setdefault(grant.member, set()).add(each)
            had(grant.member, each, grant.at)
    unproven: dict[bytes, list[HistoryGrant]] = {}
    for grant in _of_these(stated, until, known):
        unproven.setdefault(grant.member, []).append(grant)
    people = {*found, *unproven, *(stays if record is None else ())}
    return [
        Knower(
            person=person, stays=tuple(stays.get(person, ())),
            epochs=tuple(each.number for each in epochs if person in each.members),
            versions=found.get(person, {}), by_history=frozenset(past.get(person, ())),
            stated=tuple(unproven.get(person, ())),
        )
        for person in sorted(people)
    ]  # fmt: skip


def stood(compartment: Compartment, circle: Circle, person: bytes, at: int) -> bool:
    """Whether somebody was a member at a position of the log, as the directory stood there."""
    return circle.stands(person, compartment.network.at(circle.directory_seen), at)


def _of_these(grants: Iterable[HistoryGrant], until: int | None, versions: set[bytes]) -> Iterable[HistoryGrant]:
    return (each for each in grants if by_then(each.at, until) and versions.intersection(each.versions))


def _stays(compartment: Compartment, members: Sequence[Entry], until: int) -> dict[bytes, list[Stay]]:
    found: dict[bytes, list[Stay]] = {}
    begun: dict[bytes, tuple[int, int]] = {}
    lapses: Mapping[bytes, int] = {}
    for number, entry in enumerate(members):
        circle = compartment.circle_at(number)
        standing = circle.standing(compartment.network.at(circle.directory_seen), entry.at)
        for person in begun.keys() - standing:
            # Whose stay lapsed was gone from then on, and not from the next entry on.
            ended = min(entry.at, lapses.get(person, entry.at))
            _end(found, begun, person, number, ended)
        for person in standing - begun.keys():
            begun[person] = (number, entry.at)
        lapses = dict(circle.lapses.items())
    for person in list(begun):
        if person in lapses and lapses[person] <= until:
            _end(found, begun, person, None, lapses[person])
        else:
            number, at = begun[person]
            found.setdefault(person, []).append(Stay(number=number, at=at))
    return found


def _end(
    found: dict[bytes, list[Stay]], begun: dict[bytes, tuple[int, int]], person: bytes, number: int | None, at: int
) -> None:
    first, since = begun.pop(person)
    found.setdefault(person, []).append(Stay(number=first, at=since, ended_number=number, ended_at=at))


def _epochs(members: Sequence[Entry]) -> Iterable[_Epoch]:
    for entry in members:
        deed = deeds.read(entry.do, entry.particulars)
        if isinstance(deed, deeds.BeginEpoch):
            seen = next((each.number + 1 for each in entry.seen if each.kind is Kind.RECORDS), 0)
            yield _Epoch(
                number=deed.number, at=entry.at, members=frozenset(deed.members), records_seen=seen
            )  # fmt: skip


def _versions(compartment: Compartment, written: Sequence[Entry]) -> Iterable[_Version]:
    over: dict[bytes, int] = {}
    erased: dict[bytes, int] = {}
    quarantined = {name for name, each in compartment.records.versions.items() if each.quarantined}
    writes: list[tuple[int, Entry, records.Write]] = []
    for number, entry in enumerate(written):
        deed = records.read(entry.do, entry.particulars)
        match deed:
            case records.Erase(record=record):
                if record in compartment.records.erased:
                    erased[record] = number
            case records.Write():
                writes.append((number, entry, deed))
                if entry.head.hash not in quarantined:
                    for name in deed.follows:
                        over.setdefault(name, number)
    for number, entry, write in writes:
        ends = [each for each in (over.get(entry.head.hash), erased.get(write.record)) if each is not None]
        yield _Version(
            id=write.version, record=write.record, by=entry.by, at=entry.at, number=number,
            epoch=compartment.circle_at(_members_seen(entry)).epoch, over=min(ends, default=None),
        )  # fmt: skip


def _was_wrapped(version: _Version, epoch: _Epoch) -> bool:
    """Whether a version may have been wrapped under an epoch: its own, or one that began while it was current."""
    if epoch.number <= version.epoch:
        return epoch.number == version.epoch
    return version.over is None or epoch.records_seen <= version.over


def _members_seen(entry: Entry) -> int:
    return next(each.number for each in entry.seen if (each.kind, each.log) == (Kind.MEMBERSHIP, entry.head.log))
