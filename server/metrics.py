"""The metrics as Prometheus asks for them: `GET /metrics` on an address of each process's own.

Never on the API's port, which the world may reach: numbers without names still tell when people are in danger.
The process works on whether or not anybody can ask; askers at the same moment share one look at the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

from aiohttp import hdrs, web

from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.metrics.kinds import CONTENT_TYPE, exposed
from core.settings import Settings
from core.tally import Tally, collect
from server.api.middlewares import protect
from server.api.serving import serve

log = logs.get(__name__)

PATH = "/metrics"
RETRY_SECONDS = 10.0
DRAIN_SECONDS = 1.0
BODY_BYTES = 1024
# Prometheus asks one at a time; whoever else asks together with so many may come again.
ASKERS_AT_ONCE = 8


class Exposition:
    """What one process tells of itself and, once it has a database, of that."""

    def __init__(self, clock: Clock, tallies: Sequence[Tally]) -> None:
        self._clock = clock
        self._tallies = tallies
        self._database: Database | None = None
        self._looking = asyncio.Lock()
        self._looks = 0
        self._askers = 0
        self._text = b""

    def reads(self, database: Database) -> None:
        """Read from this database from now on."""
        self._database = database

    async def text(self) -> bytes:
        """Return everything as it is now; whoever asks while somebody looks gets what is found then."""
        known = self._looks
        async with self._looking:
            if self._looks == known:
                await collect(self._database, self._clock, self._tallies)
                self._text = exposed()
                self._looks += 1
            return self._text

    async def answer(self, _request: web.Request) -> web.StreamResponse:
        """Answer one asker."""
        if self._askers >= ASKERS_AT_ONCE:
            return web.Response(status=web.HTTPServiceUnavailable.status_code)
        self._askers += 1
        try:
            return web.Response(body=await self.text(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})
        finally:
            self._askers -= 1


def application(exposition: Exposition, settings: Settings) -> web.Application:
    """Return an application that answers this one question and refuses every other."""
    app = web.Application(client_max_size=BODY_BYTES)
    app.on_response_prepare.append(protect(settings))
    app.router.add_route(hdrs.METH_GET, PATH, exposition.answer)
    return app


async def keep_serving(exposition: Exposition, settings: Settings) -> NoReturn:
    """Listen where the settings say, for ever; a port that is taken is tried again and stops nothing else.

    Whoever calls people at night must start even where an older process has not let go of the port yet.
    """
    while True:
        try:
            app = application(exposition, settings)
            async with serve(app, settings.metrics_host, settings.metrics_port, drain_seconds=DRAIN_SECONDS):
                await asyncio.Event().wait()
        except Unavailable as error:
            log.failure("metrics_not_served", error, port=settings.metrics_port)
        await asyncio.sleep(RETRY_SECONDS)
