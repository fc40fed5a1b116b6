"""Whose name somebody writes: matched without script, accents and order. Pure; unsure is nobody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from agencies.model import PersonId

_LATIN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgddezzijklmnoprstcufhccs", strict=True))
_LATIN |= {"љ": "lj", "њ": "nj", "џ": "dz"}


def named(written: str, people: Mapping[PersonId, str]) -> PersonId | None:
    """Return the one of these people whom the written words name, all of them; nobody where it may be two."""
    words = _words(written)
    if not words:
        return None
    found = [each for each, name in people.items() if words <= _words(name)]
    exactly = [each for each in found if _words(people[each]) == words]
    fitting = exactly or found
    return fitting[0] if len(fitting) == 1 else None


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _plain(text)))


def _plain(text: str) -> str:
    """Return a text in plain small Latin letters: Đorđe, Ђорђе, Djordje and Dorde are one."""
    latin = "".join(_LATIN.get(each, each) for each in text.casefold())
    bare = "".join(each for each in unicodedata.normalize("NFD", latin) if not unicodedata.combining(each))
    return bare.replace("đ", "d").replace("dj", "d")
