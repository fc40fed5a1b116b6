"""Opening reviews: the first of a case, the next after an assessment, and what a further event does to the open one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agencies import store as directory
from cases.model import Case
from core.database import Transaction
from core.ids import new_id
from safety_plans import store
from safety_plans.calendar import Calendar
from safety_plans.model import Level, Reason, Review, ReviewId, ReviewState
from safety_plans.rules import FIRST_ASSESSMENT_WITHIN
from safety_plans.triggers import duty, merged, pulled, strictest


def new_review(case: Case, level: Level, due_at: datetime, now: datetime, reason: Reason) -> Review:
    """Return a review of a case that its coordinator owns."""
    return Review(
        id=ReviewId(new_id()),
        case_id=case.id,
        level=level,
        owner_id=case.coordinator_id,
        opened_at=now,
        due_at=due_at,
        state=ReviewState.OPEN,
        step=0,
        next_step_at=due_at,
        reason=reason,
    )


async def calendar_of(tx: Transaction, case: Case, zone: ZoneInfo) -> Calendar:
    """Return the days of those who assess a case: of the country in which its coordinator's agency works."""
    return Calendar(await directory.country_of(tx, case.coordinator_id), zone)


async def open_first(tx: Transaction, case: Case, now: datetime, calendar: Calendar) -> Review:
    """Open the review of a case, held, that has none: nobody has assessed it yet."""
    first = calendar.due(case.opened_at, FIRST_ASSESSMENT_WITHIN)
    due, reason = strictest(first, await store.duties(tx, case.id))
    review = new_review(case, Level.NOT_YET_ASSESSED, due, now, reason)
    await store.add_review(tx, review)
    return review


async def take_up(
    tx: Transaction, case: Case, reason: Reason, since: datetime, now: datetime, zone: ZoneInfo
) -> Review:  # fmt: skip
    """Note that something must be assessed in a case, held; return its open review, which is due in time for it."""
    calendar = await calendar_of(tx, case, zone)
    further = duty(reason, since, calendar)
    known = [each for each in await store.duties(tx, case.id) if each.reason is further.reason]
    await store.put_duty(tx, case.id, merged(known[0], further) if known else further)
    review = await store.open_review(tx, case.id)
    if review is None:
        return await open_first(tx, case, now, calendar)
    earlier = pulled(review, further)
    if earlier != review:
        await store.pull_review(tx, earlier)
    return earlier
