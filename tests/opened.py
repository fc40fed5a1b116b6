"""An opened circle of a founded network, as tests of the server's part speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.people import Scene
from tests.vault_clients import Circle, Founded


@dataclass(kw_only=True)
class Opened:
    """The case's core compartment with its log, its first epoch and the key of that."""

    founded: Founded
    cast: Scene
    key: bytes

    async def coordinators(self) -> Circle:
        """Return the circle as its coordinator is shown it now."""
        return await self.founded.circle(self.cast.coordinator, self.cast.case.core.id)

    async def members(self) -> Circle:
        """Return the circle as a member is shown it now."""
        return await self.founded.circle(self.cast.member, self.cast.case.core.id)
