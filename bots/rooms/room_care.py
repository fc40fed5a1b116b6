"""Looking at a room's settings, putting them right, and giving up a room where that cannot be done.

The homeserver is asked, and asked again before anything is done at its word: what stands in an answer once may be a
proxy's. What the settings have to be is `bots.rooms.room_state`'s. Whoever changed them had power over the homeserver:
the operator hears of it by an alarm, and those who lead the case in their rooms with the bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from bots.account.lease import Lease
from bots.rooms import former_rooms, room_state
from bots.rooms.former_rooms import Why
from bots.rooms.occupants import FORBIDDEN, Occupants
from bots.rooms.room_state import Fault, Mending, Place, Setting
from bots.rooms.rooms import Room
from bots.wire.homeserver import Homeserver
from bots.words import room_messages
from core import logs, metrics, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import DeliveryError, Permanent
from core.outbox import Target

log = logs.get(__name__)

# How often the homeserver has to say that the bot is not in a room, and how far apart. A wrong setting it says twice.
TIMES_ASKED = 3
PAUSE_SECONDS = 0.5
OUTSIDE = frozenset({FORBIDDEN, "M_NOT_FOUND"})
# So many strange settings are emptied at once; the rest when the room is looked at next.
MOST_REPAIRS = 30


class RoomCare:
    """Looks at rooms and has them put right."""

    def __init__(
        self, database: Database, clock: Clock, homeserver: Homeserver, occupants: Occupants, bot: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._homeserver = homeserver
        self._occupants = occupants
        self._bot = bot

    async def is_outside(self, room_id: str) -> bool:
        """Tell whether the homeserver says again and again that the bot is not in a room."""
        for number in range(TIMES_ASKED):
            if number:
                await asyncio.sleep(PAUSE_SECONDS)
            try:
                if self._bot in await self._homeserver.joined_members(room_id):
                    return False
            except Permanent as error:
                if error.code not in OUTSIDE:
                    raise
        return True

    async def settings(self, room_id: str) -> Mapping[Place, Setting]:
        """Return the settings of a room."""
        return room_state.read(await self._homeserver.settings(room_id))

    async def put_right(self, room: Room, room_id: str) -> bool:
        """Make a room's settings what they were; False where the room is of no use any more."""
        wrong = room_state.faults(room, self._bot, await self.settings(room_id))
        if wrong:
            await asyncio.sleep(PAUSE_SECONDS)
            again = room_state.faults(room, self._bot, await self.settings(room_id))
            wrong = [each for each in wrong if each in again]
        replace = any(each.mending is Mending.REPLACE for each in wrong)
        published, aliases = await self._shown(room_id)
        if not replace and (wrong or published or aliases):
            log.error("room_changed", state=room.target.kind, count=len(wrong))
            # Before anything is put right: afterwards nobody would find what there was to tell.
            await self.alarm(room.target, "changed")
        await self._hide(room_id, aliases, published=published)
        return not replace and await self._repair(room_id, wrong)

    async def give_up(self, lease: Lease, room: Room, room_id: str, why: Why) -> bool:
        """Have another room made, unless the target had too many lately; tell whether it will have one."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await lease.require(tx)
            if not await former_rooms.may_be_replaced(tx, room, why, now):
                log.error("room_not_replaced", state=room.target.kind)
                return False
            if not await former_rooms.give_up(tx, room_id, why, now):
                return True
            if why is Why.REMOVED:
                log.error("bot_removed_from_room", state=room.target.kind)
            else:
                log.error("room_replaced", state=room.target.kind)
            await self._tell(tx, room.target, "removed" if why is Why.REMOVED else "replaced", now)
        self._occupants.forget(room_id)
        return True

    async def alarm(self, target: Target, what: str) -> None:
        """Tell those who lead that somebody with power over the homeserver has moved something, and count it."""
        async with self._database.transaction() as tx:
            await self._tell(tx, target, what, self._clock.now())

    async def _tell(self, tx: Transaction, target: Target, what: str, now: datetime) -> None:
        # Once an hour for all its rooms: whoever does this again and again fills nobody's telephone.
        cause = f"{now:%Y-%m-%dT%H}"
        template = "room_replaced" if what == "removed" else f"room_{what}"
        people = await room_messages.concerned(tx, target)
        await outbox.post(tx, room_messages.about(template, cause, target, people), now)
        tx.afterwards(lambda: metrics.ROOM_TROUBLE.count(what))

    async def _repair(self, room_id: str, wrong: list[Fault]) -> bool:
        """Write settings anew; False where the bot may not."""
        for fault in wrong[:MOST_REPAIRS]:
            try:
                await self._homeserver.put_state(room_id, *fault.place, fault.wanted)
            except Permanent as error:
                log.warning("room_not_repaired", error=error.code)
                if error.code == FORBIDDEN:
                    return False
                # What this homeserver refuses to have written is no reason to give up a room that works.
        return True

    async def _shown(self, room_id: str) -> tuple[bool, list[str]]:
        """Tell whether a room stands in the public list, and by which addresses it can be found."""
        published, aliases = False, []
        # Nobody who finds it can come in, for only the bot invites: what is not answered here keeps nothing up.
        try:
            published = await self._homeserver.published(room_id)
            aliases = await self._homeserver.aliases(room_id)
        except DeliveryError as error:
            log.warning("room_not_hidden", error=error.code)
        return published, aliases

    async def _hide(self, room_id: str, aliases: list[str], *, published: bool) -> None:
        """Take a room out of public lists and addresses."""
        try:
            if published:
                await self._homeserver.unpublish(room_id)
            for alias in aliases:
                await self._homeserver.remove_alias(alias)
        except DeliveryError as error:
            log.warning("room_not_hidden", error=error.code)
