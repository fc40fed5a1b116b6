"""Who of a few people is meant by initials or a name, as it is written in a hurry or keyed on a telephone: pure rules.

Scripts and diacritics do not matter. On keys each letter is the digit that stands with it: MJ is 65.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from agencies.model import Person

_CYRILLIC = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)) | {
    "љ": "lj", "њ": "nj", "џ": "dž"
}  # fmt: skip
_KEYS = {
    letter: digit
    for digit, letters in zip("23456789", ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), strict=True)
    for letter in letters
}


def named(people: Iterable[Person], written: str) -> list[Person]:
    """Return those whose initials, given name or whole name this is."""
    plain = _plain(written)
    keys = "".join(each for each in written if each.isdigit()) if not plain else ""
    if not plain and not keys:
        return []
    return [each for each in people if _is(each, plain, keys)]


def _is(person: Person, plain: list[str], keys: str) -> bool:
    words = _plain(person.name)
    initials = "".join(each[0] for each in words)
    if keys:
        return keys == "".join(_KEYS.get(each, "") for each in initials)
    return plain in (words, words[:1], words[::-1]) or "".join(plain) == initials


def _plain(words: str) -> list[str]:
    """Return words in the twenty-six letters."""
    latin = "".join(_CYRILLIC.get(each, each) for each in words.casefold()).replace("đ", "d")
    bare = (each for each in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(each))
    return "".join(each if "a" <= each <= "z" else " " for each in bare).split()
