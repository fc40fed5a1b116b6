"""What the metrics tell of the bot without being it: whether one holds the lease, read at the scrape."""

from __future__ import annotations

from datetime import datetime

from bots.rooms import SQL
from core import metrics
from core.database import Transaction
from core.readings import Reading


async def _read(tx: Transaction, now: datetime) -> None:
    metrics.LEASE_HELD.set(await tx.value(SQL["lease_held"], now))


READING = Reading(name="bots", gauges=(metrics.LEASE_HELD,), read=_read)
