"""Giving keys out for the rooms that are about to be spoken in, and going on until every device has what it is owed.

Decides who in a room gets keys: those who belong there and have joined. How keys travel is `bots.keys.sharing`'s; that
they are there before anybody speaks is `bots.sending.key_warming`'s, which stands back while somebody does.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from bots.device.device import MatrixDevice
from bots.keys.sharing import PATIENCE, Sharing
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.rooms.rooms import Room
from bots.sending.key_holders import KeyHolders
from core import logs, metrics
from core.clock import Clock
from core.database import Database
from core.outbox import Target

log = logs.get(__name__)

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
# How long whoever does not speak waits for an answer, and for those who do.
UNHURRIED = 15.0
STANDING_BACK = 2.0


class KeyGiving:
    """Gives keys out and remembers what is owed."""

    def __init__(self, database: Database, clock: Clock, device: MatrixDevice, occupants: Occupants) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._occupants = occupants
        self.holders = KeyHolders(clock)
        # Rooms with a device that could not be given its key yet; how often that was tried, and when again.
        self._owing: dict[Target, Sharing] = {}
        self._tries = 0
        self._due = 0.0
        # Whether somebody gives owed keys out who has time for it: then whoever speaks need not.
        self.owed_elsewhere = False
        self._speaking = 0
        self._silence = asyncio.Event()
        self._silence.set()

    @property
    def owed_in(self) -> float:
        """In how many seconds whoever speaks is to try owed keys again; without any, never."""
        return math.inf if self.owed_elsewhere else self.due_in

    @property
    def due_in(self) -> float:
        """In how many seconds owed keys are to be tried again; without any, never."""
        return max(self._due - time.monotonic(), 0.0) if self._owing else math.inf

    @property
    def owed(self) -> Mapping[str, Sharing]:
        """The rooms in which some device is still to get its key, with what came of the last sharing there."""
        return {each.room_id: each for each in self._owing.values()}

    async def give_owed(self, *, unhurried: bool = False) -> None:
        """Try again to give out what some devices did not get, to those who belong in the rooms now."""
        if not self._owing or self.due_in > 0 or (self.owed_elsewhere and not unhurried):
            return
        self._tries += 1
        self._due = time.monotonic() + min(2.0 ** min(self._tries, 10), LONGEST_RETRY_SECONDS)
        async with self._database.transaction() as tx:
            found = await rooms.rooms(tx, set(self._owing))
        # A room that has ended, or is being made anew, owes nothing any more.
        ended = {target for target, room in found.items() if room.room_id is None or room.closed}
        self._owing = {target: each for target, each in self._owing.items() if target in found.keys() - ended}
        metrics.ROOMS_OWED.set(len(self._owing))
        settled = [room for room in found.values() if room.settled]
        await self._give(settled, patience=UNHURRIED if unhurried else PATIENCE)

    async def give(self, spoken_in: Iterable[Room]) -> Mapping[str, Sharing]:
        """Give keys out for these rooms; return who holds them, by room. What fails is left out, and logged."""
        self._speaking += 1
        self._silence.clear()
        try:
            return await self._give(spoken_in, patience=PATIENCE)
        finally:
            self._speaking -= 1
            if not self._speaking:
                self._silence.set()

    async def give_ahead(self, rooms_to_warm: Iterable[Room]) -> None:
        """Give keys out where nobody speaks yet, once those who do have theirs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STANDING_BACK):
                await self._silence.wait()
        await self._give(rooms_to_warm, ahead=True, patience=UNHURRIED)

    async def _give(self, spoken_in: Iterable[Room], *, ahead: bool = False, patience: float) -> Mapping[str, Sharing]:
        speaking = {room.room_id: room for room in spoken_in if room.room_id is not None and not room.closed}
        joined, shut = await self._occupants.joined_each(speaking, patience)
        for room_id in shut:
            await self.doubt(room_id)
        members = {room_id: users & speaking[room_id].members.keys() for room_id, users in joined.items()}
        if not members:
            return {}
        shared = await self._device.share_keys_many(members, ahead=ahead, patience=patience)
        if len(shared) < len(members):
            log.warning("keys_not_shared", error="unasked", count=len(members) - len(shared))
        for room_id, each in shared.items():
            self._remember(speaking[room_id].target, each)
            self.holders.note(speaking[room_id], joined[room_id], each)
        return shared

    async def doubt(self, room_id: str) -> None:
        """Look at a room again that does not let the bot in: it may have been removed from it."""
        async with self._database.transaction(urgent=True) as tx:
            await rooms.drifted(tx, room_id, self._clock.now())

    def _remember(self, target: Target, shared: Sharing) -> None:
        if not shared.failed and not shared.unasked:
            self._owing.pop(target, None)
        else:
            if target not in self._owing:
                self._tries, self._due = 0, time.monotonic() + FIRST_RETRY_SECONDS
            self._owing[target] = shared
        metrics.ROOMS_OWED.set(len(self._owing))
