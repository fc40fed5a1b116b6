"""The API over a test's own database; what it is used through stands in `tests.served`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from core.settings import Settings
from server.api.application import application
from server.api.services import services
from server.api.serving import serve
from tests.people import Network
from tests.served import ServedApi


@pytest.fixture
def api_settings(settings: Settings, unused_tcp_port: int) -> Settings:
    """Settings whose origin is where the API will listen; a test may replace them."""
    return replace(settings, api_port=unused_tcp_port, public_origin=f"http://127.0.0.1:{unused_tcp_port}")


@pytest.fixture
async def api(network: Network, api_settings: Settings, tmp_path: Path) -> AsyncIterator[ServedApi]:
    """The API over the test's own database."""
    wired = services(network.database, network.clock, api_settings)
    async with (
        serve(application(wired), "127.0.0.1", api_settings.api_port, drain_seconds=2) as port,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield ServedApi(services=wired, network=network, url=f"http://127.0.0.1:{port}", directory=tmp_path, http=http)
