"""What happened that opens a review, within what time, and what completing one satisfies: pure rules.

The one table from the ledger's acts to reasons, and from reasons to times. The times are those of the network's rules
for risk and reviews: within 2 hours, 24 hours, 72 hours. The stricter wins, a further one only pulls the open review
earlier, and an assessment satisfies whatever had happened before it and falls due within 24 hours of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.incidents.rules import Fact
from alerts.vocabulary import Event, Status
from safety_plans.calendar import Calendar
from safety_plans.clocks.rules import REASONS, ClockKind
from safety_plans.model import Reason, Review

SOON = timedelta(hours=2)
WITHIN_A_DAY = timedelta(hours=24)
LATER = timedelta(hours=72)
SATISFIED_AHEAD = timedelta(hours=24)

WITHIN: dict[Reason, timedelta] = {
    Reason.AFTER_ALERT: SOON,
    Reason.ALERT: SOON,
    Reason.LEAK: SOON,
    Reason.EVENT_2H: SOON,
    Reason.HEALTH: WITHIN_A_DAY,
    Reason.STAFF_CHANGED: WITHIN_A_DAY,
    Reason.EVENT_24H: WITHIN_A_DAY,
    Reason.DATE: WITHIN_A_DAY,
    Reason.CLOCK_24H: WITHIN_A_DAY,
    Reason.AGENCY_CHANGED: LATER,
    Reason.MEASURE: LATER,
    Reason.EVENT_72H: LATER,
    Reason.CLOCK_72H: LATER,
}
# Each act of a case that may open a review; which one it opens may depend on its facts.
# Of an exclusion only the end of a membership counts: why a review is due is shown to members, exclusions are not.
ACTS: dict[str, Reason] = {
    "alert_raised": Reason.ALERT,
    "alert_stood_down": Reason.AFTER_ALERT,
    "incident_fact_noted": Reason.LEAK,
    "member_removed": Reason.STAFF_CHANGED,
    "leaders_named": Reason.STAFF_CHANGED,
    "agency_part_set": Reason.AGENCY_CHANGED,
    "measure_overdue": Reason.MEASURE,
    "clock_overdue": Reason.CLOCK_24H,
}


class Within(StrEnum):
    """In what time something that happened must be assessed, as whoever records it says. What it was stays sealed."""

    TWO_HOURS = "2h"
    ONE_DAY = "24h"
    THREE_DAYS = "72h"


REASON_WITHIN: dict[Within, Reason] = {
    Within.TWO_HOURS: Reason.EVENT_2H,
    Within.ONE_DAY: Reason.EVENT_24H,
    Within.THREE_DAYS: Reason.EVENT_72H,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """That something happened at a time, and must have been assessed by another."""

    reason: Reason
    since: datetime
    due_at: datetime


def reason_of(act: str, facts: Mapping[str, object]) -> Reason | None:
    """Return why an act opens a review; nothing where it opens none. Exercises open none."""
    if facts.get("status") == Status.EXERCISE:
        return None
    if act == "alert_raised" and facts.get("event") == Event.REVIEW_MISSED:
        # What was not assessed in time is due already.
        return None
    if act == "alert_raised" and facts.get("event") == Event.HEALTH:
        return Reason.HEALTH
    if act == "incident_fact_noted" and facts.get("fact") != Fact.DATA_MAY_HAVE_LEAKED:
        return None
    if act == "clock_overdue":
        return REASONS[ClockKind(str(facts["kind"]))]
    return ACTS.get(act)


def duty(reason: Reason, at: datetime, calendar: Calendar) -> Duty:
    """Return what follows from something that happened at a time, by the days of those who assess it."""
    return Duty(reason=reason, since=at, due_at=calendar.due(at, WITHIN[reason]))


def merged(known: Duty, further: Duty) -> Duty:
    """Return one duty for two of the same reason: due with the stricter, satisfied only by what satisfies both."""
    return replace(known, since=max(known.since, further.since), due_at=min(known.due_at, further.due_at))


def urgent(reason: Reason) -> bool:
    """Whether a review with this reason brooks no delay: then it is soon overdue, and both who lead are rung."""
    return WITHIN.get(reason, LATER) <= SOON


def pulled(review: Review, by: Duty) -> Review:
    """Return the open review as something further leaves it: due earlier where that is stricter, never later."""
    if by.due_at < review.due_at and urgent(review.reason) and not urgent(by.reason):
        return replace(review, due_at=by.due_at)
    if by.due_at < review.due_at:
        return replace(review, due_at=by.due_at, reason=by.reason, step=0, next_step_at=by.due_at)
    if urgent(by.reason) and not urgent(review.reason):
        # It was due sooner, or is already: from when the urgent one is due it calls as that one does.
        return replace(review, reason=by.reason, next_step_at=by.due_at)
    if urgent(by.reason) and review.next_step_at is not None:
        return replace(review, next_step_at=min(review.next_step_at, by.due_at))
    return review


def left_over(duties: Iterable[Duty], assessed_at: datetime) -> list[Duty]:
    """Return what an assessment does not satisfy: what happened since, and what is due more than a day after it."""
    return [each for each in duties if each.since > assessed_at or each.due_at > assessed_at + SATISFIED_AHEAD]


def strictest(due_at: datetime, duties: Collection[Duty]) -> tuple[datetime, Reason]:
    """Return when the next review is due, and why, where the level alone demands it at `due_at`."""
    first = min(duties, key=lambda each: each.due_at, default=None)
    if first is None or first.due_at >= due_at:
        return due_at, Reason.INTERVAL
    return first.due_at, first.reason
