"""Rooms that this account made and nobody wrote down: found again, used where one is wanted, left otherwise.

What a room was made for may be unknown to this database: it was restored from a backup, or is not the only one. Nobody
is sent away by a bot that does not know why they are there: such a room is left alone, and the operator hears of it.

A room counts as ours only if this account made it and wrote into its first event what for. Anybody can put our marker
into a room of theirs, and whoever runs the homeserver can put the bot into it; that one is never used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from bots.account.lease import Lease
from bots.rooms import former_rooms, room_state
from bots.rooms.former_rooms import Why
from bots.rooms.rooms import Room, rooms
from bots.statements import SQL
from bots.wire.homeserver import Homeserver
from bots.wire.room_settings import OWN_FIELD
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError
from core.outbox import Target, TargetKind

log = logs.get(__name__)


class Orphans:
    """Knows the rooms that were made and not written down. Asked once, and again after every attempt that failed."""

    def __init__(self, database: Database, clock: Clock, homeserver: Homeserver, lease: Lease, bot: str) -> None:
        self._database = database
        self._clock = clock
        self._homeserver = homeserver
        self._lease = lease
        self._bot = bot
        self._lock = asyncio.Lock()
        self._found: dict[Target, str] | None = None
        self._making: set[Target] = set()
        self._doubts = 0

    def doubt(self) -> None:
        """Look again next time: a room may exist of which nobody was told."""
        self._found = None
        self._doubts += 1

    @contextmanager
    def making(self, target: Target) -> Iterator[None]:
        """Keep others from finding what is made for a target; where that fails, look again before the next one."""
        self._making.add(target)
        try:
            yield
        except BaseException:
            # The room may exist although we were not told, or could not write it down.
            self.doubt()
            raise
        finally:
            self._making.discard(target)

    async def of(self, target: Target) -> str | None:
        """Return a room that was made for a target without anybody hearing of it."""
        async with self._lock:
            found = self._found
            if found is None:
                doubts = self._doubts
                found = await self._look()
                self._found = found if doubts == self._doubts else None
            return found.pop(target, None)

    async def _look(self) -> dict[Target, str]:
        """Go through the rooms that this account is in and that are nobody's; those in use are not asked about."""
        joined = await self._homeserver.joined_rooms()
        async with self._database.reading() as look:
            known = {row["room_id"] for row in await look.rows(SQL["known_rooms"])}
        found: dict[Target, str] = {}
        unknown = 0
        for room_id in joined:
            target = None if room_id in known else await self._made_for(room_id)
            if target is None or target in self._making:
                continue
            room = await self._room(target)
            if room is None:
                unknown += 1
            elif room.room_id is None and not room.closed and target not in found:
                found[target] = room_id
            # What was written down since is no orphan. Where the room in use is lost, this one is wanted soon.
            elif room.room_id != room_id and (room.closed or room.room_id is None or room.room_id in joined):
                await self._leave(room_id, room)
        if unknown:
            log.error("rooms_unknown", count=unknown)
        return found

    async def _made_for(self, room_id: str) -> Target | None:
        """Return what this account made a room for; nothing where another made it, or it cannot be read."""
        try:
            # Of others' rooms no more is read than what they were made as: they may be of any size.
            marker = (await self._homeserver.made_as(room_id)).get(OWN_FIELD)
            target = _target(marker) if isinstance(marker, str) else None
            if target is None:
                return None
            settings = room_state.read(await self._homeserver.settings(room_id))
        except DeliveryError as error:
            log.warning("found_room_not_read", error=error.code)
            return None
        if not room_state.is_ours(settings, self._bot, room_state.marker_of(target)):
            log.error("room_not_ours", state=target.kind)
            return None
        return target

    async def _room(self, target: Target) -> Room | None:
        async with self._database.reading() as look:
            return (await rooms(look, [target])).get(target)

    async def _leave(self, room_id: str, room: Room) -> None:
        log.info("orphaned_room_left", state=room.target.kind)
        why = Why.CLOSED if room.closed else Why.ORPHANED
        async with self._database.transaction() as tx:
            await self._lease.require(tx)
            await former_rooms.leave(tx, room_id, room.target, why, self._clock.now())


def _target(marker: str) -> Target | None:
    kind, _, name = marker.partition(":")
    try:
        target = Target(kind=TargetKind(kind), id=UUID(name))
    except ValueError:
        return None
    return target if room_state.marker_of(target) == marker else None
