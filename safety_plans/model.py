"""Risk levels and the reviews they demand. What the risk is stays with people; the server knows when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId
from core.errors import Conflict
from core.texts import mark

ReviewId = NewType("ReviewId", UUID)


class Level(StrEnum):
    """How likely harm is. `not_yet_assessed` is treated as high."""

    VERY_HIGH = "very_high"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOT_YET_ASSESSED = "not_yet_assessed"


class Reason(StrEnum):
    """Why a review is due when it is: its kind, never what happened."""

    # The level demands it again after a while, or the case was never assessed.
    INTERVAL = "interval"
    ALERT = "alert"
    AFTER_ALERT = "after_alert"
    LEAK = "leak"
    HEALTH = "health"
    STAFF_CHANGED = "staff_changed"
    AGENCY_CHANGED = "agency_changed"
    # Something of a plan was not done by its day.
    MEASURE = "measure"
    # Somebody says that something happened which must be assessed within this time.
    EVENT_2H = "event_2h"
    EVENT_24H = "event_24h"
    EVENT_72H = "event_72h"
    # A day at court or of a transfer is set, moved, near, or was.
    DATE = "date"
    # Nobody looked in time at what must be looked at again and again.
    CLOCK_24H = "clock_24h"
    CLOCK_72H = "clock_72h"


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The duty of one named owner to assess a case again by a time. `step` counts reminders sent."""

    id: ReviewId
    case_id: CaseId
    level: Level
    owner_id: PersonId
    opened_at: datetime
    due_at: datetime
    state: ReviewState
    step: int
    next_step_at: datetime | None
    reason: Reason = Reason.INTERVAL

    def require_open(self) -> None:
        """Refuse to end a review twice."""
        if self.state is not ReviewState.OPEN:
            raise Conflict(mark("This review has already been done. Look again."))
