"""What the metrics tell of open reviews and of their reminders that are due: numbers, counted at the scrape."""

from __future__ import annotations

from datetime import datetime

from core import metrics
from core.database import Reading
from core.tally import AT_MOST, OF_STEPS, Tally, count_overdue
from safety_plans import events
from safety_plans.clocks import sweep as clocks
from safety_plans.digests import sweep as digests
from safety_plans.measures import sweep as measures
from safety_plans.organisations import sweep as organisations
from safety_plans.rings import sweep as rings
from safety_plans.rules import LONGEST_WAIT_AFTER_DUE
from safety_plans.store import SQL

NAME = "reviews"


async def _count(reading: Reading, now: datetime) -> None:
    metrics.REVIEWS_OPEN.set(await reading.value(SQL["count_open"], AT_MOST))
    due = await reading.row(SQL["count_due"], now, now + LONGEST_WAIT_AFTER_DUE, AT_MOST)
    assert due is not None  # noqa: S101 (it counts, so there is always a row)
    metrics.REVIEWS_DUE.set(due["due"])
    metrics.REVIEWS_OVERDUE.set(due["overdue"])
    await count_overdue(reading, SQL["overdue"], NAME, now)
    await count_overdue(reading, SQL["overdue_measures"], measures.NAME, now)
    await count_overdue(reading, SQL["overdue_digests"], digests.NAME, now)
    await count_overdue(reading, SQL["overdue_rings"], rings.NAME, now)
    await count_overdue(reading, SQL["overdue_clocks"], clocks.NAME, now)
    await count_overdue(reading, SQL["overdue_organisation_reviews"], organisations.NAME, now)
    await count_overdue(reading, SQL["waiting_events"], events.NAME, now)


TALLY = Tally(
    name=NAME,
    gauges=(metrics.REVIEWS_OPEN, metrics.REVIEWS_DUE, metrics.REVIEWS_OVERDUE, *OF_STEPS),
    count=_count,
)
