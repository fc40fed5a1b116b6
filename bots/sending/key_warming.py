"""Keys that are there before anybody speaks: after a start, when somebody comes or signs in, and before one is worn.

Owns the decision where keys are to be given out ahead, and the telling of who holds them. It stands back while
somebody speaks, so that no alert waits for it; whatever it does is done again by whoever speaks, if need be. Time
windows are planned by others (`core.key_holders`): before one, keys are made anew, and until it closes they stay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from bots.device.device import MatrixDevice
from bots.device.received import Arrival, Received
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.rooms.rooms import Room
from bots.sending.key_giving import KeyGiving
from bots.statements import SQL
from bots.talk.heard import written_at
from cases import service as cases
from core import key_holders, logs
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.key_holders import KeyWindow
from core.outbox import Target

log = logs.get(__name__)

# Few enough that an alert to these rooms never waits long behind them.
ROOMS_AT_ONCE = 50
LOOK_SECONDS = 10.0
# Many things come at once: they are looked at together.
BREATH_SECONDS = 0.5
# So often what is told is gone through, and whoever can be given nothing is asked about again: the homeserver may
# have left something out.
REVIEW_SECONDS = 60.0
BEFORE_A_WINDOW = timedelta(minutes=30)


class KeyWarming:
    """Keeps every room ready to be spoken in."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, keys: KeyGiving, occupants: Occupants
    ) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._keys = keys
        self._occupants = occupants
        self._woken = asyncio.Event()
        self._renewed: set[KeyWindow] = set()
        self._reviewed_at = 0.0

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def notice(self, arrival: Arrival) -> None:
        """Take a message as a sign of life of the device that wrote it, if it is surely that device's."""
        if isinstance(arrival, Received) and arrival.bound and arrival.sender_device_id is not None:
            self._keys.holders.seen(arrival.sender, arrival.sender_device_id, written_at(arrival, self._clock))

    async def run(self) -> NoReturn:
        """Keep keys warm for ever: when something moves, when asked to, and every few seconds regardless."""
        self._device.keys.watch(self.wake)
        self._occupants.watch(self.wake)
        self._keys.owed_elsewhere = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([key_holders.CHANNEL, cases.CHANNEL], self.wake))
            await self._begin()
            while True:
                self._woken.clear()
                try:
                    await self.look()
                    await self._keys.give_owed(unhurried=True)
                    await self._keys.holders.write(self._database)
                except Unavailable:
                    log.warning("keys_not_warmed", error="database")
                except Exception as error:  # noqa: BLE001 (whoever speaks gives keys out all the same)
                    log.failure("keys_not_warmed", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK_SECONDS, self._keys.due_in)):
                        await self._woken.wait()
                await asyncio.sleep(BREATH_SECONDS)
        raise AssertionError("unreachable: the loop has no end")

    async def look(self) -> int:
        """Give keys out ahead wherever some are missing or nearly worn; return in how many rooms that was."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.run(SQL["end_key_windows"], now)
            await tx.run(SQL["drop_ended_key_holders"])
            found = await rooms.rooms(tx, await rooms.speakable(tx))
            windows = await key_holders.windows(tx, now, now + BEFORE_A_WINDOW)
        self._heed(windows, found)
        if time.monotonic() - self._reviewed_at >= REVIEW_SECONDS:
            self._reviewed_at = time.monotonic()
            self.review(found.values())
        lacking = self._lacking(found.values())
        for start in range(0, len(lacking), ROOMS_AT_ONCE):
            await self._keys.give_ahead(lacking[start : start + ROOMS_AT_ONCE])
        return len(lacking)

    def review(self, found: Iterable[Room]) -> None:
        """Go through what is told of every room, for not all that changes needs a key to be given out."""
        for room in found:
            present = self._present(room)
            known = None if present is None else self._device.keys.known_of(str(room.room_id), present)
            if present is not None and known is not None:
                self._device.keys.doubt(present)
                self._keys.holders.note(room, present, known)

    async def _begin(self) -> None:
        """Begin with what the bot before this one knew, as soon as the database answers."""
        while True:
            try:
                async with self._database.transaction() as tx:
                    await self._keys.holders.begin(tx)
            except Unavailable:
                await asyncio.sleep(BREATH_SECONDS)
            else:
                return

    def _lacking(self, found: Iterable[Room]) -> list[Room]:
        """Return the rooms in which somebody still has to be given a key, as far as is known without asking."""
        settled = {room.room_id: room for room in found if room.room_id is not None and room.settled}
        present = {room_id: self._present(room) for room_id, room in settled.items()}
        known = {room_id: users for room_id, users in present.items() if users is not None}
        complete = self._device.keys.complete(known, self._keys.owed)
        return [room for room_id, room in settled.items() if room_id not in complete]

    def _present(self, room: Room) -> frozenset[str] | None:
        joined = self._occupants.known(str(room.room_id))
        return None if joined is None else joined & room.members.keys()

    def _heed(self, windows: Iterable[KeyWindow], found: Mapping[Target, Room]) -> None:
        """Have a key made anew before a window opens, and keep it until the window closes."""
        known = set(windows)
        self._renewed &= known
        for window in known:
            room = found.get(window.target)
            if room is None or room.room_id is None:
                continue
            if window not in self._renewed:
                self._device.keys.renew(room.room_id)
                self._renewed.add(window)
            elif window.opens_at <= self._clock.now():
                self._device.keys.keep_until(room.room_id, window.closes_at)
