"""The words people see, in English and in Serbian in both scripts.

The English sentence in the code is the key (gettext's way); `mark` marks one for the catalogues.
The catalogues are the `.po` files beside this module, read as they are: nothing to compile, nothing
that can be out of date. `python -m core.texts.check` finds sentences without a translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from io import BytesIO

from babel.messages.pofile import read_po

ENGLISH = "en"
LANGUAGES = {"en": "English", "sr-Latn": "srpski", "sr-Cyrl": "српски"}


def mark(text: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return text


def render(text: str, language: str = ENGLISH, /, **parameters: object) -> str:
    """Return the sentence in a language with its parameters filled in; English where none is known.

    A translation that asks for a parameter nobody has must not swallow an alert: English stands in.
    """
    translated = words(text, language)
    try:
        return translated.format(**parameters)
    except (LookupError, ValueError):
        return text.format(**parameters)


def words(text: str, language: str) -> str:
    """Return the sentence in a language with its parameters still in braces; itself where no words are known."""
    return _catalogue(language).get(text, text)


def choose(accepted: str) -> str:
    """Return the language that an `Accept-Language` header or a locale name asks for first, else English."""
    for part in accepted.replace("_", "-").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("en"):
            return ENGLISH
        if tag.startswith(("sr", "bs", "cnr")):
            return "sr-Cyrl" if "cyrl" in tag else "sr-Latn"
    return ENGLISH


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    if language == ENGLISH or language not in LANGUAGES:
        return {}
    data = resources.files("core.texts").joinpath(language.replace("-", "_") + ".po").read_bytes()
    return {str(entry.id): str(entry.string) for entry in read_po(BytesIO(data)) if entry.id and entry.string}
