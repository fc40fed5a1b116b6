"""Listening: bounded headers, short idle connections, malformed requests answered as problems, a calm end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from core import logs
from core.errors import Unavailable
from core.ids import new_id
from core.texts import ENGLISH, mark
from server.api import problems
from server.api.middlewares import HEADERS

log = logs.get(__name__)

HEADER_BYTES = 8 * 1024
HEADERS_AT_MOST = 64
IDLE_SECONDS = 75.0
DRAIN_SECONDS = 20.0
LINGER_SECONDS = 2.0
# How long somebody may take to read an answer. (The live stream looks after its own readers.)
ANSWER_SECONDS = 30.0
# aiohttp reads nought as "wait for ever".
SHORTEST_DRAIN_SECONDS = 0.1


@asynccontextmanager
async def serve(
    app: web.Application, host: str, port: int, *, drain_seconds: float = DRAIN_SECONDS
) -> AsyncIterator[int]:
    """Listen while the context is entered, and give the port; 0 takes a free one.

    Leaving stops listening at once, lets requests that have begun end within `drain_seconds`, and then
    closes every connection.
    """
    runner = _Runner(
        app,
        access_log=None,
        shutdown_timeout=max(drain_seconds, SHORTEST_DRAIN_SECONDS),
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        max_headers=HEADERS_AT_MOST,
        auto_decompress=False,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise Unavailable(
                mark("Port {port} cannot be listened on. Choose another or free it."), port=port
            ) from error
        bound: int = runner.addresses[0][1]
        log.info("listening", port=bound)
        yield bound
    finally:
        await runner.cleanup()
        log.info("stopped_listening")


class _Runner(web.AppRunner):
    """A runner whose connections answer what is not even HTTP in our own words."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await made.request_handler(request)
            except web.HTTPException as error:
                # Refused before the application's own middlewares, as an unknown Expect header is.
                return problems.of_http(error, ENGLISH)

        return _Server(handle, request_factory=made.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, and drop whoever does not take it: it would be kept for them for ever."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            log.info("answer_not_taken")
            if self.transport is not None:
                self.transport.abort()
            return resp, True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 (quotes what was sent; never repeated)
    ) -> web.StreamResponse:
        """Answer a broken request; aiohttp's own answer would quote it."""
        kind = problems.MALFORMED if status < problems.UNEXPECTED.status else problems.UNEXPECTED
        response = problems.answer(kind, ENGLISH)
        response.headers.update(HEADERS)
        response.force_close()
        log.warning(
            "request_malformed", error=type(exc).__name__, status=kind.status,
            incident_id=response.get(problems.INCIDENT) or new_id(),
        )  # fmt: skip
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        return response
