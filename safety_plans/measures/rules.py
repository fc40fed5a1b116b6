"""Who is to do something of a plan by which day, and when they are reminded: all that the server learns of measures.

A reminder on the morning of the day, and on the next what was not done goes to those who lead; from then on it is a
cause to assess the risk again (network's rules for risk and reviews, *Events*: a measure not delivered, within 72 h).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NewType
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, Compartment, CompartmentId
from core.errors import InvalidInput
from core.texts import mark
from safety_plans.calendar import DAY, Calendar

DutyId = NewType("DutyId", UUID)

# Over how many days of rest somebody is reminded ahead.
BROUGHT_FORWARD = timedelta(days=7)
NOT_OF_THE_CIRCLE = mark(
    "A measure has an owner who is no member of this compartment. Let them in first, or name another owner."
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Owed:
    """That somebody is to do something by the end of a day. Several things of one day are one."""

    deadline: date
    owner_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What is owed, of which record, and how far it was reminded: 0 not yet, 1 on its day, 2 when it was overdue."""

    id: DutyId
    record: UUID
    case_id: CaseId
    compartment_id: CompartmentId
    owed: Owed
    step: int


def require_owners(owed: Collection[Owed], compartment: Compartment) -> None:
    """Refuse owners who could not read what they are to do."""
    if any(each.owner_id not in compartment.member_ids for each in owed):
        raise InvalidInput(NOT_OF_THE_CIRCLE)


def step_at(deadline: date, step: int, calendar: Calendar) -> datetime:
    """Return when the step after `step` is due: the last working morning by the day, then the morning after the day."""
    if step > 0:
        return calendar.morning(deadline + DAY)
    morning = calendar.morning(deadline)
    return calendar.snapped(morning, morning - BROUGHT_FORWARD)


def first_step(deadline: date, now: datetime, calendar: Calendar) -> int:
    """Return at which step something new begins: what is late already is overdue at once."""
    return 1 if deadline < calendar.day_of(now) else 0
