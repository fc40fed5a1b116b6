"""Waiting for what others do, by looking again and again: at once at first, then after pauses that grow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import repeat

from core.database import Transaction

PATIENCE_SECONDS = 60
# Most things come about within a few turns of the loop.
AT_ONCE = 20
SHORTEST_PAUSE = 0.0005
LONGEST_PAUSE = 0.02


async def until_somebody_waits(tx: Transaction, connections: int = 1) -> None:
    """Return once other connections, so many, wait for a lock that a test holds in `tx`, or for each other."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for pause in _pauses():
            if await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted") >= connections:
                return
            await asyncio.sleep(pause)


async def until(holds: Callable[[], bool]) -> None:
    """Return once something holds that other tasks bring about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for pause in _pauses():
            if holds():
                return
            await asyncio.sleep(pause)


def _pauses() -> Iterator[float]:
    """Return how long to wait before each look, so that waiting leaves the machine to what is waited for."""
    yield from repeat(0.0, AT_ONCE)
    pause = SHORTEST_PAUSE
    while True:
        yield pause
        pause = min(LONGEST_PAUSE, pause * 1.5)
