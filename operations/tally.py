"""What the metrics tell of steps and tasks that are due: numbers, counted at the scrape."""

from __future__ import annotations

from datetime import datetime

from core.database import Reading
from core.tally import OF_STEPS, Tally, count_overdue
from operations import sweep
from operations.safe_calls import sweep as unheard
from operations.store import SQL


async def _count(reading: Reading, now: datetime) -> None:
    await count_overdue(reading, SQL["overdue_milestones"], sweep.NAME, now)
    await count_overdue(reading, SQL["overdue_safe_calls"], unheard.NAME, now)
    await count_overdue(reading, SQL["overdue_countdowns"], sweep.COUNTDOWN, now)


TALLY = Tally(name="operations", gauges=OF_STEPS, count=_count)
