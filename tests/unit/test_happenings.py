"""Everything that people can raise has a word in a room, and none of them is raised by talk."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.texts import EVENT_TEXTS
from alerts.vocabulary import (
    CATEGORY_OF_EVENT,
    RAISED_BY_CLOCKS,
    RESPONSE_TO_EVENT,
    SEVERITY_OF_EVENT,
    Event,
    Severity,
    severity_of,
)
from bots.words import commands, happenings
from bots.words.commands import Command, NearMiss, Verb, calls_for_help, parse
from bots.words.happenings import OF_WORDS, WORDS, Happening
from bots.words.rendering import TEMPLATES, Names, Renderer
from core.outbox import Message, Target, TargetKind
from core.settings import Secret, Settings
from core.texts import LANGUAGES, render

# As the network's rules for alerts list them; `duress` is raised by a phrase of its own.
TYPES = (
    "panic duress being_followed trafficker_sighted threat_received intimidation_or_bribe defendant_released "
    "hostile_presence missed_milestone missed_check_in missing_person location_compromised premises_incident "
    "confidentiality_breach device_lost health operation_aborted review_missed"
)


def test_every_type_is_raised_by_people_or_later_by_machines() -> None:
    assert set(Event) == set(TYPES.split())


def test_every_event_has_a_word_a_text_a_severity_a_category_and_a_response() -> None:
    # Duress has no word: only a sentence that its author chose. What a clock raises nobody says.
    assert {each.event for each in Happening} == set(Event) - {Event.DURESS} - RAISED_BY_CLOCKS
    for known in (EVENT_TEXTS, SEVERITY_OF_EVENT, CATEGORY_OF_EVENT, RESPONSE_TO_EVENT):
        assert set(known) == set(Event)


def test_only_these_are_extreme() -> None:
    assert {each for each in Event if severity_of(each) is Severity.EXTREME} == {
        Event.PANIC, Event.DURESS, Event.LOCATION_COMPROMISED,
    }  # fmt: skip
    assert {each for each in Event if severity_of(each, grave=True) is Severity.EXTREME} == {
        Event.PANIC, Event.DURESS, Event.LOCATION_COMPROMISED, Event.MISSING_PERSON,
    }  # fmt: skip


@pytest.mark.parametrize(("what", "words"), [(what, each) for what, all_ in WORDS.items() for each in sorted(all_)])
def test_every_word_raises_what_it_says_however_it_is_written(what: Happening, words: str) -> None:
    for alert in commands.WORDS[Verb.ALERT]:
        wanted = Command(verb=Verb.ALERT, what=what)
        for written in (f"{alert} {words}", f"{alert} {words}!".upper(), f"  /{alert}   {words}. "):
            assert parse(written) == wanted
            assert calls_for_help(parse(written))
        named = Command(verb=Verb.ALERT, what=what, codename="quiet-heron")
        assert parse(f"{alert} {words} quiet-heron") == named
        assert parse(f"{alert} quiet-heron {words}") == named


def test_no_two_things_share_a_word() -> None:
    assert sum(map(len, WORDS.values())) == len(OF_WORDS)


@pytest.mark.parametrize("words", sorted(OF_WORDS))
def test_the_words_alone_raise_nothing(words: str) -> None:
    said = parse(words)
    assert calls_for_help(said) is (said == Command(verb=Verb.PANIC))


@pytest.mark.parametrize(
    ("said", "meant"),
    [("alert folowed", Happening.BEING_FOLLOWED), ("uzbuna pretna", Happening.THREAT_RECEIVED),
     ("узбуна нестала особаа", Happening.MISSING_PERSON), ("uzbuna prate me?", Happening.BEING_FOLLOWED),
     ("alert something else", None), ("uzbuna kamenice lete kroz prozor", None),
     ("Alert: they throw stones at her window, they shout, the child is inside, and nobody opens the door", None)],
)  # fmt: skip
def test_whoever_writes_alert_and_is_not_understood_hears_that_nobody_was_called(
    said: str, meant: Happening | None
) -> None:  # fmt: skip
    assert parse(said) == NearMiss(verb=Verb.ALERT, what=meant)


def test_whoever_says_that_there_is_none_is_not_asked() -> None:
    assert parse("no alert") is None


@pytest.mark.parametrize(
    "said", ["uzbuna nema je", "узбуна нема детета", "alert she is not at the shelter", "uzbuna ne javlja se"]
)
def test_whoever_begins_with_alert_is_answered_though_the_words_could_deny_it(said: str) -> None:
    found = parse(said)
    assert isinstance(found, NearMiss)
    assert found.verb is Verb.ALERT


@pytest.mark.parametrize("said", ["alert", "uzbuna!", "/узбуна", "alert quiet-heron"])
def test_the_word_alone_shows_what_can_follow(said: str) -> None:
    found = parse(said)
    assert isinstance(found, Command)
    assert (found.verb, found.what) == (Verb.ALERT, None)
    assert not calls_for_help(found)


@given(st.text(min_size=1, max_size=60))
def test_what_is_not_one_of_the_words_never_raises(words: str) -> None:
    said = parse(f"alert {words}")
    if calls_for_help(said):
        assert isinstance(said, Command)
        assert said.what is not None


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_what_the_list_names_is_what_it_raises(language: str) -> None:
    target = Target(kind=TargetKind.PERSON, id=UUID(int=1))
    message = Message(key="", target=target, template="reply_alert_what", parameters={"happenings": ""})
    text = Renderer(Settings(database_url=Secret(""))).text(message, language, Names(people={}, agencies={}))
    listed = [line.split(": ") for line in text.split("\n") if line.startswith(commands.word(Verb.ALERT, language))]
    assert len(listed) == len(Happening) - 1
    for written, meaning in listed:
        said = parse(written)
        assert isinstance(said, Command)
        assert said.what is not None
        assert said.what.child or meaning == render(EVENT_TEXTS[said.what.event], language)


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("template", ["reply_alert_near", "reply_which_case", "reply_which_case_unlisted"])
def test_every_word_that_an_answer_names_works_when_it_is_written(template: str, language: str) -> None:
    target = Target(kind=TargetKind.PERSON, id=UUID(int=1))
    renderer = Renderer(Settings(database_url=Secret("")))
    for what in Happening:
        for rest in ("", " quiet-heron"):
            message = Message(
                key="", target=target, template=template, parameters={"command": f"{Verb.ALERT} {what}{rest}"}
            )
            named = f"{commands.word(Verb.ALERT, language)} {happenings.word(what, language)}{rest}"
            assert named in renderer.text(message, language, Names(people={}, agencies={}))
            assert calls_for_help(parse(named))
    assert template in TEMPLATES
