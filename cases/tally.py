"""What the metrics tell of the ledger: how far the chain is, what waits for it, and of the hold; at the scrape."""

from __future__ import annotations

from datetime import datetime

from cases import hold
from cases.store import SQL
from core import metrics
from core.database import Reading
from core.tally import AT_MOST, Tally, age


async def _count(reading: Reading, now: datetime) -> None:
    waiting = await reading.row(SQL["unchained_acts"], AT_MOST)
    assert waiting is not None  # noqa: S101 (it counts, so there is always a row)
    metrics.LEDGER_WAITING.set(waiting["acts"])
    metrics.LEDGER_OLDEST_WAITING.set(age(waiting["oldest"], now))
    last = await reading.row(SQL["last_chained"])
    metrics.LEDGER_POSITION.set(0 if last is None else last["position"])
    if last is not None:
        metrics.LEDGER_AGE.set(age(last["at"], now))
    held = await hold.current(reading)
    metrics.VAULT_EPOCH_DUE.set(age(await reading.value(SQL["oldest_epoch_due"]), now))
    metrics.HOLD_SINCE.set(0 if held is None else held.since.timestamp())


TALLY = Tally(
    name="ledger",
    gauges=(
        metrics.LEDGER_WAITING,
        metrics.LEDGER_OLDEST_WAITING,
        metrics.LEDGER_POSITION,
        metrics.LEDGER_AGE,
        metrics.HOLD_SINCE,
        metrics.VAULT_EPOCH_DUE,
    ),
    count=_count,
)
