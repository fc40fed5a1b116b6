"""What is kept only for a while: so that words that come again have one effect, or until an alert has ended."""

from __future__ import annotations

from datetime import datetime

from alerts.cards import store as card_store
from alerts.store import SQL
from alerts.telephone.hearing import REMEMBERED
from cases.model import CaseId
from core import once
from core.clock import Clock
from core.database import Database, Transaction


async def forget_old(database: Database, clock: Clock) -> None:
    """Forget answers and causes that are so old that nobody repeats them, and wrong numbers that count no more.

    With them go the cards of what was closed while an alert was open that may have needed them.
    """
    now = clock.now()
    async with database.transaction() as tx:
        await once.forget_old(tx, now)
        # As long as their causes: an answer alone would say again what is then done a second time.
        await tx.run(SQL["forget_answers"], now - once.KEPT)
        await tx.run(SQL["forget_desk_calls"], now - once.KEPT)
        await tx.run(SQL["forget_tries"], now - REMEMBERED)
        await card_store.erase_closed(tx)


async def forget_case(tx: Transaction, case_id: CaseId) -> None:
    """Forget all that is known of alerts in a case that has ended, and what was said of it."""
    await tx.run(SQL["forget_case"], case_id)


async def forget_devices(tx: Transaction, now: datetime) -> bool:
    """Forget devices that raise no more, of cases of which nothing is known any more; tell whether there was any.

    One that still hangs by a door stays until the operator removes it: its agency is rung when somebody presses it.
    """
    return await tx.run(SQL["forget_devices"], now) > 0
