"""Serbian from the Latin script into the Cyrillic: one catalogue is written by people, the other follows.

Placeholders, commands that people type, addresses and names of other products stay in Latin letters.
"""

from __future__ import annotations

import re

_LETTERS = dict(
    zip(
        "a b v g d đ e ž z i j k l m n o p r s t ć u f h c č š".split(),  # noqa: SIM905 (read beside the line below)
        "а б в г д ђ е ж з и ј к л м н о п р с т ћ у ф х ц ч ш".split(),  # noqa: SIM905
        strict=True,
    )
)
_PAIRS = {"lj": "љ", "nj": "њ", "dž": "џ"}
# In these words the letters of a pair are spoken one by one: a prefix or a part of a compound ends between.
_APART = ("injekc", "konjunk", "konjuga", "tanjug", "nadživ", "nadžnj", "podžanr", "odžal", "vanjezič")
# Left as they are: {placeholders}, names in capitals with an underscore, addresses, paths, Matrix names,
# options, commands that are typed, and names of products and formats.
_KEPT = re.compile(
    r"""
    \{[^{}]*\}
    | \b[A-Z0-9]+(?:_[A-Z0-9{}]+)+\b
    | \b[a-z]+://\S*[^\s.,;:)] | /[a-z][\w./-]* | @\w+:\w+ | (?<!\w)--?[a-z][\w-]*
    | \bstreha(?:\s(?:""" + "|".join(
        ("agency", "alert", "case", "check-config", "demo", "doctor", "ledger", "migrate", "person", "review", "run")
    ) + r""")(?:\s[a-z][a-z-]*)?)
    | \b(?:ack|stand-down|panic|drill|due|help|op|who|roster|ok)\b
    | \b(?:Matrix|PostgreSQL|Synapse|JSON|API|UTC|HTTP|HTTPS|URL|Ctrl-C|[A-Z])\b
    """,
    re.VERBOSE,
)  # fmt: skip
_LETTER_OR_PAIR = re.compile("|".join([*_PAIRS, *_LETTERS]), re.IGNORECASE)


def to_cyrillic(text: str) -> str:
    """Return a Serbian text in Cyrillic letters."""
    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [_transliterated(text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, _transliterated(text[end:])])


def _transliterated(text: str) -> str:
    apart = [
        found.start() + word.find(pair)
        for word in _APART
        for pair in _PAIRS
        if pair in word
        for found in re.finditer(word, text, re.IGNORECASE)
    ]

    def letter(found: re.Match[str]) -> str:
        latin = found[0]
        if len(latin) == 2 and found.start() in apart:
            return "".join(_cased(_LETTERS[each.lower()], each) for each in latin)
        return _cased(_PAIRS.get(latin.lower()) or _LETTERS[latin.lower()], latin)

    return _LETTER_OR_PAIR.sub(letter, text)


def _cased(letter: str, latin: str) -> str:
    return letter.upper() if latin[0].isupper() else letter
