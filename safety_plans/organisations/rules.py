"""When an organisation that helps assesses its own safety again: as often as its worst open case. Pure rules.

Risk assessments were "not made for everyone", and nothing existed for those who help (ASTRA 2021); that an organisation
follows its worst case is our own design (network's rules for risk and reviews, *Levels*).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agencies.model import AgencyId, AgencyKind
from safety_plans.calendar import Calendar
from safety_plans.model import Level
from safety_plans.rules import REVIEW_AT_LEAST_EVERY, due_at

# Who works with whoever is protected, and may be found through them; others have a protection of their own.
HELPERS = (
    AgencyKind.SHELTER, AgencyKind.NGO, AgencyKind.SOCIAL_WELFARE, AgencyKind.VICTIMS_CENTRE, AgencyKind.HEALTH,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationReview:
    """By when an organisation assesses itself, and when it last did or began to help. `step` counts reminders."""

    agency_id: AgencyId
    since: datetime
    due_at: datetime
    step: int
    next_step_at: datetime

    def stale_since(self, now: datetime) -> datetime | None:
        """Return since when its last assessment is not to be relied upon."""
        return self.due_at if self.due_at <= now else None


def worst(levels: Iterable[Level]) -> Level:
    """Return the level that demands to be assessed most often; there must be one."""
    return min(levels, key=lambda each: REVIEW_AT_LEAST_EVERY[each])


def pulled(due: datetime, level: Level, now: datetime, calendar: Calendar) -> datetime:
    """Return when it is due once a case has this level: sooner where that demands it, later never."""
    return min(due, due_at(level, now, calendar))
