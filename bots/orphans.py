"""Rooms that this account made and nobody wrote down: found again, used where one is wanted, left otherwise.

A room counts as ours only if this account made it and wrote into its first event what for. Anybody can put our marker
into a room of theirs, and whoever runs the homeserver can put the bot into it; that one is never used.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from bots import former_rooms, room_state
from bots.former_rooms import Why
from bots.homeserver import Homeserver
from bots.room_settings import CREATE, OWN_FIELD
from bots.rooms import SQL, rooms
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import Permanent
from core.outbox import Target, TargetKind

log = logs.get(__name__)


class Orphans:
    """Knows the rooms that were made and not written down. Asked once, and again after every attempt that failed."""

    def __init__(self, database: Database, clock: Clock, homeserver: Homeserver, bot: str) -> None:
        self._database = database
        self._clock = clock
        self._homeserver = homeserver
        self._bot = bot
        self._lock = asyncio.Lock()
        self._found: dict[Target, str] | None = None

    def doubt(self) -> None:
        """Look again next time: a room may exist of which nobody was told."""
        self._found = None

    async def of(self, target: Target) -> str | None:
        """Return a room that was made for a target without anybody hearing of it."""
        async with self._lock:
            if self._found is None:
                self._found = await self._look()
            return self._found.pop(target, None)

    async def _look(self) -> dict[Target, str]:
        """Go through the rooms that this account is in and that are nobody's; those in use are not asked about."""
        joined = await self._homeserver.joined_rooms()
        async with self._database.reading() as look:
            known = {row["room_id"] for row in await look.rows(SQL["known_rooms"])}
        found: dict[Target, str] = {}
        for room_id in joined:
            target = None if room_id in known else await self._made_for(room_id)
            if target is None:
                continue
            if target in found or not await self._wanted(target):
                await self._leave(room_id, target)
            else:
                found[target] = room_id
        return found

    async def _made_for(self, room_id: str) -> Target | None:
        """Return what this account made a room for; nothing where another made it."""
        try:
            settings = room_state.read(await self._homeserver.settings(room_id))
        except Permanent:
            return None
        made = settings.get((CREATE, ""))
        marker = None if made is None else made.content.get(OWN_FIELD)
        target = _target(marker) if isinstance(marker, str) else None
        if target is None:
            return None
        if not room_state.is_ours(settings, self._bot, room_state.marker_of(target)):
            log.error("room_not_ours", state=target.kind)
            return None
        return target

    async def _wanted(self, target: Target) -> bool:
        async with self._database.reading() as look:
            room = (await rooms(look, [target])).get(target)
        return room is not None and room.room_id is None and not room.closed

    async def _leave(self, room_id: str, target: Target) -> None:
        log.info("orphaned_room_left", state=target.kind)
        async with self._database.transaction() as tx:
            await former_rooms.leave(tx, room_id, target, Why.ORPHANED, self._clock.now())


def _target(marker: str) -> Target | None:
    kind, _, name = marker.partition(":")
    try:
        target = Target(kind=TargetKind(kind), id=UUID(name))
    except ValueError:
        return None
    return target if room_state.marker_of(target) == marker else None
