"""What did not ring because it was too much at once: told at the end of the hour, to each alone, as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core import outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep
from core.texts import mark
from safety_plans.quiet import Quiet
from safety_plans.rings import store
from safety_plans.rings.rules import Rung
from safety_plans.store import SQL

NAME = "rings"
RING = "review_ring"
TEXTS = {
    "reminders_folded": mark(
        "Further reminders that came within an hour and did not ring: {count}. Each stands in its channel.\n"
        "To see what is due write: due"
    )
}


async def tell_folded(database: Database, clock: Clock, quiet: Quiet | None = None) -> int:
    """Tell who was spared rings how many they were, in quiet hours once they end; return how many people it was."""

    async def handle(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        if quiet is not None and quiet.at(now):
            await store.put_off(tx, ids, quiet.until(now))
            return
        rungs = await store.folded(tx, ids, now)
        await outbox.post(tx, [said for each in rungs for said in _said(each)], now)
        await store.put(tx, [each.told(now) for each in rungs])

    return await sweep(database, clock, NAME, SQL["claim_rings"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when somebody is to be told next."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_rings"])
    return moment


def _said(rung: Rung) -> list[Message]:
    key = f"folded:{rung.person_id}:{rung.since.isoformat()}"
    room = Target(kind=TargetKind.PERSON, id=rung.person_id)
    ring = Message(key=f"{key}:ring", target=room, template=RING, mentions=(rung.person_id,))
    parameters = {"count": str(rung.folded)}
    return [ring, replace(ring, key=f"{key}:words", template="reminders_folded", parameters=parameters, mentions=())]
