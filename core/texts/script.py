"""Serbian from the Latin script into the Cyrillic: one catalogue is written by people, the other follows.

Parameters, commands of the terminal, settings, addresses and names of products stay in Latin letters. What
people write to the bot follows: it reads both scripts.
"""

from __future__ import annotations

import re

_LETTERS = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))
_PAIRS = {"lj": "љ", "nj": "њ", "dž": "џ"}
# In these words the letters of a pair are spoken one by one: a prefix ends between them, or they are borrowed.
_APART = ("injekc", "konjunk", "konjug", "tanjug", "nadživ", "nadžnj", "podžanr", "odžal", "odživ", "vanjezič")
# Names of products and formats, and words that programs read as they stand.
_KEPT_WORDS = (
    "API", "CASE", "CSV", "DTSTAMP", "FILE", "HTTP", "JSON", "LEVEL", "METHOD", "Matrix", "NAME", "PERSON", "QR", "RS",
    "SEQUENCE", "TOML", "UID", "UTC", "UTF-8", "V01", "Z", "begins", "bots", "chmod", "debug", "device", "door-2",
    "email", "en", "ends", "engine", "error", "https", "iCalendar", "identity", "info", "informed",
    "mon tue wed thu fri sat sun", "missing_person", "mon-fri", "panic", "person", "prober",
    "question, answer, evidence, note", "responder", "sr-Cyrl", "sr-Latn", "text", "voice", "warning",
)  # fmt: skip
_KEPT = re.compile(
    rf"""
    \{{[^{{}}]*\}}(?:_FILE)?                         # parameters, and settings named after one
    | ^\x20\x20streha\b(?:\x20\S+)*                   # a command in an example, up to its explanation
    | \bstreha\b(?:\x20(?:--?)?[a-z][a-z-]*)*        # a command in a sentence, without its arguments
    | \b(?:STREHA|XDG)_[A-Z_]+ | \bNAME=\w+                  # settings
    | (?<!\w)--[a-z][\w-]* | \bCtrl-C\b              # options and keys
    | \bhttps?://[\w./-]*\w | @\w+:[\w.]*\w          # addresses
    | \bEurope/\w+ | \bContent-Type:\ [\w/]+ | \b\d+[hdw]\b  # values
    | \[+(?:indicators|sources)\]+                  # tables of a file
    | \b\d{{4}}-\d\d-\d\dT[\d:]+Z
    | \b(?:{"|".join(each.replace(" ", "[ ]") for each in _KEPT_WORDS)})\b
    """,
    re.VERBOSE | re.MULTILINE,
)
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
