"""An instrument's file: TOML that a person has written, read whole, with every problem of it named at once.

Owns the shape of the file (docs/instruments.md). Whoever writes one is no programmer: a problem says where it stands,
and what to do. Texts of the file are shown back to whoever reads their own file, and go nowhere else.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from core.texts import mark
from safety_plans.instruments.model import Indicator, Instrument, Subject, Weight, Words
from safety_plans.problems import Problem, problem

LARGEST_BYTES = 256 * 1024
MOST_INDICATORS = 100
LONGEST_WORDS = 300
LANGUAGES = ("en", "sr")
_ID = re.compile(r"[a-z][a-z0-9-]{1,31}")
_INDICATOR_ID = re.compile(r"[A-Z]{1,3}[0-9]{2}")
_SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,22}")
_GREATEST_VERSION = 9999
# Letters that Serbian has not, where a word is spelt with them the Cyrillic cannot be made.
_NOT_SERBIAN = re.compile(r"\b\w*[qwxyQWXY]\w*\b")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
# Ethnicity is never asked, in no words: Western Balkans report 2012. Religion and colour would say the same.
_ETHNICITY = re.compile(
    r"\b(ethnic\w*|race|racial\w*|roma|gyps\w*|religio\w*|muslims?|christians?|orthodox|catholics?|skin|rom|romi"
    r"|romsk\w*|romkinj\w*|etni[cč]\w*|nacionalnost\w*|nacionaln\w* pripadnost\w*|ras[aeiu]|rasn\w*|boj[aeu] kože"
    r"|koje (?:je )?vere|veroispovest\w*|versk\w*|musliman\w*|pravoslav\w*|katoli[kč]\w*)\b",
    re.IGNORECASE,
)

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is: an instrument, or what is wrong with it."""

    instrument: Instrument | None
    problems: list[Problem]


def read(data: bytes) -> Checked:
    """Read a file; of one that is wrong say everything at once."""
    problems: list[Problem] = []
    found = _tables(data, problems)
    if found is None:
        return Checked(instrument=None, problems=problems)
    instrument = _Reading(problems).instrument(found)
    problems += _twice(instrument)
    return Checked(instrument=None if problems else instrument, problems=problems)


def _tables(data: bytes, problems: list[Problem]) -> dict[str, Any] | None:
    if len(data) > LARGEST_BYTES:
        problems.append(problem("", mark("The file is longer than {most} bytes."), most=LARGEST_BYTES))
        return None
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        problems.append(problem("", mark("The file is not UTF-8 text. Save it anew with that encoding.")))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(problem("", mark("The file is not TOML: {why}."), why=str(error)))
    return None


class _Reading:
    """Reads what the tables say; each thing that is wrong becomes a problem, and something empty takes its place."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def instrument(self, found: dict[str, Any]) -> Instrument:
        self._known("", found, {"instrument", "version", "subject", "title", "sources", "indicators"})
        sources = self._sources(found.get("sources"))
        rows = found.get("indicators")
        if not isinstance(rows, list) or not rows:
            self._wrong("indicators", mark("There is no question: write at least one table [[indicators]]."))
            rows = []
        elif len(rows) > MOST_INDICATORS:
            self._wrong("indicators", mark("There are more than {most} questions."), most=MOST_INDICATORS)
        indicators = [self._indicator(number, row, sources) for number, row in enumerate(rows[:MOST_INDICATORS], 1)]
        for name in sorted(set(sources) - {each for row in indicators for each in row.sources}):
            self._wrong("sources", mark("No question rests on the source {name}: take it out."), name=name)
        return Instrument(
            id=self._matching("instrument", found.get("instrument"), _ID, mark("a short word of small letters")),
            version=self._version(found.get("version")),
            subject=self._one_of("subject", "subject", found.get("subject"), Subject.CASE),
            title=self._words("title", found.get("title")),
            sources=sources,
            indicators=indicators,
        )

    def _indicator(self, number: int, row: object, sources: Mapping[str, str]) -> Indicator:
        if not isinstance(row, dict):
            self._wrong("indicators", mark("Question {number} is not a table."), number=number)
            row = {}
        id_ = row.get("id")
        where = id_ if isinstance(id_, str) and _INDICATOR_ID.fullmatch(id_) else f"[[indicators]] {number}"
        self._known(where, row, {"id", "weight", "source", *LANGUAGES})
        question = self._words(where, {each: row[each] for each in LANGUAGES if each in row})
        for each in (question.en, question.sr):
            if each and not each.endswith("?"):
                self._wrong(where, mark("What is asked ends with a question mark."))
            if _ETHNICITY.search(each):
                self._wrong(
                    where, mark("Ethnicity, religion and colour are never asked: they say nothing about danger.")
                )
        return Indicator(
            id=self._matching(where, id_, _INDICATOR_ID, mark("capital letters and two digits, as in V01")),
            weight=self._one_of(where, "weight", row.get("weight"), Weight.CONTEXT),
            sources=self._rests_on(where, row.get("source"), sources),
            question=question,
        )

    def _sources(self, found: object) -> dict[str, str]:
        if not isinstance(found, dict) or not found:
            self._wrong("sources", mark("There is no table [sources]: say on what the questions rest."))
            return {}
        for name, title in found.items():
            if not _SOURCE.fullmatch(name):
                self._wrong("sources", mark("{name} is not a source's name: at most 23 letters and digits."), name=name)
            self._text(f"sources.{name}", title)
        return {name: title for name, title in found.items() if isinstance(title, str)}

    def _rests_on(self, where: str, found: object, sources: Mapping[str, str]) -> list[str]:
        names = [found] if isinstance(found, str) else found
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            self._wrong(where, mark("There is no source: name one of the table [sources]."))
            return []
        for name in names:
            if name not in sources:
                self._wrong(where, mark("The table [sources] has no {name}."), name=name)
        return names

    def _version(self, found: object) -> int:
        if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= _GREATEST_VERSION:
            self._wrong("version", mark("The version is a whole number from 1 on."))
            return 1
        return found

    def _words(self, where: str, found: object) -> Words:
        if not isinstance(found, dict):
            found = {}
        self._known(where, found, set(LANGUAGES))
        en, sr = (self._text(f"{where}.{each}", found.get(each)) for each in LANGUAGES)
        if _CYRILLIC.search(sr):
            self._wrong(where, mark("Write the Serbian in Latin letters: the Cyrillic is made from it."))
        for word in _NOT_SERBIAN.findall(sr):
            self._wrong(where, mark("{word} has a letter that Serbian has not: spell it as it is said."), word=word)
        return Words(en=en, sr=sr)

    def _text(self, where: str, found: object) -> str:
        if not isinstance(found, str) or not found.strip():
            self._wrong(where, mark("There are no words."))
            return ""
        if len(found) > LONGEST_WORDS:
            self._wrong(where, mark("The words are longer than {most} characters."), most=LONGEST_WORDS)
        if found != found.strip() or any(unicodedata.category(each)[0] == "C" for each in found):
            self._wrong(where, mark("The words have a line break, a space at an end, or a sign that is not seen."))
        if found != unicodedata.normalize("NFC", found):
            self._wrong(where, mark("A letter is put together of two signs: type it anew."))
        return found

    def _matching(self, where: str, found: object, shape: re.Pattern[str], wanted: str) -> str:
        if not isinstance(found, str) or not shape.fullmatch(found):
            self._wrong(where, mark("The name is missing or of another form. It is {wanted}."), wanted=wanted)
            return ""
        return found

    def _one_of(self, where: str, name: str, found: object, otherwise: _Choice) -> _Choice:
        """Return the word of a short list, `otherwise` and a problem where it is none of it."""
        choices = type(otherwise)
        known = next((each for each in choices if each == found), None)
        if known is None:
            self._wrong(where, mark("{name} is one of: {choices}."), name=name, choices=", ".join(choices))
        return otherwise if known is None else known

    def _known(self, where: str, found: Mapping[str, Any], known: set[str]) -> None:
        for name in sorted(found.keys() - known):
            self._wrong(where, mark("Nobody knows {name}: take it out, or correct its spelling."), name=name)

    def _wrong(self, where: str, what: str, **about: object) -> None:
        self._problems.append(problem(where, what, **about))


def _twice(instrument: Instrument) -> Iterator[Problem]:
    """Tell what stands twice: an answer must belong to one question."""
    for id_, times in Counter(each.id for each in instrument.indicators if each.id).items():
        if times > 1:
            yield problem(id_, mark("This id stands more than once."))
    for language in LANGUAGES:
        asked: dict[str, str] = {}
        for each in instrument.indicators:
            words = getattr(each.question, language)
            if words and words in asked:
                yield problem(each.id, mark("The same is asked in {other}."), other=asked[words])
            asked.setdefault(words, each.id)
