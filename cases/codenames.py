"""Codenames: two random everyday words, so that a name says nothing of year, place, agency or order."""

from __future__ import annotations

import secrets
from importlib import resources

_FIRST, _SECOND = (
    part.split() for part in resources.files("cases").joinpath("codename_words.txt").read_text().split("\n\n")
)


def new_codename(attempt: int = 0) -> str:
    """Return two random words, or more after many attempts that met a codename in use."""
    more = [secrets.choice(_FIRST) for _ in range(attempt // 10)]
    return "-".join([*more, secrets.choice(_FIRST), secrets.choice(_SECOND)])
