"""What the page of records needs to read assessments and plans: their forms, and the lists of questions.

Data that come with Streha, one file for browsers, the same for everybody: nothing of it is content. Questions stand in
it word for word, so that the page holds each list against its fingerprint; the Cyrillic is made beside them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.texts.script import to_cyrillic
from safety_plans.assessments.form import AssessmentForm
from safety_plans.forms import schema
from safety_plans.instruments.model import Instrument
from safety_plans.instruments.published import shipped
from safety_plans.plans.model import KINDS


def as_json() -> bytes:
    """Return the file."""
    return msgspec.json.encode(
        {
            "instruments": [_instrument(each) for each in shipped()],
            "assessment": schema(AssessmentForm),
            "plans": {name: schema(kind) for name, kind in KINDS.items()},
        }
    )


def _instrument(each: Instrument) -> dict[str, Any]:
    return {
        "said": each.said,
        "cyrillic": {
            "title": to_cyrillic(each.title.sr),
            **{one.id: to_cyrillic(one.question.sr) for one in each.indicators},
        },
    }
