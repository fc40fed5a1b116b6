"""Who may know of a case's levels, reviews and clocks: its core."""

from __future__ import annotations

from agencies.model import Person
from cases import rules as case_rules
from cases.model import Case
from core.errors import NotFound


def require_core(case: Case, actor: Person) -> None:
    """Refuse whoever is not of the core of a case; to those who may not know of it, it does not exist."""
    case_rules.as_seen_by(case, actor.id)
    if actor.id not in {*case.core.member_ids, *case.leaders}:
        raise NotFound(case_rules.NO_CASE)
