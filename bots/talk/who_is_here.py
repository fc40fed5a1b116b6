"""Who is in a room, told to somebody in it: whom words reach there, and whom they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from agencies.model import PersonId
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.talk.heard import Heard
from bots.words.rendering import who
from core import key_holders, logs
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError
from core.key_holders import Holding, KeyState

log = logs.get(__name__)

LOOK_SECONDS = 5.0


class WhoIsHere:
    """Tells how far a room's key came with everybody who belongs there; before it was given, who has joined."""

    def __init__(self, database: Database, clock: Clock, occupants: Occupants) -> None:
        self._database = database
        self._clock = clock
        self._occupants = occupants

    async def replies(self, heard: Heard) -> list[tuple[str, dict[str, str]]]:
        """Return what is to be said; nothing to somebody who does not belong there."""
        target = heard.target
        async with self._database.reading() as look:
            members = (await rooms.rooms(look, [target]))[target].members
            told = (await key_holders.holdings(look, [target.id], self._clock.now())).get(target.id, {})
        if heard.person.id not in members.values():
            return []
        if told:
            coming = Holding(state=KeyState.OWED, seen_at=None)
            return [("reply_who", {"who": who({each: told.get(each, coming) for each in sorted(members.values())})})]
        joined = await self._joined(heard.message.room_id)
        if joined is None:
            return [("reply_who_unknown", {"person": _ids(members.values())})]
        here = [person_id for user, person_id in members.items() if user in joined]
        absent = [person_id for user, person_id in members.items() if user not in joined]
        replies = [("reply_who_here", {"person": _ids(here)})]
        if absent:
            replies.append(("reply_who_absent", {"absent": _ids(absent)}))
        return replies

    async def _joined(self, room_id: str) -> frozenset[str] | None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._occupants.joined(room_id)
        except (DeliveryError, TimeoutError) as error:
            log.warning("members_unknown", error=type(error).__name__)
            return None


def _ids(people: Iterable[PersonId]) -> str:
    return ",".join(sorted(str(each) for each in people))
