"""A plan's file: JSON that a person or a program has written, read whole, with every problem of it named at once.

Owns the shape of the file, which is the JSON Schema that is made of the structs (`safety_plans.forms.schema`).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.texts import mark
from safety_plans.forms import misshapen, parsed
from safety_plans.plans.contradictions import contradictions
from safety_plans.plans.model import KINDS, Plan
from safety_plans.problems import Problem, problem

_KIND = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is: a plan, or what is wrong with it."""

    plan: Plan | None
    problems: list[Problem]


def read(data: bytes) -> Checked:
    """Read a file; of one that is wrong say everything at once."""
    problems: list[Problem] = []
    found = parsed(data, problems)
    kind = found.get(_KIND) if isinstance(found, dict) else None
    if problems:
        return Checked(plan=None, problems=problems)
    if not isinstance(kind, str) or kind not in KINDS:
        kinds = ", ".join(KINDS)
        return Checked(plan=None, problems=[problem(_KIND, mark("Say which plan it is: {kinds}."), kinds=kinds)])
    problems += misshapen(KINDS[kind], found)
    if problems:
        return Checked(plan=None, problems=problems)
    plan = msgspec.convert(found, KINDS[kind])
    problems += contradictions(plan)
    return Checked(plan=None if problems else plan, problems=problems)


def written(plan: Plan) -> bytes:
    """Return a plan as a file, as `read` takes it."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"
