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
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    """Make the people and the case of `scene` at this moment: entries are signed by the clock of a real machine."""
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police, town.welfare, town.ngo)


@pytest.fixture
def types(founded: Founded, tmp_path: Path) -> Iterator[People]:
    with people_with_open_keys(founded, tmp_path / "people") as people:
        yield people
