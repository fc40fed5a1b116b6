"""The whole message must be the command; near misses ask; nothing else happens."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.vocabulary import StandDownReason
from bots.words.commands import (
    ANSWERS,
    PASSAGES,
    REASONS,
    REFUSALS,
    WORDS,
    Answer,
    Command,
    NearMiss,
    Passage,
    Verb,
    calls_for_help,
    parse,
    word,
)
from bots.words.rendering import TEMPLATES, Names, Renderer
from core.outbox import Message, Target, TargetKind
from core.settings import Secret, Settings
from core.texts import LANGUAGES
from operations.model import Refusal


@pytest.mark.parametrize(("verb", "word"), [(verb, word) for verb, words in WORDS.items() for word in words])
def test_every_word_is_its_command_however_it_is_written(verb: Verb, word: str) -> None:
    for written in (word, word.upper(), word.capitalize(), f"  {word}  ", f"{word}!", f"/{word}", f"!{word}."):
        assert parse(written) == Command(verb=verb), written


@pytest.mark.parametrize("verb", [Verb.PANIC, Verb.DRILL, Verb.ACK, Verb.STAND_DOWN])
def test_a_codename_may_follow_what_acts(verb: Verb) -> None:
    for each in WORDS[verb]:
        assert parse(f"{each} quiet-heron") == Command(verb=verb, codename="quiet-heron")


@pytest.mark.parametrize(("reason", "words"), [(reason, each) for reason, all_ in REASONS.items() for each in all_])
def test_a_reason_may_follow_a_stand_down(reason: StandDownReason, words: str) -> None:
    assert parse(f"stand-down {words}") == Command(verb=Verb.STAND_DOWN, reason=reason)
    wanted = Command(verb=Verb.STAND_DOWN, codename="quiet-heron", reason=reason)
    assert parse(f"prestanak quiet-heron {words}") == wanted


@pytest.mark.parametrize(
    "said",
    [
        "nema panike", "no panic", "do not panic", "panic is not needed", "panic at the bus station", "",
        "   ", "...", "the due date is tomorrow", "due quiet-heron", "help me", "acknowledged by phone",
        "back", "Dude", "stand-down because I say so", "ack ack ack", "🚨", "panic " * 40, "paníc at quiet-heron",
        "who is that", "who quiet-heron", "op delayed", "op ok 40", "op dark forty", "op ok dark 5", "op delayed 12345",
        "ko je", "da li je panika", "ne znam", "yes please", "> panic", "> panic\nand so on", "> panic\n\nnema panike",
    ],
)  # fmt: skip
def test_talk_is_no_command(said: str) -> None:
    assert not isinstance(parse(said), Command)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("panik", Verb.PANIC), ("pannic", Verb.PANIC), ("паникаа", Verb.PANIC), ("standdow", Verb.STAND_DOWN),
     ("panic?", Verb.PANIC), ("vezbaa", Verb.DRILL), ("panic now", Verb.PANIC), ("panic panic", Verb.PANIC),
     ("Panika, pomoć", Verb.PANIC), ("sos panic", Verb.PANIC), ("паника они су овде", Verb.PANIC),
     ("PANIC they are here " * 20, Verb.PANIC)],
)  # fmt: skip
def test_a_near_miss_asks(said: str, meant: Verb) -> None:
    assert parse(said) == NearMiss(verb=meant)


@pytest.mark.parametrize(
    "said", ["there is no panic", "panic is not needed", "nema panike", "ne, nije panika", "bez panike", "паника није"]
)
def test_whoever_says_that_there_is_no_panic_is_not_asked(said: str) -> None:
    assert parse(said) is None


@given(st.text(max_size=300))
def test_nothing_that_people_write_breaks_it(said: str) -> None:
    parse(said)


@given(st.text(min_size=1, max_size=40))
def test_a_command_inside_other_words_is_none(words: str) -> None:
    said = parse(f"nema panike {words}")
    assert not isinstance(said, Command)


@pytest.mark.parametrize(("answer", "words"), [(answer, each) for answer, all_ in ANSWERS.items() for each in all_])
def test_a_question_is_answered_by_one_word(answer: Answer, words: str) -> None:
    for written in (words, words.upper(), f" {words}. ", f"{words}!"):
        assert parse(written) is answer
    assert parse(f"{words}?") is None


@pytest.mark.parametrize(("passage", "words"), [(passage, each) for passage, all_ in PASSAGES.items() for each in all_])
def test_what_happens_on_the_way_follows_an_op(passage: Passage, words: str) -> None:
    for op in WORDS[Verb.OP]:
        if passage not in {Passage.DELAYED, Passage.DARK}:
            assert parse(f"{op} {words}") == Command(verb=Verb.OP, passage=passage)
            assert parse(f"{op} quiet-heron {words}") == Command(verb=Verb.OP, passage=passage, codename="quiet-heron")
            if passage is not Passage.REFUSED:
                assert parse(f"{op} {words} 40") is None
        else:
            assert not isinstance(parse(f"{op} {words}"), Command)
            assert parse(f"{op} {words} 40") == Command(verb=Verb.OP, passage=passage, minutes=40)
            assert parse(f"{op.upper()}  {words}  120 min") == Command(verb=Verb.OP, passage=passage, minutes=120)


@pytest.mark.parametrize(("why", "words"), [(why, each) for why, all_ in REFUSALS.items() for each in all_])
def test_why_somebody_is_not_taken_over_follows_a_refusal(why: Refusal, words: str) -> None:
    refused = Command(verb=Verb.OP, passage=Passage.REFUSED, refusal=why)
    assert parse(f"op refused {words}") == refused
    assert parse(f"postupak quiet-heron odbijeno {words}") == replace(refused, codename="quiet-heron")


def test_a_refusal_in_other_words_is_asked_about_and_never_taken_for_talk() -> None:
    for words in ("refused they have no bed", "refused 40", "odbijeno jer nema mesta"):
        assert parse(f"op {words}") == Command(verb=Verb.OP, passage=Passage.REFUSED)


@pytest.mark.parametrize("words", PASSAGES[Passage.REACHED])
def test_a_bare_ok_is_known_as_such_for_it_is_ordinary_talk(words: str) -> None:
    assert parse(words) == Command(verb=Verb.OP, passage=Passage.REACHED, bare=True)
    assert parse(f"{words} see you") is None


@pytest.mark.parametrize(
    "quoted",
    ["> <@ana:streha.localhost> ALERT, quiet-heron: panic.\n> To accept write: ack quiet-heron\n\n", "> panic\n\n"],
)
def test_what_an_older_client_quotes_above_an_answer_is_not_read(quoted: str) -> None:
    assert parse(quoted + "ack") == Command(verb=Verb.ACK)
    assert parse(quoted + "thank you") is None


def test_letters_that_only_look_alike_ask() -> None:
    # The second letter is Cyrillic.
    assert parse("p\N{CYRILLIC SMALL LETTER A}nic") == NearMiss(verb=Verb.PANIC)


def test_only_a_real_panic_calls_for_help() -> None:
    assert calls_for_help(parse("паника"))
    assert not any(calls_for_help(parse(each)) for each in ("drill", "panik", "yes", "ack", "nema panike"))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_word_for_a_verb_is_one_that_is_understood(language: str) -> None:
    for verb in Verb:
        assert parse(word(verb, language)) == Command(verb=verb)
    assert len({word(verb, language) for verb in Verb}) == len(Verb)
    assert word(Verb.PANIC, "de") == "panic"


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("template", [name for name, text in TEMPLATES.items() if "{command}" in text])
def test_every_word_that_an_answer_names_works_when_it_is_written(template: str, language: str) -> None:
    """Also in the language of the room, and beside a codename; and the yes that is asked for is one."""
    target = Target(kind=TargetKind.PERSON, id=UUID(int=1))
    renderer = Renderer(Settings(database_url=Secret("")))
    for verb in Verb:
        written = f"{verb} quiet-heron" if verb in {Verb.PANIC, Verb.DRILL, Verb.ACK, Verb.STAND_DOWN} else verb.value
        message = Message(key="", target=target, template=template, parameters={"command": written})
        text = renderer.text(message, language, Names(people={}, agencies={}))
        named = f"{word(verb, language)} quiet-heron" if " " in written else word(verb, language)
        assert named in text
        parsed = parse(named)
        assert isinstance(parsed, Command)
        assert parsed.verb is verb
        if template.startswith("reply_ask_"):
            yes = {"en": "rite yes", "sr-Latn": "apišite da", "sr-Cyrl": "апишите да"}[language]
            assert yes in text
            assert parse(yes.split()[1]) is Answer.YES
