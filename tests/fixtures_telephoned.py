"""An API that hears telephones, over the test's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.clock import MovableClock
from tests.people import Network
from tests.telephoned import Line, line_over


@pytest.fixture
async def line(network: Network, settings: Settings, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Line]:
    async with line_over(network, settings, clock, tmp_path) as serving:
        yield serving
