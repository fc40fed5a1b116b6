"""Who is in each room now, as last heard: so that keys go to joined members without asking every time."""

from __future__ import annotations

from bots.homeserver import Homeserver
from bots.received import MembershipChange


class Occupants:
    """The joined users of the rooms that were asked for, kept up by membership changes."""

    def __init__(self, homeserver: Homeserver) -> None:
        self._homeserver = homeserver
        self._joined: dict[str, set[str]] = {}

    async def joined(self, room_id: str) -> frozenset[str]:
        """Return who has joined a room."""
        if room_id not in self._joined:
            self._joined[room_id] = set(await self._homeserver.joined_members(room_id))
        return frozenset(self._joined[room_id])

    def notice(self, change: MembershipChange) -> None:
        """Take a change into account."""
        known = self._joined.get(change.room_id)
        if known is not None:
            (known.add if change.membership == "join" else known.discard)(change.user_id)

    def forget(self, room_id: str) -> None:
        """Ask the homeserver again next time."""
        self._joined.pop(room_id, None)
