"""What a way of each kind usually has, and the headings of its brief, for browsers: one file, the same for everybody.

It is given whole, so that nobody is told which kind somebody plans: that stays in the browser and in the sealed brief.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from core.texts import LANGUAGES, words
from operations import brief
from operations.templates import Template, templates

_MINUTE = timedelta(minutes=1)


def as_json() -> bytes:
    """Return the file: times in minutes after a way begins, texts by language."""
    return msgspec.json.encode(
        {
            "kinds": [_kind(each) for each in templates().values()],
            "headings": [_spoken(each) for each in brief.HEADINGS],
            "hand_over": _spoken(brief.HAND_OVER),
        }
    )


def _kind(each: Template) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": each.name,
        "lasts": each.lasts // _MINUTE,
        "hands_over": each.hands_over,
        "steps": [
            {"kind": one.kind, "after": None if one.after is None else one.after // _MINUTE, "wording": one.wording}
            for one in each.steps
        ],
    }


def _spoken(heading: str) -> dict[str, str]:
    return {language: words(heading, language) for language in LANGUAGES}
