"""The metrics' own address: one question, bounded, answered without a database too, and in nobody's way."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from core import database as databases
from core.settings import Secret, Settings
from server import metrics
from server.api.serving import serve
from server.metrics import ASKERS_AT_ONCE, application, keep_serving
from streha.processes import RoleName, exposition, run
from tests.clock import MovableClock
from tests.scraped import Scrape, counted, read
from tests.served import ServedApi
from tests.tunnel import Tunnel, tunnel
from tests.waiting import PATIENCE_SECONDS, until

pytest_plugins = ("tests.fixtures_api",)
# No port is listened on: an address that answers nothing.
NOWHERE = Secret("postgresql://nobody@127.0.0.1:1/nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The metrics of one process, whose line to the database can be cut."""

    url: str
    http: aiohttp.ClientSession
    line: Tunnel

    async def scrape(self) -> Scrape:
        async with self.http.get(f"{self.url}/metrics") as answer:
            assert answer.status == 200
            return read(await answer.read())

    async def status(self, method: str, path: str = "/metrics") -> int:
        async with self.http.request(method, self.url + path) as answer:
            return answer.status


@pytest.fixture
async def told(database_url: str, settings: Settings, clock: MovableClock) -> AsyncIterator[Told]:
    parts = urlsplit(database_url)
    async with tunnel(parts.hostname or "", parts.port or 0) as line:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{line.port}").geturl()
        made = exposition(clock)
        async with (
            databases.connect(through) as database,
            serve(application(made, settings), "127.0.0.1", 0, drain_seconds=1) as port,
            aiohttp.ClientSession() as http,
        ):
            made.reads(database)
            yield Told(url=f"http://127.0.0.1:{port}", http=http, line=line)


async def test_one_question_is_answered_and_no_other(told: Told) -> None:
    async with told.http.get(f"{told.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "Streha"
        assert b"# TYPE streha_build_info gauge" in await answer.read()
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        assert await told.status(method) == 405
    for path in ("/", "/metrics/", "/metrics/..", "/api/cases", "/healthz"):
        assert await told.status("GET", path) == 404


async def test_a_database_that_is_gone_leaves_what_the_process_knows(told: Told) -> None:
    before = await told.scrape()
    assert before("streha_scrape_database_up") == 1
    assert before.told("streha_alerts_open")
    told.line.cut()
    cut = await told.scrape()
    assert cut("streha_scrape_database_up") == 0
    assert cut.since(before, "streha_database_failures_total") >= 1
    assert cut("streha_database_pool_connections_limit", pool="urgent") == 6
    for name in ("streha_alerts_open", "streha_outbox_waiting_messages", "streha_heartbeat_age_seconds",
                 "streha_clock_skew_seconds", "streha_bot_lease_held", "streha_reviews_open",
                 "streha_ledger_waiting_entries", "streha_sweep_rows_overdue"):  # fmt: skip
        assert not cut.told(name), name
    told.line.mend()
    mended = await told.scrape()
    assert mended("streha_scrape_database_up") == 1
    assert mended.told("streha_alerts_open")


async def test_a_process_that_still_waits_for_its_database_tells_so(clock: MovableClock) -> None:
    text = read(await exposition(clock).text())
    assert text("streha_scrape_database_up") == 0
    assert not text.told("streha_alerts_open")


async def test_a_crowd_of_askers_is_sent_away(told: Told, database_url: str) -> None:
    holder = await asyncpg.connect(database_url)
    try:
        await holder.execute("BEGIN; LOCK TABLE heartbeats IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(told.status("GET")) for _ in range(ASKERS_AT_ONCE + 3)]
            await until(lambda: sum(each.done() for each in asked) == 3)
            await holder.execute("COMMIT")
    finally:
        await holder.close()
    assert sorted(each.result() for each in asked) == [200] * ASKERS_AT_ONCE + [503] * 3
    assert await told.status("GET") == 200


async def test_requests_are_counted_by_template_and_the_api_tells_no_metrics(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    before = counted()
    for case_id in (scene.case.id, uuid4(), uuid4()):
        await api.ask("GET", f"/api/cases/{case_id}", token=token)
    await api.ask("GET", "/api/Ana-Primer", token=token)
    await api.ask("ANA", "/api/cases", token=token)
    assert (await api.ask("GET", "/metrics", token=token)).status == 404
    now = counted()
    asked = {"method": "GET", "route": "/api/cases/{case}"}
    assert now.since(before, "streha_http_requests_total", **asked, status="200") == 1
    assert now.since(before, "streha_http_requests_total", **asked, status="404") == 2
    assert now.since(before, "streha_http_request_duration_seconds_count", **asked) == 3
    assert now.since(before, "streha_http_requests_total", method="GET", route="unmatched", status="404") == 2
    assert not [labels for _name, labels in now.values if "ana" in str(labels).lower()]


async def test_a_raise_that_is_not_stored_is_counted(api: ServedApi) -> None:
    scene = await api.network.scene()
    token = await api.token(scene.coordinator)
    before = counted()
    async with api.network.database.transaction() as tx:
        await tx.run("ALTER TABLE alert_raises RENAME TO raises_elsewhere")
    (await api.ask("PUT", f"/api/alerts/{uuid4()}", {"compartment": scene.case.core.id}, token=token)).require_problem(
        503
    )
    assert counted().since(before, "streha_alert_raises_not_stored_total", through="api") == 1


async def test_a_port_that_is_taken_stops_nothing_and_is_tried_again(
    settings: Settings, clock: MovableClock, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "RETRY_SECONDS", 0.05)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with _running(replace(settings, metrics_port=port), clock):
            await until(lambda: logged.getvalue().count("metrics_not_served") == 2)
            taken.close()
            assert (await _first_answer(port))("streha_scrape_database_up") == 0


async def test_a_process_tells_its_metrics_before_its_database_is_there(settings: Settings) -> None:
    port = _free_port()
    there = replace(settings, database_url=NOWHERE, metrics_port=port)

    async def be_a_process() -> None:
        await run(there, [RoleName.ENGINE], lambda _port: None)

    async with asyncio.TaskGroup() as tasks:
        process = tasks.create_task(be_a_process())
        answer = await _first_answer(port)
        process.cancel()
    assert answer("streha_scrape_database_up") == 0
    assert answer.told("streha_process_resident_memory_bytes")
    assert not answer.told("streha_alerts_open")


async def test_without_a_port_nothing_listens(settings: Settings, logged: io.StringIO) -> None:
    ready = asyncio.Event()

    async def be_a_process() -> None:
        await run(settings, [RoleName.ENGINE], lambda _port: ready.set())

    async with asyncio.TaskGroup() as tasks:
        process = tasks.create_task(be_a_process())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ready.wait()
        process.cancel()
    assert "listening" not in {line.split('"event": "')[1].split('"')[0] for line in logged.getvalue().splitlines()}


@asynccontextmanager
async def _running(settings: Settings, clock: MovableClock) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(keep_serving(exposition(clock), settings))
        yield
        serving.cancel()


async def _first_answer(port: int) -> Scrape:
    async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    return read(await answer.read())
            await asyncio.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
