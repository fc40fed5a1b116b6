"""What the metrics tell of the bot without being it, looked up at the scrape."""

from __future__ import annotations

from datetime import datetime

from bots.statements import SQL
from core import metrics
from core.database import Reading
from core.tally import Tally


async def _count(reading: Reading, now: datetime) -> None:
    metrics.LEASE_HELD.set(await reading.value(SQL["lease_held"], now))
    metrics.IDENTITIES_CHANGED.set(await reading.value(SQL["identities_changed"]))


TALLY = Tally(name="bots", gauges=(metrics.LEASE_HELD, metrics.IDENTITIES_CHANGED), count=_count)
