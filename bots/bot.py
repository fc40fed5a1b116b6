"""The role `bots`: one active bot per network, and its loops.

The loops live and fall together; what a loop can survive (homeserver or database away for a while) it
records and tries again. Losing the lease ends the process: a standby has taken over (`bots.standby`).
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import NoReturn

from bots.account import identity
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.keys.vouched import Vouched
from bots.listening import listen
from bots.olm.store_lock import LOCK_NAME
from bots.rooms import probe
from bots.rooms.archiving import Archiving
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.last_known import LastKnown
from bots.rooms.occupants import Occupants
from bots.rooms.probe import Party
from bots.sending.absence import Absence
from bots.sending.delivery import Delivery
from bots.sending.key_warming import KeyWarming
from bots.standby import Standby, become_first, forget_what_the_active_tells, opened
from bots.talk.attending import Attending
from bots.talk.handling import Handling
from bots.talk.own_sentences import OwnSentences
from bots.watching.account_watch import AccountWatch
from bots.watching.identity_care import IdentityCare
from bots.watching.identity_watch import IdentityWatch
from bots.words.rendering import Renderer
from cases import service as cases
from cases.last_head import LastHead
from core import heartbeat, logs, metrics, outbox
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, Unavailable
from core.outbox import Lane
from core.settings import Settings
from core.texts import mark
from crypto import cross_signing

log = logs.get(__name__)


async def run(
    database: Database, clock: Clock, settings: Settings, last_head: LastHead | None = None
) -> NoReturn:  # fmt: skip
    """Be the bot of the network, or stand by until it is needed."""
    if not settings.homeserver_url or not settings.matrix_user or not settings.matrix_store_key:
        raise InvalidInput(mark("The bot needs STREHA_HOMESERVER_URL, STREHA_MATRIX_USER and STREHA_MATRIX_STORE_KEY."))
    vouched = Vouched(settings.matrix_state_directory, settings.vault_network)
    lease = Lease(database, clock)
    async with AsyncExitStack() as resources:
        resources.push_async_callback(lease.release)
        # Of a bot that is not active any more nothing may seem to be so still.
        resources.callback(forget_what_the_active_tells)
        async with asyncio.TaskGroup() as tasks:
            if not identity.rests_in(settings.matrix_state_directory / "identity"):
                await become_first(lease)
                tasks.create_task(lease.keep())
            device = await opened(settings, clock)
            resources.push_async_callback(device.close)
            occupants = Occupants(device.homeserver)
            lease.stand_in(settings.matrix_state_directory / "device" / LOCK_NAME)
            if not lease.held:
                await Standby(database, clock, device, occupants, lease, vouched).until_active()
                tasks.create_task(lease.keep())
            bot = Bot(database, clock, settings, device, lease, occupants, last_head, vouched)
            log.info("bot_ready")
            await bot.run()
    raise AssertionError("the bot's loops never end by themselves")


class Bot:
    """The loops of the active bot."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, device: MatrixDevice, lease: Lease,
        occupants: Occupants | None = None, last_head: LastHead | None = None,
        vouched: Vouched | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._settings = settings
        self._device = device
        self._occupants = occupants or Occupants(device.homeserver)
        self._own_sentences = OwnSentences(
            database, clock, settings.matrix_state_directory / "identity", settings.matrix_store_key.reveal().encode()
        )
        self._handling = Handling(
            database, clock, settings, self._occupants, device.user_id, self._own_sentences, vouched
        )
        self._identities = IdentityWatch(database, clock, device, vouched)
        self._last_known = LastKnown(database)
        self._attending = Attending(clock, settings, device, self._handling, self._last_known, lease)
        self._housekeeping = Housekeeping(
            database, clock, device, lease, self._occupants, room_version=settings.room_version
        )
        self._archiving = Archiving(database, clock, settings, device, self._occupants)
        self._delivery = Delivery(
            database, clock, device, lease, self._housekeeping, self._occupants, Renderer(settings), last_head
        )
        self._warming = KeyWarming(database, clock, device, self._delivery.keys, self._occupants)
        self._attending.watch(self._warming.notice)
        self._absence = Absence(database, clock, settings, device, lease, self._delivery.keys)
        self._rooms_woken = asyncio.Event()

    async def run(self) -> None:
        """Run every loop until one fails for good."""
        await self._identities.begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([outbox.CHANNEL], self._delivery.wake))
            tasks.create_task(self._database.listen([cases.CHANNEL], self._rooms_woken.set))
            tasks.create_task(listen(self._device, self._heard))
            tasks.create_task(self._device.fill_gaps(self._attending.wake))
            tasks.create_task(self._attending.run())
            tasks.create_task(self._last_known.keep(self._settings.sweep_interval))
            tasks.create_task(self._keep_rooms())
            tasks.create_task(self._warming.run())
            tasks.create_task(self._identities.run())
            tasks.create_task(AccountWatch(self._device).run())
            tasks.create_task(self._absence.run())
            for lane in Lane:
                tasks.create_task(self._delivery.run(lane, self._settings.sweep_interval))

    def _heard(self) -> None:
        metrics.SYNC_ANSWERED.set(self._clock.now().timestamp())
        self._attending.wake()

    async def _introduce_itself(self) -> bool:
        """Let the prober know whose words are the bot's, where that is known here."""
        master = IdentityCare(self._settings, self._clock).resting().master
        if master is not None:
            key = cross_signing.decode_unpadded(master)
            await probe.introduce(self._database, Party.BOT, self._device.user_id, key, self._clock.now())
        return True

    async def _keep_rooms(self) -> NoReturn:
        introduced = False
        while True:
            self._rooms_woken.clear()
            try:
                introduced = introduced or await self._introduce_itself()
                await self._own_sentences.sweep()
                await self._housekeeping.sweep()
                await self._archiving.sweep()
                await heartbeat.beat(self._database, "bots", self._clock.now())
            except Unavailable:
                log.warning("housekeeping_interrupted", error="database")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.sweep_interval):
                    await self._rooms_woken.wait()
