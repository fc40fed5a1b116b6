"""Who is in each room now, as last heard: so that keys go to joined members without asking every time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from bots.device.received import MembershipChange
from bots.wire.homeserver import Homeserver
from core import logs
from core.errors import DeliveryError

log = logs.get(__name__)

FORBIDDEN = "M_FORBIDDEN"


class Occupants:
    """The joined users of the rooms that were asked for, kept up by membership changes."""

    def __init__(self, homeserver: Homeserver) -> None:
        self._homeserver = homeserver
        self._joined: dict[str, set[str]] = {}
        # How many changes were noticed in each room: an answer from before one of them is not kept.
        self._changes: Counter[str] = Counter()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, woken: Callable[[], None]) -> None:
        """Call this whenever somebody comes or goes."""
        self._watchers.append(woken)

    def known(self, room_id: str) -> frozenset[str] | None:
        """Return who has joined a room, as far as that is known without asking."""
        return frozenset(self._joined[room_id]) if room_id in self._joined else None

    async def joined(self, room_id: str) -> frozenset[str]:
        """Return who has joined a room."""
        if room_id in self._joined:
            return frozenset(self._joined[room_id])
        before = self._changes[room_id]
        answer = await self._homeserver.joined_members(room_id)
        if self._changes[room_id] == before:
            self._joined.setdefault(room_id, set(answer))
        return answer

    async def joined_each(
        self, room_ids: Iterable[str], patience: float
    ) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
        """Return who has joined each of these rooms, and the rooms that this account may not look into.

        They are asked side by side; a room that gives no answer in time is in neither.
        """
        found: dict[str, frozenset[str]] = {}
        shut: set[str] = set()

        async def look(room_id: str) -> None:
            try:
                async with asyncio.timeout(patience):
                    found[room_id] = await self.joined(room_id)
            except (DeliveryError, TimeoutError) as error:
                code = error.code if isinstance(error, DeliveryError) else type(error).__name__
                log.warning("members_unknown", error=code)
                if code == FORBIDDEN:
                    shut.add(room_id)

        async with asyncio.TaskGroup() as tasks:
            for room_id in room_ids:
                tasks.create_task(look(room_id))
        return found, frozenset(shut)

    def notice(self, change: MembershipChange) -> None:
        """Take a change into account."""
        self._changes[change.room_id] += 1
        if change.membership != "join":
            # In clear, and perhaps forged: whoever is said to have gone would get no key, so the homeserver is asked.
            self.forget(change.room_id)
        elif change.room_id in self._joined:
            self._joined[change.room_id].add(change.user_id)
        for woken in self._watchers:
            woken()

    def forget(self, room_id: str) -> None:
        """Ask the homeserver again next time."""
        self._joined.pop(room_id, None)
