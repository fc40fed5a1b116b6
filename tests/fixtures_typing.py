"""People of a founded network who type commands of the vault: each with open keys, at the moment of a real machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from tests.clock import MovableClock
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found
from tests.vault_people import People, people_with_open_keys


@pytest.fixture
async def scene_now(api: ServedApi, clock: MovableClock) -> Scene:
    """Make the people and the case of `scene` at this moment: entries are signed by the clock of a real machine."""
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded_now(api: ServedApi, scene_now: Scene) -> Founded:
    return await found(api, scene_now.shelter, scene_now.police, scene_now.welfare, scene_now.ngo)


@pytest.fixture
def types(founded_now: Founded, tmp_path: Path) -> Iterator[People]:
    with people_with_open_keys(founded_now, tmp_path / "people") as people:
        yield people
