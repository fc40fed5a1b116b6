"""Signs of life: when each role last did its round, and the proof that the database can be written."""

from __future__ import annotations

from datetime import datetime

from core import queries
from core.clock import Clock
from core.database import Database, Reading

_SQL = queries.load("core")


async def beat(database: Database, role: str, now: datetime) -> None:
    """Record that a role has done its round."""
    async with database.transaction(urgent=True) as tx:
        await tx.run(_SQL["beat"], role, now)


async def check_write(database: Database, clock: Clock) -> None:
    """Prove that a write commits; readiness is nothing less. Raises Unavailable."""
    await beat(database, "readiness", clock.now())


async def beats(database: Database) -> dict[str, datetime]:
    """Return when each role last did its round."""
    async with database.reading() as reading:
        return await beats_in(reading)


async def beats_in(reading: Reading) -> dict[str, datetime]:
    """Return the same over a connection that is open already."""
    return {row["role"]: row["at"] for row in await reading.rows(_SQL["heartbeats"])}
