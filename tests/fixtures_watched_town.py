"""The case of `tests.watched_town`; of each test its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from agencies.model import Role
from tests.key_server import key_server
from tests.people import Network
from tests.watched_town import Town


@pytest.fixture
async def town(network: Network, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(key_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        scene = await network.scene()
        administrator = await network.person(scene.police.agency, Role.ADMINISTRATOR)
        yield Town(
            network=network, scene=scene, administrator=administrator, server=server, http=http, directory=tmp_path,
            resources=resources,
        )  # fmt: skip
