"""Giving keys out for the rooms that are about to be spoken in, and going on until every device has what it is owed.

Decides who in a room gets keys: those who belong there and have joined. How keys travel is `bots.sharing`'s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping

from bots import rooms
from bots.device import MatrixDevice
from bots.occupants import Occupants
from bots.rooms import Room
from bots.sharing import Sharing
from core import logs, metrics
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError
from core.outbox import Target

log = logs.get(__name__)

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0


class KeyGiving:
    """Gives keys out and remembers what is owed."""

    def __init__(self, database: Database, clock: Clock, device: MatrixDevice, occupants: Occupants) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._occupants = occupants
        # Rooms with a device that could not be given its key yet; how often that was tried, and when again.
        self._owing: set[Target] = set()
        self._tries = 0
        self._due = 0.0

    @property
    def owed_in(self) -> float:
        """In how many seconds owed keys are to be tried again; without any, never."""
        return max(self._due - time.monotonic(), 0.0) if self._owing else math.inf

    async def give_owed(self) -> None:
        """Try again to give out what some devices did not get, to those who belong in the rooms now."""
        if not self._owing or self.owed_in > 0:
            return
        self._tries += 1
        self._due = time.monotonic() + min(2.0 ** min(self._tries, 10), LONGEST_RETRY_SECONDS)
        async with self._database.transaction() as tx:
            found = await rooms.rooms(tx, set(self._owing))
        # A room that has ended, or is being made anew, owes nothing any more.
        self._owing &= {target for target, room in found.items() if room.room_id is not None and not room.closed}
        metrics.ROOMS_OWED.set(len(self._owing))
        await self.give(room for room in found.values() if room.settled)

    async def give(self, spoken_in: Iterable[Room]) -> Mapping[str, Sharing]:
        """Give keys out for these rooms; return who holds them, by room. What fails is left out, and logged."""
        speaking = {room.room_id: room for room in spoken_in if room.room_id is not None and not room.closed}
        joined, shut = await self._occupants.joined_each(speaking)
        for room_id in shut:
            await self.doubt(room_id)
        members = {room_id: users & speaking[room_id].members.keys() for room_id, users in joined.items()}
        if not members:
            return {}
        try:
            shared = await self._device.share_keys_many(members)
        except DeliveryError as error:
            log.warning("keys_not_shared", error=error.code, count=len(members))
            return {}
        for room_id, each in shared.items():
            self._remember(speaking[room_id].target, owing=bool(each.failed))
        return shared

    async def doubt(self, room_id: str) -> None:
        """Look at a room again that does not let the bot in: it may have been removed from it."""
        async with self._database.transaction(urgent=True) as tx:
            await rooms.drifted(tx, room_id, self._clock.now())

    def _remember(self, target: Target, *, owing: bool) -> None:
        if not owing:
            self._owing.discard(target)
        elif target not in self._owing:
            self._owing.add(target)
            self._tries, self._due = 0, time.monotonic() + FIRST_RETRY_SECONDS
        metrics.ROOMS_OWED.set(len(self._owing))
