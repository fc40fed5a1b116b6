"""One room of two hundred devices: the first message there ever is, and the next; seconds and requests.

The first finds nothing prepared: a device of the bot that nobody has met asks for everybody's keys, starts a session
with every device, gives the room's key out and speaks. The next only speaks.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from agencies import attestations
from agencies.attestation import Attestation
from bots.device.device import MatrixDevice
from bots.rooms import rooms
from bots.wire.homeserver import Homeserver
from core.database import connect
from deploy.stack import LocalStack
from tests.bench import duty_rooms
from tests.bench.bare_http import BareHttp, bare_http
from tests.bench.duty_rooms import BOT, PASSWORD
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.outgoing import desk
from tests.people import Office

PEOPLE, TINY_PEOPLE = 100, 3
DEVICES = 2
FIRST, NEXT, BARE = "first message", "next message", "bare HTTP"
FIRST_REQUESTS, NEXT_REQUESTS = "requests for the first", "requests for the next"
CONTENT = {"msgtype": "m.text", "body": "An invented sentence that is as long as many others are.", "m.mentions": {}}


class _CountingHomeserver(Homeserver):
    """The homeserver, with a count of what it was asked."""

    asked = 0

    async def call(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Make a request, and count it."""
        self.asked += 1
        return await super().call(*args, **options)


class _CountingDevice(MatrixDevice):
    """The bot's device, with that count."""

    def __init__(self, homeserver: Homeserver, *others: Any) -> None:
        self.counting = _CountingHomeserver(homeserver._url, homeserver._session, homeserver._access_token)
        super().__init__(self.counting, *others)


class _Speaking:
    """The measures."""

    def __init__(
        self,
        stack: LocalStack,
        directory: Path,
        office: Office,
        room_id: str,
        bare: BareHttp,
        standing: Mapping[str, Attestation],
        resources: AsyncExitStack,
    ) -> None:
        self._stack = stack
        self._directory = directory
        self._bot_user = f"@{BOT}:{stack.addresses.server_name}"
        self._members = [each.matrix_user for each in office.officers]
        self._devices = len(self._members) * DEVICES
        self._room_id = room_id
        self._bare = bare
        self._standing = standing
        self._resources = resources
        self._numbers = count(1)
        self._device: _CountingDevice
        self._asked = 0
        self._first_asked = 0
        self._content = b""
        self.said = 0

    async def first(self) -> float:
        """Speak with a device that nobody has met."""
        at_rest = self._directory / "devices" / f"bot-{next(self._numbers)}"
        identity = self._directory / "devices" / self._bot_user[1:] / "identity"
        await asyncio.to_thread(shutil.copytree, identity, at_rest / "identity")
        self._device = await self._resources.enter_async_context(
            duty_rooms.opened(self._stack, self._directory, self._bot_user, _CountingDevice, at_rest=at_rest)
        )
        self._device.attest(self._standing)
        took = await self._say()
        self._first_asked = self._asked
        return took

    async def first_requests(self) -> float:
        """Return how many requests that took."""
        return float(self._first_asked)

    async def next(self) -> float:
        """Speak again."""
        return await self._say()

    async def next_requests(self) -> float:
        """Return how many requests speaking again takes."""
        await self._say()
        return float(self._asked)

    async def bare(self) -> float:
        """Put one event of the same size."""
        return await self._bare.put([(self._room_id, self._content)])

    async def _say(self) -> float:
        device = self._device
        before, started_at = device.counting.asked, time.monotonic()
        sharing = await device.share_keys_many({self._room_id: self._members}, patience=60.0)
        sealed = device.encrypt(self._room_id, "m.room.message", CONTENT)
        await device.put(sealed)
        took = time.monotonic() - started_at
        self._asked, self._content = device.counting.asked - before, sealed.content
        self.said += 1
        if len(sharing[self._room_id].holders) != self._devices:
            raise MeasurementFailed("not every device was given the key")
        return took


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    people = TINY_PEOPLE if tiny else PEOPLE
    async with AsyncExitStack() as resources:
        stack, (office,) = await resources.enter_async_context(
            duty_rooms.duty_rooms(directory, 1, officers=people, devices=DEVICES, tiny=tiny)
        )
        database = await resources.enter_async_context(connect(stack.addresses.database_url))
        async with database.transaction() as tx:
            room = (await rooms.rooms(tx, [desk(office)]))[desk(office)]
            standing = await attestations.standing(tx)
        bot_user = f"@{BOT}:{stack.addresses.server_name}"
        bare = await resources.enter_async_context(bare_http(stack.addresses.homeserver_url, bot_user, PASSWORD))
        speaking = _Speaking(stack, directory, office, str(room.room_id), bare, standing, resources)
        yield {
            FIRST: speaking.first,
            FIRST_REQUESTS: speaking.first_requests,
            NEXT: speaking.next,
            NEXT_REQUESTS: speaking.next_requests,
            BARE: speaking.bare,
        }
        read = await duty_rooms.read_by(stack, directory, office.officers[-1])
        if len([each for each in read if each.sender == bot_user and each.bound]) < speaking.said:
            raise MeasurementFailed("an officer could not read every message")


ROW = Row(
    name="big-room",
    title="One encrypted room of 200 devices: keys to event accepted",
    prepared=_prepared,
    comparisons=(Comparison(measure=NEXT, floor=BARE), Comparison(measure=FIRST, floor=BARE)),
    units={FIRST_REQUESTS: "requests", NEXT_REQUESTS: "requests"},
    notes=(
        "100 people with two signed devices each, in one room.",
        f"{FIRST}: by a device of the bot that nobody has met; everybody's keys to ask for, 200 sessions to start.",
        f"{NEXT}: everybody holds the key.",
    ),
)
