"""What somebody says by text message, or keys in a call: help, or the number that accepts. Pure parsing.

Nobody talks to the gateway's number, and whoever calls may not be there to be asked. So what a room asks about is taken
for a call for help: a message that begins with the word, one that ends with it and does not deny it, and a single word
that nearly is it. What else stands there may be a codename, or a name. "nema panike" is none.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

from alerts.panic_words import DENYING, KEYED, WORDS
from crypto.answer_number import DIGITS

LOOKED_AT = 200
SIMILAR = 0.8
_CODENAME = re.compile(r"[a-z]+(?:-[a-z]+)+")
_PIECES = re.compile(r"[\w-]+")
_KEYED_NUMBER = re.compile(r"[0-9](?:[ #*.,-]*[0-9])*")
_NUMBER = re.compile(rf"(?:(?:ack|primam|примам)[ :]+)?([0-9](?:[ .-]?[0-9]){{{DIGITS - 1}}})(?![0-9])[ #*.,:;-]*(.*)")
_KEYED_ANSWER = re.compile(rf"([0-9]{{{DIGITS}}})([0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallForHelp:
    """Somebody calls for help; perhaps for which case, and perhaps who."""

    codename: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Somebody answers with a number; at a desk's telephone they say who they are."""

    number: str
    name: str = ""


Words = CallForHelp | Acceptance


def read(text: str) -> Words | None:
    """Return what is said; nothing where that is not clear."""
    plain = " ".join(unicodedata.normalize("NFKC", text[:LOOKED_AT]).casefold().split())
    return _call_for_help(plain) or _acceptance(plain)


def _call_for_help(plain: str) -> CallForHelp | None:
    if _keyed(plain) == KEYED:
        return CallForHelp()
    first, *rest = _PIECES.findall(plain) or [""]
    begins = first in WORDS or (first == KEYED and not "".join(rest).isdigit())
    ends = not begins and bool(rest) and rest[-1] in WORDS and not DENYING.intersection((first, *rest))
    if ends:
        first, rest = rest[-1], [first, *rest[:-1]]
    if begins or ends or (not rest and difflib.get_close_matches(first, WORDS, n=1, cutoff=SIMILAR)):
        codename = next((each for each in rest if _CODENAME.fullmatch(each)), None)
        return CallForHelp(codename=codename, name=" ".join(each for each in rest if each != codename))
    return None


def _acceptance(plain: str) -> Acceptance | None:
    keyed = _KEYED_ANSWER.fullmatch(_keyed(plain))
    written = keyed or _NUMBER.fullmatch(plain.strip("!.# "))
    if written is None:
        return None
    return Acceptance(number="".join(filter(str.isdigit, written[1])), name=written[2].strip(" !.,#*"))


def _keyed(plain: str) -> str:
    """Return digits that stand alone, without what may stand between keys; nothing where there is more than that."""
    found = _KEYED_NUMBER.fullmatch(plain.strip("#*!. "))
    return "" if found is None else "".join(filter(str.isdigit, found[0]))
