"""Waiting for what other connections do, without sleeping."""

from __future__ import annotations

import asyncio

from core.database import Transaction

PATIENCE_SECONDS = 20


async def until_somebody_waits(tx: Transaction) -> None:
    """Return once another connection waits for a lock, which a test holds in `tx`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
