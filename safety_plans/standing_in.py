"""Who is asked where an owner is away, and whose it is where they have gone: nothing is orphaned. Pure rules.

Absence and leaving of owners: the network's rules for risk and reviews, *Traps* (acknowledged and forgotten; an
unstaffed tier); that those who lead stand in for each other is our own design.
"""

from __future__ import annotations

from collections.abc import Collection

from agencies.model import PersonId
from cases.model import Case


def asked(owner_id: PersonId, case: Case, away: Collection[PersonId]) -> PersonId | None:
    """Return who is asked: the owner, else who leads the case and is there; None where nobody of them is."""
    leaders = [each for each in (case.coordinator_id, case.deputy_id) if each is not None]
    return next((each for each in (owner_id, *leaders) if each not in away), None)
