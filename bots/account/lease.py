"""One bot is active per network: whoever holds the lease, fenced by its number.

A bot that lost the lease may still be running; everything it would store or send is refused because the fence has
moved on. The database's clock decides when a lease is over: bots on machines whose clocks differ agree on it. Where
a bot died and its directory's lock is in our hands, nobody has to wait for that.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from bots.statements import SQL
from core import logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Unavailable
from core.ids import derived_id, new_id
from core.texts import mark

log = logs.get(__name__)

LEASE = timedelta(seconds=15)
RENEW_SECONDS = 3.0
LOOK_SECONDS = 1.0
# The number of this start of the machine's system: two starts, or two machines, never have the same.
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class LeaseLost(Conflict):
    """Another bot has become the active one."""

    def __init__(self) -> None:
        super().__init__(mark("Another bot has taken over. This one stops."))


class Lease:
    """Held by the active bot."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._place: UUID | None = None
        self.holder: UUID = new_id()
        self.fence: int | None = None
        # When the database was last asked for it in time; not by a clock that anybody can set.
        self._renewed_at = float("-inf")

    @property
    def held(self) -> bool:
        """Whether this bot became the active one; whether it still is, only the database knows."""
        return self.fence is not None

    @property
    def runs(self) -> bool:
        """Whether no other bot can be active yet, as far as can be told without asking; once over, another may be."""
        return self.held and time.monotonic() - self._renewed_at < LEASE.total_seconds()

    def stand_in(self, lock_file: Path) -> None:
        """Name the place by a locked file. Only for who has the lock: a lease of the same place is a dead bot's."""
        self._place = _place_of(lock_file)

    async def acquire(self) -> None:
        """Wait until the lease is free, then hold it. While the database does not answer, it is not free."""
        waiting = False
        while not await self.is_ours():
            if not waiting:
                log.info("standing_by")
                waiting = True
            await asyncio.sleep(LOOK_SECONDS)

    async def is_ours(self) -> bool:
        """Take the lease if that is possible now."""
        try:
            return await self.renew()
        except Unavailable:
            return False

    async def keep(self) -> None:
        """Renew for ever; raise `LeaseLost` when another bot is active."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                if not await self.renew():
                    raise LeaseLost
            except Unavailable:
                # Nobody can take the lease without the database, but it may be there for others (`runs`).
                log.warning("lease_not_renewed")

    async def renew(self) -> bool:
        """Become or remain the active bot; False where another is."""
        asked_at = time.monotonic()
        async with self._database.transaction(urgent=True) as tx:
            fence = await tx.value(SQL["take_lease"], self.holder, self._clock.offset, LEASE, self._place)
            if fence is None or (self.fence is not None and fence != self.fence):
                return False
            if self.fence is None:
                # Whoever was active before is fenced off: what it had under way need not wait any longer.
                await outbox.free_leases(tx)
        if self.fence is None:
            log.info("active_bot", version=fence)
        self.fence, self._renewed_at = fence, asked_at
        return True

    async def require(self, tx: Transaction) -> None:
        """Refuse to store anything when another bot has become active since."""
        if not await tx.value(SQL["check_lease"], self.holder, self.fence):
            raise LeaseLost

    async def release(self) -> None:
        """Let a standby take over at once."""
        if not self.held:
            return
        try:
            async with self._database.transaction() as tx:
                await tx.run(SQL["drop_lease"], self.holder)
        except Unavailable:
            log.warning("lease_not_released")


def _place_of(lock_file: Path) -> UUID | None:
    """Return an opaque number for a file on this machine since its start; nothing where that cannot be told."""
    try:
        boot, file = _BOOT.read_text().strip(), lock_file.stat()
    except OSError:
        return None
    return derived_id("place", boot, str(file.st_dev), str(file.st_ino))
