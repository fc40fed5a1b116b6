"""Who belongs in each room, as the database last said: for what must be said there when it does not answer.

The homeserver alone could name anybody as joined, and whoever is told is given the room's key.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import NoReturn

from bots.statements import SQL
from core import logs
from core.database import Database
from core.errors import Unavailable

log = logs.get(__name__)


class LastKnown:
    """Remembers members."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._members: dict[str, set[str]] = {}
        self._staff: frozenset[str] = frozenset()

    async def keep(self, interval: float) -> NoReturn:
        """Look every few seconds, as long as there is somebody to ask."""
        while True:
            try:
                await self.look()
            except Unavailable:
                log.warning("members_not_looked_up", error="database")
            await asyncio.sleep(interval)

    async def look(self) -> None:
        """Ask the database who belongs where."""
        async with self._database.reading() as look:
            rows = await look.rows(SQL["everybody_who_belongs"])
        members: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            members[row["room_id"]].add(row["matrix_user"])
        self._members = dict(members)
        self._staff = frozenset().union(*members.values())

    def may_hear(self, room_id: str, joined: Collection[str]) -> frozenset[str]:
        """Return who of those that are said to have joined a room may hear something there.

        Of a room that was made a moment ago only that they are of the staff is known.
        """
        return frozenset(joined) & self._members.get(room_id, self._staff)
