"""A case with everybody who may ask for something of it, made once; each test has an API over a copy of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import database as databases
from deploy.stack import LocalStack
from tests.asked import World, api_over
from tests.askers import Surroundings, surroundings
from tests.clock import MovableClock
from tests.conftest import START, Copies

TEMPLATE = "streha_askers"


@pytest.fixture(scope="session")
async def askers(postgres: LocalStack, template: str, tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    """Make the case and all its askers, once."""
    url = await postgres.database(TEMPLATE, template=template)
    clock = MovableClock(START)
    async with (
        databases.connect(url) as database,
        api_over(database, url, clock, tmp_path_factory.mktemp("keys")) as api,
    ):
        return await surroundings(api, clock)


@pytest.fixture
async def served(askers: Surroundings, copies: Copies, tmp_path: Path) -> AsyncIterator[World]:
    """Serve an API over a copy of it."""
    clock = MovableClock(START + askers.clock)
    async with (
        copies.copy(TEMPLATE) as url,
        databases.connect(url) as database,
        api_over(database, url, clock, tmp_path) as api,
    ):
        api.network.seeds |= askers.seeds
        yield World(api=api, around=askers)
