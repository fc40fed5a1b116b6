"""A founded network with an opened circle, over the real API, as tests of the server's part need it."""

from __future__ import annotations

import os

import pytest

from tests.opened import Opened
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found


@pytest.fixture
async def scene(network: Network) -> Scene:
    return await network.scene()


@pytest.fixture
async def founded(api: ServedApi, scene: Scene) -> Founded:
    return await found(api, scene.shelter, scene.police, scene.welfare, scene.ngo)


@pytest.fixture
async def opened(founded: Founded, scene: Scene) -> Opened:
    core, key = scene.case.core, os.urandom(32)
    mine = await founded.circle(scene.coordinator, core.id)
    assert (await mine.open(scene.case.id, scene.deputy, core.member_ids)).status == 200
    mine = await founded.circle(scene.coordinator, core.id)
    assert (await mine.begin_epoch(key)).status == 200
    return Opened(founded=founded, scene=scene, key=key)
