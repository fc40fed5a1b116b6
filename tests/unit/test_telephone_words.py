"""What is taken for a call for help, and what for an answer, as people text and key in at night."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.initials import named
from agencies.model import AgencyId, Person, PersonId, Role
from alerts import panic_words
from alerts.telephone.words import Acceptance, CallForHelp, read
from bots.words.commands import WORDS, Verb

HELP = CallForHelp()
PERSON = Person(
    id=PersonId(uuid4()), agency_id=AgencyId(uuid4()), name="Mila Jovanović", role=Role.PRACTITIONER,
    matrix_user="@mila:streha.localhost", signing_key=bytes(32),
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["panika", "PANIKA!!!", "  Panika. ", "panic", "Паника", "ПАНИКА", "112", "112#", "1 1 2 #", "*112#", "panik",
     "pannika"],
)  # fmt: skip
def test_a_call_for_help(text: str) -> None:
    assert read(text) == HELP


@pytest.mark.parametrize(
    ("text", "codename", "name"),
    [
        ("panika tiho-jezero", "tiho-jezero", ""), ("Panika tiho-jezero molim", "tiho-jezero", "molim"),
        ("panika MJ", None, "mj"), ("panika dođite brzo", None, "dođite brzo"), ("panika 481207", None, "481207"),
        ("112 brzo", None, "brzo"), ("brzo, panika!", None, "brzo"), ("tiho-jezero panika", "tiho-jezero", ""),
        ("panika ne mogu da govorim", None, "ne mogu da govorim"),
    ],
)  # fmt: skip
def test_what_stands_behind_a_call_for_help(text: str, codename: str | None, name: str) -> None:
    assert read(text) == CallForHelp(codename=codename, name=name)


@pytest.mark.parametrize(
    "text", ["", "nema panike", "nema panika", "no panic", "hvala", "1123", "12345", "1", "#", "ok", "picnic"]
)
def test_what_is_neither(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("481207", "481207", ""), ("4 8 1 2 0 7", "481207", ""), ("481-207.", "481207", ""), ("481207#", "481207", ""),
        ("primam 481207", "481207", ""), ("Ack: 481207", "481207", ""), ("481207 MJ", "481207", "mj"),
        ("481207, Мила!", "481207", "мила"), ("481207#65#", "481207", "65"), ("48120765", "481207", "65"),
        ("112481", "112481", ""),
    ],
)  # fmt: skip
def test_an_answer(text: str, number: str, name: str) -> None:
    assert read(text) == Acceptance(number=number, name=name)


@given(st.text(max_size=3000))
def test_whatever_comes_is_read(text: str) -> None:
    said = read(text)
    assert said is None or isinstance(said, CallForHelp) or len(said.number) == 6


@given(st.sampled_from(sorted(panic_words.WORDS)), st.text(max_size=100))
def test_nothing_behind_the_word_keeps_help_away(word: str, rest: str) -> None:
    assert isinstance(read(f"{word} {rest}"), CallForHelp)


def test_rooms_and_telephones_know_the_same_words() -> None:
    assert set(WORDS[Verb.PANIC]) == panic_words.WORDS


@pytest.mark.parametrize(
    "written",
    ["MJ", "m.j.", "mj", "МЈ", "65", "Mila", "МИЛА", "Mila Jovanovic", "mila jovanović", "Jovanović Mila",
     "Мила Јовановић"],
)  # fmt: skip
def test_who_is_meant(written: str) -> None:
    assert named([PERSON], written) == [PERSON]


@pytest.mark.parametrize("written", ["", " ", "m", "jm", "Jovanović", "56", "6", "655", "mila j", "šđ", "0"])
def test_who_is_not_meant(written: str) -> None:
    assert named([PERSON], written) == []


def test_scripts_diacritics_and_several_are_told_apart() -> None:
    ljuba, djordje = replace(PERSON, name="Љубица Ђорђевић"), replace(PERSON, name="Luka Đ. 12")
    assert named([ljuba, djordje, PERSON], "LĐ") == [ljuba, djordje]
    assert named([ljuba, djordje, PERSON], "Ljubica") == [ljuba]
    assert named([ljuba, djordje, PERSON], "53") == [ljuba, djordje]
