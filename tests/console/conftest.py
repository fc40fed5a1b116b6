"""One Chromium for the whole run, a console served over each test's own database, and browsers that are watched.

A story whose words and layout matter is told in each script; one that is about failures and time in one of them, with
sentences that such a story has read in all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser

from agencies.model import PersonId
from core import database as databases
from core.settings import Settings
from core.texts import LANGUAGES
from deploy.stack import LocalStack
from tests.clock import MovableClock
from tests.conftest import START, Copies
from tests.console.browsers import Browsers, start_chromium
from tests.console.serving import ServedConsole, serve_console
from tests.people import Network, Scene

TEMPLATE_OF_STORIES = "streha_console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The case that all stories need, and the keys of its people."""

    scene: Scene
    seeds: dict[PersonId, bytes]


@pytest.fixture(scope="session")
async def opened(postgres: LocalStack, template: str) -> Opened:
    """Open the case once; each story begins with a copy of the database that holds it."""
    async with databases.connect(await postgres.database(TEMPLATE_OF_STORIES, template=template)) as database:
        network = Network(database, MovableClock(START))
        return Opened(scene=await network.scene(), seeds=network.seeds)


@pytest.fixture
async def database_url(copies: Copies, opened: Opened) -> AsyncIterator[str]:  # noqa: ARG001 (fills the template)
    """Copy the database that holds the case."""
    async with copies.copy(TEMPLATE_OF_STORIES) as url:
        yield url


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser that all tests share."""
    async with start_chromium() as browser:
        yield browser


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Tell the story in each language and script."""
    chosen: str = request.param
    return chosen


@pytest.fixture
async def console(
    network: Network, clock: MovableClock, settings: Settings, tmp_path: Path
) -> AsyncIterator[ServedConsole]:
    """Serve the console over the test's own database."""
    async with serve_console(network, clock, settings, tmp_path) as served:
        yield served


@pytest.fixture
def story(network: Network, opened: Opened) -> Scene:
    """Return the case that most stories need, with people whose keys this test has."""
    network.seeds |= opened.seeds
    return opened.scene


@pytest.fixture
async def browsers(chromium: Browser, console: ServedConsole) -> AsyncIterator[Browsers]:
    """Return what opens windows for people; nothing that the console must never do may be seen in any of them."""
    opened = Browsers(chromium=chromium, console=console)
    yield opened
    faults = await opened.close()
    assert not faults, "\n".join(faults)
