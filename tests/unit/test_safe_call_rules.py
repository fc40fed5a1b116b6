"""When somebody is expected next: the same hour of every day, whatever clocks do, and never twice for one evening."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from agencies.roster import moment_of
from cases.model import CaseId, CompartmentId
from operations.safe_calls.model import SafeCall, SafeCallId
from operations.safe_calls.rules import COUNTS_BEFORE, heard, next_due, with_level
from safety_plans.model import Level
from tests.clock import ZONE

SOMEBODY = PersonId(UUID(int=1))
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def call_at(day: date, hour: time, lasts: int | None) -> SafeCall:
    first = moment_of(datetime.combine(day, hour), ZONE)
    return SafeCall(
        id=SafeCallId(UUID(int=2)), case_id=CaseId(UUID(int=3)), compartment_id=CompartmentId(UUID(int=4)),
        codename="quiet-heron", level=Level.HIGH, planned_by=SOMEBODY, planned_at=first - timedelta(days=1),
        listeners=(SOMEBODY,), buddy_id=SOMEBODY, due_at=first, first_due_at=first,
        last_day=None if lasts is None else day + timedelta(days=lasts),
    )  # fmt: skip


@given(days, st.times(), st.integers(0, 20), st.lists(st.integers(0, 36 * 60), max_size=30))
def test_every_evening_is_expected_once_until_the_last(day: date, hour: time, lasts: int, waits: list[int]) -> None:
    call = call_at(day, hour.replace(second=0, microsecond=0), lasts)
    now = call.first_due_at - timedelta(hours=12)
    for wait in waits:
        now += timedelta(minutes=wait)
        due = call.due_at
        if due is None:
            return
        after = heard(call, SOMEBODY, now, now, ZONE)
        if now < due - COUNTS_BEFORE:
            assert after.due_at == due
        elif after.due_at is None:
            # Nothing of the days that are left is ahead by more than what counts for it.
            assert next_due(call, now, ZONE) is None
            assert now.astimezone(ZONE).date() >= call.last_day - timedelta(days=1)  # type: ignore[operator]
        else:
            assert after.due_at > due
            assert after.due_at - COUNTS_BEFORE > now
            assert after.due_at <= now + timedelta(days=1, hours=1) + COUNTS_BEFORE
            local, first = after.due_at.astimezone(ZONE), call.first_due_at.astimezone(ZONE)
            # The same hour; in the one that is left out in spring, the next there is.
            assert local.time() == first.time() or moment_of(
                datetime.combine(local.date(), first.time().replace(fold=0)), ZONE
            ) == after.due_at  # fmt: skip
            assert local.date() <= call.last_day  # type: ignore[operator]
        call = after


def test_once_is_once() -> None:
    call = call_at(date(2026, 5, 1), time(20), None)
    assert heard(call, SOMEBODY, call.first_due_at, call.first_due_at, ZONE).due_at is None
    assert datetime(2026, 5, 1, 18, tzinfo=UTC) == call.first_due_at


def test_early_word_of_somebody_who_is_expected_once_is_noted_and_they_are_still_expected() -> None:
    call = call_at(date(2026, 5, 14), time(20), None)
    assert call.due_at is not None
    early = call.due_at - COUNTS_BEFORE - timedelta(minutes=1)
    after = heard(call, SOMEBODY, early, early, ZONE)
    assert (after.due_at, after.heard_at) == (call.due_at, early)
    assert heard(after, SOMEBODY, call.due_at, call.due_at, ZONE).due_at is None


def test_a_ladder_that_is_being_climbed_stays_that_of_its_level() -> None:
    call = call_at(date(2026, 5, 14), time(20), None)
    assert with_level(call, Level.LOW).level is Level.LOW
    assert with_level(replace(call, rung=1), Level.LOW).level is Level.HIGH
