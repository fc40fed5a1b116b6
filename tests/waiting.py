"""Waiting for what other connections do, without sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.database import Transaction

PATIENCE_SECONDS = 60


async def until_somebody_waits(tx: Transaction) -> None:
    """Return once another connection waits for a lock, which a test holds in `tx`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass


async def until(holds: Callable[[], bool]) -> None:
    """Return once something holds that other tasks bring about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 (whatever brings it about knows of no event)
            await asyncio.sleep(0)
