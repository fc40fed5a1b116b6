"""The ledger as a chain: one sequencer gives every recorded act its position and hash; anyone may verify.

Rows arrive unchained (`core.ledger`), so nobody who raises an alert ever waits for the chain. A verified
head that was written down earlier proves that nothing before it was changed or taken away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cases.store import SQL
from core.database import Database, Row, Transaction
from crypto import chain

_LOCK = 0x4C45_4447_4552  # "LEDGER"; one sequencer per database
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One chained act."""

    position: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    act: str
    case_id: UUID | None
    object_id: UUID | None
    facts: dict[str, str | int | bool]
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification found. `broken_at` is the first position that does not fit, or None."""

    entries: int
    head: bytes
    waiting: int
    broken_at: int | None


async def sequence(database: Database) -> int:
    """Chain what waits; return how many. Does nothing while another sequencer works."""
    async with database.transaction() as tx:
        if not await tx.value(SQL["sequencer_lock"], _LOCK):
            return 0
        waiting = await tx.rows(SQL["unchained"], BATCH)
        position, head = await _head(tx)
        chained = []
        for row in waiting:
            position += 1
            head = _link(head, position, row)
            chained.append((row["entry"], position, head))
        await tx.run_many(SQL["chain"], chained)
    return len(chained)


async def verify(database: Database) -> Verified:
    """Recompute the whole chain and compare."""
    head, count = chain.START, 0
    async for row in _rows(database):
        expected = _link(head, count + 1, row)
        if row["position"] != count + 1 or row["hash"] != expected:
            return Verified(entries=count, head=head, waiting=0, broken_at=count + 1)
        head, count = expected, count + 1
    async with database.transaction() as tx:
        waiting = await tx.value(SQL["ledger_waiting"])
    return Verified(entries=count, head=head, waiting=waiting, broken_at=None)


async def entries(database: Database, after: int = 0, limit: int = 100) -> list[Entry]:
    """Return a page of chained acts in order."""
    async with database.transaction() as tx:
        rows = await tx.rows(SQL["ledger_page"], after, limit)
    return [
        Entry(
            position=row["position"], at=row["at"], actor_kind=row["actor_kind"], actor_id=row["actor_id"],
            act=row["act"], case_id=row["case_id"], object_id=row["object_id"], facts=row["facts"], hash=row["hash"],
        )
        for row in rows
    ]  # fmt: skip


async def _rows(database: Database) -> AsyncIterator[Row]:
    after = 0
    while True:
        async with database.transaction() as tx:
            page = await tx.rows(SQL["ledger_page"], after, BATCH)
        for row in page:
            yield row
        if len(page) < BATCH:
            return
        after = page[-1]["position"]


async def _head(tx: Transaction) -> tuple[int, bytes]:
    row = await tx.row(SQL["ledger_head"])
    return (0, chain.START) if row is None else (row["position"], row["hash"])


def _link(previous: bytes, position: int, row: Row) -> bytes:
    def plain(value: UUID | None) -> bytes | None:
        return None if value is None else value.bytes

    at: datetime = row["at"]
    return chain.link(
        previous,
        [
            position, at.isoformat(timespec="microseconds"), row["actor_kind"], plain(row["actor_id"]), row["act"],
            plain(row["case_id"]), plain(row["object_id"]), row["facts"],
        ],
    )  # fmt: skip
