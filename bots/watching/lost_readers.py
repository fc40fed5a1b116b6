"""Who was called in an open alert and cannot read it any more is told as not reached, however late that is found out.

A call can be read when it leaves and not a minute later: somebody's link ended, or their identity is another. They are
called beside Matrix at once. Where nobody who was called in a room is left, the alert's channel hears whom to ring, as
of a call that was not delivered.
"""

from __future__ import annotations

from datetime import datetime

from alerts import reaching, store, undelivered
from alerts.model import AlertId
from bots.statements import SQL
from core import ledger
from core.database import Transaction
from core.outbox import Target, TargetKind


async def tell(tx: Transaction, now: datetime) -> None:
    """Write down who is not reached any more, and tell where nobody is left."""
    found = [row["id"] for row in await tx.rows(SQL["alerts_not_readable_any_more"])]
    if not found:
        return
    # The alert before its messages, as whoever ends it holds them too: neither waits for the other in turn.
    still_open = await store.hold_open(tx, found)
    lost = await tx.rows(SQL["cannot_read_any_more"], now, sorted(still_open))
    if lost:
        await tx.wake(ledger.CHANNEL)
    for row in lost:
        await reaching.wake_unreached(tx, AlertId(row["alert_id"]), row["people"], now, key=row["key"])
        if not row["somebody_reads"]:
            target = Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])
            await undelivered.tell(tx, AlertId(row["alert_id"]), target, now)
