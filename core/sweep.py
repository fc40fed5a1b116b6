"""What time decides: rows claimed by lease and handled one by one.

A claim statement leases due rows (`FOR UPDATE SKIP LOCKED`), so any number of sweeps may run and any of
them may be killed: a lost lease expires and another sweep takes the row. Each row is handled on its own;
one that fails is recorded and never stops its neighbours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import StrehaError, Unavailable

log = logs.get(__name__)

LEASE = timedelta(seconds=30)
BATCH = 200
# A row whose handling was begun this often without an end is told to the operator at every attempt.
WORRYING_ATTEMPTS = 3


async def sweep(
    database: Database, clock: Clock, name: str, claim: str, handle: Callable[[UUID, datetime], Awaitable[None]]
) -> int:
    """Claim due rows with the statement ($1 now, $2 lease until, $3 limit → id, attempts) and handle each."""
    handled = 0
    while True:
        now = clock.now()
        async with database.transaction(urgent=True) as tx:
            claimed = await tx.rows(claim, now, now + LEASE, BATCH)
        for row in claimed:
            if row["attempts"] > WORRYING_ATTEMPTS:
                log.error("sweep_row_stuck", action=name, row_id=row["id"], attempts=row["attempts"])
            try:
                await handle(row["id"], clock.now())
                handled += 1
            except Unavailable:
                raise
            except StrehaError as error:
                log.failure("sweep_row_failed", error, action=name, row_id=row["id"], attempts=row["attempts"])
            except Exception as error:  # noqa: BLE001 (one bad row must not stop its neighbours)
                log.failure("sweep_row_failed", error, action=name, row_id=row["id"], attempts=row["attempts"])
        if len(claimed) < BATCH:
            return handled
