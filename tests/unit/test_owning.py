"""The owner's clock as pure rules, through whatever people say and however late a sweep comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agencies.model import AgencyId, PersonId
from alerts.escalation import escalation, owner_step
from alerts.model import (
    OWNED,
    OWNER_ANSWERS_WITHIN,
    AgencyAnswer,
    Alert,
    AlertId,
    Press,
    Recipient,
    State,
    Step,
    Tier,
    after,
)
from alerts.vocabulary import Certainty, Event, Severity, Status, Through
from cases.model import CaseId, CompartmentId, Part

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RAISER = PersonId(UUID(int=1))
OFFICERS = tuple(PersonId(UUID(int=number)) for number in (2, 3, 4))
AGENCIES = tuple(AgencyId(UUID(int=number)) for number in (12, 13, 14))
officers = st.sampled_from(OFFICERS)


def raised() -> Alert:
    """Return a panic for which one officer of each of three agencies is called."""
    return Alert(
        id=AlertId(UUID(int=20)), case_id=CaseId(UUID(int=21)), compartment_id=CompartmentId(UUID(int=22)),
        status=Status.ACTUAL, event=Event.PANIC, severity=Severity.EXTREME, first_severity=Severity.EXTREME,
        certainty=Certainty.OBSERVED, raised_by=RAISER, raised_through=Through.API, sent=BEGAN, state=State.OPEN,
        owner_id=None, ladder=1, ladder_began_at=BEGAN, step=0, next_step_at=BEGAN + timedelta(minutes=2),
        agencies=tuple(AgencyAnswer(agency_id=each, part=Part.RESPONDER) for each in AGENCIES),
        recipients=tuple(
            Recipient(person_id=person, agency_id=agency, tier=Tier.DESKS)
            for person, agency in zip(OFFICERS, AGENCIES, strict=True)
        ),
        presses=(Press(person_id=RAISER, at=BEGAN),),
    )  # fmt: skip


class Owning(RuleBasedStateMachine):
    """One alert, three officers, a sweep that comes when it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGAN
        self.alert = raised()
        self.able = set(OFFICERS)
        self.questions: list[datetime] = []
        self.last_yes = BEGAN

    @rule(minutes=st.integers(1, 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(officer=officers)
    def somebody_says_ack(self, officer: PersonId) -> None:
        if officer not in self.able:
            return
        if self.alert.awaits_owner(officer):
            self.alert = self.alert.confirmed_by_owner(self.now)
            self.last_yes = self.now
        elif self.alert.may_acknowledge(officer):
            was_open = self.alert.state is not State.ACCEPTED
            self.alert = self.alert.acknowledged(officer, self.now)
            if was_open and self.alert.state is State.ACCEPTED:
                self.last_yes = self.now

    @rule(officer=officers)
    def somebody_leaves(self, officer: PersonId) -> None:
        self.able.discard(officer)

    @rule()
    def somebody_new_is_able_again(self) -> None:
        self.able = set(OFFICERS)

    @precondition(lambda self: self.alert.next_step_at is not None and self.alert.next_step_at <= self.now)
    @rule()
    def the_sweep_comes(self) -> None:
        if self.alert.state is not State.ACCEPTED:
            decided = escalation(Severity.EXTREME, self.alert.step + 1, self.alert.ladder_began_at, self.now)
            state = after(self.alert.state, Step.GAVE_UP_CALLING) if decided.unanswered else self.alert.state
            self.alert = replace(self.alert, step=self.alert.step + 1, next_step_at=decided.next_step_at, state=state)
            return
        owner, asked_at = self.alert.owner_id, self.alert.owner_asked_at
        step = owner_step(self.alert, frozenset(self.able))
        if step is Step.OWNER_ASKED:
            assert self.now - self.last_yes >= OWNED, "asked before half an hour was over"
            self.alert = self.alert.asking_owner(self.now)
            self.questions.append(self.now)
            return
        assert owner not in self.able or (asked_at is not None and self.now - asked_at >= OWNER_ANSWERS_WITHIN)
        ladder = self.alert.ladder
        self.alert = replace(self.alert.reopened(step, self.now), next_step_at=self.now + timedelta(minutes=2))
        assert self.alert.ladder == ladder + 1
        assert self.alert.silent_agencies == set(AGENCIES)

    @rule()
    def it_ends(self) -> None:
        after(self.alert.state, Step.STAND_DOWN)
        self.alert = raised()
        self.last_yes = self.now

    @invariant()
    def something_always_comes_next(self) -> None:
        assert self.alert.next_step_at is not None
        if self.alert.state is State.ACCEPTED:
            assert self.alert.next_step_at - self.now <= OWNED

    @invariant()
    def an_accepted_alert_has_one_owner_who_accepted(self) -> None:
        if self.alert.state is State.ACCEPTED:
            assert self.alert.owner_id is not None
            assert self.alert.has_acknowledged(self.alert.owner_id)
            assert not self.alert.silent_agencies
        else:
            assert self.alert.owner_asked_at is None
            assert self.alert.silent_agencies

    @invariant()
    def what_is_answered_stays_the_first_call_for_help(self) -> None:
        assert self.alert.cause.person_id == RAISER
        assert self.alert.cause.at == BEGAN

    @invariant()
    def nobody_is_asked_twice_without_an_answer(self) -> None:
        for first, second in zip(self.questions, self.questions[1:], strict=False):
            assert second - first >= OWNED


TestOwning = Owning.TestCase
TestOwning.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
