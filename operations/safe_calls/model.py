"""A safe-call as the server knows it: by when somebody is heard from, who listens for it, and who is called else.

Who that somebody is, and by which number, stands in a sealed record (network's rules for alerts and operations,
*Protective operations*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from safety_plans.model import Level

SafeCallId = NewType("SafeCallId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeCallPlan:
    """A safe-call as it is planned; every day at the same local hour until `last_day`, where that is named."""

    listeners: Sequence[PersonId]
    buddy_id: PersonId
    due_at: datetime
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeCall:
    """Somebody is expected to be heard from by `due_at`; nobody any more where that is None.

    `heard_at` is when they last were, as `heard_by` wrote. `rung` counts the rungs of the ladder climbed while they are
    late, `next_step_at` is when the next one is due.
    """

    id: SafeCallId
    case_id: CaseId
    compartment_id: CompartmentId
    codename: str
    level: Level
    planned_by: PersonId
    planned_at: datetime
    listeners: tuple[PersonId, ...]
    buddy_id: PersonId
    due_at: datetime | None
    first_due_at: datetime
    last_day: date | None
    heard_at: datetime | None = None
    heard_by: PersonId | None = None
    rung: int = 0
    next_step_at: datetime | None = None

    @property
    def drill(self) -> bool:
        """Whether it is only practised: never."""
        return False
