"""When in a day something falls due: never late, never at night, on a working morning where there is one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safety_plans.calendar import DAY, Calendar, holidays_known
from safety_plans.model import Level
from safety_plans.rules import REVIEW_AT_LEAST_EVERY
from tests.clock import SERBIA

ZONES = ("Europe/Belgrade", "Europe/Sofia", "UTC", "America/New_York")

calendars = st.builds(
    Calendar, st.sampled_from(["RS", "BA", "MK", "AL", "ME", "XK", "IL"]), st.sampled_from(ZONES).map(ZoneInfo)
)
moments = st.integers(0, 9 * 365 * 24 * 60).map(lambda each: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=each))
spans = st.sampled_from([*REVIEW_AT_LEAST_EVERY.values(), timedelta(hours=72), timedelta(days=182)])


def local(text: str, calendar: Calendar = SERBIA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.zone).astimezone(UTC)


@given(calendar=calendars, since=moments, within=spans)
@example(calendar=SERBIA, since=local("2027-03-27T02:30"), within=DAY)
@example(calendar=SERBIA, since=local("2027-10-30T02:30"), within=DAY)
@example(calendar=SERBIA, since=local("2028-02-28T23:30"), within=DAY)
def test_it_is_due_in_time_and_never_at_night(calendar: Calendar, since: datetime, within: timedelta) -> None:
    due = calendar.due(since, within)
    assert since + within / 4 <= due <= since + within
    assert not calendar.at_night(due)


@given(calendar=calendars, since=moments, within=st.sampled_from([timedelta(days=14), timedelta(days=30)]))
def test_where_there_is_time_it_is_a_working_morning(calendar: Calendar, since: datetime, within: timedelta) -> None:
    due = calendar.due(since, within)
    day = calendar.day_of(due)
    assert (due.astimezone(calendar.zone).time(), calendar.working(day)) == (time(10), True)
    # No working morning between it and the last moment.
    later = [day + each * DAY for each in range(1, (since + within - due).days + 2)]
    assert not [each for each in later if calendar.working(each) and calendar.morning(each) <= since + within]


@given(calendar=calendars, since=moments, hours=st.integers(1, 23))
def test_what_is_due_within_hours_waits_for_no_morning(calendar: Calendar, since: datetime, hours: int) -> None:
    assert calendar.due(since, timedelta(hours=hours)) == since + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("since", "level", "due"),
    [
        ("2027-05-10T15:00", Level.VERY_HIGH, "2027-05-11T10:00"),
        # Friday to Saturday: there is no working morning, so a morning of rest.
        ("2027-05-14T15:00", Level.VERY_HIGH, "2027-05-15T10:00"),
        # One hour after it was assessed nobody assesses it again.
        ("2027-05-15T09:00", Level.VERY_HIGH, "2027-05-16T09:00"),
        ("2027-05-15T05:00", Level.VERY_HIGH, "2027-05-15T19:00"),
        ("2027-05-13T15:00", Level.HIGH, "2027-05-20T10:00"),
        # Orthodox Christmas lies on a Thursday: the day before it.
        ("2026-12-31T12:00", Level.HIGH, "2027-01-06T10:00"),
        # Easter and the first of May take four days.
        ("2027-04-03T12:00", Level.LOW, "2027-04-29T10:00"),
        ("2028-02-15T12:00", Level.MEDIUM, "2028-02-29T10:00"),
    ],
)
def test_how_it_falls_in_serbia(since: str, level: Level, due: str) -> None:
    assert SERBIA.due(local(since), REVIEW_AT_LEAST_EVERY[level]) == local(due)


def test_the_nights_in_which_the_clock_changes_are_nights() -> None:
    for day in ("2027-03-28", "2027-10-31"):
        midnight = local(f"{day}T00:00")
        awake = [not SERBIA.at_night(midnight + timedelta(minutes=each)) for each in range(0, 24 * 60, 30)]
        assert awake.index(True) * 30 == {"2027-03-28": 6 * 60, "2027-10-31": 8 * 60}[day]


def test_a_country_without_a_calendar_has_its_weekends() -> None:
    nowhere = Calendar("XK", SERBIA.zone)
    assert (holidays_known("XK"), holidays_known("RS")) == (False, True)
    assert [nowhere.working(date(2027, 1, 4) + each * DAY) for each in range(7)] == [True] * 5 + [False] * 2
