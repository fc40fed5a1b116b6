"""What has one effect however often its cause comes: its key, written in the transaction of the effect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from core import queries
from core.database import Reading, Transaction

_SQL = queries.load("core")

# A cause comes again within days: from a bot that was away, a gateway that repeats. Whatever has been put aside for
# longer raises nothing twice all the same (`alert_raises` is kept), and words so old are asked about before they act.
KEPT = timedelta(days=90)


async def first(tx: Transaction, key: UUID, now: datetime) -> bool:
    """Note that this cause has its effect in this transaction; False where it has had it already."""
    return await tx.run(_SQL["do_once"], key, now) == 1


async def done(tx: Reading, key: UUID) -> bool:
    """Tell whether this cause has had its effect."""
    return bool(await tx.value(_SQL["was_done"], key))


async def all_done(tx: Reading, keys: Iterable[UUID]) -> set[UUID]:
    """Return which of these causes have had their effect."""
    return {row["key"] for row in await tx.rows(_SQL["were_done"], list(keys))}


async def forget_old(tx: Transaction, now: datetime) -> int:
    """Forget what comes no more; return how many causes that is."""
    return await tx.run(_SQL["forget_done"], now - KEPT)
