"""A person's own sentences: the all-clear, and the one for duress. What is the same sentence, and which are fit: pure.

Either seems to do the same. What was set and what is written later are compared in one normal form: without case,
diacritics, punctuation and surplus space, in Latin letters, so that neither keyboard nor autocorrection stands between.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable
from enum import StrEnum

from core.errors import InvalidInput
from core.texts import mark

LONGEST = 120
FEWEST_WORDS = 3
FEWEST_LETTERS = 12
# As near to each other they could be taken for each other by a slip.
ALIKE = 0.8

_CYRILLIC = dict(zip("абвгдежзијклмнопрстћуфхцчш", "abvgdezzijklmnoprstcufhccs", strict=True))
_CYRILLIC |= {"ђ": "dj", "љ": "lj", "њ": "nj", "џ": "dz"}
# Letters that are no base letter with a mark: none of them comes apart by itself.
_LETTERS = str.maketrans(_CYRILLIC | {"đ": "dj", "ð": "dj", "ı": "i", "ł": "l", "ø": "o", "ß": "ss"})

TOO_LONG = mark("This is too long. Take a sentence of at most {longest} characters.")
TOO_SHORT = mark(
    "This is too short. Take at least {words} words, {letters} letters in all, that you would not write otherwise."
)
A_COMMAND = mark("Streha would take this for a command. Take a sentence that says something else.")
TOO_ALIKE = mark("The two sentences are too alike: a slip could turn one into the other. Take two different ones.")


class Meaning(StrEnum):
    """What a sentence means; it seems to be the first in any case."""

    ALL_CLEAR = "all_clear"
    DURESS = "duress"


def normal(written: str) -> str:
    """Return a sentence in its normal form; nothing is left of what holds no letters or digits."""
    # The letters of the alphabet come before their marks are taken off: й and ј would become one otherwise.
    folded = unicodedata.normalize("NFKC", written).casefold().translate(_LETTERS)
    bare = "".join(each for each in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(each))
    return " ".join("".join(each if each.isalnum() else " " for each in bare).split())


def may_be_one(plain: str) -> bool:
    """Whether anybody could have set this, in its normal form, as a sentence: most talk is shorter."""
    return len(plain.split()) >= FEWEST_WORDS and len(plain.replace(" ", "")) >= FEWEST_LETTERS


def require_fit(all_clear: str, duress: str, commands: Callable[[str], object | None]) -> None:
    """Refuse sentences that could be missed, written by chance, or taken for something else.

    `commands` tells what Streha would otherwise take words for; nothing where they are talk.
    """
    for each in (all_clear, duress):
        require_one_fit(each, commands)
    one, other = normal(all_clear), normal(duress)
    if difflib.SequenceMatcher(None, one, other).ratio() >= ALIKE:
        raise InvalidInput(TOO_ALIKE)


def require_one_fit(sentence: str, commands: Callable[[str], object | None]) -> None:
    """Refuse one sentence by itself."""
    plain = normal(sentence)
    if len(sentence) > LONGEST:
        raise InvalidInput(TOO_LONG, longest=LONGEST)
    if not may_be_one(plain):
        raise InvalidInput(TOO_SHORT, words=FEWEST_WORDS, letters=FEWEST_LETTERS)
    if commands(sentence) is not None or commands(plain) is not None:
        raise InvalidInput(A_COMMAND)
