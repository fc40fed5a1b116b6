"""The role `api` wired by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.settings import Settings
from core.texts import mark
from server.api.application import application
from server.api.services import services
from server.api.serving import serve
from server.engine import MOST_SKEW_SECONDS, clock_skew

log = logs.get(__name__)


@asynccontextmanager
async def api(database: Database, clock: Clock, settings: Settings, tasks: asyncio.TaskGroup) -> AsyncIterator[int]:
    """Serve the API while the context is entered; gives the port. What it does unasked, it does in `tasks`."""

    async def clock_agrees() -> None:
        if abs(await clock_skew(database, clock)) > MOST_SKEW_SECONDS:
            raise Unavailable(mark("This machine's clock is wrong. Set it, then start again."))

    wired = services(database, clock, settings)
    app = application(wired, checks={"clock": clock_agrees})
    tasks.create_task(wired.feed.run())
    async with serve(app, settings.api_host, settings.api_port) as port:
        log.info("api_ready", port=port)
        yield port
