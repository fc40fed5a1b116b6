"""Leaving rooms that are not used any more: a last word, everybody out, keys forgotten, the bot out, the row archived.

Each step is found done or is done again, so that a bot that died over it goes on. The last word is one event however
often it is put, for its transaction id is always the same. It is no case's: it says that nobody listens there, and
goes to staff only. What people wrote there stays in their own clients, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bots.device.device import MatrixDevice
from bots.rooms import former_rooms
from bots.rooms.former_rooms import FormerRoom, Why
from bots.rooms.occupants import Occupants
from bots.rooms.room_care import OUTSIDE, RoomCare
from bots.words.rendering import text_content
from bots.words.room_messages import FAREWELLS
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, DeliveryError, Permanent, Temporary, Unavailable
from core.settings import Settings
from core.texts import render

log = logs.get(__name__)

ROOMS_AT_ONCE = 4
BATCH = 50
# So that people's clients have shown the last word before they are out.
READING_TIME = timedelta(seconds=5)
# How often the last word is tried before the room is left without one.
TRIES = 5
LAST_WORD = "last-word"


class Archiving:
    """Leaves rooms."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, device: MatrixDevice, occupants: Occupants
    ) -> None:
        self._database = database
        self._clock = clock
        self._police = settings.police_number
        self._device = device
        self._occupants = occupants
        self._care = RoomCare(database, clock, device.homeserver, occupants, device.user_id)

    async def sweep(self) -> None:
        """Go on leaving every room that is to be left."""
        limit = asyncio.Semaphore(ROOMS_AT_ONCE)
        left: list[FormerRoom] = []

        async def one(room: FormerRoom) -> None:
            async with limit:
                try:
                    if await self._is_left(room):
                        left.append(room)
                except Unavailable:
                    log.warning("room_not_archived", state=room.why, error="database")
                except DeliveryError as error:
                    log.warning("room_not_archived", state=room.why, error=error.code)
                    await self._put_off(room)
                except Exception as error:  # noqa: BLE001 (one broken room must not stop the others)
                    log.failure("room_not_archived", error, state=room.why)
                    await self._put_off(room)

        async with self._database.transaction() as tx:
            found = await former_rooms.to_archive(tx, self._clock.now(), BATCH)
        async with asyncio.TaskGroup() as tasks:
            for room in found:
                tasks.create_task(one(room))
        if left:
            await self._forget(left)

    async def _is_left(self, room: FormerRoom) -> bool:
        """Do what is to be done in a room now; tell whether nothing is left to do there."""
        present = await self._present(room)
        inside = present.get(self._device.user_id) == "join"
        if not inside:
            await self._require_outside(room)
        if inside and not room.told and await self._say_last_word(room, present):
            return False
        if inside:
            await self._empty(room, present)
        await self._leave(room, inside=inside)
        return True

    async def _forget(self, left: Collection[FormerRoom]) -> None:
        """Keep no key and no membership of these rooms, and write down that they are done with."""
        self._device.forget_rooms({each.room_id for each in left})
        now = self._clock.now()
        async with self._database.transaction() as tx:
            for each in left:
                self._occupants.forget(each.room_id)
                await former_rooms.archived(tx, each.room_id, now)
        for each in left:
            log.info("room_archived", state=each.why)

    async def _present(self, room: FormerRoom) -> Mapping[str, str]:
        try:
            return await self._device.homeserver.memberships(room.room_id)
        except Permanent as error:
            if error.code not in OUTSIDE:
                raise
            return {}

    async def _require_outside(self, room: FormerRoom) -> None:
        """Believe that the bot is not in a room any more only when it is said again and again: nobody looks later."""
        if not await self._care.is_outside(room.room_id):
            raise Temporary("The homeserver contradicts itself.", code="contradiction")

    async def _say_last_word(self, room: FormerRoom, present: Mapping[str, str]) -> bool:
        """Say that nobody listens here any more; False where there is nobody to say it to, or no way."""
        joined = {user for user, membership in present.items() if membership == "join"} - {self._device.user_id}
        async with self._database.transaction() as tx:
            staff = await former_rooms.staff_among(tx, joined)
        if not staff or room.attempts >= TRIES:
            return False
        words = FAREWELLS["closed" if room.why is Why.CLOSED else "moved"]
        content = text_content(render(words, room.language, police=self._police))
        self._device.rotate(room.room_id)
        shared = await self._device.share_keys(room.room_id, staff)
        if (shared.failed or shared.unasked) and room.attempts < TRIES - 1:
            raise Temporary("The keys of a room could not be given out.", code="keys_not_shared")
        try:
            sealed = self._device.encrypt(room.room_id, "m.room.message", content)
        except Conflict:
            raise Temporary("The keys of a room could not be given out.", code="keys_not_shared") from None
        await self._device.put(replace(sealed, transaction_id=LAST_WORD))
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await former_rooms.told(tx, room.room_id, now, now + READING_TIME)
        return True

    async def _empty(self, room: FormerRoom, present: Mapping[str, str]) -> None:
        """Remove everybody. Who cannot be removed stays behind, alone with whoever else cannot."""
        for user, membership in sorted(present.items()):
            if user == self._device.user_id or membership not in {"join", "invite", "knock"}:
                continue
            try:
                await self._device.homeserver.kick(room.room_id, user)
            except Permanent as error:
                log.warning("former_member_not_removed", state=room.why, error=error.code)

    async def _leave(self, room: FormerRoom, *, inside: bool) -> None:
        """Leave, and have the homeserver forget that the bot was ever there; either may have been done before."""
        try:
            await self._device.homeserver.leave(room.room_id)
        except Permanent as error:
            if error.code not in OUTSIDE:
                raise
            if inside:
                await self._require_outside(room)
        # What it keeps of a room that was left is its own affair.
        with suppress(Permanent):
            await self._device.homeserver.forget(room.room_id)

    async def _put_off(self, room: FormerRoom) -> None:
        wait = timedelta(seconds=min(2 ** min(room.attempts, 10), 300))
        try:
            async with self._database.transaction() as tx:
                await former_rooms.put_off(tx, room.room_id, self._clock.now() + wait)
        except Unavailable:
            log.warning("room_not_archived", state=room.why, error="database")
