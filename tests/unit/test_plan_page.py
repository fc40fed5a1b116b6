"""A plan on paper: what helps is on it, what must not be found is not, and nothing says what it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from core.texts import LANGUAGES
from safety_plans.plans import page
from safety_plans.plans.model import Plan
from safety_plans.plans.templates import template
from tests.plan_files import CONTINGENCIES, EVERY, STAFF, VICTIM

# What a stranger who finds the page would know it by.
_LABELS = re.compile(
    r"streha|стреха|\bplan|план|safety|bezbedn|безбедн|victim|žrtv|жртв|trafick|traffick|trgovin|трговин|shelter|risk|rizik|ризик",
    re.IGNORECASE,
)
_OUTSIDE = ("http:", "https:", "//", "src=", "url(", "<script", "@import", "<link", "<img")


class _Seen(HTMLParser):
    """The words that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._styles = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._styles = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._styles:
            self.words.append(data)


def _seen(made: str) -> str:
    seen = _Seen()
    seen.feed(made)
    return " ".join(seen.words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("make", [page.short, page.whole])
def test_nothing_on_it_says_what_it_is_and_nothing_is_asked_for(make: object, kind: str, language: str) -> None:
    assert callable(make)
    made = str(make(_without_labels(EVERY[kind]), language))
    assert not _LABELS.search(_seen(made)), _LABELS.search(_seen(made))
    assert not [each for each in _OUTSIDE if each in made.lower()]
    assert "default-src 'none'" in made


@pytest.mark.parametrize("language", LANGUAGES)
def test_nor_does_the_short_page_of_what_comes_with_streha(language: str) -> None:
    assert not _LABELS.search(_seen(page.short(template("victim", language), language)))


def _without_labels(plan: Plan) -> Plan:
    """Return it without words of its own that a stranger would know it by: they are its author's."""
    return msgspec.structs.replace(plan, safe_contact=None) if plan is VICTIM else plan


def test_the_short_page_says_what_to_do_and_keeps_what_must_not_be_found() -> None:
    seen = _seen(page.short(VICTIM, "en"))
    found = CONTINGENCIES[0]
    for each in (found.scenario, found.sign, *found.first_minute, "192, Ana Primer", found.safe_place, found.stop):
        assert each in seen
    for each in ("plum", "Petar Uzor", "Vera Uzor", "tablets", "text message", "Mira Uzor"):
        assert each not in seen


def test_the_whole_page_says_all_that_helps() -> None:
    seen = _seen(page.whole(VICTIM, "en"))
    for each in ("plum", "Petar Uzor", "Vera Uzor", "tablets", "by the second door", "M01", "Mira Uzor", "2027-03-17"):
        assert each in seen
    assert "never the same way" in _seen(page.whole(STAFF, "en"))
    assert "locked" in _seen(page.whole(EVERY["organisation"], "en"))


def test_words_are_words_and_no_mark_up() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    found = msgspec.structs.replace(CONTINGENCIES[0], scenario=hostile, first_minute=(hostile,), safe_place=hostile)
    made = page.whole(msgspec.structs.replace(VICTIM, contingencies=(found,), warning_signs=(hostile,)), "en")
    assert "<script" not in made
    assert _seen(made).count(hostile) == 4


def test_what_is_done_already_is_not_on_it() -> None:
    done = msgspec.structs.replace(VICTIM.measures[0], status="done")
    assert "M01" not in page.whole(msgspec.structs.replace(VICTIM, measures=(done,)), "en")
