"""What is kept only so that words that come again have one effect, and is forgotten when they come no more."""

from __future__ import annotations

from alerts.store import SQL
from alerts.telephone.hearing import REMEMBERED
from core import once
from core.clock import Clock
from core.database import Database


async def forget_old(database: Database, clock: Clock) -> None:
    """Forget answers and causes that are so old that nobody repeats them, and wrong numbers that count no more."""
    now = clock.now()
    async with database.transaction() as tx:
        await once.forget_old(tx, now)
        # As long as their causes: an answer alone would say again what is then done a second time.
        await tx.run(SQL["forget_answers"], now - once.KEPT)
        await tx.run(SQL["forget_tries"], now - REMEMBERED)
