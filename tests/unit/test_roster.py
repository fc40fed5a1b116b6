"""Who is on duty when: hours, shifts, rotations and gaps, on the nights when clocks change above all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import AgencyId, CameBy, DeskId, DutyDesk, Opening, Person, PersonId, Role, Shift, ShiftId
from agencies.roster import (
    Interval,
    Turn,
    gaps,
    is_open,
    merged,
    moment_of,
    on_duty,
    read_hours,
    read_length,
    read_time,
    rotation,
    show_hours,
    uses_roster,
    without,
)
from core.errors import InvalidInput

BELGRADE = ZoneInfo("Europe/Belgrade")
# In 2026 clocks there go forward on 29 March (02:00 is 03:00) and back on 25 October (03:00 is 02:00).
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
# A Monday.
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def person(number: int) -> Person:
    return Person(
        id=PersonId(UUID(int=100 + number)), agency_id=AgencyId(UUID(int=1)), name=f"Person {number}",
        role=Role.PRACTITIONER, matrix_user=f"@person-{number}:streha.localhost", signing_key=bytes(32),
    )  # fmt: skip


ana, boris, vera = person(1), person(2), person(3)


def desk(officers: Iterable[Person] = (ana, boris), *, always: bool = False, hours: Iterable[str] = (),
         shifts: Iterable[Shift] = ()) -> DutyDesk:  # fmt: skip
    return DutyDesk(
        id=DeskId(UUID(int=1000)), agency_id=AgencyId(UUID(int=1)), always_staffed=always, covered_by=None,
        membership_version=1, officers=tuple(officers), deputies=(), time_zone="Europe/Belgrade",
        hours=tuple(read_hours(list(hours))), shifts=tuple(shifts),
    )  # fmt: skip


def shift(who: Person, begins_at: datetime, ends_at: datetime) -> Shift:
    return Shift(
        id=ShiftId(UUID(int=1)), person_id=who.id, begins_at=begins_at, ends_at=ends_at, came_by=CameBy.HAND
    )  # fmt: skip


def interval(begin: datetime, end: datetime) -> Interval:
    return Interval(begins_at=begin, ends_at=end)


def local(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    """Return the moment at which the clocks in Belgrade show this."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BELGRADE, fold=fold).astimezone(UTC)


# Who is on duty ------------------------------------------------------------------------------------------


def test_without_hours_and_shifts_whoever_sits_there_is_on_duty() -> None:
    for always in (True, False):
        plain = desk(always=always)
        assert not uses_roster(plain)
        assert is_open(plain, MOMENT)
        assert on_duty(plain, MOMENT) == (ana, boris)
        assert gaps(plain, None, MOMENT, MOMENT + 30 * DAY) == []


def test_hours_alone_say_when_everybody_is_on_duty() -> None:
    office = desk(hours=["mon-fri 08:00-16:00"])
    assert uses_roster(office)
    # 9:00 UTC is 10:00 in Belgrade; it closes at 15:00 UTC.
    assert on_duty(office, MOMENT) == (ana, boris)
    assert on_duty(office, MOMENT.replace(hour=14, minute=59)) == (ana, boris)
    assert on_duty(office, MOMENT.replace(hour=15)) == ()
    assert not is_open(office, MOMENT - DAY)
    assert gaps(office, None, MOMENT, MOMENT + 7 * DAY) == []


def test_shifts_say_who_also_outside_of_hours() -> None:
    night = shift(boris, MOMENT + 8 * HOUR, MOMENT + 20 * HOUR)
    office = desk(hours=["mon-fri 08:00-16:00"], shifts=[shift(ana, MOMENT, MOMENT + HOUR), night])
    assert on_duty(office, MOMENT) == (ana,)
    assert on_duty(office, MOMENT + HOUR) == ()
    assert on_duty(office, MOMENT + 8 * HOUR) == (boris,)
    # In the hours of Monday nobody is there from 11:00, and then never again.
    assert gaps(office, None, MOMENT, MOMENT + DAY) == [
        interval(MOMENT + HOUR, MOMENT.replace(hour=15)), interval(MOMENT + 22 * HOUR, MOMENT + DAY)
    ]  # fmt: skip


def test_a_shift_of_somebody_who_does_not_sit_there_is_nothing() -> None:
    office = desk(shifts=[shift(vera, MOMENT, MOMENT + DAY)])
    assert on_duty(office, MOMENT) == ()
    assert gaps(office, None, MOMENT, MOMENT + DAY) == [interval(MOMENT, MOMENT + DAY)]


def test_overlapping_shifts_are_one_coverage_and_nobody_is_there_twice() -> None:
    office = desk(
        always=True,
        shifts=[
            shift(ana, MOMENT, MOMENT + 3 * HOUR),
            shift(ana, MOMENT + HOUR, MOMENT + 2 * HOUR),
            shift(boris, MOMENT + 2 * HOUR, MOMENT + 5 * HOUR),
        ],
    )
    assert on_duty(office, MOMENT + HOUR) == (ana,)
    assert on_duty(office, MOMENT + 2 * HOUR) == (ana, boris)
    assert gaps(office, None, MOMENT, MOMENT + 6 * HOUR) == [interval(MOMENT + 5 * HOUR, MOMENT + 6 * HOUR)]


def test_a_desk_that_is_staffed_at_all_hours_has_gaps_at_all_hours() -> None:
    office = desk(always=True, hours=["mon-fri 08:00-16:00"], shifts=[shift(ana, MOMENT, MOMENT + 2 * HOUR)])
    assert is_open(office, MOMENT - DAY)
    assert gaps(office, None, MOMENT, MOMENT + DAY) == [interval(MOMENT + 2 * HOUR, MOMENT + DAY)]
    # Hours alone never close it.
    assert on_duty(replace(office, shifts=()), MOMENT - DAY) == (ana, boris)


def test_the_covering_desk_fills_a_gap_by_its_own_roster() -> None:
    office = desk(always=True, shifts=[shift(ana, MOMENT, MOMENT + 2 * HOUR)])
    hole = [interval(MOMENT + 2 * HOUR, MOMENT + 6 * HOUR)]
    assert gaps(office, desk([vera]), MOMENT, MOMENT + 6 * HOUR) == []
    assert gaps(office, desk([]), MOMENT, MOMENT + 6 * HOUR) == hole
    # It closes at 15:00 UTC.
    assert gaps(office, desk([vera], hours=["mon 08:00-16:00"]), MOMENT, MOMENT + 8 * HOUR) == [
        interval(MOMENT + 6 * HOUR, MOMENT + 8 * HOUR)
    ]
    partly = desk([vera], shifts=[shift(vera, MOMENT + 3 * HOUR, MOMENT + 4 * HOUR)])
    assert gaps(office, partly, MOMENT, MOMENT + 5 * HOUR) == [
        interval(MOMENT + 2 * HOUR, MOMENT + 3 * HOUR), interval(MOMENT + 4 * HOUR, MOMENT + 5 * HOUR)
    ]  # fmt: skip


def test_a_roster_of_which_only_another_time_was_read_is_a_roster() -> None:
    office = replace(desk(always=True), has_shifts=True)
    assert uses_roster(office)
    assert on_duty(office, MOMENT) == ()
    assert gaps(office, None, MOMENT, MOMENT + DAY) == [interval(MOMENT, MOMENT + DAY)]


def test_hours_in_a_zone_that_this_machine_does_not_know_close_nothing() -> None:
    for zone in ("Nowhere/Land", "../etc", ""):
        office = replace(desk(hours=["mon 08:00-16:00"]), time_zone=zone)
        assert on_duty(office, MOMENT) == on_duty(office, MOMENT - DAY) == (ana, boris)


# Clocks that change --------------------------------------------------------------------------------------


def test_a_wall_time_that_does_not_exist_is_the_moment_of_the_jump() -> None:
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    for minute in (0, 1, 30, 59):
        assert moment_of(datetime(2026, 3, 29, 2, minute), BELGRADE) == jump  # noqa: DTZ001 (wall time)
    assert moment_of(datetime(2026, 3, 29, 3, 0), BELGRADE) == jump  # noqa: DTZ001
    assert moment_of(datetime(2026, 3, 29, 1, 59, 59), BELGRADE) == jump - timedelta(seconds=1)  # noqa: DTZ001


def test_a_wall_time_that_comes_twice_is_the_first() -> None:
    assert moment_of(datetime(2026, 10, 25, 2, 30), BELGRADE) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # noqa: DTZ001
    # Whatever the fold says: a typed time says nothing of it.
    assert moment_of(datetime(2026, 10, 25, 2, 30, fold=1), BELGRADE) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # noqa: DTZ001


def test_an_hour_that_does_not_exist_opens_nothing_and_one_that_comes_twice_is_open_twice() -> None:
    nights = desk(hours=["sun 02:00-03:00"])
    assert not is_open(nights, local(SPRING, 1, 59))
    assert not is_open(nights, local(SPRING, 3))
    assert is_open(nights, local(AUTUMN, 2, 30))
    assert is_open(nights, local(AUTUMN, 2, 30, fold=1))
    assert not is_open(nights, local(AUTUMN, 3))
    closed = desk([], hours=["sun 02:00-03:00"])
    assert gaps(closed, None, local(SPRING, 0), local(SPRING, 12)) == []
    assert gaps(closed, None, local(AUTUMN, 0), local(AUTUMN, 12)) == [
        interval(datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))
    ]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_hours_that_follow_each_other_leave_no_hole_on_any_night(day: date) -> None:
    always = desk(hours=["mon-sun 00:00-02:30", "mon-sun 02:30-24:00"])
    plain = desk(hours=["mon-sun 00:00-24:00"])
    assert always.hours == plain.hours
    split = replace(
        plain, hours=tuple(Opening(weekday=each, opens=at, closes=to) for each in range(1, 8)
                           for at, to in ((0, 130), (130, 150), (150, 165), (165, 1440)))
    )  # fmt: skip
    begin = local(day, 0) - DAY
    assert all(is_open(split, begin + timedelta(minutes=5 * number)) for number in range(3 * 24 * 12))


WALLS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001
# Around the nights when clocks change, where everything goes wrong that can.
NEAR_CHANGES = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day) + timedelta(minutes=minutes),  # noqa: DTZ001
    st.sampled_from([SPRING, AUTUMN, date(2027, 3, 28), date(2027, 10, 31)]),
    st.integers(-600, 900),
)


@given(st.one_of(WALLS, NEAR_CHANGES), st.one_of(WALLS, NEAR_CHANGES))
def test_what_is_earlier_on_the_wall_is_never_later(one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    assert moment_of(early, BELGRADE) <= moment_of(late, BELGRADE)
    # And a moment's own wall time leads back to it, or to the first of the two.
    shown = moment_of(late, BELGRADE).astimezone(BELGRADE).replace(tzinfo=None)
    assert moment_of(shown, BELGRADE) == moment_of(late, BELGRADE)


@given(NEAR_CHANGES, st.integers(1, 5), st.integers(10, 2000), st.integers(1, 60))
def test_a_rotation_neither_leaves_a_hole_nor_seats_two(begins: datetime, many: int, minutes: int, count: int) -> None:
    people = [person(number).id for number in range(many)]
    length = timedelta(minutes=minutes)
    turns = rotation(people, begins=begins, length=length, count=count, zone=BELGRADE)
    assert all(each.begins_at < each.ends_at for each in turns)
    assert all(one.ends_at == other.begins_at for one, other in pairwise(turns))
    assert moment_of(begins, BELGRADE) == turns[0].begins_at if turns else True
    # Whoever's turn it is, is on duty, alone, at any moment of it; and nobody is outside.
    shifts = [shift(replace(ana, id=each.person_id), each.begins_at, each.ends_at) for each in turns]
    office = desk([person(number) for number in range(many)], always=True, shifts=shifts)
    for each in turns[:8]:
        for at in (each.begins_at, each.ends_at - timedelta(seconds=1)):
            assert [one.id for one in on_duty(office, at)] == [each.person_id]
    if turns:
        whole = interval(turns[0].begins_at, turns[-1].ends_at)
        assert gaps(office, None, whole.begins_at, whole.ends_at) == []
        assert on_duty(office, whole.begins_at - timedelta(seconds=1)) == ()
        assert on_duty(office, whole.ends_at) == ()


def test_a_rotation_keeps_the_hour_of_the_handover_when_clocks_change() -> None:
    turns = rotation(
        [ana.id, boris.id], begins=datetime(2026, 3, 27, 20, 0), length=12 * HOUR, count=6, zone=BELGRADE  # noqa: DTZ001
    )  # fmt: skip
    assert {each.begins_at.astimezone(BELGRADE).hour for each in turns} == {8, 20}
    assert [each.person_id for each in turns] == [ana.id, boris.id] * 3
    lengths = [(each.ends_at - each.begins_at) / HOUR for each in turns]
    assert lengths == [12, 12, 11, 12, 12, 12][: len(lengths)]


@pytest.mark.parametrize(("people", "hours", "count"), [([], 12, 3), ([ana.id], 0, 3), ([ana.id], 12, 0),
                                                        ([ana.id], 12, 10_001), ([ana.id], 10**6, 9_000)])  # fmt: skip
def test_a_rotation_that_is_none_is_refused(people: list[PersonId], hours: int, count: int) -> None:
    with pytest.raises(InvalidInput):
        rotation(people, begins=datetime(2026, 3, 2, 8), length=hours * HOUR, count=count, zone=BELGRADE)  # noqa: DTZ001


# Intervals -----------------------------------------------------------------------------------------------

INTERVALS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
        lambda each: interval(MOMENT + each[0] * HOUR, MOMENT + (each[0] + each[1]) * HOUR)
    ),
    max_size=8,
)
PROBES = [MOMENT + timedelta(minutes=30) + number * HOUR for number in range(-2, 84)]


def within(at: datetime, intervals: Iterable[Interval]) -> bool:
    return any(each.begins_at <= at < each.ends_at for each in intervals)


@given(INTERVALS)
def test_merged_is_the_same_time_in_pieces_that_do_not_touch(intervals: list[Interval]) -> None:
    found = merged(intervals)
    assert all(one.ends_at < other.begins_at for one, other in pairwise(found))
    assert all(within(at, found) == within(at, intervals) for at in PROBES)


@given(INTERVALS, st.integers(0, 60), st.integers(1, 40))
def test_what_is_outside_of_a_span_is_left(intervals: list[Interval], begin: int, length: int) -> None:
    span = interval(MOMENT + begin * HOUR, MOMENT + (begin + length) * HOUR)
    turns = [Turn(person_id=ana.id, begins_at=each.begins_at, ends_at=each.ends_at) for each in intervals]
    left = [interval(each.begins_at, each.ends_at) for each in without(turns, span)]
    for at in PROBES:
        assert within(at, left) == (within(at, intervals) and not within(at, [span]))


@given(INTERVALS, INTERVALS, st.sampled_from([(), ("mon-fri 08:00-16:00",), ("mon-sun 22:00-06:00",)]), st.booleans())
def test_a_gap_is_where_somebody_should_be_and_nobody_is(
    own: list[Interval],
    others: list[Interval],
    hours: tuple[str, ...],
    always: bool,  # noqa: FBT001 (drawn)
) -> None:
    office = desk(always=always, hours=hours, shifts=[shift(ana, each.begins_at, each.ends_at) for each in own])
    covering = desk([vera], shifts=[shift(vera, each.begins_at, each.ends_at) for each in others])
    holes = gaps(office, covering, MOMENT, MOMENT + 80 * HOUR)
    for at in PROBES:
        if MOMENT <= at < MOMENT + 80 * HOUR:
            expected = is_open(office, at) and not on_duty(office, at) and not on_duty(covering, at)
            assert within(at, holes) == expected, at
        else:
            assert not within(at, holes)


# As it is typed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["mon-fri 08:00-20:00"], ["mon-fri 08:00-20:00"]),
        (["Mon-Fri  08:00-20:00 ", "SAT 09:00-13:00"], ["mon-fri 08:00-20:00", "sat 09:00-13:00"]),
        (["mon 08:00-12:00", "mon 11:00-20:00"], ["mon 08:00-20:00"]),
        (["fri 20:00-06:00"], ["fri 20:00-24:00", "sat 00:00-06:00"]),
        (["sun 20:00-06:00"], ["mon 00:00-06:00", "sun 20:00-24:00"]),
        (["sat-mon 10:00-11:00"], ["mon 10:00-11:00", "sat-sun 10:00-11:00"]),
        (["mon-sun 00:00-24:00"], ["mon-sun 00:00-24:00"]),
        ([], []),
    ],
)
def test_hours_are_read_and_shown(typed: list[str], shown: list[str]) -> None:
    assert show_hours(read_hours(typed)) == shown
    assert read_hours(shown) == read_hours(typed)


@pytest.mark.parametrize(
    "typed",
    ["", "mon", "mon 8-20", "mon 08:00", "mun 08:00-20:00", "mon 08:00-08:00", "mon 24:00-08:00", "mon 08:60-20:00",
     "mon 08:00-25:00", "mon,tue 08:00-20:00", "mon 08:00-24:30", "mon \u0660\u0668:00-20:00"],
)  # fmt: skip
def test_hours_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        read_hours([typed])


def test_lengths_and_times_are_read() -> None:
    assert [read_length(each) for each in ("12h", " 1D", "2w")] == [12 * HOUR, DAY, 14 * DAY]
    assert read_time("2026-03-02 08:00") == read_time("02.03.2026 08:00") == read_time("2.3.2026. 8:00")
    assert read_time("2026-03-02T08:00") == datetime(2026, 3, 2, 8)  # noqa: DTZ001
    assert read_time("2026-03-02 08:00+01:00").utcoffset() == HOUR
    for wrong in ("", "h", "0h", "12", "12m", "-1h", "99999h"):
        with pytest.raises(InvalidInput):
            read_length(wrong)
    for wrong in ("", "today", "2026-03-02", "2026-13-02 08:00", "31.02.2026 08:00", "0001-01-01 00:00", "08:00"):
        with pytest.raises(InvalidInput):
            read_time(wrong)
