"""Rooms as they should be: made once, staffed by exactly their members, ended when their target ends.

The compartments, desks and people decide; the homeserver is told. Whoever is in a room without belonging
there is removed, and the room's key is changed at once, before the homeserver's sync confirms it. A room that cannot
be put right is given up and another made. What is heard of a room is only a reason to look: nothing is done at it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

from bots.account.lease import Lease, LeaseLost
from bots.device.device import MatrixDevice
from bots.rooms import former_rooms, room_state, rooms
from bots.rooms.former_rooms import Why
from bots.rooms.inviting import Inviting, forget_others
from bots.rooms.occupants import FORBIDDEN, Occupants
from bots.rooms.orphans import Orphans
from bots.rooms.room_care import OUTSIDE, RoomCare
from bots.rooms.rooms import Room
from bots.wire.room_settings import OWN_FIELD, made_with, power_levels
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, DeliveryError, Permanent, Temporary, Unavailable
from core.outbox import Target

log = logs.get(__name__)

ROOMS_AT_ONCE = 8
BATCH = 100
# Nobody tells of every change: so often each room is looked at in any case, a few at a time.
LOOKED_AT_EVERY = timedelta(hours=1)
LOOKS = 20
# How often a stranger may refuse to go before the room is given up.
REFUSALS = 2


class Housekeeping:
    """Makes rooms and keeps their membership."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, lease: Lease, occupants: Occupants, *,
        room_version: str,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._lease = lease
        self._occupants = occupants
        self._room_version = room_version
        self._care = RoomCare(database, clock, device.homeserver, occupants, device.user_id)
        self._inviting = Inviting(database, clock, device.homeserver, device.user_id)
        self._orphans = Orphans(database, clock, device.homeserver, lease, device.user_id)
        self._locks: dict[Target, asyncio.Lock] = {}
        self._refusals: Counter[str] = Counter()

    async def sweep(self) -> None:
        """Put right every room that is missing or whose membership has changed, and look at some of the others."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await rooms.want_rooms(tx, now)
            targets = await rooms.to_apply(tx, now, BATCH)
            unseen = await rooms.to_look_at(tx, now, now - LOOKED_AT_EVERY, LOOKS)
        await self.settle(dict.fromkeys([*targets, *unseen]))
        await self._inviting.sweep()

    async def settle(self, targets: Iterable[Target]) -> None:
        """Put these rooms right, several at a time; one that fails is tried again later."""
        limit = asyncio.Semaphore(ROOMS_AT_ONCE)

        async def one(target: Target) -> None:
            async with limit, self._locks.setdefault(target, asyncio.Lock()):
                try:
                    await self._settle(target)
                except LeaseLost:
                    # Whatever is to be done here is another bot's now, and so is when.
                    raise
                except Unavailable:
                    log.warning("room_not_settled", state=target.kind, error="database")
                except Conflict:
                    log.warning("room_not_settled", state=target.kind, error="overtaken")
                    await self._put_off(target)
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
        """Put one room right; where it has to be given up, go on with its successor."""
        # Twice, and no more: a homeserver that takes each room away is asked for the next one later.
        for _ in range(2):
            room = await self._room(target)
            if room is None or self._needs_nothing(room):
                return
            if room.closed:
                await self._close(room)
                return
            if room.room_id is None:
                room = await self._make(room)
            if room is None or await self._put_right(room, str(room.room_id)):
                return
        raise Temporary("Two rooms had to be given up one after the other.", code="given_up_again")

    async def _room(self, target: Target) -> Room | None:
        async with self._database.transaction() as tx:
            return (await rooms.rooms(tx, [target])).get(target)

    def _needs_nothing(self, room: Room) -> bool:
        return room.settled and not room.attempts and not room.closed and not self._unseen(room)

    def _unseen(self, room: Room) -> bool:
        return room.looked_at is None or room.looked_at <= self._clock.now() - LOOKED_AT_EVERY

    async def _put_right(self, room: Room, room_id: str) -> bool:
        """Staff a room and look at its settings; False where it was given up, and another is to be made."""
        present = await self._present(room_id)
        if present.get(self._device.user_id) != "join":
            if not await self._care.is_outside(room_id):
                raise Temporary("The homeserver contradicts itself.", code="contradiction")
            if not await self._give_up(room, room_id, Why.REMOVED):
                raise Temporary("The bot was removed too often.", code="removed_too_often")
            return False
        strangers = await self._strangers(room, present)
        # Before everything else, so that nothing that fails keeps somebody in who was taken out.
        left_in = await self._remove(strangers, room, room_id) if strangers else None
        unseen = self._unseen(room)
        if unseen:
            usable = await self._care.put_right(room, room_id)
            if not usable and await self._give_up(room, room_id, Why.SPOILT):
                return False
            # Where it cannot be replaced now it is spoken in all the same: the bot seals what it says for members only.
        if left_in is not None:
            if self._refusals[room_id] >= REFUSALS and await self._give_up(room, room_id, Why.SPOILT):
                return False
            raise left_in
        self._refusals.pop(room_id, None)
        # Whom a restored database still names may have been removed since: nobody is asked in before it was compared.
        complete = not room.held and await self._inviting.invite(room, room_id, present)
        async with self._database.transaction() as tx:
            if unseen:
                await rooms.looked_at(tx, room, self._clock.now())
            await rooms.applied(tx, room, complete=complete)
            await forget_others(tx, room)
        if not complete:
            await self._put_off(room.target)
        return True

    async def _strangers(self, room: Room, present: Mapping[str, str]) -> frozenset[str]:
        """Return who is to go: of a restored database only whom it knows to have been removed.

        Whom it does not know at all may belong there since the backup; without a key they read nothing.
        """
        strangers = _inside(present) - room.members.keys() - {self._device.user_id}
        return strangers & await self._inviting.asked(room.target) if room.held else strangers

    async def _make(self, room: Room) -> Room | None:
        """Create the room, or find the one that an earlier attempt left without telling us."""
        orphan = await self._orphans.of(room.target)
        with self._orphans.making(room.target):
            room_id = orphan or await self._device.homeserver.create_room(
                name=room_state.name_of(room),
                room_version=self._room_version,
                initial_state=made_with(),
                power_levels=power_levels(self._device.user_id),
                creation_content={"m.federate": False, OWN_FIELD: room_state.marker_of(room.target)},
            )
            async with self._database.transaction() as tx:
                await self._lease.require(tx)
                # What was found is looked at before anything is said there.
                right_at = None if orphan else self._clock.now()
                await rooms.created(tx, room.target, room_id, right_at=right_at)
        return await self._room(room.target)

    async def _close(self, room: Room) -> None:
        """End a room with its target; the last word there, and leaving it, are `bots.rooms.archiving`'s."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await self._lease.require(tx)
            await rooms.closed(tx, room.target, now)
            if room.room_id is not None:
                await former_rooms.leave(tx, room.room_id, room.target, Why.CLOSED, now)
        if room.room_id is not None:
            self._device.rotate(room.room_id)

    async def _give_up(self, room: Room, room_id: str, why: Why) -> bool:
        self._refusals.pop(room_id, None)
        if not await self._care.give_up(self._lease, room, room_id, why):
            return False
        self._orphans.doubt()
        return True

    async def _present(self, room_id: str) -> dict[str, str]:
        """Return everybody's membership of a room; nobody's where this account may not even look."""
        try:
            return await self._device.homeserver.memberships(room_id)
        except Permanent as error:
            if error.code not in OUTSIDE:
                raise
            return {}

    async def _remove(self, strangers: Iterable[str], room: Room, room_id: str) -> DeliveryError | None:
        """Remove who does not belong; return why somebody could not be removed, if anybody."""
        self._device.rotate(room_id)
        self._occupants.forget(room_id)
        # Who belonged here until now was asked in once. Of rooms from before anybody was noted nothing can be said.
        asked = await self._inviting.asked(room.target)
        if asked and not asked.issuperset(strangers):
            log.error("stranger_removed", state=room.target.kind)
            # Before the first is out: afterwards nobody would find what there was to tell.
            await self._care.alarm(room.target, "stranger")
        failure: DeliveryError | None = None
        refused = False
        for user in sorted(strangers):
            try:
                await self._device.homeserver.kick(room_id, user)
            except DeliveryError as error:
                failure = error
                refused = refused or error.code == FORBIDDEN
        self._refusals[room_id] += refused
        return failure

    async def _put_off(self, target: Target) -> None:
        with suppress(Unavailable):
            await self._try_later(target)

    async def _try_later(self, target: Target) -> None:
        async with self._database.transaction() as tx:
            room = (await rooms.rooms(tx, [target])).get(target)
            attempts = room.attempts if room else 0
            wait = timedelta(seconds=min(2**attempts, 300))
            await rooms.put_off(tx, target, self._clock.now() + wait)


def _inside(present: Mapping[str, str]) -> frozenset[str]:
    return frozenset(user for user, membership in present.items() if membership in {"join", "invite", "knock"})
