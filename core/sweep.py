"""What time decides: rows claimed by lease and handled, several at once or one by one.

A claim statement leases due rows (`FOR UPDATE SKIP LOCKED`), so any number of sweeps may run and any of
them may be killed: a lost lease expires and another sweep takes the row. Rows are handled together because that is
many times faster; one that fails is found by handling each on its own, is recorded, and never stops its neighbours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core import logs, metrics, queries
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.errors import Unavailable

log = logs.get(__name__)

# Handles these rows in this transaction, or raises and leaves nothing of it.
Handle = Callable[[Transaction, Sequence[UUID], datetime], Awaitable[None]]

_SQL = queries.load("core")
LEASE = timedelta(seconds=30)
BATCH = 200
# Few enough that whoever wants one of these rows hardly waits for the others.
TOGETHER = 20
# A row whose handling was begun this often without an end is told to the operator at every attempt.
WORRYING_ATTEMPTS = 3
# One row may wait in vain for a lock that somebody holds; after three in a row the database itself is asked.
GIVES_UP_AFTER = 3


async def sweep(
    database: Database, clock: Clock, name: str, claim: str, handle: Handle, *, together: int = TOGETHER
) -> int:  # fmt: skip
    """Claim due rows with the statement ($1 now, $2 lease until, $3 limit → id, attempts, due_at) and handle them.

    They are handled so many `together`: more where what is said of them becomes one. A row that waits for a lock, or
    fails, is left to its lease and all others are handled. Raises Unavailable only when the database itself does not
    answer.
    """
    handled = 0
    while True:
        now = clock.now()
        async with database.transaction(urgent=True) as tx:
            claimed = await tx.rows(claim, now, now + LEASE, BATCH)
        for row in claimed:
            metrics.STEP_LATENESS.observe((now - row["due_at"]).total_seconds(), name)
            if row["attempts"] > WORRYING_ATTEMPTS:
                log.error("sweep_row_stuck", action=name, row_id=row["id"], attempts=row["attempts"])
        # What was begun before and not ended is not trusted in company: it may have taken its process down.
        begun = [row for row in claimed if row["attempts"] > 1]
        fresh = [row for row in claimed if row["attempts"] == 1]
        for start in range(0, len(fresh), together):
            handled += await _handled(database, clock, name, fresh[start : start + together], handle)
        handled += await _handled_alone(database, clock, name, begun, handle)
        if len(claimed) < BATCH:
            return handled


async def _handled(database: Database, clock: Clock, name: str, rows: Sequence[Row], handle: Handle) -> int:
    """Handle rows together, else a large group in smaller ones, else each alone; return how many could be.

    Where somebody holds one row of hundreds, most of the others still go together. A database that is away is found
    out by the first small group that goes one by one.
    """
    if await _handled_together(database, clock, name, rows, handle):
        return len(rows)
    if len(rows) <= TOGETHER:
        return await _handled_alone(database, clock, name, rows, handle)
    groups = [rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER)]
    return sum([await _handled(database, clock, name, each, handle) for each in groups])


async def _handled_together(database: Database, clock: Clock, name: str, rows: Sequence[Row], handle: Handle) -> bool:
    """Handle rows in one transaction; tell whether that was possible."""
    try:
        async with database.transaction(urgent=True) as tx:
            await tx.run(_SQL["hardly_wait"])
            await handle(tx, [row["id"] for row in rows], clock.now())
    except Exception as error:  # noqa: BLE001 (whichever row it was: it is found by handling each alone)
        log.info("sweep_taken_apart", action=name, count=len(rows), error=type(error).__name__)
        return False
    return True


async def _handled_alone(database: Database, clock: Clock, name: str, rows: Sequence[Row], handle: Handle) -> int:
    """Handle each row in a transaction of its own; return how many could be."""
    handled = unanswered = 0
    for row in rows:
        try:
            async with database.transaction(urgent=True) as tx:
                await handle(tx, [row["id"]], clock.now())
        except Exception as error:  # noqa: BLE001 (one bad row must not stop its neighbours)
            log.failure("sweep_row_failed", error, action=name, row_id=row["id"], attempts=row["attempts"])
            metrics.STEP_FAILURES.count(name)
            unanswered = unanswered + 1 if isinstance(error, Unavailable) else 0
            if unanswered >= GIVES_UP_AFTER:
                # Locks that others hold look alike, one by one; a database that is away fails here too.
                await _require_answer(database)
                unanswered = 0
        else:
            handled += 1
            unanswered = 0
    return handled


async def _require_answer(database: Database) -> None:
    async with database.transaction(urgent=True) as tx:
        await tx.value("SELECT 1")
