"""A founded network with an opened circle, over the real API, as tests of the server's part need it."""

from __future__ import annotations

import os

import pytest

from tests.opened import Opened
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found


@pytest.fixture
async def cast(network: Network) -> Scene:
    return await network.scene()


@pytest.fixture
async def founded(api: ServedApi, cast: Scene) -> Founded:
    return await found(api, cast.shelter, cast.police, cast.welfare, cast.ngo)


@pytest.fixture
async def opened(founded: Founded, cast: Scene) -> Opened:
    core, key = cast.case.core, os.urandom(32)
    mine = await founded.circle(cast.coordinator, core.id)
    assert (await mine.open(cast.case.id, cast.deputy, core.member_ids)).status == 200
    mine = await founded.circle(cast.coordinator, core.id)
    assert (await mine.begin_epoch(key)).status == 200
    return Opened(founded=founded, cast=cast, key=key)
