"""When a case is assessed again, and who hears that it was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_plans.model import Level
from safety_plans.rules import (
    OVERDUE_REPEAT,
    REVIEW_AT_LEAST_EVERY,
    due_at,
    leaders_rung,
    next_step_at,
    overdue_at,
    stale_since,
)
from tests.clock import SERBIA

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
levels = st.sampled_from(Level)
gaps = st.timedeltas(timedelta(0), timedelta(days=400))


@pytest.mark.parametrize(
    ("level", "interval", "grace"),
    [
        (Level.VERY_HIGH, timedelta(hours=24), timedelta(hours=2)),
        (Level.HIGH, timedelta(days=7), timedelta(hours=24)),
        (Level.MEDIUM, timedelta(days=14), timedelta(hours=24)),
        (Level.LOW, timedelta(days=30), timedelta(hours=24)),
        (Level.NOT_YET_ASSESSED, timedelta(days=7), timedelta(hours=24)),
    ],
)
def test_each_level_has_its_interval(level: Level, interval: timedelta, grace: timedelta) -> None:
    assert due_at(level, MOMENT, SERBIA) == SERBIA.due(MOMENT, interval)
    assert overdue_at(level, MOMENT) == MOMENT + grace


def test_no_level_is_without_an_interval_and_the_higher_the_shorter() -> None:
    assert REVIEW_AT_LEAST_EVERY.keys() == set(Level)
    order = [REVIEW_AT_LEAST_EVERY[each] for each in (Level.VERY_HIGH, Level.HIGH, Level.MEDIUM, Level.LOW)]
    assert order == sorted(order)
    assert REVIEW_AT_LEAST_EVERY[Level.NOT_YET_ASSESSED] == REVIEW_AT_LEAST_EVERY[Level.HIGH]
    assert max(REVIEW_AT_LEAST_EVERY.values()) <= timedelta(days=31)


@given(levels, gaps)
def test_due_then_overdue_then_daily(level: Level, late: timedelta) -> None:
    due = due_at(level, MOMENT, SERBIA)
    now = due + late
    assert next_step_at(level, due, 0, now) == due
    assert next_step_at(level, due, 1, now) == max(now, overdue_at(level, due))
    for step in (2, 3, 400):
        assert next_step_at(level, due, step, now) == now + OVERDUE_REPEAT


@given(levels, st.integers(1, 1000), gaps)
def test_a_reminder_never_lies_in_the_past(level: Level, step: int, late: timedelta) -> None:
    due = due_at(level, MOMENT, SERBIA)
    assert next_step_at(level, due, step, due + late) >= due + late


@given(levels, gaps)
def test_a_level_is_stale_from_its_due_time_on_and_not_before(level: Level, apart: timedelta) -> None:
    due = due_at(level, MOMENT, SERBIA)
    assert stale_since(due, due + apart) == due
    assert stale_since(due, due - apart - timedelta(microseconds=1)) is None


def test_those_who_lead_are_rung_with_an_urgent_one_and_a_day_after_the_desk() -> None:
    assert [leaders_rung(step, urgent=False) for step in range(4)] == [False, False, True, True]
    assert all(leaders_rung(step, urgent=True) for step in range(4))
