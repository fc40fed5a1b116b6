"""The brief of a way: its headings, and which of them are not filled in. Pure.

It is read where somebody has its keys: on their own machine, never on the server.
"""

from __future__ import annotations

import re

from core.texts import LANGUAGES, mark, words
from operations.templates import Template

CODENAME = mark("Codename of the way")
HAND_OVER = mark("Code of the hand-over")
# In the order in which they are read.
HEADINGS = (
    CODENAME,
    mark("What and where"),
    mark("Who goes, with what, by which way; the other way"),
    mark("The other place, if they are diverted"),
    mark("Whom to ring, and by which innocent words"),
    mark("Do, and do not"),
)
# What programs keep in records of the same kind, that the server cannot tell them apart, begins so.
KEPT_BY_PROGRAMS = '{"what":'


def headings(*, hands_over: bool) -> tuple[str, ...]:
    """Return the headings of a way; where somebody is brought to somebody, with the code of the hand-over."""
    return (*HEADINGS, HAND_OVER) if hands_over else HEADINGS


def blank(template: Template, language: str, codename: str = "") -> str:
    """Return a brief to be filled in: what each step means on this kind of way, and the headings."""
    steps = [f"{number}. {each.wording[language]}" for number, each in enumerate(template.steps, start=1)]
    asked = [f"{words(each, language)}:" for each in headings(hands_over=template.hands_over)]
    if codename:
        asked[0] = f"{asked[0]} {codename}"
    return "\n\n".join([template.name[language], "\n".join(steps), *asked]) + "\n"


def is_of(text: str, codename: str) -> bool:
    """Whether somebody wrote this about the way of a codename: it stands in it, as a word of its own."""
    if text.startswith(KEPT_BY_PROGRAMS):
        return False
    return re.search(rf"(?<![\w-]){re.escape(codename)}(?![\w-])", text, re.IGNORECASE) is not None


def empty(text: str, *, hands_over: bool) -> list[str]:
    """Return the headings under which nothing stands, or that are not there, in their order; in any language."""
    filled: set[str] = set()
    known = {f"{words(each, language)}:".casefold(): each for each in (*HEADINGS, HAND_OVER) for language in LANGUAGES}
    under = ""
    for line in text.splitlines():
        said = line.strip()
        begun = next((each for each in known if said.casefold().startswith(each)), "")
        if begun:
            under, said = known[begun], said[len(begun) :].strip()
        if said and under:
            filled.add(under)
    return [each for each in headings(hands_over=hands_over) if each not in filled]
