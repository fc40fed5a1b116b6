"""Of which version the processes are that are connected to a database: the names of their connections say it.

A version is the number of the newest migration that a program knows. Earlier programs did not say theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import queries
from core.database import Database

_SQL = queries.load("core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """Connections of processes of an earlier version, by where they come from; `since` is when the first was made."""

    address: str
    connections: int
    since: datetime


async def older(database: Database, version: int) -> list[Older]:
    """Return what is connected of an earlier version than this, as far as this database user may see it."""
    async with database.reading() as look:
        return [
            Older(address=row["address"], connections=row["connections"], since=row["since"])
            for row in await look.rows(_SQL["older_processes"], version)
        ]
