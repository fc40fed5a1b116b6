"""The API over a test's own database; what it is used through stands in `tests.served`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.people import Network
from tests.served import ServedApi, serve_api


@pytest.fixture
async def api(network: Network, settings: Settings, tmp_path: Path) -> AsyncIterator[ServedApi]:
    """Serve the API over the test's own database."""
    async with serve_api(network, settings, tmp_path) as served:
        yield served
