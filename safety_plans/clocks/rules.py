"""The clocks of a case, when each is due again, and what follows where nobody looked: pure rules.

Contact with the case manager at least every two months, the first direct contact within a month of a placement
outside the home, plans looked at again at least every six months, placements of 30 days, and of six months that are
extended to a year: the Serbian rulebook as Atina 2013 quotes it; all of them settings. Custody weekly and before
every date, and what was not confirmed counts as released: our own design (network's rules for risk and reviews,
*Levels*).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from dateutil.relativedelta import relativedelta

from agencies.model import PersonId
from cases.model import Case, CaseId
from core.ids import new_id
from safety_plans.calendar import DAY, Calendar
from safety_plans.model import Reason

CaseClockId = NewType("CaseClockId", UUID)

CUSTODY_EVERY = timedelta(days=7)
OVERDUE_AFTER = timedelta(hours=24)
REPEAT = timedelta(days=1)


class ClockKind(StrEnum):
    """What is looked at again."""

    # Whether whoever is a danger is still held: the prosecutor's or the police's to say.
    CUSTODY = "custody"
    # That the case manager and the person spoke.
    CONTACT = "contact"
    # That the plans were gone through as a whole.
    RE_EXAMINATION = "re_examination"
    # That somebody came to see whoever was placed outside the home.
    FIRST_CONTACT = "first_contact"
    # That a placement ends, or is decided anew.
    PLACEMENT_SHORT = "placement_short"
    PLACEMENT_LONG = "placement_long"
    PLACEMENT_EXTENDED = "placement_extended"


# They begin with the case; the others when somebody says so.
FROM_THE_BEGINNING = (ClockKind.CONTACT, ClockKind.RE_EXAMINATION)
# Where nobody looked, the risk is to be assessed again: missed contact and what may be a release within a day.
REASONS: dict[ClockKind, Reason] = dict.fromkeys(ClockKind, Reason.CLOCK_72H) | {
    ClockKind.CUSTODY: Reason.CLOCK_24H,
    ClockKind.CONTACT: Reason.CLOCK_24H,
    ClockKind.FIRST_CONTACT: Reason.CLOCK_24H,
}
# What begins once, and ends: it is not wound up again by looking.
ONCE = frozenset(
    {ClockKind.FIRST_CONTACT, ClockKind.PLACEMENT_SHORT, ClockKind.PLACEMENT_LONG, ClockKind.PLACEMENT_EXTENDED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long each clock runs, in whole days or months, as the law of the network has it."""

    contact_months: int = 2
    first_contact_months: int = 1
    re_examination_months: int = 6
    placement_short_days: int = 30
    placement_long_months: int = 6
    placement_extended_months: int = 12

    def of(self, kind: ClockKind) -> relativedelta | timedelta:
        """Return how long one clock runs; that of custody is our own."""
        found: Mapping[ClockKind, relativedelta | timedelta] = {
            ClockKind.CUSTODY: CUSTODY_EVERY,
            ClockKind.CONTACT: relativedelta(months=self.contact_months),
            ClockKind.FIRST_CONTACT: relativedelta(months=self.first_contact_months),
            ClockKind.RE_EXAMINATION: relativedelta(months=self.re_examination_months),
            ClockKind.PLACEMENT_SHORT: timedelta(days=self.placement_short_days),
            ClockKind.PLACEMENT_LONG: relativedelta(months=self.placement_long_months),
            ClockKind.PLACEMENT_EXTENDED: relativedelta(months=self.placement_extended_months),
        }
        return found[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClock:
    """That somebody is to look at something by a time. `since` is when it was last so; `step` counts reminders."""

    id: CaseClockId
    case_id: CaseId
    kind: ClockKind
    owner_id: PersonId
    since: datetime
    due_at: datetime
    step: int
    next_step_at: datetime | None

    def stale_since(self, now: datetime) -> datetime | None:
        """Return since when it is not to be relied upon; what nobody confirmed of custody counts as released."""
        return self.due_at if self.due_at <= now else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDate:
    """When somebody goes to court or is moved, and when that was told."""

    at: datetime
    told_at: datetime


def due_at(kind: ClockKind, since: datetime, dates: Collection[datetime], calendar: Calendar, spans: Spans) -> datetime:
    """Return when a clock that was wound up at a time is due; custody also the day before each later date."""
    latest = since.astimezone(calendar.zone) + spans.of(kind)
    if kind is ClockKind.CUSTODY:
        latest = min([latest, *(each - DAY for each in dates if each - DAY > since)])
    return calendar.due(since, latest - since)


def begun(
    case: Case, kind: ClockKind, owner: PersonId, since: datetime, dates: Collection[datetime], calendar: Calendar,
    spans: Spans,
) -> CaseClock:  # fmt: skip
    """Return a clock that begins to run, or does so anew."""
    due = due_at(kind, since, dates, calendar, spans)
    return CaseClock(
        id=CaseClockId(new_id()), case_id=case.id, kind=kind, owner_id=owner, since=since, due_at=due, step=0,
        next_step_at=due,
    )  # fmt: skip


def next_step_at(due: datetime, step: int, now: datetime) -> datetime:
    """Return when the step after `step` is due: 0 waits for the due time, 1 for a day after it, then daily."""
    if step == 0:
        return due
    return max(due + OVERDUE_AFTER, now) if step == 1 else now + REPEAT
