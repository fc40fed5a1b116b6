"""What the metrics tell of the ledger: how far the chain is, and what waits for it, read at the scrape."""

from __future__ import annotations

from datetime import datetime

from cases.store import SQL
from core import metrics
from core.database import Transaction
from core.readings import AT_MOST, Reading, age


async def _read(tx: Transaction, now: datetime) -> None:
    waiting = await tx.row(SQL["unchained_acts"], AT_MOST)
    assert waiting is not None  # noqa: S101 (it counts, so there is always a row)
    metrics.LEDGER_WAITING.set(waiting["acts"])
    metrics.LEDGER_OLDEST_WAITING.set(age(waiting["oldest"], now))
    last = await tx.row(SQL["last_chained"])
    metrics.LEDGER_POSITION.set(0 if last is None else last["position"])
    if last is not None:
        metrics.LEDGER_AGE.set(age(last["at"], now))


READING = Reading(
    name="ledger",
    gauges=(metrics.LEDGER_WAITING, metrics.LEDGER_OLDEST_WAITING, metrics.LEDGER_POSITION, metrics.LEDGER_AGE),
    read=_read,
)
