"""What a client makes of a server that is slow, strange, gone, or newer than itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from client.api import ApiClient
from client.errors import incident_of
from client.key_file import KeyFile
from core.errors import Conflict, InvalidInput, LimitReached, NotAuthenticated, NotFound, StrehaError, Unavailable

ME = {"id": str(uuid4()), "agency": str(uuid4()), "name": "Ana Primer", "role": "x", "matrix_user": "@ana:x"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Elsewhere:
    """A small server that is not ours: it signs anybody in and answers everything else as a test wants."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[str] = []
        self.pauses: list[float] = []
        self._answer = answer
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/sign-in/challenges":
            return web.json_response({"nonce": "A" * 43 + "=", "soon": "more"}, status=201)
        if request.path == "/api/sign-in/sessions":
            return web.json_response({"token": "t", "expires_at": "2031-01-01T00:00:00Z"}, status=201)
        self.asked.append(f"{request.method} {request.path}")
        return await self._answer(request)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def client(self, seconds: float = 5) -> ApiClient:
        key = KeyFile(person_id=uuid4(), network="n", api_url=f"http://127.0.0.1:{self.port}", seed=bytes(32))
        return ApiClient(key, sleep=self.sleep, seconds=seconds)


@asynccontextmanager
async def elsewhere(answer: Answer) -> AsyncIterator[Elsewhere]:
    made = Elsewhere(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()


def problem(status: int) -> web.Response:
    body = {"type": "/problems/x", "title": "X", "detail": f"Said {status}.", "incident": "number", "status": status}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def test_a_newer_server_may_say_more_than_is_known() -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({**ME, "pronouns": "she"})

    async with elsewhere(answer) as server, server.client() as client:
        assert (await client.me()).name == "Ana Primer"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidInput), (401, NotAuthenticated), (404, NotFound), (409, Conflict), (413, InvalidInput),
     (429, LimitReached), (500, Unavailable), (503, Unavailable), (418, Unavailable)],
)  # fmt: skip
async def test_a_problem_keeps_its_words_and_its_number(status: int, kind: type[StrehaError]) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return problem(status)

    async with elsewhere(answer) as server, server.client() as client:
        with pytest.raises(kind, match=f"Said {status}.") as refused:
            await client.close_case(uuid4())
    assert incident_of(refused.value) == "number"


async def test_only_what_may_be_done_twice_is_sent_again() -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return problem(503)

    async with elsewhere(answer) as server, server.client() as client:
        with pytest.raises(Unavailable):
            await client.me()
        assert server.asked == ["GET /api/me"] * 3
        assert server.pauses == [0.5, 2.0]
        with pytest.raises(Unavailable):
            await client.open_case(agencies={})
        assert server.asked[3:] == ["POST /api/cases"]


async def test_a_repeat_that_succeeds_is_a_success() -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return problem(503) if len(server.asked) == 1 else web.json_response(ME)

    async with elsewhere(answer) as server, server.client() as client:
        assert (await client.me()).id == UUID(ME["id"])


async def test_a_server_that_is_not_streha_is_not_believed() -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>", content_type="text/html")

    async def redirect(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("http://127.0.0.1:1/api/me")

    async def error_page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>", status=404)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"[" * 65536)

    for answer in (page, redirect, error_page, endless):
        async with elsewhere(answer) as server, server.client() as client:
            with pytest.raises(Unavailable):
                await client.me()
            assert set(server.asked) == {"GET /api/me"}


async def test_a_server_that_hangs_or_is_gone_is_given_up() -> None:
    never = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with elsewhere(hang) as server, server.client(seconds=0.3) as client:
        with pytest.raises(Unavailable, match="does not answer"):
            await client.close_case(uuid4())
    async with elsewhere(cut) as server, server.client() as client:
        with pytest.raises(Unavailable, match="does not answer"):
            await client.me()
    async with server.client() as client:
        with pytest.raises(Unavailable, match="does not answer"):
            await client.me()
