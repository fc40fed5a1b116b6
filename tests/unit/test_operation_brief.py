"""The brief of a way: whose it is, and which of its headings are not filled in, in any language."""

from __future__ import annotations

import pytest

from core.texts import LANGUAGES, words
from operations.brief import CODENAME, HAND_OVER, HEADINGS, blank, empty, is_of
from operations.templates import templates

COURT, TRANSFER = templates()["court_testimony"], templates()["shelter_transfer"]


def filled(text: str) -> str:
    return "\n".join(f"{each} something" if each.endswith(":") else each for each in text.split("\n"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_to_be_filled_in_lacks_everything_and_then_nothing(language: str) -> None:
    text = blank(COURT, language)
    assert COURT.name[language] in text
    assert COURT.steps[2].wording[language] in text
    assert empty(text, hands_over=False) == list(HEADINGS)
    assert empty(filled(text), hands_over=False) == []
    with_name = blank(COURT, language, "quiet-heron")
    assert empty(with_name, hands_over=False) == list(HEADINGS[1:])
    assert is_of(with_name, "quiet-heron")


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_somebody_is_brought_to_somebody_the_code_is_asked_for(language: str) -> None:
    assert words(HAND_OVER, language) not in blank(COURT, language)
    text = blank(TRANSFER, language)
    assert empty(text, hands_over=True) == [*HEADINGS, HAND_OVER]
    assert empty(filled(text), hands_over=True) == []
    assert empty(filled(blank(COURT, language)), hands_over=True) == [HAND_OVER]


def test_what_stands_below_a_heading_fills_it_and_a_heading_that_is_gone_is_empty() -> None:
    text = "\n".join(f"{each}:" for each in HEADINGS)
    below = text.replace(f"{HEADINGS[2]}:", f"  {HEADINGS[2].upper()}:\n\n \n two of us, by the other road")
    assert empty(below, hands_over=False) == [each for each in HEADINGS if each != HEADINGS[2]]
    assert empty("only words", hands_over=False) == list(HEADINGS)
    assert empty("", hands_over=False) == list(HEADINGS)


def test_a_brief_is_of_the_way_whose_codename_stands_in_it_as_a_word() -> None:
    assert is_of(f"{CODENAME}: Quiet-Heron\n", "quiet-heron")
    assert is_of("of quiet-heron, and of brave-otter.", "brave-otter")
    assert not is_of("quiet-heronry", "quiet-heron")
    assert not is_of("unquiet-heron", "quiet-heron")
    assert not is_of("not-quiet-heron", "quiet-heron")
    # What programs keep beside it is nobody's brief, whatever stands in it.
    assert not is_of('{"what":"court dates of a calendar","name":"quiet-heron"}', "quiet-heron")
