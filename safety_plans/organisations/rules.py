"""When an organisation that helps assesses its own safety again: as often as its worst open case. Pure rules.

Risk assessments were "not made for everyone", and nothing existed for those who help (ASTRA 2021); that an organisation
follows its worst case is our own design (network's rules for risk and reviews, *Levels*).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.model import AgencyId, AgencyKind
from alerts.vocabulary import Event
from safety_plans.calendar import Calendar
from safety_plans.model import Level
from safety_plans.rules import REVIEW_AT_LEAST_EVERY, due_at

# Who works with whoever is protected, and may be found through them; others have a protection of their own.
HELPERS = (
    AgencyKind.SHELTER, AgencyKind.NGO, AgencyKind.SOCIAL_WELFARE, AgencyKind.VICTIMS_CENTRE, AgencyKind.HEALTH,
)  # fmt: skip
# Who was seen with a protected person may be sought as well: what happened to them is looked at within a day, as the
# debriefing is after a way (network's rules for alerts and operations, *Protective operations*).
MEETS_STAFF = frozenset(
    {
        Event.BEING_FOLLOWED, Event.TRAFFICKER_SIGHTED, Event.THREAT_RECEIVED, Event.INTIMIDATION_OR_BRIBE,
        Event.DEFENDANT_RELEASED, Event.HOSTILE_PRESENCE, Event.LOCATION_COMPROMISED, Event.PREMISES_INCIDENT,
    }
)  # fmt: skip
WITHIN_A_DAY = timedelta(hours=24)


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
