"""The fixture that gives a test a world for the bot's device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from deploy.stack import LocalStack
from deploy.witness import Witnesses
from tests.device_world import World


@pytest.fixture
async def world(stack: LocalStack, witnesses: Witnesses) -> AsyncIterator[World]:
    async with AsyncExitStack() as resources:
        http = await resources.enter_async_context(aiohttp.ClientSession())
        yield World(stack=stack, witnesses=witnesses, http=http, resources=resources)
