"""What opens a review, and when it is then due: the stricter wins, in whatever order, and it is only pulled earlier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from alerts.incidents.rules import Fact
from alerts.vocabulary import Event
from cases.model import CaseId
from safety_plans.model import Level, Reason, Review, ReviewId, ReviewState
from safety_plans.triggers import (
    REASON_WITHIN,
    WITHIN,
    Duty,
    Within,
    duty,
    left_over,
    merged,
    pulled,
    reason_of,
    strictest,
    urgent,
)
from server.live.acts import ACTS
from tests.clock import SERBIA

NOW = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

moments = st.integers(-200, 200).map(lambda hours: NOW + hours * HOUR)
duties = st.builds(duty, st.sampled_from(list(WITHIN)), moments)


def review(due_at: datetime, step: int = 0) -> Review:
    return Review(
        id=ReviewId(UUID(int=1)), case_id=CaseId(UUID(int=2)), level=Level.LOW, owner_id=PersonId(UUID(int=3)),
        opened_at=NOW - 200 * HOUR, due_at=due_at, state=ReviewState.OPEN, step=step,
        next_step_at=due_at + 24 * HOUR * step,
    )  # fmt: skip


@given(moments, st.lists(duties, max_size=6))
def test_the_strictest_wins_in_whatever_order_and_nothing_is_put_off(due_at: datetime, them: list[Duty]) -> None:
    after = reduce(pulled, them, review(due_at))
    assert after.due_at == min([due_at, *(each.due_at for each in them)])
    assert reduce(pulled, reversed(them), review(due_at)).due_at == after.due_at
    assert after.due_at == strictest(due_at, them)[0]
    pressing = [each.due_at for each in them if urgent(each.reason)]
    assert urgent(after.reason) is bool(pressing)
    assert after.next_step_at is not None
    assert after.due_at <= after.next_step_at <= max([after.due_at, *pressing])
    for each in them:
        assert pulled(after, each) == after


@given(moments, st.integers(1, 5), duties)
def test_what_was_due_already_is_never_put_off(due_at: datetime, step: int, further: Duty) -> None:
    before = review(due_at, step)
    after = pulled(before, further)
    assert before.next_step_at is not None
    assert after.next_step_at is not None
    assert after.due_at <= before.due_at
    if urgent(further.reason):
        # An urgent one rang when it was noted; it calls people when it is due, and not before.
        assert urgent(after.reason)
        assert after.next_step_at <= further.due_at
    else:
        assert after.next_step_at <= before.next_step_at


@given(st.lists(duties, max_size=6), moments)
def test_an_assessment_satisfies_what_was_before_it_and_is_due_within_a_day(them: list[Duty], at: datetime) -> None:
    left = left_over(them, at)
    for each in them:
        satisfied = each.since <= at and each.due_at <= at + 24 * HOUR
        assert (each in left) is not satisfied


@given(duties, moments, moments)
def test_two_of_one_reason_are_one_that_is_no_laxer(first: Duty, at: datetime, assessed_at: datetime) -> None:
    second = duty(first.reason, at, SERBIA)
    one = merged(first, second)
    assert one.due_at == min(first.due_at, second.due_at)
    # What satisfies both satisfies the one only where both happened before.
    if assessed_at < max(first.since, second.since):
        assert left_over([one], assessed_at) == [one]


@pytest.mark.parametrize("event", sorted(set(Event) - {Event.REVIEW_MISSED}))
def test_every_alert_of_people_opens_a_review_and_no_exercise_does(event: Event) -> None:
    reason = reason_of("alert_raised", {"event": event, "status": "Actual"})
    assert reason is not None
    assert WITHIN[reason] == (24 * HOUR if event is Event.HEALTH else 2 * HOUR)
    assert reason_of("alert_raised", {"event": event, "status": "Exercise"}) is None


@pytest.mark.parametrize(
    ("act", "facts", "hours"),
    [
        ("alert_stood_down", {"reason": "false_alarm"}, 2),
        ("incident_fact_noted", {"fact": Fact.DATA_MAY_HAVE_LEAKED.value}, 2),
        ("incident_fact_noted", {"fact": Fact.POLICE_CAME.value}, None),
        ("member_removed", {}, 24),
        ("person_excluded", {}, None),
        ("leaders_named", {}, 24),
        ("agency_part_set", {}, 72),
        ("member_added", {}, None),
        ("case_closed", {}, None),
    ],
)
def test_what_happens_in_a_case_opens_a_review_in_time(act: str, facts: dict[str, object], hours: int | None) -> None:
    assert act in ACTS
    reason = reason_of(act, facts)
    assert (None if reason is None else WITHIN[reason] / HOUR) == hours


def test_what_somebody_records_is_due_when_they_say() -> None:
    said = {each: WITHIN[REASON_WITHIN[each]] / HOUR for each in Within}
    assert said == {Within.TWO_HOURS: 2, Within.ONE_DAY: 24, Within.THREE_DAYS: 72}
    assert {each for each in Reason if urgent(each)} == {
        Reason.ALERT, Reason.AFTER_ALERT, Reason.LEAK, Reason.EVENT_2H
    }  # fmt: skip
