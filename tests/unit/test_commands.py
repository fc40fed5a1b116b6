"""The whole message must be the command; near misses ask; nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.model import StandDownReason
from bots.commands import REASONS, WORDS, Command, NearMiss, Verb, parse


@pytest.mark.parametrize(("verb", "word"), [(verb, word) for verb, words in WORDS.items() for word in words])
def test_every_word_is_its_command_however_it_is_written(verb: Verb, word: str) -> None:
    for written in (word, word.upper(), word.capitalize(), f"  {word}  ", f"{word}!", f"/{word}", f"!{word}."):
        assert parse(written) == Command(verb=verb), written


@pytest.mark.parametrize("verb", [Verb.PANIC, Verb.DRILL, Verb.ACK, Verb.STAND_DOWN])
def test_a_codename_may_follow_what_acts(verb: Verb) -> None:
    for word in WORDS[verb]:
        assert parse(f"{word} quiet-heron") == Command(verb=verb, codename="quiet-heron")


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
    ],
)  # fmt: skip
def test_talk_is_no_command(said: str) -> None:
    assert not isinstance(parse(said), Command)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("panik", Verb.PANIC), ("pannic", Verb.PANIC), ("паникаа", Verb.PANIC), ("standdow", Verb.STAND_DOWN),
     ("panic?", Verb.PANIC), ("vezbaa", Verb.DRILL)],
)  # fmt: skip
def test_a_near_miss_asks(said: str, meant: Verb) -> None:
    assert parse(said) == NearMiss(verb=meant)


@given(st.text(max_size=300))
def test_nothing_that_people_write_breaks_it(said: str) -> None:
    parse(said)


@given(st.text(min_size=1, max_size=40))
def test_a_command_inside_other_words_is_none(words: str) -> None:
    said = parse(f"nema panike {words}")
    assert not isinstance(said, Command)
