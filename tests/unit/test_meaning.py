"""What a word means: the call that its author knew, and a question wherever it may be another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from agencies.model import AgencyId, PersonId
from alerts.model import (
    Alert,
    AlertId,
    Press,
    Recipient,
    State,
    Tier,
)
from alerts.service import AlertView
from alerts.vocabulary import Certainty, Event, Severity, StandDownReason, Status, Through
from bots.talk.handling import ALL_CLEAR
from bots.words.commands import Command, Verb
from bots.words.meaning import CLOCKS_APART, LATE, Doubt, candidates, doubt, late
from cases.model import CaseId, CompartmentId
from tests.conftest import START

ANA, BORIS = PersonId(UUID(int=1)), PersonId(UUID(int=2))
SECOND = timedelta(seconds=1)


def alert(
    number: int = 1, *, began: datetime = START, status: Status = Status.ACTUAL, severity: Severity = Severity.EXTREME,
    accepted: bool = False,
) -> Alert:  # fmt: skip
    """Return an alert that Boris raised and Ana was called for."""
    return Alert(
        id=AlertId(UUID(int=number)),
        case_id=CaseId(UUID(int=number)),
        compartment_id=CompartmentId(UUID(int=number)),
        status=status,
        event=Event.PANIC,
        severity=severity,
        first_severity=severity,
        certainty=Certainty.OBSERVED,
        raised_by=BORIS,
        raised_through=Through.CHANNEL,
        sent=began,
        state=State.OPEN,
        owner_id=None,
        ladder=1,
        ladder_began_at=began,
        step=0,
        next_step_at=None,
        recipients=(
            Recipient(
                person_id=ANA,
                agency_id=AgencyId(UUID(int=9)),
                tier=Tier.LEADERS,
                acknowledged_at=began if accepted else None,
            ),
        ),
        presses=(Press(person_id=BORIS, at=began),),
    )


def views(*alerts: Alert) -> list[AlertView]:
    return [AlertView(alert=each, codename=f"heron-{each.id.int}", people=[], deliveries=[]) for each in alerts]


def meant(*alerts: Alert, verb: Verb = Verb.ACK, written: datetime = START) -> list[int]:
    return [each.alert.id.int for each in candidates(views(*alerts), ANA, verb, written)]


def test_a_word_is_for_what_its_author_knew() -> None:
    later = alert(2, began=START + timedelta(minutes=5))
    assert meant(alert(1), later, written=START + timedelta(minutes=1)) == [1]
    assert meant(later, written=START) == [2], "where there is nothing else it is asked about"
    drill = alert(1, status=Status.EXERCISE)
    assert meant(drill, later, written=START + timedelta(minutes=1)) == [1], "nobody knew of the later one"


def test_the_real_comes_before_the_drill_and_the_unanswered_before_the_accepted() -> None:
    assert meant(alert(1, status=Status.EXERCISE), alert(2)) == [2]
    assert meant(alert(1, accepted=True), alert(2)) == [2]
    assert meant(alert(1, accepted=True), alert(2), verb=Verb.STAND_DOWN) == [1, 2]
    assert meant(alert(1), alert(2)) == [1, 2]


def test_of_several_forced_people_a_word_is_for_the_newest_that_it_can_be_for() -> None:
    def forced(number: int, minutes: int, *, accepted: bool = False) -> Alert:
        began = START - timedelta(minutes=minutes)
        one = alert(number, began=began, accepted=accepted)
        return replace(one, event=Event.DURESS, duress_of=BORIS, compartment_id=CompartmentId(UUID(int=3)))

    assert meant(forced(1, 5), forced(2, 1)) == [2]
    assert meant(forced(1, 5), forced(2, 1, accepted=True)) == [1]
    accepted = [forced(1, 5, accepted=True), forced(2, 1, accepted=True)]
    assert meant(*accepted, verb=Verb.STAND_DOWN) == [2]
    assert meant(*accepted, alert(3, accepted=True), verb=Verb.STAND_DOWN) == [3], "what is for duress ends last"


def test_an_accepted_one_whose_owner_is_asked_is_meant_like_one_not_accepted() -> None:
    asked = replace(alert(1, accepted=True), state=State.ACCEPTED, owner_id=ANA, owner_asked_at=START)
    assert meant(asked, alert(2, accepted=True)) == [1]
    assert meant(asked, alert(2)) == [1, 2]
    assert meant(replace(asked, owner_id=BORIS), alert(2)) == [2]


@pytest.mark.parametrize(
    ("written", "now", "why"),
    [
        (START, START, None),
        (START - CLOCKS_APART, START, None),
        (START - CLOCKS_APART - SECOND, START, Doubt.BEFORE),
        (START, START + LATE, None),
        (START, START + LATE + SECOND, Doubt.LATE),
        (START - timedelta(hours=1), START + timedelta(hours=1), Doubt.BEFORE),
        (START + timedelta(days=1), START, None),
    ],
)
def test_what_came_late_or_was_written_before_the_call_is_asked_about(
    written: datetime, now: datetime, why: Doubt | None
) -> None:
    for said in (Command(verb=Verb.ACK), Command(verb=Verb.ACK, codename="heron-a")):
        assert doubt(alert(), said, ANA, written, now) is why


def test_a_call_that_began_anew_is_another_call() -> None:
    anew = replace(alert(), ladder=2, ladder_began_at=START + timedelta(minutes=3))
    written = START + timedelta(minutes=1)
    assert doubt(anew, Command(verb=Verb.ACK), ANA, written, START + timedelta(minutes=4)) is Doubt.BEFORE


@pytest.mark.parametrize(
    ("said", "subject", "why"),
    [
        (Command(verb=Verb.STAND_DOWN), alert(accepted=True), Doubt.GRAVE),
        (ALL_CLEAR, alert(accepted=True), Doubt.GRAVE),
        (ALL_CLEAR, alert(accepted=True, severity=Severity.SEVERE), Doubt.GRAVE),
        (ALL_CLEAR, alert(accepted=True, status=Status.EXERCISE), None),
        (ALL_CLEAR, alert(), None),
        (Command(verb=Verb.STAND_DOWN, reason=StandDownReason.SAFE), alert(accepted=True), None),
        (Command(verb=Verb.STAND_DOWN, codename="heron-a"), alert(accepted=True), None),
        (Command(verb=Verb.STAND_DOWN), alert(accepted=True, severity=Severity.SEVERE), None),
        (Command(verb=Verb.STAND_DOWN), alert(accepted=True, status=Status.EXERCISE), None),
        (Command(verb=Verb.STAND_DOWN), alert(), None),
        (Command(verb=Verb.ACK), alert(accepted=True), None),
    ],
)
def test_ending_the_gravest_by_one_bare_word_is_asked_about(said: Command, subject: Alert, why: Doubt | None) -> None:
    assert doubt(subject, said, ANA, START, START) is why


def test_who_raised_it_is_not_asked_because_that_only_pauses() -> None:
    own = replace(alert(accepted=True), presses=(Press(person_id=ANA, at=START),))
    assert doubt(own, Command(verb=Verb.STAND_DOWN), ANA, START, START) is None


def test_late_is_late() -> None:
    assert not late(START, START + LATE)
    assert late(START, START + LATE + SECOND)
