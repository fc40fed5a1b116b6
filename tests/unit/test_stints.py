"""When whoever comes on duty is rung: once a shift, at night only where somebody is up, however calendars cut it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.duty_ring import ANSWERED_WITHIN, TRANSITIONS, RingState, RingStep
from agencies.model import AgencyId, CameBy, DeskId, DutyDesk, Person, PersonId, Role, Shift, ShiftId, StandIn
from agencies.roster import moment_of, on_duty, read_hours, rotation
from agencies.stints import APART, LEAST_LEFT, ONCE_A_DAY, at_night, due, ended_between, moments, stints

BELGRADE = ZoneInfo("Europe/Belgrade")
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
# A Monday.
MONDAY = date(2026, 3, 2)
# How far around a moment a roster is read.
AROUND = timedelta(days=1)


def person(number: int) -> Person:
    return Person(
        id=PersonId(UUID(int=100 + number)), agency_id=AgencyId(UUID(int=1)), name=f"Person {number}",
        role=Role.PRACTITIONER, matrix_user=f"@person-{number}:streha.localhost", signing_key=bytes(32),
    )  # fmt: skip


ana, boris, vera = person(1), person(2), person(3)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment by the clock on the wall."""
    return moment_of(datetime.combine(day, time(hour, minute)), BELGRADE)


def shift(who: Person, begins_at: datetime, ends_at: datetime) -> Shift:
    return Shift(id=ShiftId(uuid4()), person_id=who.id, begins_at=begins_at, ends_at=ends_at, came_by=CameBy.HAND)


def desk(
    shifts: Iterable[Shift] = (), *, hours: Iterable[str] = (), always: bool = False,
    officers: tuple[Person, ...] = (ana, boris, vera), stand_ins: tuple[StandIn, ...] = (),
) -> DutyDesk:  # fmt: skip
    return DutyDesk(
        id=DeskId(UUID(int=1000)), agency_id=AgencyId(UUID(int=1)), always_staffed=always, covered_by=None,
        membership_version=1, officers=officers, deputies=(), time_zone="Europe/Belgrade" if hours else "UTC",
        hours=tuple(read_hours(list(hours))), shifts=tuple(shifts), stand_ins=stand_ins,
    )  # fmt: skip


def rings(
    whole: DutyDesk, begin: datetime, end: datetime, every: timedelta = 30 * MINUTE
) -> list[tuple[PersonId | None, datetime]]:
    """Return who is rung when, by an engine that looks every so often and reads only the roster of around now."""
    last: dict[PersonId | None, datetime] = {}
    found = []
    now = begin
    while now <= end:
        around = [each for each in whole.shifts if each.begins_at < now + AROUND and each.ends_at > now - AROUND]
        seen = replace(whole, shifts=tuple(around), has_shifts=bool(whole.shifts))
        for each in stints(seen, now, now + AROUND, BELGRADE):
            if due(each, last.get(each.person_id), now, BELGRADE, staffed=whole.always_staffed):
                last[each.person_id] = now
                found.append((each.person_id, now))
        now += every
    return found


def local(moment: datetime) -> str:
    return moment.astimezone(BELGRADE).strftime("%a %H:%M")


def test_who_comes_on_duty_by_day_is_rung_then() -> None:
    day = shift(ana, at(MONDAY, 8), at(MONDAY, 20)), shift(boris, at(MONDAY, 20), at(MONDAY + DAY, 8))
    found = rings(desk(day), at(MONDAY), at(MONDAY + 2 * DAY))
    assert [(who, local(moment)) for who, moment in found] == [(ana.id, "Mon 08:00"), (boris.id, "Mon 20:00")]


@pytest.mark.parametrize(
    ("begins", "rung"),
    [((22, 0), "Mon 22:00"), ((22, 30), "Mon 21:00"), ((0, 0), "Sun 21:00"), ((3, 0), "Sun 21:00"),
     ((5, 30), "Sun 21:00"), ((6, 0), "Mon 06:00")],
)  # fmt: skip
def test_who_comes_on_duty_at_night_is_rung_the_evening_before(begins: tuple[int, int], rung: str) -> None:
    one = shift(ana, at(MONDAY, *begins), at(MONDAY, *begins) + 8 * HOUR)
    assert [local(moment) for _, moment in rings(desk([one]), at(MONDAY - DAY), at(MONDAY + 2 * DAY))] == [rung]
    # Where somebody is up at all hours, it is rung when it begins.
    staffed = rings(desk([one], always=True), at(MONDAY - DAY), at(MONDAY + 2 * DAY))
    assert [moment for _, moment in staffed] == [one.begins_at]


def test_a_week_of_days_of_one_person_is_rung_once_a_day_by_day() -> None:
    week = [shift(ana, at(MONDAY + n * DAY), at(MONDAY + (n + 1) * DAY)) for n in range(7)]
    found = rings(desk(week), at(MONDAY - DAY), at(MONDAY + 8 * DAY))
    assert [local(moment) for _, moment in found] == [
        "Sun 21:00", "Tue 09:00", "Wed 09:00", "Thu 09:00", "Fri 09:00", "Sat 09:00", "Sun 09:00",
    ]  # fmt: skip
    # As one shift it is rung once.
    whole = [shift(ana, at(MONDAY), at(MONDAY + 7 * DAY))]
    assert [local(moment) for _, moment in rings(desk(whole), at(MONDAY - DAY), at(MONDAY + 8 * DAY))] == ["Sun 21:00"]


def test_opening_is_rung_for_whoever_sits_there_and_midnight_is_not() -> None:
    office = desk(hours=["mon-fri 08:00-20:00"])
    found = rings(office, at(MONDAY - 2 * DAY), at(MONDAY + 6 * DAY))
    assert {who for who, _ in found} == {None}
    assert [local(moment) for _, moment in found] == [f"{day} 08:00" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")]
    always_open = desk(hours=["mon-sun 00:00-24:00"], always=True)
    found = rings(always_open, at(MONDAY, 12), at(MONDAY + 3 * DAY, 12))
    assert [local(moment) for _, moment in found][1:] == ["Tue 09:00", "Wed 09:00", "Thu 09:00"]
    assert rings(desk(), at(MONDAY), at(MONDAY + 3 * DAY)) == []
    assert rings(desk(hours=["mon-fri 08:00-20:00"], officers=()), at(MONDAY), at(MONDAY + DAY)) == []


def test_what_was_missed_is_made_up_for_soon_or_by_day_or_not_at_all() -> None:
    night, zone = shift(ana, at(MONDAY, 20), at(MONDAY + DAY, 8)), BELGRADE
    stint = stints(desk([night]), night.begins_at, night.ends_at, zone)[0]
    asked = {
        hour: due(stint, None, at(MONDAY + (DAY if hour < 12 else 0 * DAY), hour, minute), zone, staffed=False)
        for hour, minute in ((19, 59), (20, 0), (21, 59), (23, 0), (3, 0), (6, 0), (7, 31))
    }
    assert asked == {19: False, 20: True, 21: True, 23: False, 3: False, 6: True, 7: False}
    late = shift(ana, at(MONDAY, 22), at(MONDAY + DAY, 8))
    stint = stints(desk([late]), late.begins_at, late.ends_at, zone)[0]
    assert due(stint, None, at(MONDAY, 22, 30), zone, staffed=False)
    assert not due(stint, None, at(MONDAY, 22, 31), zone, staffed=False)
    assert due(stint, None, at(MONDAY, 22, 31), zone, staffed=True)


def test_a_roster_that_is_changed_rings_nobody_twice() -> None:
    first = stints(desk([shift(ana, at(MONDAY, 8), at(MONDAY, 20))]), at(MONDAY, 8), at(MONDAY, 20), BELGRADE)[0]
    rung = at(MONDAY, 8)
    for begins in (6, 7, 9, 12, 15):
        changed = replace(first, begins_at=at(MONDAY, begins), starts=(at(MONDAY, begins),))
        assert not due(changed, rung, at(MONDAY, max(begins, 8), 30), BELGRADE, staffed=False)
    # Who has the shift from now on is rung now.
    assert due(replace(first, person_id=boris.id), None, at(MONDAY, 12), BELGRADE, staffed=False)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["spring", "autumn"])
def test_on_the_nights_when_clocks_change_it_is_the_same(day: date) -> None:
    turns = rotation(
        [ana.id, boris.id, vera.id], begins=datetime.combine(day - 2 * DAY, time(0)), length=DAY, count=5, zone=BELGRADE
    )  # fmt: skip
    shifts = [
        Shift(id=ShiftId(uuid4()), person_id=each.person_id, begins_at=each.begins_at, ends_at=each.ends_at,
              came_by=CameBy.ROTATION)
        for each in turns
    ]  # fmt: skip
    found = rings(desk(shifts), at(day - 3 * DAY), at(day + 3 * DAY))
    assert [moment.astimezone(BELGRADE).strftime("%H:%M") for _, moment in found] == ["21:00"] * 5
    assert [who for who, _ in found] == [each.person_id for each in turns]
    # The shift from 02:00 to 03:00, which does not exist or comes twice, breaks nothing.
    odd = [shift(ana, at(day, 1), at(day, 2)), shift(ana, at(day, 2), at(day, 3)), shift(ana, at(day, 3), at(day, 11))]
    real = [each for each in odd if each.begins_at < each.ends_at]
    assert [local(moment) for _, moment in rings(desk(real), at(day - DAY), at(day + DAY))] == ["Sat 21:00"]


PIECES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(begins=st.integers(0, 47), pieces=PIECES)
def test_nobody_is_woken_nobody_is_forgotten_and_nobody_is_rung_too_often(
    begins: int, pieces: list[tuple[int, int]]
) -> None:
    people = (ana, boris, vera)
    shifts: list[Shift] = []
    moment = at(MONDAY) + begins * HOUR / 2
    for who, hours in pieces:
        shifts.append(shift(people[who], moment, moment + hours * HOUR))
        moment += hours * HOUR
    roster = desk(shifts)
    found = rings(roster, at(MONDAY) - DAY, moment, every=10 * MINUTE)
    of_person: dict[PersonId | None, list[datetime]] = defaultdict(list)
    for whose, when in found:
        assert not at_night(when, BELGRADE)
        of_person[whose].append(when)
    for mine in of_person.values():
        assert all(later - earlier >= APART for earlier, later in pairwise(mine))
    for stint in stints(roster, at(MONDAY) - DAY, moment, BELGRADE):
        planned = moments(stint, BELGRADE, staffed=False)
        assert all(later - earlier >= ONCE_A_DAY for earlier, later in pairwise(planned))
        assert all(each <= stint.ends_at - LEAST_LEFT for each in planned)
        # Whoever has half an hour of duty is rung for it, or was a little before.
        if stint.ends_at - max(stint.begins_at, planned[0]) >= LEAST_LEFT:
            assert any(planned[0] - APART <= each <= planned[0] + 10 * MINUTE for each in of_person[stint.person_id]), (
                local(stint.begins_at),
                local(stint.ends_at),
            )


def test_a_year_of_nights_of_three_people() -> None:
    """What an agency of three hears in 2026 of four calendars: numbers of docs/adr/0037."""
    begin, days = date(2026, 1, 1), 365
    people = [ana, boris, vera]

    def year(lengths: int, begins: time) -> DutyDesk:
        """Give each of three a stretch of days in turn, as a calendar cuts it: at a time of each day."""
        edges = [moment_of(datetime.combine(begin + n * DAY, begins), BELGRADE) for n in range(days + 1)]
        return desk([shift(people[n // lengths % 3], edges[n], edges[n + 1]) for n in range(days)])

    def heard(roster: DutyDesk) -> tuple[int, int, int]:
        """Return how often somebody is rung, at night, and at most in any seven days."""
        found = rings(roster, at(begin - DAY, 12), at(begin + days * DAY), every=30 * MINUTE)
        nights = sum(at_night(moment, BELGRADE) for _, moment in found)
        busiest = 0
        for who in people:
            mine = [moment for whose, moment in found if whose == who.id]
            busiest = max(busiest, *(sum(each <= other < each + 7 * DAY for other in mine) for each in mine))
        return len(found), nights, busiest

    assert heard(year(1, time(0))) == (365, 0, 3)
    assert heard(year(7, time(0))) == (365, 0, 7)
    assert heard(year(7, time(8))) == (365, 0, 7)
    # One entry for a week: whoever has it is rung when it begins.
    weekly = [shift(people[n % 3], at(begin + n * 7 * DAY), at(begin + (n + 1) * 7 * DAY)) for n in range(52)]
    assert heard(desk(weekly)) == (52, 0, 1)
    # What it would be without the rules: at midnight, every day.
    midnights = [
        moment for _, moment in rings(replace(year(1, time(0)), always_staffed=True), at(begin), at(begin + 30 * DAY))
    ]
    assert Counter(at_night(each, BELGRADE) for each in midnights)[True] >= 30


def test_duty_ends_once_and_standing_in_is_duty() -> None:
    evening, night = shift(ana, at(MONDAY, 12), at(MONDAY, 16)), shift(ana, at(MONDAY, 16), at(MONDAY, 20))
    accepted = at(MONDAY, 15)

    def ended(roster: DutyDesk, who: Person, now: datetime) -> datetime | None:
        return ended_between(roster, who.id, accepted, now, BELGRADE)

    roster = desk([evening, night])
    assert ended(roster, ana, at(MONDAY, 16)) is None
    assert ended(roster, ana, at(MONDAY, 19, 59)) is None
    assert ended(roster, ana, at(MONDAY, 20)) == at(MONDAY, 20)
    assert ended(roster, boris, at(MONDAY, 20)) is None
    standing = StandIn(person=boris, begins_at=at(MONDAY, 12), ends_at=at(MONDAY, 18))
    helped = desk([evening, night], stand_ins=(standing,))
    assert ended(helped, boris, at(MONDAY, 17)) is None
    assert ended(helped, boris, at(MONDAY, 18)) == at(MONDAY, 18)
    office = desk(hours=["mon-fri 08:00-16:00"])
    assert ended(office, vera, at(MONDAY, 15, 59)) is None
    assert ended(office, vera, at(MONDAY, 17)) == at(MONDAY, 16)
    assert ended(replace(office, always_staffed=True), vera, at(MONDAY, 17)) is None
    assert ended_between(office, vera.id, at(MONDAY, 16), at(MONDAY, 17), BELGRADE) is None


def test_whoever_stands_in_is_on_duty_beside_who_has_the_shift() -> None:
    stranger = person(9)
    standing = StandIn(person=stranger, begins_at=at(MONDAY, 9), ends_at=at(MONDAY, 12))
    roster = desk([shift(ana, at(MONDAY, 8), at(MONDAY, 12))], stand_ins=(standing,))
    assert on_duty(roster, at(MONDAY, 8)) == (ana,)
    assert on_duty(roster, at(MONDAY, 9)) == (ana, stranger)
    assert on_duty(roster, at(MONDAY, 12)) == ()
    seated = replace(standing, person=ana)
    assert on_duty(replace(roster, stand_ins=(seated,)), at(MONDAY, 9)) == (ana,)


def test_a_ring_goes_on_only_as_the_table_says() -> None:
    reached = {after for (_, _), after in TRANSITIONS.items()} | {RingState.RINGING}
    assert reached == set(RingState)
    assert {step for _, step in TRANSITIONS} == set(RingStep)
    final = set(RingState) - {before for before, _ in TRANSITIONS}
    assert final == {RingState.ANSWERED, RingState.OVER}
    # Whatever has not ended may still be answered by whose shift it is.
    for state in set(RingState) - final:
        assert TRANSITIONS[state, RingStep.ANSWER] is RingState.ANSWERED
    assert ANSWERED_WITHIN == 10 * MINUTE
