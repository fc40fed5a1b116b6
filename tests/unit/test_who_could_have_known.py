"""Who could have known a version, by the entries of the two logs alone: keys of epochs, grants of the past, authors."""

from __future__ import annotations

from agencies.trust.network import Network
from cases.trust.compartment import Compartment
from cases.trust.deeds import Add, AddInEmergency, BeginEpoch, Hold, Remove
from cases.trust.grants import HistoryGrant
from cases.trust.knowing import CLOCKS_APART, Knower, could_have_known
from cases.trust.records import Erase
from crypto.vault import log, statement
from crypto.vault.log import Entry, Kind
from tests.unit.test_trusted_circles import ANA, BOJAN, COMPARTMENT, OLGA, PETAR, VESNA, story
from tests.unit.test_trusted_directory import NOW, Somebody
from tests.unit.test_trusted_records import OTHER, Shelf, shelf

assert story  # fixtures
assert shelf
HOUR = 3600
FIRST, SECOND = (1).to_bytes(16), (2).to_bytes(16)


def epoch(shelf: Shelf, *, at: int = NOW, records: int | None = None) -> None:
    """Let Ana begin the next epoch for just who is there."""
    circle = shelf.story.now
    standing = circle.standing(shelf.story.directories[-1], at)
    deed = BeginEpoch(number=circle.epoch + 1, promise=bytes(32), members=sorted(standing))
    shelf.in_circle(ANA, deed, at=at, records=records)


def known(
    shelf: Shelf, until: int | None = NOW + 100 * HOUR, *, record: bytes | None = None,
    granted: tuple[HistoryGrant, ...] = (), stated: tuple[HistoryGrant, ...] = (), now: int = NOW + 100 * HOUR,
) -> dict[bytes, Knower]:  # fmt: skip
    compartment, members, written, _directory = logs_of(shelf)
    found = could_have_known(
        compartment, members, written, until, granted=granted, stated=stated, record=record, now=now
    )
    return {each.person: each for each in found}


def logs_of(shelf: Shelf) -> tuple[Compartment, list[Entry], list[Entry], list[Entry]]:
    """Return a compartment that was taken in, with the entries of its members, its records and the directory."""
    (_kind, genesis), *steps = shelf.story.steps
    compartment = Compartment(Network(genesis), COMPARTMENT)
    directory = [log.entry_of(statement.remembered(genesis), Kind.DIRECTORY)]
    members: list[Entry] = []
    written: list[Entry] = []
    for kind, made in steps:
        if kind is Kind.MEMBERSHIP:
            members.append(compartment.take_member_entry(made))
        elif kind is Kind.RECORDS:
            written.append(compartment.take_record_entry(made))
        else:
            compartment.network.take(made)
            directory.append(log.entry_of(statement.remembered(made), Kind.DIRECTORY))
    return compartment, members, written, directory


def versions(found: dict[bytes, Knower], who: Somebody) -> set[bytes]:
    return set(found[who.id].versions) if who.id in found else set()


def test_whoever_was_in_the_epoch_could_and_whoever_came_later_could_only_what_was_current(shelf: Shelf) -> None:
    epoch(shelf)
    first = shelf.writes(ANA)
    shelf.in_circle(ANA, Remove(person=BOJAN.id), at=NOW + HOUR)
    epoch(shelf, at=NOW + HOUR)
    shelf.writes(ANA, first, at=NOW + HOUR)
    shelf.in_circle(ANA, Add(person=OLGA.id), at=NOW + 2 * HOUR)
    epoch(shelf, at=NOW + 2 * HOUR)
    found = known(shelf)
    assert versions(found, BOJAN) == {FIRST}
    assert versions(found, PETAR) == versions(found, ANA) == {FIRST, SECOND}
    assert versions(found, OLGA) == {SECOND}
    assert found[OLGA.id].versions[SECOND] == NOW + 2 * HOUR
    (stay,) = found[BOJAN.id].stays
    assert (stay.at, stay.ended_at) == (NOW, NOW + HOUR)
    # Up to a moment, and as much more as clocks may differ: what came later was not.
    early = known(shelf, NOW + HOUR - CLOCKS_APART - 1)
    assert (versions(early, ANA), OLGA.id in early) == ({FIRST}, False)
    assert early[BOJAN.id].stays[0].ended_at is None


def test_a_member_without_a_key_could_know_nothing(shelf: Shelf) -> None:
    epoch(shelf)
    shelf.writes(ANA)
    shelf.in_circle(ANA, Add(person=OLGA.id), at=NOW + HOUR)
    olga = known(shelf)[OLGA.id]
    assert (len(olga.stays), olga.epochs, olga.versions) == (1, (), {})


def test_where_the_logs_leave_it_open_people_are_named(shelf: Shelf) -> None:
    """An epoch whose author had not seen that a version was over may hold a wrap of it."""
    epoch(shelf)
    first = shelf.writes(ANA)
    shelf.writes(ANA, first)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    epoch(shelf, records=0)
    assert versions(known(shelf), OLGA) == {FIRST, SECOND}


def test_what_was_erased_before_an_epoch_is_in_none_of_its_wraps(shelf: Shelf) -> None:
    epoch(shelf)
    shelf.writes(ANA)
    shelf.says(ANA, Erase(record=bytes([7]) * 16))
    shelf.in_circle(ANA, Add(person=OLGA.id))
    epoch(shelf)
    assert versions(known(shelf), OLGA) == set()
    assert versions(known(shelf), BOJAN) == {FIRST}


def test_what_does_not_count_ends_nothing(shelf: Shelf) -> None:
    """Neither a quarantined version nor an erasure under a hold takes the version before out of the next wraps."""
    epoch(shelf)
    first = shelf.writes(ANA)
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    late = shelf.writes(BOJAN, first, seen=1)
    assert shelf.records.versions[late].quarantined
    shelf.in_circle(ANA, Hold())
    shelf.says(ANA, Erase(record=bytes([7]) * 16), seen=2)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    epoch(shelf)
    assert versions(known(shelf), OLGA) == {FIRST, SECOND}


def test_of_two_that_follow_one_the_first_ends_it(shelf: Shelf) -> None:
    epoch(shelf)
    first = shelf.writes(ANA)
    shelf.writes(ANA, first)
    shelf.writes(PETAR, first)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    epoch(shelf, records=1)
    assert versions(known(shelf), OLGA) == {SECOND, (3).to_bytes(16)}


def test_whoever_has_written_it_knows_it_without_a_key(shelf: Shelf) -> None:
    epoch(shelf)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    shelf.writes(OLGA)
    assert versions(known(shelf), OLGA) == {FIRST}


def test_one_record_names_those_of_that_record(shelf: Shelf) -> None:
    epoch(shelf)
    shelf.writes(ANA)
    shelf.in_circle(ANA, Remove(person=BOJAN.id))
    epoch(shelf)
    shelf.writes(PETAR, record=OTHER)
    found = known(shelf, record=OTHER)
    assert set(found) == {ANA.id, PETAR.id}
    assert versions(found, PETAR) == {SECOND}


def test_an_emergency_ends_when_it_lapses_and_not_at_the_next_entry(shelf: Shelf) -> None:
    shelf.in_circle(ANA, AddInEmergency(person=VESNA.id, until=NOW + HOUR))
    (still,) = known(shelf, NOW + HOUR - 1)[VESNA.id].stays
    assert still.ended_at is None
    (over,) = known(shelf, NOW + HOUR)[VESNA.id].stays
    assert (over.ended_number, over.ended_at) == (None, NOW + HOUR)
    shelf.in_circle(ANA, Remove(person=BOJAN.id), at=NOW + 5 * HOUR)
    (over,) = known(shelf)[VESNA.id].stays
    assert over.ended_at == NOW + HOUR


def test_a_grant_of_the_past_counts_from_its_moment_and_only_for_what_it_names(shelf: Shelf) -> None:
    epoch(shelf)
    first = shelf.writes(ANA)
    shelf.writes(ANA, first)
    shelf.in_circle(ANA, Add(person=OLGA.id))
    epoch(shelf)
    grant = HistoryGrant(
        log=COMPARTMENT, member=OLGA.id, by=ANA.id, at=NOW + HOUR, versions=[FIRST, SECOND], grant=b"sealed"
    )
    olga = known(shelf, granted=(grant,))[OLGA.id]
    assert (set(olga.versions), olga.by_history) == ({FIRST, SECOND}, frozenset({FIRST}))
    assert versions(known(shelf, NOW + HOUR - CLOCKS_APART - 1, granted=(grant,)), OLGA) == {SECOND}
    # One that nothing bears out gives nothing, and stands beside.
    for asked in (None, NOW + HOUR):
        olga = known(shelf, asked, stated=(grant,))[OLGA.id]
        assert (set(olga.versions), olga.stated) == ({SECOND}, (grant,))
    assert known(shelf, NOW + HOUR - CLOCKS_APART - 1, stated=(grant,))[OLGA.id].stated == ()


def test_what_a_clock_that_runs_ahead_has_signed_is_not_left_out(shelf: Shelf) -> None:
    """By nine minutes, as a server takes it: of whoever was let in, given the key and written so, nobody is missed."""
    ahead = NOW + 9 * 60
    shelf.in_circle(ANA, Add(person=OLGA.id), at=ahead)
    epoch(shelf, at=ahead)
    shelf.writes(ANA, at=ahead)
    for until in (NOW, None):
        found = known(shelf, until, now=NOW)
        assert (versions(found, OLGA), found[OLGA.id].stays[0].at) == ({FIRST}, ahead)
    # A stay that ends by itself lasts until it does, whoever asks about all that there is.
    shelf.in_circle(ANA, AddInEmergency(person=VESNA.id, until=ahead + HOUR), at=ahead)
    for now, over in ((ahead, None), (ahead + HOUR, ahead + HOUR)):
        assert known(shelf, None, now=now)[VESNA.id].stays[0].ended_at == over
