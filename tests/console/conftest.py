"""One Chromium for the whole run, a console served over each test's own database, and browsers that are watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from core.settings import Settings
from core.texts import LANGUAGES
from tests.clock import MovableClock
from tests.console.browsers import Browsers, start_chromium
from tests.console.serving import ServedConsole, serve_console
from tests.people import Network, Scene


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
async def story(network: Network) -> Scene:
    """Open the case that most stories need, with people whose keys this test has."""
    return await network.scene()


@pytest.fixture
async def browsers(chromium: Browser, console: ServedConsole) -> AsyncIterator[Browsers]:
    """Return what opens windows for people; nothing that the console must never do may be seen in any of them."""
    opened = Browsers(chromium=chromium, console=console)
    yield opened
    faults = await opened.close()
    assert not faults, "\n".join(faults)
