"""Listening and stopping, health, languages, and the headers that close every door."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from core.errors import Unavailable
from core.settings import Settings
from server.api.application import application
from server.api.health import Check
from server.api.services import services
from server.api.serving import serve
from tests.people import Network
from tests.served import ServedApi, serve_api
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_api",)


async def test_every_answer_carries_the_headers(api: ServedApi) -> None:
    token = await api.token((await api.network.office()).worker)
    for path in ("/api/me", "/api/nothing", "/healthz", "/readyz"):
        headers = (await api.ask("GET", path, token=token)).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "geolocation=()" in headers["Permissions-Policy"]
        assert headers["Server"] == "Streha"
        assert "Strict-Transport-Security" not in headers


async def test_behind_https_browsers_are_told_to_stay_there(network: Network, settings: Settings) -> None:
    wired = services(network.database, network.clock, replace(settings, public_origin="https://streha.example"))
    async with (
        serve(application(wired), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/healthz") as answer,
    ):
        assert "max-age=" in answer.headers["Strict-Transport-Security"]


async def test_problems_speak_the_askers_language(api: ServedApi) -> None:
    english = await api.ask("GET", "/api/me", headers={"Accept-Language": "en"})
    assert english.headers["Content-Language"] == "en"
    assert "Accept-Language" in english.headers["Vary"]
    serbian = await api.ask("GET", "/api/me", headers={"Accept-Language": "sr-Latn, en;q=0.5"})
    assert serbian.headers["Content-Language"] == "sr-Latn"
    assert serbian.require_problem(401)["type"] == "/problems/not-authenticated"


async def test_a_failing_check_makes_the_process_not_ready(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    async def fine() -> None:
        return

    async def skewed() -> None:
        raise Unavailable("The clock is wrong.")

    async def broken() -> None:
        raise ZeroDivisionError("CANARY")

    checks: dict[str, Check] = {"fine": fine, "clock": skewed, "broken": broken}
    async with serve_api(network, settings, tmp_path, checks=checks) as api:
        answer = await api.ask("GET", "/readyz")
        found = answer.require_problem(503)["checks"]
        assert found == {"database": "ok", "fine": "ok", "clock": "failed", "broken": "failed"}
        assert b"CANARY" not in answer.body
        assert (await api.ask("GET", "/healthz")).status == 200


async def test_stopping_lets_what_has_begun_end() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="done")

    app = web.Application()
    app.router.add_get("/", slow)
    stopping = asyncio.Event()
    answered: list[str] = []

    async def listen() -> None:
        async with serve(app, "127.0.0.1", 0, drain_seconds=10) as port:
            ports.append(port)
            started.set()
            await stopping.wait()

    async def ask() -> None:
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{ports[0]}/") as answer:
            answered.append(await answer.text())

    ports: list[int] = []
    started = asyncio.Event()
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        await started.wait()
        tasks.create_task(ask())
        await begun.wait()
        stopping.set()
        await _until_refused(ports[0])
        assert answered == []
        go_on.set()
    assert answered == ["done"]


async def test_a_port_that_is_taken_is_said_plainly(api: ServedApi) -> None:
    port = api.services.settings.api_port
    with pytest.raises(Unavailable, match=f"Port {port}"):
        async with serve(web.Application(), "127.0.0.1", port):
            pytest.fail("two servers on one port")


async def _until_refused(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        writer.close()
        await asyncio.sleep(0)
