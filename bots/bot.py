"""The role `bots`: one active bot per network, its loops, and what it says when the database is gone.

The loops live and fall together; what a loop can survive (homeserver or database away for a while) it
records and tries again. Losing the lease ends the process: a standby has taken over.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import NoReturn

from bots.credentials import DeviceLost
from bots.delivery import SIGNED_OUT, Delivery
from bots.device import MatrixDevice
from bots.handling import Handling, is_panic
from bots.housekeeping import Housekeeping
from bots.lease import Lease
from bots.occupants import Occupants
from bots.received import Arrival
from bots.rendering import Renderer, text_content
from bots.replies import NOT_RAISED
from cases import service as cases
from core import heartbeat, logs, metrics, outbox
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, DeliveryError, InvalidInput, StrehaError, Unavailable
from core.outbox import Lane
from core.settings import Settings
from core.texts import mark, render

log = logs.get(__name__)

SYNC_SECONDS = 25.0
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0


async def run(database: Database, clock: Clock, settings: Settings) -> NoReturn:
    """Be the bot of the network, or stand by until it is needed."""
    if not settings.homeserver_url or not settings.matrix_user or not settings.matrix_store_key:
        raise InvalidInput(mark("The bot needs STREHA_HOMESERVER_URL, STREHA_MATRIX_USER and STREHA_MATRIX_STORE_KEY."))
    lease = Lease(database, clock)
    await lease.acquire()
    async with AsyncExitStack() as resources:
        resources.push_async_callback(lease.release)
        # Of a bot that is not active any more nothing may seem to be so still.
        resources.callback(_forget)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lease.keep())
            device = await _open(settings, clock)
            resources.push_async_callback(device.close)
            bot = Bot(database, clock, settings, device, lease)
            log.info("bot_ready")
            await bot.run()
    raise AssertionError("the bot's loops never end by themselves")


class Bot:
    """The loops of the active bot."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, device: MatrixDevice, lease: Lease
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._device = device
        self._occupants = Occupants(device.homeserver)
        self._handling = Handling(database, clock, settings, self._occupants, device.user_id)
        self._housekeeping = Housekeeping(database, clock, device, self._occupants, room_version=settings.room_version)
        self._delivery = Delivery(
            database, clock, device, lease, self._housekeeping, self._occupants, Renderer(settings)
        )
        self._rooms_woken = asyncio.Event()
        self._arrived = asyncio.Event()
        self._warned: set[str] = set()
        self._newest = float("-inf")

    async def run(self) -> None:
        """Run every loop until one fails for good."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([outbox.CHANNEL], self._delivery.wake))
            tasks.create_task(self._database.listen([cases.CHANNEL], self._rooms_woken.set))
            tasks.create_task(self._sync())
            tasks.create_task(self._handle())
            tasks.create_task(self._keep_rooms())
            for lane in Lane:
                tasks.create_task(self._delivery.run(lane, self._settings.sweep_interval))

    async def _sync(self) -> NoReturn:
        failures = 0
        while True:
            try:
                await self._device.sync_once(SYNC_SECONDS)
                failures = 0
                metrics.SYNC_ANSWERED.set(self._clock.now().timestamp())
                self._arrived.set()
            except DeliveryError as error:
                if error.code == SIGNED_OUT:
                    raise DeviceLost from error
                failures += 1
                metrics.SYNC_FAILURES.count()
                wait = min(RETRY_SECONDS * 2 ** min(failures, 6), LONGEST_RETRY_SECONDS)
                log.warning("sync_failed", error=error.code, attempts=failures)
                await asyncio.sleep(error.retry_after or wait)

    async def _handle(self) -> NoReturn:
        while True:
            self._arrived.clear()
            pending = self._device.pending()
            left = [arrival for arrival in pending if not await self._handled(arrival)]
            metrics.EVENTS_LEFT.set(len(left))
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if left else self._settings.sweep_interval):
                    await self._arrived.wait()

    async def _handled(self, arrival: Arrival) -> bool:
        """Handle one arrival; what cannot be stored now stays in the inbox, and so does any panic that fails."""
        try:
            await self._handling.handle(arrival)
        except Unavailable:
            await self._say_not_raised(arrival)
            return False
        except Exception as error:  # noqa: BLE001 (a failing command is recorded and skipped)
            log.failure("command_failed", error)
            if is_panic(arrival):
                await self._say_not_raised(arrival)
                return False
        self._device.done(arrival.event_id)
        self._measure(arrival)
        return True

    def _measure(self, arrival: Arrival) -> None:
        """Tell how late an event was handled. Its time is the homeserver's word, so never beyond the present."""
        now = self._clock.now()
        lag = max((now - arrival.sent_at).total_seconds(), 0.0)
        metrics.EVENT_LAG.observe(lag)
        self._newest = max(self._newest, now.timestamp() - lag)
        metrics.EVENT_NEWEST.set(self._newest)

    async def _keep_rooms(self) -> NoReturn:
        while True:
            self._rooms_woken.clear()
            try:
                await self._housekeeping.sweep()
                await heartbeat.beat(self._database, "bots", self._clock.now())
            except Unavailable:
                log.warning("housekeeping_interrupted", error="database")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sweep_interval):
                    await self._rooms_woken.wait()

    async def _say_not_raised(self, arrival: Arrival) -> None:
        """Answer a panic at once when it cannot be stored; it stays in the inbox and is tried again."""
        if not is_panic(arrival):
            return
        metrics.RAISES_NOT_STORED.count("channel")
        if arrival.event_id in self._warned:
            return
        try:
            members = await self._device.homeserver.joined_members(arrival.room_id)
            await self._device.share_keys(arrival.room_id, members)
            body = render(NOT_RAISED, self._settings.default_language, police=self._settings.police_number)
            content = text_content(body, members - {self._device.user_id})
            await self._device.put(self._device.encrypt(arrival.room_id, "m.room.message", content))
            self._warned.add(arrival.event_id)
        except StrehaError as error:
            log.failure("not_raised_not_said", error)


def _forget() -> None:
    for each in metrics.OF_ACTIVE_BOT:
        each.forget()


async def _open(settings: Settings, clock: Clock) -> MatrixDevice:
    """Open the device, waiting for a homeserver that is not there yet."""
    failures = 0
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
        except Conflict:
            raise
        except DeliveryError as error:
            failures += 1
            log.warning("homeserver_not_ready", error=error.code, attempts=failures)
            await asyncio.sleep(min(RETRY_SECONDS * 2 ** min(failures, 5), LONGEST_RETRY_SECONDS))
