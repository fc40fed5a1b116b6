"""An emergency card as somebody writes it in a file: four headed parts, in English or Serbian, in either script.

    who: a girl of 16, speaks Romanian
    where: shelter until Friday, then court
    ring: Ana Primer +381600000000
    rules: do NOT ring her mother
      do bring an interpreter

What stands below a part belongs to it.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import InvalidInput
from core.texts import mark

NOT_READ = mark("The card {path} cannot be read. It is a text in UTF-8.")
NO_PARTS = mark(
    "A card has four parts, each begun on a line of its own with who: where: ring: and rules: "
    "Nothing stands before the first, and none stands twice."
)
LARGEST = 64 * 1024
_HEADINGS = {
    "who": 0, "ko": 0, "ко": 0, "where": 1, "gde": 1, "где": 1, "ring": 2, "zvati": 2, "звати": 2, "rules": 3,
    "pravila": 3, "правила": 3,
}  # fmt: skip
_HEADING = re.compile(rf"(?:\ufeff)?({'|'.join(_HEADINGS)})\s*:(.*)", re.IGNORECASE)


def read_file(path: Path) -> list[str]:
    """Return the four parts of a card that stands in a file."""
    try:
        with path.open("rb") as file:
            return read(file.read(LARGEST).decode())
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(NOT_READ, path=str(path)) from None


def read(text: str) -> list[str]:
    """Return the four parts of a card; one that is not there is empty."""
    parts: dict[int, list[str]] = {}
    present: list[str] | None = None
    for line in text.splitlines():
        begun = _HEADING.fullmatch(line.strip())
        if begun is not None:
            which = _HEADINGS[begun[1].lower()]
            if which in parts:
                raise InvalidInput(NO_PARTS)
            parts[which] = present = [begun[2].strip()]
        elif present is not None:
            present.append(line.strip())
        elif line.strip():
            raise InvalidInput(NO_PARTS)
    if not parts:
        raise InvalidInput(NO_PARTS)
    return ["\n".join(parts.get(which, [])) for which in range(4)]
