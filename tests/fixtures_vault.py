"""A founded network with an opened circle, over the real API, as tests of the server's part need it."""

from __future__ import annotations

import os

import pytest

from tests.opened import Opened
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found


@pytest.fixture
async def town(network: Network) -> Scene:
    return await network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police, town.welfare, town.ngo)


@pytest.fixture
async def opened(founded: Founded, town: Scene) -> Opened:
    core, key = town.case.core, os.urandom(32)
    mine = await founded.circle(town.coordinator, core.id)
    assert (await mine.open(town.case.id, town.deputy, core.member_ids)).status == 200
    mine = await founded.circle(town.coordinator, core.id)
    assert (await mine.begin_epoch(key)).status == 200
    return Opened(founded=founded, town=town, key=key)
