"""Who is to do something of a plan by which day, and when they are reminded: all that the server learns of measures.

A reminder on the morning of the day, and on the next what was not done goes to those who lead; from then on it is a
cause to assess the risk again (network's rules for risk and reviews, *Events*: a measure not delivered, within 72 h).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import PersonId
from cases.model import CaseId, Compartment, CompartmentId
from core.errors import InvalidInput
from core.texts import mark

DutyId = NewType("DutyId", UUID)

MORNING = time(10)
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


def step_at(deadline: date, step: int, zone: ZoneInfo) -> datetime:
    """Return when the step after `step` is due: in the morning of the day, and in the morning after it."""
    day = deadline if step == 0 else deadline + timedelta(days=1)
    return datetime.combine(day, MORNING, zone).astimezone(UTC)


def first_step(deadline: date, now: datetime, zone: ZoneInfo) -> int:
    """Return at which step something new begins: what is late already is overdue at once."""
    return 1 if deadline < now.astimezone(zone).date() else 0
