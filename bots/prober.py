"""The role `prober`: a second Matrix client, which reads what continuous proof says and answers it.

A process, an account and a device of its own, best on another machine than the bot: what it reads went through the
database, the outbox, the bot's encryption and the homeserver, as an alert's messages do. It knows the bot by the
identity that the bot wrote down, gives its keys to nobody else, enters no room but the proof's, and keeps nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import NoReturn

from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.listening import listen
from bots.olm.room_sessions import KeysNotShared
from bots.rooms import probe
from bots.rooms.probe import Party
from bots.standby import forget_what_the_active_tells, opened
from bots.watching.identity_care import IdentityCare
from bots.words.rendering import text_content
from core import heartbeat, logs
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, InvalidInput, Unavailable
from core.settings import Settings
from core.texts import mark
from crypto import cross_signing

log = logs.get(__name__)

NOT_SET = mark("The prober needs STREHA_HOMESERVER_URL, STREHA_PROBER_USER and STREHA_PROBER_STORE_KEY.")
SAME_ACCOUNT = mark("The prober needs a Matrix account of its own: STREHA_PROBER_USER is the bot's.")
RETRY_SECONDS = 1.0


async def run(database: Database, clock: Clock, settings: Settings) -> NoReturn:
    """Read and answer for ever."""
    if not settings.homeserver_url or not settings.prober_user or not settings.prober_store_key:
        raise InvalidInput(NOT_SET)
    if settings.prober_user == settings.matrix_user:
        raise InvalidInput(SAME_ACCOUNT)
    own = replace(
        settings,
        matrix_user=settings.prober_user,
        matrix_password=settings.prober_password,
        matrix_store_key=settings.prober_store_key,
        matrix_state_directory=settings.prober_state_directory,
    )
    async with AsyncExitStack() as resources:
        device = await opened(own, clock)
        resources.push_async_callback(device.close)
        master = IdentityCare(own, clock).resting().master
        assert master is not None  # noqa: S101 (a device is opened with the identity that signed it)
        log.info("prober_ready")
        await Prober(database, clock, device, cross_signing.decode_unpadded(master), settings.sweep_interval).run()
    raise AssertionError("the prober's loops never end by themselves")


class Prober:
    """Reads and answers with one device."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, master_key: bytes, interval: float
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._master_key = master_key
        self._interval = interval
        self._woken = asyncio.Event()
        self._joined = ""

    async def run(self) -> NoReturn:
        """Listen and attend, both for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(self._device, self._heard))
            tasks.create_task(self._device.fill_gaps(self._heard))
            while True:
                self._woken.clear()
                done = True
                try:
                    await heartbeat.beat(self._database, "prober", self._clock.now())
                    done = await self.attend()
                except Unavailable:
                    log.warning("prober_interrupted", error="database")
                except DeliveryError as error:
                    # It may have been put out: entering again where it is already changes nothing.
                    self._joined = ""
                    log.warning("prober_interrupted", error=error.code)
                except Exception as error:  # noqa: BLE001 (whoever shares this process calls people)
                    log.failure("prober_interrupted", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval if done else RETRY_SECONDS):
                        await self._woken.wait()
        raise AssertionError("unreachable: the loop has no end")

    async def attend(self) -> bool:
        """Make itself known, enter the room, and answer what has come; False where something waits for its time."""
        await probe.introduce(
            self._database, Party.PROBER, self._device.user_id, self._master_key, self._clock.now()
        )  # fmt: skip
        async with self._database.reading() as look:
            bot = await probe.standing(look, Party.BOT)
            room_id = await probe.room_of_probe(look)
        self._device.attest(bot)
        if room_id is None:
            return True
        if room_id != self._joined:
            # Entering again where it is already changes nothing; uninvited it is refused, and tried again.
            await self._device.homeserver.join(room_id)
            self._joined = room_id
        done = True
        for arrival in self._device.pending():
            if not isinstance(arrival, Received) or await self._answered(arrival, room_id, frozenset(bot)):
                self._device.done(arrival.event_id)
            else:
                done = False
        return done

    async def _answered(self, message: Received, room_id: str, bot: frozenset[str]) -> bool:
        """Answer a proof of the bot's; False where it has to be tried again. Everything else is left unsaid."""
        code = probe.code_in(message)
        if code is None or message.room_id != room_id or message.sender == self._device.user_id:
            return True
        if not message.current or not bot:
            return False
        async with self._database.reading() as look:
            if not await probe.is_said_by(look, message, Party.BOT):
                log.warning("proof_not_believed")
                return True
        await self._device.share_keys(room_id, bot)
        try:
            sealed = self._device.encrypt(
                room_id, "m.room.message", text_content(probe.ANSWER.format(code=code.hex))
            )  # fmt: skip
        except KeysNotShared:
            return False
        await self._device.put(sealed)
        async with self._database.transaction() as tx:
            await probe.note_read(tx, code, self._clock.now())
        return True

    def _heard(self) -> None:
        forget_what_the_active_tells()
        self._woken.set()
