"""What is wrong with a file that a person has written: every thing at once, each with its place.

Owns `Problem`. Whoever wrote the file is no programmer: a problem says where it stands, and what to do. Texts of the
file are shown back to whoever reads their own file, and go nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where in the file (an id, a key, a row), what, and the words of it."""

    where: str
    what: str
    about: Mapping[str, object]


def problem(where: str, what: str, **about: object) -> Problem:
    """Return a problem; `what` is a text of the catalogues, `about` fills it."""
    return Problem(where=where, what=what, about=about)
