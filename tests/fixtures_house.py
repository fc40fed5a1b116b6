"""A house of rooms for tests of what becomes of rooms; what it can do stands in `tests.house`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from bots.account.credentials import Credentials
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.settings import Settings
from tests.clock import MovableClock
from tests.house import House
from tests.people import Network, Scene
from tests.room_server import BOT, room_server

SECRET = b"an invented store key of 32 bytes"


@pytest.fixture
async def house(
    database: Database, clock: MovableClock, settings: Settings, scene: Scene, network: Network, tmp_path: Path
) -> AsyncIterator[House]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(room_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        store = OlmStore(BOT, "BOT", tmp_path, SECRET)
        resources.callback(store.close)
        homeserver = Homeserver(server.url, http, "a token", patience=5.0)
        credentials = Credentials(tmp_path, SECRET)
        credentials.keep(BOT, "BOT", "a token")
        device = MatrixDevice(homeserver, OlmMachine(BOT, "BOT", store), credentials, clock, AsyncExitStack())
        lease = Lease(database, clock)
        await lease.acquire()
        made = House(
            database=database, clock=clock, settings=settings, scene=scene, network=network, server=server,
            device=device, occupants=Occupants(homeserver), lease=lease,
        )  # fmt: skip
        # The rooms of the case's people are enough.
        people = (scene.coordinator, scene.deputy, scene.member, scene.ngo.worker)
        async with database.transaction() as tx:
            await rooms.want_rooms(tx, clock.now())
            others = "UPDATE rooms SET closed_at = $1 WHERE target_id <> ALL($2)"
            await tx.run(others, clock.now(), [scene.case.core.id, *(each.id for each in people)])
        await made.sweep()
        yield made
