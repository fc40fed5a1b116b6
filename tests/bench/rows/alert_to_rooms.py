"""An alert to forty encrypted rooms of four: from the commit of its outbox rows to the last event accepted.

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
from bots.bot import SYNC_SECONDS, Bot
from bots.delivery import Delivery
from bots.device import MatrixDevice
from bots.lease import Lease
from bots.occupants import Occupants
from bots.room_sessions import Sealed
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
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.outgoing import desk
from tests.people import Office

ROOMS, TINY_ROOMS = 40, 3

WARM = "Streha, warm"
SYNCING = "Streha, warm, syncing"
COLD = "Streha, cold"
BARE = "bare HTTP"
ORDINARY = "nio loop"


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


class _Alerting:
    """The measures."""

    def __init__(
        self, database: Database, offices: Sequence[Office], device: WatchedDevice, occupants: Occupants,
        bare: BareHttp, ordinary: OrdinaryBot,
    ) -> None:  # fmt: skip
        self._database = database
        self._offices = offices
        self._device = device
        self._occupants = occupants
        self._bare = bare
        self._ordinary = ordinary
        self.alerts = 0

    async def warm(self) -> float:
        """Raise an alert whose rooms all hold the bot's present keys."""
        messages = self._alert()
        self._device.expect(len(messages))
        async with self._database.transaction(urgent=True) as tx:
            await outbox.post(tx, messages, clock.now())
        committed_at = time.monotonic()
        await self._device.all_accepted.wait()
        await self._recorded()
        self.alerts += 1
        return self._device.last_accepted_at - committed_at

    async def syncing(self) -> float:
        """Do the same while the bot listens, as it always does: its own events come back to it."""
        await self._device.sync_once(0)

        async def listen() -> None:
            while True:
                await self._device.sync_once(SYNC_SECONDS)

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            took = await self.warm()
            listening.cancel()
        return took

    async def cold(self) -> float:
        """Do it as after a restart: who is in the rooms is to be asked, and every key to be shared anew."""
        for sealed, _content in self._device.said:
            self._device.rotate(sealed.room_id)
            self._occupants.forget(sealed.room_id)
        return await self.warm()

    async def bare(self) -> float:
        """Put as many events of the same sizes into the same rooms."""
        return await self._bare.put([(sealed.room_id, sealed.content) for sealed, _content in self._device.said])

    async def ordinary(self) -> float:
        """Let the ordinary bot say the same in the same rooms."""
        messages = [(sealed.room_id, content) for sealed, content in self._device.said]
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
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    offices = await duty_rooms.make_duty_rooms(directory, TINY_ROOMS if tiny else ROOMS)
    # Made in a hurry, measured on a database that writes to its disk as a real one does.
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        homeserver_url = stack.addresses.homeserver_url
        bot_user = f"@{BOT}:{stack.addresses.server_name}"
        bare = await resources.enter_async_context(bare_http(homeserver_url, bot_user, PASSWORD))
        ordinary = await resources.enter_async_context(
            ordinary_bot(homeserver_url, bot_user, PASSWORD, directory / "ordinary")
        )
        device = await resources.enter_async_context(duty_rooms.opened(stack, directory, bot_user, WatchedDevice))
        device.expect(0)
        lease = Lease(database, clock)
        await lease.acquire()
        # Wired as at work; of its loops only delivery runs.
        settings = Settings(database_url=Secret(url))
        bot = Bot(database, clock, settings, device, lease)
        alerting = _Alerting(database, offices, device, bot._occupants, bare, ordinary)
        await resources.enter_async_context(_delivering(database, bot._delivery, lease, settings.sweep_interval))
        yield {
            WARM: alerting.warm,
            BARE: alerting.bare,
            ORDINARY: alerting.ordinary,
            COLD: alerting.cold,
            SYNCING: alerting.syncing,
        }
        await _require_read(stack, directory, offices, device.user_id, 2 * alerting.alerts)


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


ROW = Row(
    name="alert-to-rooms",
    title="Alert to 40 encrypted rooms of four: commit to last event accepted",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=WARM, floor=BARE, at_most=1.3),
        Comparison(measure=WARM, floor=ORDINARY),
        Comparison(measure=COLD, floor=BARE),
        Comparison(measure=SYNCING, floor=BARE),
    ),
    notes=(
        "80 events each time: in every room the ring, then the details.",
        f"{WARM}: the bot's delivery, every member's device holds the room's key already.",
        f"{SYNCING}: the same while the bot also listens, as it does at work.",
        f"{COLD}: as after a restart, members to ask for and every room's key to share anew.",
        f"{BARE}: bodies of the same sizes, as many connections, nothing else done.",
        f"{ORDINARY}: plain matrix-nio, room_send room after room. Its first time shares its keys.",
    ),
)
