"""Passphrases: drawn from a list of words by default, or one's own where somebody wants it and it is not plainly weak.

Two lists of 1,024 words of our own, English and Serbian, of four to eight letters from a to v without q: no letter that
keyboards move, no accent, and no two words of a list begin with the same four letters. Seven words are 70 bits, before
the device's secret, which alone is 256. What was typed is read by `crypto.vault.passphrase.plain`.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import pairwise

from core.errors import InvalidInput
from core.texts import mark
from core.texts.script import to_cyrillic
from crypto.vault.passphrase import plain

WORDS = 7
LIST_WORDS = 1024
SHORTEST = 16
FEWEST_CHARACTERS = 8
# What people write when they are asked for something secret, taken out before the rest is measured.
_WORN = (
    "password", "passphrase", "lozinka", "sifra", "šifra", "tajna", "secret", "letmein", "welcome", "streha",
    "qwertyuiop", "qwertzuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm", "qwerty", "qwertz", "1234567890", "0987654321",
    "123456789", "12345678", "123456", "12345", "abcdefgh", "iloveyou", "admin",
)  # fmt: skip
_ORDINALS = (
    mark("first"), mark("second"), mark("third"), mark("fourth"), mark("fifth"), mark("sixth"), mark("seventh"),
)  # fmt: skip

TOO_SHORT = mark("A passphrase of your own has at least {count} characters. Better: let the words be drawn for you.")
TOO_WEAK = mark("This passphrase is easily guessed. Choose several words that belong to nothing; or let them be drawn.")


class WordList(StrEnum):
    """From which words a passphrase was drawn."""

    ENGLISH = "english"
    SERBIAN = "serbian"


def drawn(words: WordList) -> str:
    """Return a fresh passphrase of seven words, by the operating system's randomness."""
    known = sorted(of(words))
    return " ".join(secrets.choice(known) for _ in range(WORDS))


def shown(passphrase: str, language: str) -> str:
    """Return a drawn passphrase as it is shown in a language: in its script."""
    return to_cyrillic(passphrase) if language == "sr-Cyrl" else passphrase


def slip(typed: str, words: WordList) -> tuple[str, dict[str, object]] | None:
    """Return what is wrong with a drawn passphrase that was typed, as a marked sentence; nothing where it may be right.

    It costs no stretching, and repeats nothing of what was typed.
    """
    given = plain(typed).split()
    for place, word in enumerate(given[:WORDS]):
        if word not in of(words):
            return mark("The {place} word is not one of the list. Type it again."), {"place": _ORDINALS[place]}
    if len(given) != WORDS:
        return mark("The passphrase has {count} words. Type all of them."), {"count": WORDS}
    return None


def require_strong(passphrase: str) -> None:
    """Refuse a passphrase of one's own that is plainly weak. No rule finds every weak one."""
    letters = "".join(passphrase.split())
    if len(letters) < SHORTEST:
        raise InvalidInput(TOO_SHORT, count=SHORTEST)
    rest = letters.casefold()
    for each in _WORN:
        rest = rest.replace(each, "")
    words = {each.casefold() for each in passphrase.split()}
    repeated = len(words) > 1 and len("".join(words)) < SHORTEST
    if repeated or len(set(rest)) < FEWEST_CHARACTERS or len(rest) < SHORTEST // 2 or rest.isdigit() or _is_run(rest):
        raise InvalidInput(TOO_WEAK)


@cache
def of(words: WordList) -> frozenset[str]:
    """Return the words of a list."""
    text = resources.files("client.vault").joinpath(f"words_{words}.txt").read_text(encoding="ascii")
    return frozenset(text.split())


def _is_run(text: str) -> bool:
    """Whether nearly every character follows the one before it, or is the same."""
    near = sum(abs(ord(later) - ord(earlier)) <= 1 for earlier, later in pairwise(text))
    return near * 4 >= len(text) * 3
