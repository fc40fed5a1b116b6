"""Standing by: a device of its own, open and warm, until the active bot is gone.

A standby signs in beside the active bot, on another machine or in another directory, with a copy of its `identity/`.
It listens, so that it holds the rooms' keys and every word; it gives its own keys out, so that its first alert is
read at once; it acts on nothing. What it heard of late is handled when it takes over: handling the same event twice has
one effect, and the bot that died may not have come to it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from bots.account.lease import LEASE, Lease
from bots.device.device import MatrixDevice
from bots.keys.vouched import Vouched
from bots.listening import listen, pause
from bots.olm.store_lock import StoreInUse
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.sending.key_giving import KeyGiving
from bots.talk.obeying import effects_of
from bots.watching.identity_watch import IdentityWatch
from core import logs, metrics
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, DeliveryError, Unavailable
from core.settings import Settings
from core.texts import mark

log = logs.get(__name__)

LOCK_SECONDS = 1.0
WARM_SECONDS = 30.0
ROOMS_AT_ONCE = 50
# How long the active bot may leave something undone and die before a standby cannot make up for it any more.
# A panic that was raised or answered is kept no longer, any other for a day; and so is whatever may be a sentence of
# somebody's own: nobody can tell here which is one, and handling talk a second time does nothing.
KEPT = timedelta(minutes=15)
KEPT_PANIC = timedelta(days=1)


async def opened(settings: Settings, clock: Clock) -> MatrixDevice:
    """Open the device, waiting for another process to leave its directory, and for a homeserver that is not there."""
    failures = 0
    in_use = False
    while True:
        try:
            return await MatrixDevice.open(
                homeserver_url=settings.homeserver_url,
                user_id=settings.matrix_user,
                password=settings.matrix_password.reveal(),
                directory=settings.matrix_state_directory,
                store_secret=settings.matrix_store_key.reveal().encode(),
                clock=clock,
            )
        except StoreInUse:
            if not in_use:
                log.info("device_in_use")
                in_use = True
            await asyncio.sleep(LOCK_SECONDS)
        except DeliveryError as error:
            failures += 1
            log.warning("homeserver_not_ready", error=error.code, attempts=failures)
            await asyncio.sleep(pause(failures, error.retry_after))


async def become_first(lease: Lease) -> None:
    """Become the active bot before there is an identity, which is made once per network and never while standing by."""
    try:
        # Whoever held the lease may be this bot, killed a moment ago.
        async with asyncio.timeout(2 * LEASE.total_seconds()):
            await lease.acquire()
    except TimeoutError:
        raise Conflict(
            mark("Another bot is active, and its identity is not on this machine. Copy its identity folder here first.")
        ) from None


class Standby:
    """Waits for the lease with everything ready."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, occupants: Occupants, lease: Lease,
        vouched: Vouched | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._occupants = occupants
        self._lease = lease
        self._keys = KeyGiving(database, clock, device, occupants)
        self._identities = IdentityWatch(database, clock, device, vouched)
        self._place = 0

    async def until_active(self) -> None:
        """Return when this bot holds the lease; at once where no other does."""
        if await self._lease.is_ours():
            return
        async with asyncio.TaskGroup() as tasks:
            waiting = [
                tasks.create_task(listen(self._device, self._heard)),
                tasks.create_task(self._device.fill_gaps(self._heard)),
                tasks.create_task(self._keep_warm()),
            ]
            await self._lease.acquire()
            for each in waiting:
                each.cancel()

    def _heard(self) -> None:
        """Forget what the active bot has long since handled, and follow who comes and goes."""
        now = self._clock.now()
        lost = self._device.done_before(now - KEPT, calls_before=now - KEPT_PANIC)
        if lost:
            log.warning("standby_keeps_no_more", count=lost)
        while True:
            moved, place = self._device.moved_after(self._place)
            for change in moved:
                self._occupants.notice(change)
            if place == self._place:
                break
            self._place = place
        forget_what_the_active_tells()

    async def _forget_raised(self) -> None:
        """Forget the calls for help that are known to have been raised, or answered; the others are kept for long."""
        calls = self._device.calls_before(self._clock.now() - KEPT)
        if calls:
            async with self._database.reading() as look:
                had = await effects_of(look, calls)
            for event_id in had:
                self._device.done(event_id)

    async def _keep_warm(self) -> NoReturn:
        """Give out the keys with which this bot would speak, so that they are there when it has to."""
        warm = False
        while True:
            with suppress(Unavailable):
                await self._forget_raised()
            with suppress(Unavailable):
                await self._identities.read()
                async with self._database.transaction() as tx:
                    targets = await rooms.speakable(tx)
                for start in range(0, len(targets), ROOMS_AT_ONCE):
                    async with self._database.transaction() as tx:
                        found = await rooms.rooms(tx, targets[start : start + ROOMS_AT_ONCE])
                    await self._keys.give_ahead(found.values())
                if not warm:
                    log.info("standby_warm", count=len(targets))
                warm = True
            forget_what_the_active_tells()
            await asyncio.sleep(WARM_SECONDS)


def forget_what_the_active_tells() -> None:
    """Take back what a process tells of the active bot: of one that is not, nothing may seem to be so."""
    for each in metrics.OF_ACTIVE_BOT:
        each.forget()
