"""The ladder: every severity and step, nothing skipped, times from now, daily after six hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from alerts.escalation import (
    CANCEL_PAUSE,
    DAILY,
    LADDERS,
    PERSISTENT,
    REPEAT,
    escalation,
    owner_step,
    paused_until,
)
from alerts.model import (
    Alert,
    AlertId,
    Press,
    State,
    Step,
    Tier,
)
from alerts.vocabulary import Certainty, Event, Severity, Status, Through
from cases.model import CaseId, CompartmentId

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEADERS, DESKS, DEPUTIES, COMPARTMENT = Tier.LEADERS, Tier.DESKS, Tier.DEPUTIES, Tier.COMPARTMENT
minute, hour = timedelta(minutes=1), timedelta(hours=1)

# Severity, step → who is called, and how long they have. Written out from the network's rules for alerts.
EXPECTED = {
    (Severity.EXTREME, 0): ({LEADERS, DESKS, COMPARTMENT}, 2 * minute),
    (Severity.EXTREME, 1): ({DESKS, DEPUTIES}, 10 * minute),
    (Severity.EXTREME, 2): ({DESKS, DEPUTIES}, 10 * minute),
    (Severity.SEVERE, 0): ({LEADERS, DESKS}, 10 * minute),
    (Severity.SEVERE, 1): ({DESKS, DEPUTIES, COMPARTMENT}, 10 * minute),
    (Severity.SEVERE, 2): ({DESKS, DEPUTIES}, 10 * minute),
    (Severity.SEVERE, 3): ({DESKS, DEPUTIES}, 10 * minute),
    (Severity.MODERATE, 0): ({LEADERS}, 2 * hour),
    (Severity.MODERATE, 1): ({DESKS}, 2 * hour),
    (Severity.MODERATE, 2): ({DESKS, DEPUTIES, COMPARTMENT}, 10 * minute),
    (Severity.MODERATE, 3): ({DESKS, DEPUTIES}, 10 * minute),
    (Severity.MODERATE, 4): ({DESKS, DEPUTIES}, 10 * minute),
}
OWNER = PersonId(UUID(int=1))
ACCEPTED = Alert(
    id=AlertId(UUID(int=2)), case_id=CaseId(UUID(int=3)), compartment_id=CompartmentId(UUID(int=4)),
    status=Status.ACTUAL, event=Event.PANIC, severity=Severity.EXTREME, first_severity=Severity.EXTREME,
    certainty=Certainty.OBSERVED, raised_by=None, raised_through=Through.API, sent=BEGAN, state=State.ACCEPTED,
    owner_id=OWNER, ladder=1, ladder_began_at=BEGAN, step=0, next_step_at=BEGAN + timedelta(minutes=30),
    presses=(Press(person_id=None, at=BEGAN),),
)  # fmt: skip
severities = st.sampled_from(Severity)
steps = st.integers(0, 10_000)
waits = st.timedeltas(timedelta(0), timedelta(days=365))


@pytest.mark.parametrize(("severity", "step"), list(EXPECTED))
def test_each_step_calls_whom_the_rules_say(severity: Severity, step: int) -> None:
    tiers, wait = EXPECTED[severity, step]
    decided = escalation(severity, step, BEGAN, BEGAN + minute)
    assert decided.wave.tiers == tiers
    assert decided.next_step_at == BEGAN + minute + wait
    assert not decided.unanswered


def test_every_severity_has_a_ladder_that_reaches_everybody() -> None:
    assert LADDERS.keys() == set(Severity)
    for ladder in LADDERS.values():
        assert frozenset().union(*(wave.tiers for wave in ladder)) == set(Tier)


@given(severities, steps, waits, waits)
def test_the_next_step_counts_from_now(severity: Severity, step: int, since: timedelta, later: timedelta) -> None:
    """After an outage nobody is called for every step that was missed."""
    now = BEGAN + since
    decided = escalation(severity, step, BEGAN, now)
    assert decided.next_step_at > now
    assert decided.next_step_at - now <= DAILY
    same = escalation(severity, step, BEGAN + later, now + later)
    assert same.next_step_at - decided.next_step_at == later


@given(severities, steps, waits)
def test_nobody_gives_up_before_the_whole_ladder_was_climbed(severity: Severity, step: int, since: timedelta) -> None:
    decided = escalation(severity, step, BEGAN, BEGAN + since)
    last = len(LADDERS[severity]) - 1
    assert decided.repeating is (step >= last)
    assert decided.unanswered is (decided.repeating and since >= PERSISTENT)
    assert decided.wave == LADDERS[severity][min(step, last)]


@given(severities)
def test_calling_lasts_six_hours_and_then_goes_on_daily(severity: Severity) -> None:
    now, step, repeats = BEGAN, 0, 0
    while not (decided := escalation(severity, step, BEGAN, now)).unanswered:
        assert decided.next_step_at - now == decided.wave.wait
        repeats += decided.repeating
        now, step = decided.next_step_at, step + 1
    assert PERSISTENT <= now - BEGAN < PERSISTENT + REPEAT
    assert repeats >= (PERSISTENT - 4 * hour - 10 * minute) // REPEAT
    for day in range(1, 400):
        decided = escalation(severity, step + day, BEGAN, now + day * DAILY)
        assert decided.unanswered
        assert decided.next_step_at == now + (day + 1) * DAILY


@given(able=st.booleans(), asked=st.booleans(), late=waits)
def test_an_accepted_alert_asks_its_owner_once_and_waits_ten_minutes(
    *, able: bool, asked: bool, late: timedelta
) -> None:
    """However late the step comes: it asks once, and an owner who cannot act is not asked at all."""
    due_at = BEGAN + timedelta(minutes=30)
    accepted = replace(ACCEPTED, owner_asked_at=BEGAN if asked else None)
    step = owner_step(accepted, frozenset({OWNER}) if able else frozenset())
    assert step is (Step.OWNER_GONE if not able else Step.OWNER_SILENT if asked else Step.OWNER_ASKED)
    if step is Step.OWNER_ASKED:
        standing = accepted.asking_owner(due_at + late)
        assert standing.next_step_at == due_at + late + timedelta(minutes=10)
        assert owner_step(standing, frozenset({OWNER})) is Step.OWNER_SILENT


def test_a_pause_is_none_of_an_accepted_alert() -> None:
    paused = replace(ACCEPTED, state=State.OPEN, cancel_asked_at=BEGAN, next_step_at=BEGAN + CANCEL_PAUSE)
    assert paused_until(paused) == BEGAN + CANCEL_PAUSE
    assert paused_until(replace(paused, state=State.ACCEPTED)) is None


@pytest.mark.parametrize("night", [datetime(2026, 3, 29, 0, 55, tzinfo=UTC), datetime(2026, 10, 25, 0, 25, tzinfo=UTC)])
@pytest.mark.parametrize(
    ("severity", "began", "minutes"),
    # Ten minutes by the wall end at the same moment, also where the clock jumps within them; longer waits do not.
    [
        (Severity.SEVERE, timedelta(0), 10),
        (Severity.MODERATE, timedelta(0), 120),
        (Severity.EXTREME, timedelta(hours=7), 1440),
    ],
)
def test_a_change_of_summer_time_moves_nothing(
    night: datetime, severity: Severity, began: timedelta, minutes: int
) -> None:
    step = 9 if began else 0
    assert escalation(severity, step, night - began, night).next_step_at - night == timedelta(minutes=minutes)
