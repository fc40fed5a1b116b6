"""Rings in PostgreSQL: what reminders would ring too often is folded, in the transaction that leaves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from core.database import Row, Transaction
from core.outbox import Message
from safety_plans.rings.rules import Rung, let_through, wanted
from safety_plans.store import SQL


async def sparing(tx: Transaction, said: Sequence[Message], now: datetime) -> list[Message]:
    """Return reminders that wait to be left, without the rings that are too many; their words all stay.

    Call it once in a transaction, for all that it leaves: people's rows are taken in order.
    """
    asked = wanted(each.mentions for each in said)
    if not asked:
        return list(said)
    before = [_rung(row) for row in await tx.rows(SQL["rings_of"], list(asked), now)]
    after = [each.again(asked[each.person_id], now) for each in before]
    await put(tx, after)
    folded = {new.person_id: new.folded - old.folded for old, new in zip(before, after, strict=True)}
    ringing = let_through(
        (each.mentions for each in said), {person: times - folded[person] for person, times in asked.items()}
    )
    left = zip(said, ringing, strict=True)
    return [replace(each, mentions=mentions) for each, mentions in left if mentions or not each.mentions]


async def folded(tx: Transaction, ids: Collection[UUID], now: datetime) -> list[Rung]:
    """Return who of these is to be told of what was folded, held; without those who have left."""
    return [_rung(row) for row in await tx.rows(SQL["folded_rings"], list(ids), now)]


async def put(tx: Transaction, rungs: Collection[Rung]) -> None:
    """Record how often people were rung, and release the leases."""
    await tx.run(
        SQL["put_rings"], [each.person_id for each in rungs], [each.since for each in rungs],
        [each.rung for each in rungs], [each.folded for each in rungs], [each.told_at for each in rungs],
    )  # fmt: skip


async def put_off(tx: Transaction, ids: Collection[UUID], until: datetime) -> None:
    """Tell these people later, and release the leases."""
    await tx.run(SQL["put_off_rings"], list(ids), until)


def _rung(row: Row) -> Rung:
    return Rung(
        person_id=PersonId(row["person_id"]), since=row["since"], rung=row["rung"], folded=row["folded"]
    )  # fmt: skip
