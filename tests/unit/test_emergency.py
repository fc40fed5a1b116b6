"""Whether the police was called: what counts of what people say, and what may be written in a room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agencies.model import PersonId
from alerts.police.emergency import EmergencyCall, Police, PoliceQuestion, Service, known_already, police
from alerts.police.messages import TEXTS
from bots.words.commands import Caller, Command, NearMiss, Said, Verb, parse
from bots.words.names import named
from core.texts import LANGUAGES, render

ANA, BORIS = PersonId(UUID(int=1)), PersonId(UUID(int=2))
THEN = datetime(2031, 5, 14, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def said(
    by: PersonId, minutes: int, *, called: bool = True, service: Service = Service.POLICE
) -> EmergencyCall:  # fmt: skip
    at = THEN + minutes * MINUTE
    return EmergencyCall(
        service=service, said_by=by, said_at=at, called=called, called_by=by if called else None,
        called_at=at if called else None,
    )  # fmt: skip


def asked(step: int, minutes: int = 1) -> PoliceQuestion:
    return PoliceQuestion(person_id=ANA, asked_at=THEN + minutes * MINUTE, step=step)


@pytest.mark.parametrize(
    ("calls", "question", "known"),
    [
        ((), None, Police.UNKNOWN),
        ((), asked(0), Police.ASKED),
        ((), asked(1), Police.ASKED),
        ((), asked(2), Police.UNANSWERED),
        # Asked before the press that is answered now.
        ((), asked(2, -5), Police.UNKNOWN),
        ((said(ANA, 2),), asked(0), Police.CALLED),
        ((said(ANA, 2, called=False),), asked(0), Police.NOT_CALLED),
        # One call suffices, whatever another knows; one's own later word counts.
        ((said(ANA, 2), said(BORIS, 3, called=False)), asked(0), Police.CALLED),
        ((said(ANA, 2), said(ANA, 3, called=False)), asked(0), Police.NOT_CALLED),
        ((said(ANA, 2, called=False), said(ANA, 3)), asked(2), Police.CALLED),
        # What was called for an earlier press is not called for this one, and an ambulance is not the police.
        ((said(ANA, -2),), asked(0), Police.ASKED),
        ((said(ANA, 2, service=Service.AMBULANCE),), asked(0), Police.ASKED),
    ],
)
def test_what_is_known_of_a_call(
    calls: tuple[EmergencyCall, ...], question: PoliceQuestion | None, known: Police
) -> None:
    assert police(calls, question, THEN, extreme=True) is known
    assert police(tuple(reversed(calls)), question, THEN, extreme=True) is known


def test_of_what_is_not_extreme_nothing_is_asked_and_what_is_said_counts() -> None:
    assert police((), None, THEN, extreme=False) is None
    assert police((said(ANA, 1),), None, THEN, extreme=False) is Police.CALLED


def test_the_same_word_again_is_no_news_and_another_time_is() -> None:
    first, again = said(ANA, 1), said(ANA, 4)
    assert known_already((first,), again, timed=False)
    assert not known_already((first,), again, timed=True)
    assert not known_already((first,), said(ANA, 4, called=False), timed=False)
    assert not known_already((first,), said(BORIS, 4), timed=False)
    assert not known_already((), again, timed=False)


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("192 me", Command(verb=Verb.POLICE, caller=Caller.ME)),
        ("192 ja!", Command(verb=Verb.POLICE, caller=Caller.ME)),
        ("192 Ја", Command(verb=Verb.POLICE, caller=Caller.ME)),
        ("192 no", Command(verb=Verb.POLICE, caller=Caller.NOBODY)),
        ("192 Ne.", Command(verb=Verb.POLICE, caller=Caller.NOBODY)),
        ("192 не", Command(verb=Verb.POLICE, caller=Caller.NOBODY)),
        ("192 drugi", Command(verb=Verb.POLICE, caller=Caller.OTHER)),
        ("194 neko drugi", Command(verb=Verb.AMBULANCE, caller=Caller.OTHER)),
        ("192 Ana Primer", Command(verb=Verb.POLICE, name="ana primer")),
        ("192 quiet-heron me", Command(verb=Verb.POLICE, codename="quiet-heron", caller=Caller.ME)),
        ("192", Command(verb=Verb.POLICE)),
        ("192?", None),
        ("1920 me", None),
        ("call 192 me", None),
        ("192 panika", NearMiss(verb=Verb.PANIC)),
    ],
)
def test_what_is_written_of_a_call(body: str, command: Said | None) -> None:
    assert parse(body) == command


def test_another_country_dials_other_numbers() -> None:
    numbers = {"112": Verb.POLICE}
    assert parse("112 me", numbers) == Command(verb=Verb.POLICE, caller=Caller.ME)
    assert parse("112 me") is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [each for each in TEXTS if "_asked" in each])
def test_what_people_are_told_to_write_is_understood(language: str, template: str) -> None:
    body = render(TEXTS[template], language, police="192", codename="quiet-heron")
    found = {
        command.caller
        for start in range(len(body))
        for end in range(start + 1, min(start + 14, len(body)) + 1)
        if body[start:].startswith("192 ") and not body[end : end + 1].isalpha()
        and isinstance(command := parse(body[start:end]), Command)
    }  # fmt: skip
    assert {Caller.ME, Caller.OTHER, Caller.NOBODY} <= found


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("đorđe", BORIS),
        ("djordje", BORIS),
        ("Ђорђе", BORIS),
        ("živković dorde", BORIS),
        ("ana", None),
        ("ana primer", ANA),
        ("Ана Пример", ANA),
        ("primer", ANA),
        ("ana called", None),
        ("nobody", None),
        ("", None),
    ],
)
def test_whose_name_is_written(written: str, who: PersonId | None) -> None:
    other = PersonId(UUID(int=3))
    assert named(written, {ANA: "Ana Primer", BORIS: "Đorđe Živković", other: "Ana Uzor"}) == who


def test_a_whole_name_is_its_own_and_not_that_of_a_longer_one() -> None:
    assert named("ana primer", {ANA: "Ana Primer", BORIS: "Ana Primer Uzor"}) == ANA
