"""What follows from a type in the words of CAP 1.2: of every type, in three scripts, and none in an exercise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from agencies.model import PersonId
from alerts.cap import (
    INSTRUCTIONS,
    URGENCY_OF_EVENT,
    Urgency,
    expires_of,
    first_certainty,
    instruction_of,
    onset_of,
    urgency_of,
)
from alerts.model import Alert, AlertId, State
from alerts.vocabulary import Certainty, Event, Severity, Status, Through, severity_of
from bots.words.rendering import INSTRUCTED, Names, Renderer
from cases.model import CaseId, CompartmentId
from core.outbox import Message, Target, TargetKind
from core.settings import Secret, Settings
from core.texts import LANGUAGES, render

BEGAN = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
ALERT = Alert(
    id=AlertId(uuid4()), case_id=CaseId(uuid4()), compartment_id=CompartmentId(uuid4()), status=Status.ACTUAL,
    event=Event.PANIC, severity=Severity.EXTREME, first_severity=Severity.EXTREME, certainty=Certainty.OBSERVED,
    raised_by=PersonId(uuid4()), raised_through=Through.API, sent=BEGAN, state=State.OPEN, owner_id=None, ladder=1,
    ladder_began_at=BEGAN, step=0, next_step_at=None,
)  # fmt: skip


def test_every_type_has_an_urgency_and_an_instruction() -> None:
    assert set(URGENCY_OF_EVENT) == set(INSTRUCTIONS) == set(Event)


def test_whatever_is_extreme_is_immediate() -> None:
    extreme = {each for each in Event if severity_of(each, grave=True) is Severity.EXTREME}
    assert {urgency_of(each) for each in extreme} == {Urgency.IMMEDIATE}
    assert {each for each in Event if urgency_of(each) is Urgency.EXPECTED} == {
        Event.THREAT_RECEIVED, Event.INTIMIDATION_OR_BRIBE, Event.DEFENDANT_RELEASED, Event.CONFIDENTIALITY_BREACH,
        Event.DEVICE_LOST, Event.REVIEW_MISSED,
    }  # fmt: skip


def test_it_began_when_it_was_raised_where_it_happens_and_ends_only_by_a_person() -> None:
    assert onset_of(ALERT) == BEGAN
    assert onset_of(replace(ALERT, event=Event.THREAT_RECEIVED)) is None
    assert expires_of(ALERT) is None
    ended = BEGAN + timedelta(hours=1)
    assert expires_of(replace(ALERT, state=State.STOOD_DOWN, stood_down_at=ended)) == ended


def test_the_first_certainty_stays_when_a_known_person_confirms() -> None:
    unknown = replace(ALERT, raised_by=None, certainty=Certainty.UNKNOWN, raised_through=Through.TELEPHONE)
    assert first_certainty(unknown) is Certainty.UNKNOWN
    assert first_certainty(replace(unknown, certainty=Certainty.OBSERVED)) is Certainty.UNKNOWN
    assert first_certainty(ALERT) is Certainty.OBSERVED


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", list(Event))
def test_an_instruction_is_short_and_asks_for_nothing_to_be_filled_in(event: Event, language: str) -> None:
    words = render(INSTRUCTIONS[event], language)
    assert len(words) <= 130
    assert not set("{}") & set(words)
    assert words.startswith({"en": "First: ", "sr-Latn": "Prvo: ", "sr-Cyrl": "Прво: "}[language])


def test_an_exercise_sends_nobody_anywhere() -> None:
    assert [instruction_of(each, Status.EXERCISE) for each in Event] == [None] * len(Event)


@pytest.mark.parametrize("template", ["alert_details", "alert_details_telephone", "drill_details", "duress_details"])
def test_rooms_hear_it_below_what_happened_but_for_exercises_and_duress(template: str) -> None:
    renderer = Renderer(Settings(database_url=Secret(""), network="invented network"))
    person = uuid4()
    message = Message(
        key="k", target=Target(kind=TargetKind.COMPARTMENT, id=uuid4()), template=template,
        parameters={
            "codename": "quiet-heron", "event": "missing_person", "time": BEGAN.isoformat(), "person": str(person)
        },
    )  # fmt: skip
    told = renderer.text(message, "sr-Latn", Names(people={person: "Mila"}, agencies={}))
    heard = told.endswith("\n" + render(INSTRUCTIONS[Event.MISSING_PERSON], "sr-Latn"))
    assert heard is template.startswith("alert_") is (template in INSTRUCTED)
    assert ("Prvo:" in told) is heard
