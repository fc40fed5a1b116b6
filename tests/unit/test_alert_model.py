"""How an alert's state may change: the whole table, and when a further press must be answered anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from agencies.model import AgencyId, PersonId
from alerts.model import (
    OWNED,
    AgencyAnswer,
    Alert,
    AlertId,
    Conversation,
    Press,
    Recipient,
    State,
    Step,
    Tier,
    after,
)
from alerts.speaking import conversation
from alerts.vocabulary import SEVERITY_OF_EVENT, Certainty, Event, Severity, Status, Through
from cases.model import CaseId, CompartmentId, Part
from core.errors import Conflict, InvalidInput, NotFound

SENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANA, BORIS = PersonId(UUID(int=1)), PersonId(UUID(int=2))
POLICE, NGO = AgencyId(UUID(int=3)), AgencyId(UUID(int=4))
ALERT = Alert(
    id=AlertId(UUID(int=5)), case_id=CaseId(UUID(int=6)), compartment_id=CompartmentId(UUID(int=7)),
    status=Status.ACTUAL, event=Event.THREAT_RECEIVED, severity=Severity.SEVERE, first_severity=Severity.SEVERE,
    certainty=Certainty.OBSERVED, raised_by=ANA, raised_through=Through.API, sent=SENT, state=State.OPEN,
    owner_id=None, ladder=1, ladder_began_at=SENT, step=0, next_step_at=SENT, presses=(Press(person_id=ANA, at=SENT),),
)  # fmt: skip

ALLOWED = {
    (State.OPEN, Step.ALL_ACCEPTED): State.ACCEPTED,
    (State.OPEN, Step.GAVE_UP_CALLING): State.UNANSWERED,
    (State.OPEN, Step.RAISED_AGAIN): State.OPEN,
    (State.OPEN, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.OPEN, Step.HANDED_OVER): State.OPEN,
    (State.ACCEPTED, Step.RAISED_AGAIN): State.OPEN,
    (State.ACCEPTED, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.ACCEPTED, Step.OWNER_ASKED): State.ACCEPTED,
    (State.ACCEPTED, Step.OWNER_CONFIRMED): State.ACCEPTED,
    (State.ACCEPTED, Step.OWNER_SILENT): State.OPEN,
    (State.ACCEPTED, Step.OWNER_GONE): State.OPEN,
    (State.ACCEPTED, Step.HANDED_OVER): State.ACCEPTED,
    (State.UNANSWERED, Step.ALL_ACCEPTED): State.ACCEPTED,
    (State.UNANSWERED, Step.GAVE_UP_CALLING): State.UNANSWERED,
    (State.UNANSWERED, Step.RAISED_AGAIN): State.OPEN,
    (State.UNANSWERED, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.UNANSWERED, Step.HANDED_OVER): State.UNANSWERED,
}


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_every_state_and_step(state: State, step: Step) -> None:
    if (state, step) in ALLOWED:
        assert after(state, step) is ALLOWED[state, step]
    else:
        with pytest.raises(Conflict):
            after(state, step)


def test_what_has_ended_stays_ended() -> None:
    assert not any(state is State.STOOD_DOWN for state, _ in ALLOWED)


def test_every_event_has_its_severity() -> None:
    assert SEVERITY_OF_EVENT.keys() == set(Event)
    extreme = {event for event, severity in SEVERITY_OF_EVENT.items() if severity is Severity.EXTREME}
    assert extreme == {Event.PANIC, Event.DURESS, Event.LOCATION_COMPROMISED}
    assert sorted(Severity, key=lambda each: each.rank) == [Severity.MODERATE, Severity.SEVERE, Severity.EXTREME]


def anew(standing: Alert, severity: Severity, certainty: Certainty = Certainty.OBSERVED) -> bool:
    return standing.begins_anew(replace(ALERT, severity=severity, certainty=certainty))


@pytest.mark.parametrize("state", [State.OPEN, State.ACCEPTED, State.UNANSWERED])
def test_a_worse_press_always_begins_anew_a_lesser_one_where_nobody_is_being_called(state: State) -> None:
    for certainty in Certainty:
        assert anew(replace(ALERT, state=state), Severity.EXTREME, certainty)
        assert anew(replace(ALERT, state=state, cancel_asked_at=SENT), Severity.MODERATE, certainty)
        assert anew(replace(ALERT, state=state), Severity.MODERATE, certainty) is (state is not State.OPEN)


def test_an_equal_press_begins_anew_where_nobody_is_being_called() -> None:
    assert not anew(ALERT, Severity.SEVERE)
    assert anew(replace(ALERT, state=State.ACCEPTED), Severity.SEVERE)
    assert anew(replace(ALERT, state=State.UNANSWERED), Severity.SEVERE)
    assert anew(replace(ALERT, cancel_asked_at=SENT), Severity.SEVERE)


def test_what_was_unverified_begins_anew_when_it_is_confirmed() -> None:
    doubtful = replace(ALERT, certainty=Certainty.UNKNOWN)
    assert anew(doubtful, Severity.SEVERE)
    assert not anew(doubtful, Severity.SEVERE, Certainty.UNKNOWN)
    assert not anew(ALERT, Severity.SEVERE, Certainty.UNKNOWN)


def answer(agency_id: AgencyId, part: Part, by: PersonId | None) -> AgencyAnswer:
    return AgencyAnswer(agency_id=agency_id, part=part, acknowledged_by=by, acknowledged_at=SENT if by else None)


def test_only_responders_are_silent() -> None:
    answers = (answer(POLICE, Part.RESPONDER, None), answer(NGO, Part.INFORMED, None))
    assert replace(ALERT, agencies=answers).silent_agencies == {POLICE}
    assert replace(ALERT, agencies=(answer(POLICE, Part.RESPONDER, BORIS),)).silent_agencies == frozenset()


def test_one_person_answers_for_each_agency_they_were_called_for() -> None:
    called = Recipient(person_id=BORIS, agency_id=POLICE, tier=Tier.DESKS)
    answered = replace(called, agency_id=NGO, acknowledged_at=SENT)
    alert = replace(ALERT, recipients=(called, answered))
    assert alert.called(BORIS) == (called, answered)
    assert alert.has_acknowledged(BORIS)
    assert alert.may_acknowledge(BORIS)
    assert not replace(ALERT, recipients=(answered,)).may_acknowledge(BORIS)
    for nobody in (ALERT.has_acknowledged(BORIS), ALERT.may_acknowledge(BORIS), bool(ALERT.called(BORIS))):
        assert not nobody


def test_everybody_who_pressed_is_a_raiser_and_the_last_one_began_the_ladder() -> None:
    later = SENT.replace(hour=10)
    presses = (*ALERT.presses, Press(person_id=None, at=SENT), Press(person_id=BORIS, at=later))
    alert = replace(ALERT, presses=presses, ladder_began_at=later)
    assert alert.raiser_ids == {ANA, BORIS}
    assert alert.cause.person_id == BORIS
    assert ALERT.cause.person_id == ANA


def test_nobodys_word_pauses_what_somebody_else_began() -> None:
    later = SENT.replace(hour=10)
    first, second = Press(person_id=ANA, at=SENT), Press(person_id=BORIS, at=later)
    # Both pressed in one ladder: Ana began it, and Boris counts once Ana has taken it back.
    together = replace(ALERT, presses=(first, second))
    assert together.pauses(ANA)
    assert not together.pauses(BORIS)
    assert replace(together, presses=(replace(first, cancelled_at=later), second)).pauses(BORIS)
    # Boris began the present one.
    anew = replace(together, ladder_began_at=later)
    assert anew.pauses(BORIS)
    assert not anew.pauses(ANA)
    unverified = replace(ALERT, presses=(Press(person_id=None, at=SENT), second))
    assert not unverified.pauses(BORIS)
    for quiet in (replace(ALERT, cancel_asked_at=SENT), replace(ALERT, next_step_at=None)):
        assert not quiet.pauses(ANA)


def test_only_those_who_can_still_act_count_as_called() -> None:
    called = tuple(Recipient(person_id=each, agency_id=POLICE, tier=Tier.DESKS) for each in (ANA, BORIS))
    alert = replace(ALERT, recipients=called)
    assert alert.others_called(frozenset({ANA, BORIS}))
    assert not alert.others_called(frozenset({ANA}))
    assert alert.still_called(frozenset({BORIS})) == {BORIS}


def test_an_agency_may_become_a_responder_and_none_is_let_off() -> None:
    accepted = answer(POLICE, Part.RESPONDER, BORIS)
    alert = replace(ALERT, agencies=(accepted, answer(NGO, Part.INFORMED, None)))
    assert alert.with_parts({POLICE: Part.INFORMED, NGO: Part.RESPONDER}).agencies == (
        accepted,
        answer(NGO, Part.RESPONDER, None),
    )
    assert alert.with_parts({}).agencies == alert.agencies
    assert ALERT.with_parts({NGO: Part.INFORMED, POLICE: Part.RESPONDER}).silent_agencies == {POLICE}


def test_whoever_was_called_before_stays_as_they_were() -> None:
    accepted = Recipient(person_id=BORIS, agency_id=POLICE, tier=Tier.DESKS, acknowledged_at=SENT)
    again, other = replace(accepted, tier=Tier.DEPUTIES, acknowledged_at=None), replace(accepted, agency_id=NGO)
    first = Recipient(person_id=ANA, agency_id=NGO, tier=Tier.LEADERS)
    alert = replace(ALERT, recipients=(accepted,)).with_recipients([again, other, first])
    assert alert.recipients == (first, accepted, other)


def test_accepting_answers_for_every_agency_one_was_called_for_and_ends_calling_when_all_have() -> None:
    later = SENT.replace(hour=10)
    called = [Recipient(person_id=each, agency_id=POLICE, tier=Tier.DESKS) for each in (ANA, BORIS)]
    called.append(replace(called[1], agency_id=NGO))
    responders = tuple(answer(each, Part.RESPONDER, None) for each in (POLICE, NGO))
    alert = replace(ALERT, agencies=responders, recipients=tuple(called))

    by_ana = alert.acknowledged(ANA, SENT)
    assert (by_ana.owner_id, by_ana.state) == (ANA, State.OPEN)
    assert by_ana.silent_agencies == {NGO}
    assert by_ana.next_step_at == alert.next_step_at
    assert by_ana.has_acknowledged(ANA)
    assert not by_ana.has_acknowledged(BORIS)

    by_all = by_ana.acknowledged(BORIS, later)
    # Nobody is called any more; after a while the owner is asked.
    assert (by_all.owner_id, by_all.state, by_all.next_step_at) == (ANA, State.ACCEPTED, later + OWNED)
    assert [(each.acknowledged_by, each.acknowledged_at) for each in by_all.agencies] == [(ANA, SENT), (BORIS, later)]
    assert {each.acknowledged_at for each in by_all.called(BORIS)} == {later}
    # Whoever accepts after all have changes nothing else, the owner's clock included.
    late = replace(by_all, recipients=tuple(called)).acknowledged(ANA, later + OWNED)
    assert (late.state, late.next_step_at) == (State.ACCEPTED, later + OWNED)


def accepted() -> Alert:
    """Return an alert of Ana's that Boris accepted, at `SENT`."""
    called = (Recipient(person_id=BORIS, agency_id=POLICE, tier=Tier.DESKS),)
    alert = replace(ALERT, agencies=(answer(POLICE, Part.RESPONDER, None),), recipients=called)
    return alert.acknowledged(BORIS, SENT)


def test_the_owner_is_asked_and_a_yes_begins_the_clock_anew() -> None:
    assert accepted().next_step_at == SENT + timedelta(minutes=30)
    asked_at = SENT + timedelta(minutes=30)
    asked = accepted().asking_owner(asked_at)
    assert (asked.state, asked.owner_id, asked.owner_asked_at) == (State.ACCEPTED, BORIS, asked_at)
    assert asked.next_step_at == asked_at + timedelta(minutes=10)
    answered_at = asked_at + timedelta(minutes=7)
    confirmed = asked.confirmed_by_owner(answered_at)
    assert confirmed == replace(accepted(), next_step_at=answered_at + timedelta(minutes=30))


def test_only_the_owner_who_was_asked_is_waited_for() -> None:
    assert not accepted().awaits(BORIS)
    asked = accepted().asking_owner(SENT)
    assert asked.awaits(BORIS)
    assert asked.awaits_owner(BORIS)
    # Somebody who has not accepted yet may do so, and is not the owner.
    assert asked.awaits(ANA)
    assert not asked.awaits_owner(ANA)


@pytest.mark.parametrize("why", [Step.OWNER_SILENT, Step.OWNER_GONE])
def test_an_alert_without_its_owner_stands_as_if_nobody_had_accepted(why: Step) -> None:
    later = SENT + timedelta(minutes=40)
    before = replace(accepted().asking_owner(SENT), step=3)
    opened = before.reopened(why, later)
    assert (opened.state, opened.owner_id, opened.owner_asked_at) == (State.OPEN, None, None)
    assert (opened.ladder, opened.ladder_began_at, opened.step) == (2, later, 0)
    assert opened.silent_agencies == {POLICE}
    assert opened.may_acknowledge(BORIS)
    assert not opened.has_acknowledged(BORIS)
    assert opened.acknowledged(ANA, later).owner_id == ANA
    # It is still the same call for help, however often it is opened again.
    assert opened.cause == before.cause
    assert replace(opened, state=State.ACCEPTED).reopened(why, later + OWNED).cause == before.cause


def test_a_raisers_word_counts_after_an_owners_silence_as_before() -> None:
    second = Press(person_id=BORIS, at=SENT + timedelta(minutes=1))
    opened = replace(accepted().reopened(Step.OWNER_SILENT, SENT + OWNED), presses=(*ALERT.presses, second))
    assert opened.pauses(ANA)
    assert not opened.pauses(BORIS)
    # Nobody is being called while it is accepted: then there is nothing to pause.
    assert not accepted().pauses(ANA)
    assert not accepted().asking_owner(SENT).pauses(ANA)


def test_one_spoke_with_another_who_takes_part_between_the_raise_and_now() -> None:
    alert = replace(accepted(), sent=SENT + timedelta(seconds=40))
    now = SENT + timedelta(hours=1)
    noted = conversation(alert, BORIS, ANA, now, now)
    assert noted == Conversation(spoken_by=BORIS, spoken_with=ANA, spoken_at=now)
    assert conversation(alert, ANA, BORIS, SENT, now).spoken_at == SENT
    for wrong in (SENT - timedelta(seconds=1), now + timedelta(microseconds=1)):
        with pytest.raises(InvalidInput, match="after it was raised"):
            conversation(alert, BORIS, ANA, wrong, now)
    with pytest.raises(InvalidInput, match="the other one"):
        conversation(alert, BORIS, BORIS, now, now)
    with pytest.raises(NotFound, match="no part"):
        conversation(alert, BORIS, PersonId(UUID(int=99)), now, now)
