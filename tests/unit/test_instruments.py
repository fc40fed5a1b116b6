"""Instruments: what comes with Streha stays what it was, and a file that is wrong is told everything at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_plans.instruments.model import Instrument, Subject, Weight
from safety_plans.instruments.published import newest, shipped
from safety_plans.instruments.reading import LARGEST_BYTES, read

# What was published. A line is added for every new version; none is ever changed.
PUBLISHED = {
    ("case", 1): "7a202dfd8109eaaab974df1cb31996cd8d49a2b3779823a6d8faeb7443633baf",
    ("organisation", 1): "03a8ab059c84fbffadc25ceedc1ceed37d63bed808e8803592af6d129e336f30",
    ("staff", 1): "32606ba16fc672957741293bbdafc5d6aedb156199dca178cee8d55093402984",
    ("victim", 1): "7cd4f9427d5e6c846feeb418adec7002284977d85f4e6506ed287a872d462d7f",
}
SHIPPED = Path("safety_plans/instruments/shipped")
GOOD = """
instrument = "own"
version = 1
subject = "victim"
title.en = "Our questions"
title.sr = "Naša pitanja"

[sources]
Us = "Our own experience"

[[indicators]]
id = "A01"
weight = "critical"
source = "Us"
en = "Did anybody wait at the door?"
sr = "Da li je neko čekao pred vratima?"
"""


def _said(text: str) -> list[str]:
    """Return what is wrong with a file, with its places."""
    return [f"{each.where}: {each.what.format(**each.about)}" for each in read(text.encode()).problems]


def test_what_was_published_is_what_it_was() -> None:
    assert {(each.id, each.version): each.fingerprint.hex() for each in shipped()} == PUBLISHED


def test_each_subject_has_one_and_each_file_its_name() -> None:
    assert {each.subject for each in shipped()} == set(Subject)
    assert {newest(each).subject for each in Subject} == set(Subject)
    assert {f"{each.id}-{each.version}.toml" for each in shipped()} == {each.name for each in SHIPPED.glob("*.toml")}


@pytest.mark.parametrize("instrument", shipped(), ids=lambda each: each.id)
def test_no_letter_of_the_other_script_is_left_in_what_is_asked(instrument: Instrument) -> None:
    for words in (instrument.title, *(each.question for each in instrument.indicators)):
        assert not re.search("[A-Za-zčćžšđ]", words("sr-Cyrl")), words
        assert words("en") == words.en
        assert words("sr-Latn") == words.sr


@pytest.mark.parametrize("instrument", shipped(), ids=lambda each: each.id)
def test_an_instrument_has_something_that_sets_a_floor(instrument: Instrument) -> None:
    assert any(each.weight is Weight.CRITICAL for each in instrument.indicators)


def test_a_file_that_is_right_is_an_instrument() -> None:
    found = read(GOOD.encode())
    assert not found.problems
    assert found.instrument is not None
    assert [(each.id, each.weight, list(each.sources)) for each in found.instrument.indicators] == [
        ("A01", Weight.CRITICAL, ["Us"])
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"own"', '"Own questions"', "instrument: The name is missing or of another form."),
        ("version = 1", "version = 0", "version: The version is a whole number from 1 on."),
        ("version = 1", "version = true", "version: The version is a whole number from 1 on."),
        ("version = 1", 'version = "1"', "version: The version is a whole number from 1 on."),
        ('subject = "victim"', 'subject = "building"', "subject: subject is one of: victim, case"),
        ('weight = "critical"', 'weight = "much"', "A01: weight is one of: critical, elevating"),
        ('weight = "critical"', "weight = 4", "A01: weight is one of: critical, elevating"),
        ('weight = "critical"', 'weight = "critical"\nscore = 3', "A01: Nobody knows score"),
        ("version = 1", 'version = 1\nowner = "x"', ": Nobody knows owner"),
        ('source = "Us"', 'source = "Them"', "A01: The table [sources] has no Them."),
        ('source = "Us"', 'source = "Them"', "sources: No question rests on the source Us"),
        ('source = "Us"', "source = []", "A01: There is no source"),
        ('source = "Us"', "source = [1]", "A01: There is no source"),
        ('Us = "Our own experience"', "", "sources: There is no table [sources]"),
        ('Us = "Our own experience"', '"a/b" = "x"\nUs = "y"', "sources: a/b is not a source's name"),
        ('id = "A01"', 'id = "first"', "[[indicators]] 1: The name is missing"),
        ('id = "A01"', "", "[[indicators]] 1: The name is missing"),
        ('sr = "Da li je neko čekao pred vratima?"', "", "A01.sr: There are no words."),
        ("Da li je neko čekao", "Да ли је неко чекао", "A01: Write the Serbian in Latin letters"),
        ("pred vratima?", "pred Xerox-om?", "A01: Xerox has a letter that Serbian has not"),
        ("at the door?", "at the door", "A01: What is asked ends with a question mark."),
        ("Did anybody wait", "Is the person Roma and did anybody wait", "A01: Ethnicity, religion and colour"),
        ("Da li je neko čekao", "Da li je osoba romske nacionalnosti", "A01: Ethnicity, religion and colour"),
        ("Did anybody wait at the door?", "What is the colour of her skin?", "A01: Ethnicity, religion and colour"),
        ("Did anybody wait at the door?", "What colour is her skin?", "A01: Ethnicity, religion and colour"),
        ("Did anybody wait at the door?", "Is the person Muslim?", "A01: Ethnicity, religion and colour"),
        ("Da li je neko čekao pred vratima?", "Koje je boje kože?", "A01: Ethnicity, religion and colour"),
        ("Da li je neko čekao pred vratima?", "Koje je vere osoba?", "A01: Ethnicity, religion and colour"),
        ("Da li je neko čekao pred vratima?", "Da li je osoba Rom?", "A01: Ethnicity, religion and colour"),
        ("Da li je neko čekao pred vratima?", "Da li postoji nacionalni SOS broj?", None),
        ("Da li je neko čekao pred vratima?", "Da li je verovatno da će neko doći?", None),
        ("at the door?", " ?", None),
        ("Did anybody", " Did anybody", "A01.en: The words have a line break, a space at an end"),
        ("Did anybody", "Did\\u202eanybody", "A01.en: The words have a line break, a space at an end"),
        ("čekao", "c\u030cekao", "A01.sr: A letter is put together of two signs"),
        ("Did anybody wait", "Did anybody " + "w" * 300, "A01.en: The words are longer than 300 characters."),
        ("[[indicators]]", "[indicators]", "indicators: There is no question"),
        ('title.sr = "Naša pitanja"', "", "title.sr: There are no words."),
        ("title.en", "title.de", "title: Nobody knows de"),
        ("title.en", 'title.de = ""\ntitle.en', "title: Nobody knows de"),
        ("version = 1", "version = = 1", ": The file is not TOML"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(before: str, after: str, said: str | None) -> None:
    assert before in GOOD
    found = _said(GOOD.replace(before, after, 1))
    if said is None:
        assert not found
    else:
        assert any(each.startswith(said) for each in found), found


def test_what_stands_twice_is_said() -> None:
    question = GOOD[GOOD.index("[[indicators]]") :]
    found = _said(GOOD + question + question.replace("A01", "A02"))
    assert "A01: This id stands more than once." in found
    assert "A02: The same is asked in A01." in found


def test_too_many_questions_and_too_long_a_file_are_said() -> None:
    question = GOOD[GOOD.index("[[indicators]]") :]
    assert "indicators: There are more than 100 questions." in _said(GOOD + question * 100)
    assert _said("#" * (LARGEST_BYTES + 1)) == [f": The file is longer than {LARGEST_BYTES} bytes."]


def test_a_file_that_is_no_text_is_said() -> None:
    (problem,) = read(GOOD.encode("utf-16")).problems
    assert "UTF-8" in problem.what


VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["en", "id", "source"]), inner),
    max_leaves=4,
)


@given(st.sampled_from(re.findall(r"^([a-z.]+) = (.+)$", GOOD, re.MULTILINE)), VALUES)
def test_whatever_stands_somewhere_is_told_and_no_fault(place: tuple[str, str], value: Any) -> None:
    key, good = place
    found = read(GOOD.replace(f"{key} = {good}", f"{key} = {_toml(value)}", 1).encode())
    assert (found.instrument is None) == bool(found.problems)


def _toml(value: Any) -> str:
    match value:
        case bool() | int():
            return str(value).lower()
        case str():
            return '"' + "".join(f"\\U{ord(each):08x}" for each in value) + '"'
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
