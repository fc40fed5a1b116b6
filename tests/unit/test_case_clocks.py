"""When the clocks of a case are due: never later than the law or our rule has it, custody before every date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from safety_plans.calendar import DAY
from safety_plans.clocks.dates import around
from safety_plans.clocks.rules import REASONS, CaseDate, ClockKind, Spans, due_at, next_step_at
from safety_plans.triggers import left_over, urgent
from tests.clock import SERBIA, ZONE

MOMENT = datetime(2027, 3, 1, 11, tzinfo=UTC)
moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda each: MOMENT + timedelta(minutes=each))
kinds = st.sampled_from(ClockKind)
dates = st.lists(st.integers(1, 90 * 24).map(lambda each: timedelta(hours=each)), max_size=4)


@given(kinds, moments, dates)
def test_each_is_due_in_its_time_and_awake(kind: ClockKind, since: datetime, ahead: list[timedelta]) -> None:
    days = [since + each for each in ahead]
    due = due_at(kind, since, days, SERBIA, Spans())
    assert since < due <= since.astimezone(ZONE) + Spans().of(kind)
    before = [each - DAY for each in days if each - DAY > since]
    if kind is ClockKind.CUSTODY and before:
        assert due <= min(before)
    elif kind is not ClockKind.CUSTODY:
        assert due == due_at(kind, since, [], SERBIA, Spans())
        assert not SERBIA.at_night(due)


@pytest.mark.parametrize(
    ("kind", "since", "latest"),
    [
        (ClockKind.CONTACT, "2027-12-30T12:00", "2028-02-29T12:00"),
        (ClockKind.CONTACT, "2026-12-31T12:00", "2027-02-28T12:00"),
        (ClockKind.FIRST_CONTACT, "2027-01-31T12:00", "2027-02-28T12:00"),
        (ClockKind.RE_EXAMINATION, "2027-08-31T12:00", "2028-02-29T12:00"),
        (ClockKind.PLACEMENT_SHORT, "2027-03-01T12:00", "2027-03-31T12:00"),
        (ClockKind.PLACEMENT_EXTENDED, "2028-02-29T12:00", "2029-02-28T12:00"),
        (ClockKind.CUSTODY, "2027-03-24T12:00", "2027-03-31T12:00"),
    ],
)
def test_months_end_where_months_end(kind: ClockKind, since: str, latest: str) -> None:
    begun, end = (datetime.fromisoformat(each).replace(tzinfo=ZONE) for each in (since, latest))
    due = due_at(kind, begun.astimezone(UTC), [], SERBIA, Spans())
    assert end - 5 * DAY < due <= end
    assert SERBIA.working(SERBIA.day_of(due))


def test_spans_are_the_operators() -> None:
    assert Spans(contact_months=1).of(ClockKind.CONTACT) == relativedelta(months=1)
    assert all(Spans().of(each) for each in ClockKind)
    assert set(REASONS) == set(ClockKind)
    assert not any(urgent(each) for each in REASONS.values())


@given(st.integers(0, 30), moments)
def test_reminded_then_overdue_after_a_day_then_daily(step: int, now: datetime) -> None:
    due = MOMENT
    following = next_step_at(due, step, now)
    assert following == (due if step == 0 else max(due + DAY, now) if step == 1 else now + DAY)


@given(st.integers(1, 90 * 24), moments, st.integers(0, 200 * 24))
def test_what_is_assessed_before_a_date_never_satisfies_what_comes_after_it(
    ahead: int, told_at: datetime, later: int
) -> None:
    date = CaseDate(at=told_at + timedelta(hours=ahead), told_at=told_at)
    assessed_at = told_at + timedelta(hours=later)
    left = left_over(around(date, SERBIA), assessed_at)
    after = [each for each in left if each.since == date.at]
    if assessed_at < date.at:
        assert len(after) == 2
    if assessed_at >= date.at + 30 * DAY:
        assert left == []
    for each in around(date, SERBIA):
        assert each.due_at <= (date.at - DAY if each.since == told_at else date.at + 30 * DAY)
