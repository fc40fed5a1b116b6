"""People on machines of their own, and the first of them, who has opened the vault of the case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.people import Scene
from tests.vault_clients import Founded
from tests.vault_machines import Machine, Machines


@pytest.fixture
async def machines(founded: Founded, tmp_path: Path) -> AsyncIterator[Machines]:
    made = Machines(founded, tmp_path)
    yield made
    await made.leave()


@pytest.fixture
async def ana(machines: Machines, cast: Scene) -> Machine:
    """Open the vault of the case's core as its coordinator."""
    mine = await machines.of(cast.coordinator)
    assert (await mine.open_(cast.case, cast.case.core.id, cast.deputy)).keyed
    return mine
