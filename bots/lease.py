"""One bot is active per network: whoever holds the lease, fenced by its number.

A bot that lost the lease may still be running; everything it would store is refused because the fence has
moved on. The device store's file lock guards the other side, two processes on one machine.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from bots.rooms import SQL
from core import logs
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Unavailable
from core.ids import new_id
from core.texts import mark

log = logs.get(__name__)

LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0


class LeaseLost(Conflict):
    """Another bot has become the active one."""

    def __init__(self) -> None:
        super().__init__(mark("Another bot has taken over. This one stops."))


class Lease:
    """Held by the active bot."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._holder: UUID = new_id()
        self._fence: int | None = None

    async def acquire(self) -> None:
        """Wait as a standby until the lease is free, then hold it."""
        waiting = False
        while not await self._try_if_possible():
            if not waiting:
                log.info("standing_by")
                waiting = True
            await asyncio.sleep(RENEW_SECONDS / 2)
        log.info("active_bot", version=self._fence)

    async def keep(self) -> None:
        """Renew for ever; raise `LeaseLost` when another bot is active."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                if not await self._try():
                    raise LeaseLost
            except Unavailable:
                # Without the database nobody else can take the lease either.
                log.warning("lease_not_renewed")

    async def require(self, tx: Transaction) -> None:
        """Refuse to store anything when another bot has become active since."""
        if not await tx.value(SQL["check_lease"], self._holder, self._fence):
            raise LeaseLost

    async def release(self) -> None:
        """Let a standby take over at once."""
        try:
            async with self._database.transaction() as tx:
                await tx.run(SQL["drop_lease"], self._holder)
        except Unavailable:
            log.warning("lease_not_released")

    async def _try_if_possible(self) -> bool:
        try:
            return await self._try()
        except Unavailable:
            return False

    async def _try(self) -> bool:
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            fence = await tx.value(SQL["take_lease"], self._holder, now, now + LEASE)
        if fence is None or (self._fence is not None and fence != self._fence):
            return False
        self._fence = fence
        return True
