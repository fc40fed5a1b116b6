"""An alert to many encrypted rooms, for the rows that measure it: a bot that can be restarted, and its floors.

An alert says two things in every room, the ring and the details; every measure sends both, the ring first.
The subject is the bot's real delivery: claim, share keys where needed, encrypt, store the ciphertext, put,
mark as sent. The floor puts bodies of exactly the same sizes into the same rooms with nothing but an HTTP
client. Nobody's client syncs while the seconds are counted, except where a measure says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from agencies.model import Person
from bots.account.lease import Lease
from bots.bot import Bot
from bots.device.device import MatrixDevice
from bots.listening import SYNC_SECONDS
from bots.olm.room_sessions import Sealed
from bots.sending.delivery import Delivery
from core import outbox
from core.database import Database, connect
from core.ids import new_id
from core.outbox import Lane, Message
from core.settings import Secret, Settings
from deploy.stack import LocalStack
from tests.bench import duty_rooms
from tests.bench.bare_http import BareHttp, bare_http
from tests.bench.duty_rooms import BOT, PASSWORD, clock
from tests.bench.ordinary_bot import OrdinaryBot, ordinary_bot
from tests.bench.row import Measure, MeasurementFailed
from tests.outgoing import desk
from tests.people import Office

WARM = "Streha, warm"
SYNCING = "Streha, warm, syncing"
COLD = "Streha, cold"
WARMED = "Streha, restarted and warmed"
BARE = "bare HTTP"
ORDINARY = "nio loop"


STORE_KEY = "an invented store key of 32 bytes"


class WatchedDevice(MatrixDevice):
    """The bot's device, which remembers what it said and when the last of it was accepted."""

    def expect(self, count: int) -> None:
        """Begin anew, with so many messages to come. What is said twice for newcomers comes after them."""
        self.said: list[tuple[Sealed, dict[str, Any]]] = []
        self.last_accepted_at = 0.0
        self.all_accepted = asyncio.Event()
        self._expected = self._missing = count

    def encrypt(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> Sealed:
        """Seal an event, and remember it."""
        sealed = super().encrypt(room_id, event_type, content)
        if len(self.said) < self._expected:
            self.said.append((sealed, dict(content)))
        return sealed

    async def put(self, sealed: Sealed) -> str:
        """Send an event, and remember when it was accepted."""
        event_id = await super().put(sealed)
        self._missing -= 1
        if self._missing == 0:
            self.last_accepted_at = time.monotonic()
            self.all_accepted.set()
        return event_id


class _Running:
    """A bot that runs, until it is restarted."""

    def __init__(self, database: Database, stack: LocalStack, directory: Path, bot_user: str, url: str) -> None:
        self._database = database
        self._stack = stack
        self._directory = directory
        self._bot_user = bot_user
        self._settings = Settings(
            database_url=Secret(url), matrix_store_key=Secret(STORE_KEY), matrix_state_directory=directory / "state"
        )
        self._resources = AsyncExitStack()
        self.device: WatchedDevice
        self.bot: Bot

    async def start(self) -> None:
        """Start it, with nothing in memory. Wired as at work; of its loops only delivery runs."""
        self._resources = AsyncExitStack()
        enter = self._resources.enter_async_context
        self.device = await enter(duty_rooms.opened(self._stack, self._directory, self._bot_user, WatchedDevice))
        self.device.expect(0)
        lease = Lease(self._database, clock)
        await lease.acquire()
        self._resources.push_async_callback(lease.release)
        self.bot = Bot(self._database, clock, self._settings, self.device, lease)
        await self.bot._identities.begin()
        await enter(_delivering(self._database, self.bot._delivery, lease, self._settings.sweep_interval))

    async def stop(self) -> None:
        """End it."""
        await self._resources.aclose()


class _Alerting:
    """The measures."""

    def __init__(
        self, database: Database, offices: Sequence[Office], running: _Running, bare: BareHttp, ordinary: OrdinaryBot
    ) -> None:
        self._database = database
        self._offices = offices
        self._running = running
        self._bare = bare
        self._ordinary = ordinary
        # What the last alert said, for those who are to say as much.
        self._said: list[tuple[Sealed, dict[str, Any]]] = []
        self.alerts = 0

    async def warm(self) -> float:
        """Raise an alert whose rooms all hold the bot's present keys."""
        messages, device = self._alert(), self._running.device
        device.expect(len(messages))
        async with self._database.transaction(urgent=True) as tx:
            await outbox.post(tx, messages, clock.now())
        committed_at = time.monotonic()
        await device.all_accepted.wait()
        await self._recorded()
        self._said = device.said
        self.alerts += 1
        return device.last_accepted_at - committed_at

    async def syncing(self) -> float:
        """Do the same while the bot listens, as it always does: its own events come back to it."""
        device = self._running.device
        await device.sync_once(0)

        async def listen() -> None:
            while True:
                await device.sync_once(SYNC_SECONDS)

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            took = await self.warm()
            listening.cancel()
        return took

    async def cold(self) -> float:
        """Do it after a restart: who is in the rooms is to be asked, and every key to be shared anew."""
        await self._running.stop()
        await self._running.start()
        return await self.warm()

    async def warmed(self) -> float:
        """Do it after a restart once the bot has given its keys out ahead, which is not counted."""
        await self._running.stop()
        await self._running.start()
        if not await self._running.bot._warming.look():
            raise MeasurementFailed("there was nothing to give out after a restart")
        return await self.warm()

    async def bare(self) -> float:
        """Put as many events of the same sizes into the same rooms."""
        return await self._bare.put([(sealed.room_id, sealed.content) for sealed, _content in self._said])

    async def ordinary(self) -> float:
        """Let the ordinary bot say the same in the same rooms."""
        messages = [(sealed.room_id, content) for sealed, content in self._said]
        started_at = time.monotonic()
        await self._ordinary.say(messages)
        return time.monotonic() - started_at

    def _alert(self) -> list[Message]:
        alert_id = new_id()
        return [message for office in self._offices for message in _ring_and_details(alert_id, office)]

    async def _recorded(self) -> None:
        """Wait until every message is marked as sent, so that nothing of this alert reaches into what follows."""
        while True:
            async with self._database.transaction() as tx:
                states = {state for state, _lane in await outbox.states(tx)}
            if states == {"sent"}:
                return
            if not states <= {"sent", "sending", "pending"}:
                raise MeasurementFailed("a message was not delivered")
            await asyncio.sleep(0.02)


@asynccontextmanager
async def prepared(
    directory: Path, *, rooms: int, devices: int, tiny: bool, chosen: Sequence[str]
) -> AsyncIterator[Mapping[str, Measure]]:
    """Make so many rooms, of people with so many devices each, and the chosen measures."""
    async with AsyncExitStack() as resources:
        stack, offices = await resources.enter_async_context(
            duty_rooms.duty_rooms(directory, rooms, devices=devices, tiny=tiny)
        )
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        homeserver_url = stack.addresses.homeserver_url
        bot_user = f"@{BOT}:{stack.addresses.server_name}"
        bare = await resources.enter_async_context(bare_http(homeserver_url, bot_user, PASSWORD))
        ordinary = await resources.enter_async_context(
            ordinary_bot(homeserver_url, bot_user, PASSWORD, directory / "ordinary")
        )
        running = _Running(database, stack, directory, bot_user, url)
        await running.start()
        resources.push_async_callback(running.stop)
        alerting = _Alerting(database, offices, running, bare, ordinary)
        measures: dict[str, Measure] = {
            WARM: alerting.warm,
            BARE: alerting.bare,
            ORDINARY: alerting.ordinary,
            COLD: alerting.cold,
            WARMED: alerting.warmed,
            SYNCING: alerting.syncing,
        }
        yield {name: measure for name, measure in measures.items() if name in chosen}
        await _require_read(stack, directory, offices, running.device.user_id, 2 * alerting.alerts)


@asynccontextmanager
async def _delivering(database: Database, delivery: Delivery, lease: Lease, interval: float) -> AsyncIterator[None]:
    """Run the bot's delivery as the bot does, under its lease and woken by the database."""
    heard = asyncio.Event()

    def wake() -> None:
        heard.set()
        delivery.wake()

    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(lease.keep()),
            tasks.create_task(database.listen([outbox.CHANNEL], wake)),
            tasks.create_task(delivery.run(Lane.ALERT, interval)),
        ]
        try:
            # Not before it listens: the first alert would wait for the next sweep.
            while not heard.is_set():
                async with database.transaction() as tx:
                    await tx.wake(outbox.CHANNEL)
                await asyncio.sleep(0.02)
            yield
        finally:
            for each in running:
                each.cancel()


async def _require_read(
    stack: LocalStack, directory: Path, offices: Sequence[Office], bot_user: str, expected: int
) -> None:
    """Let one officer of the first and of the last office read: what was measured was a real alert."""
    for officer in {offices[0].officer.id: offices[0].officer, offices[-1].officer.id: offices[-1].officer}.values():
        read = await duty_rooms.read_by(stack, directory, officer)
        believed = [each for each in read if each.sender == bot_user and each.bound]
        if len(believed) < expected:
            raise MeasurementFailed("an officer could not read every message")


def _ring_and_details(alert_id: UUID, office: Office) -> list[Message]:
    raiser = office.officers[0]
    parameters = {
        "codename": "Quiet Heron",
        "event": "panic",
        "time": clock.now().isoformat(),
        "person": str(raiser.id),
    }
    return [
        _message(alert_id, office, "alert_ring", {}, office.officers),
        _message(alert_id, office, "alert_details", parameters, ()),
    ]


def _message(
    alert_id: UUID, office: Office, template: str, parameters: dict[str, str], mentioned: Sequence[Person]
) -> Message:
    return Message(
        key=f"alert:{alert_id}:{template}:{office.desk_id}",
        target=desk(office),
        template=template,
        parameters=parameters,
        mentions=[each.id for each in mentioned],
        lane=Lane.ALERT,
        alert_id=alert_id,
    )
