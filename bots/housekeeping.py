"""Rooms as they should be: made once, staffed by exactly their members, ended when their target ends.

The compartments, desks and people decide; the homeserver is told. Whoever is in a room without belonging
there is removed, and the room's key is changed at once, before the homeserver's sync confirms it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from bots import rooms
from bots.device import MatrixDevice
from bots.occupants import FORBIDDEN, Occupants
from bots.rooms import Room
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, Permanent, StrehaError, Temporary, Unavailable
from core.outbox import Target, TargetKind
from core.texts import mark, render

log = logs.get(__name__)

ROOMS_AT_ONCE = 8
BATCH = 100
DUTY_ROOM = mark("Duty")
DIRECT_ROOM = "Streha"
OWN_FIELD = "org.streha.target"
ROTATION_MESSAGES = 100
ROTATION = timedelta(days=7)
BOT_LEVEL = 100


class Housekeeping:
    """Makes rooms and keeps their membership."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, occupants: Occupants, *, room_version: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._occupants = occupants
        self._room_version = room_version
        self._locks: dict[Target, asyncio.Lock] = {}
        self._own_rooms: dict[str, str] | None = None

    async def sweep(self) -> None:
        """Put right every room that is missing or whose membership has changed."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await rooms.want_rooms(tx, now)
            targets = await rooms.to_apply(tx, now, BATCH)
        await self.settle(targets)

    async def settle(self, targets: Iterable[Target]) -> None:
        """Put these rooms right, several at a time; one that fails is tried again later."""
        limit = asyncio.Semaphore(ROOMS_AT_ONCE)

        async def one(target: Target) -> None:
            async with limit, self._locks.setdefault(target, asyncio.Lock()):
                try:
                    await self._settle(target)
                except Unavailable:
                    log.warning("room_not_settled", state=target.kind, error="database")
                except DeliveryError as error:
                    log.warning("room_not_settled", state=target.kind, error=error.code)
                    await self._put_off(target)
                except Exception as error:  # noqa: BLE001 (one broken room must not stop the others)
                    log.failure("room_not_settled", error, state=target.kind)
                    await self._put_off(target)

        async with asyncio.TaskGroup() as tasks:
            for target in targets:
                tasks.create_task(one(target))

    async def _settle(self, target: Target) -> None:
        async with self._database.transaction() as tx:
            room = (await rooms.rooms(tx, [target])).get(target)
        if room is None or (room.settled and not room.attempts):
            return
        room_id = room.room_id or await self._make(room)
        present = await self._present(room_id)
        if present.get(self._device.user_id) != "join":
            await self._make_anew(room_id)
            raise Temporary("The room has to be made anew.", code="removed_from_room")
        complete = await self._staff(room, room_id, present)
        async with self._database.transaction() as tx:
            if room.closed:
                await rooms.closed(tx, target, self._clock.now())
            else:
                await rooms.applied(tx, target, room.version, complete=complete)
        if not complete:
            await self._put_off(target)

    async def _make(self, room: Room) -> str:
        """Create the room, or find the one that an earlier attempt left without telling us."""
        marker = f"{room.target.kind}:{room.target.id}"
        try:
            room_id = await self._orphan(marker) or await self._device.homeserver.create_room(
                name=room.name or (render(DUTY_ROOM, room.language) if _is_desk(room) else DIRECT_ROOM),
                room_version=self._room_version,
                initial_state=_INITIAL_STATE,
                power_levels=_power_levels(self._device.user_id),
                creation_content={"m.federate": False, OWN_FIELD: marker},
            )
            async with self._database.transaction() as tx:
                await rooms.created(tx, room.target, room_id)
        except StrehaError:
            # The room may exist although we were not told, or could not write it down: look before the next one.
            self._own_rooms = None
            raise
        return room_id

    async def _make_anew(self, room_id: str) -> None:
        """Give up a room that the bot was removed from: its target gets another, and the operator is told."""
        log.error("bot_removed_from_room")
        self._own_rooms = None
        self._occupants.forget(room_id)
        async with self._database.transaction() as tx:
            await rooms.lost(tx, room_id, self._clock.now())

    async def _orphan(self, marker: str) -> str | None:
        """Return a room that was created for this target without anybody hearing of it.

        Rooms are listed once after the start, and again after every attempt that failed.
        """
        if self._own_rooms is None:
            own_rooms = {}
            for room_id in await self._device.homeserver.joined_rooms():
                created = await self._device.homeserver.state(room_id, "m.room.create") or {}
                if isinstance(created.get(OWN_FIELD), str):
                    own_rooms[created[OWN_FIELD]] = room_id
            self._own_rooms = own_rooms
        return self._own_rooms.get(marker)

    async def _present(self, room_id: str) -> dict[str, str]:
        """Return everybody's membership of a room; nobody's where this account may not even look."""
        try:
            return await self._device.homeserver.memberships(room_id)
        except Permanent as error:
            if error.code != FORBIDDEN:
                raise
            return {}

    async def _staff(self, room: Room, room_id: str, present: Mapping[str, str]) -> bool:
        """Invite who is missing and remove who does not belong; tell whether everything was done."""
        homeserver = self._device.homeserver
        inside = {user for user, membership in present.items() if membership in {"join", "invite", "knock"}}
        strangers = inside - room.members.keys() - {self._device.user_id}
        if strangers:
            self._device.rotate(room_id)
            self._occupants.forget(room_id)
        for user in sorted(strangers):
            await homeserver.kick(room_id, user)
        complete = True
        for user in sorted(room.members.keys() - inside) if not room.closed else ():
            try:
                await homeserver.invite(room_id, user)
            except Permanent as error:
                log.warning("invitation_refused", error=error.code)
                complete = False
        return complete

    async def _put_off(self, target: Target) -> None:
        with suppress(Unavailable):
            await self._try_later(target)

    async def _try_later(self, target: Target) -> None:
        async with self._database.transaction() as tx:
            room = (await rooms.rooms(tx, [target])).get(target)
            attempts = room.attempts if room else 0
            wait = timedelta(seconds=min(2**attempts, 300))
            await rooms.put_off(tx, target, self._clock.now() + wait)


_INITIAL_STATE: list[dict[str, Any]] = [
    {
        "type": "m.room.encryption",
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "rotation_period_msgs": ROTATION_MESSAGES,
            "rotation_period_ms": int(ROTATION.total_seconds() * 1000),
        },
    },
    {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}},
    {"type": "m.room.guest_access", "content": {"guest_access": "forbidden"}},
]


def _power_levels(bot: str) -> dict[str, Any]:
    """Only the bot invites, removes or changes state: membership follows the compartment, not the room."""
    return {
        "users": {bot: BOT_LEVEL},
        "users_default": 0,
        "events_default": 0,
        "state_default": BOT_LEVEL,
        "invite": BOT_LEVEL,
        "kick": BOT_LEVEL,
        "ban": BOT_LEVEL,
        "redact": BOT_LEVEL,
        "notifications": {"room": BOT_LEVEL},
        "events": {},
    }


def _is_desk(room: Room) -> bool:
    return room.target.kind is TargetKind.DESK
