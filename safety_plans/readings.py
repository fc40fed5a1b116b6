"""What the metrics tell of open reviews and of their reminders that are due: numbers, read at the scrape."""

from __future__ import annotations

from datetime import datetime

from core import metrics
from core.database import Transaction
from core.readings import AT_MOST, OF_STEPS, Reading, read_overdue
from safety_plans.rules import LONGEST_WAIT_AFTER_DUE
from safety_plans.store import SQL

NAME = "reviews"


async def _read(tx: Transaction, now: datetime) -> None:
    metrics.REVIEWS_OPEN.set(await tx.value(SQL["count_open"], AT_MOST))
    due = await tx.row(SQL["count_due"], now, now + LONGEST_WAIT_AFTER_DUE)
    assert due is not None  # noqa: S101 (it counts, so there is always a row)
    metrics.REVIEWS_DUE.set(due["due"])
    metrics.REVIEWS_OVERDUE.set(due["overdue"])
    await read_overdue(tx, SQL["overdue"], NAME, now)


READING = Reading(
    name=NAME,
    gauges=(metrics.REVIEWS_OPEN, metrics.REVIEWS_DUE, metrics.REVIEWS_OVERDUE, *OF_STEPS),
    read=_read,
)
