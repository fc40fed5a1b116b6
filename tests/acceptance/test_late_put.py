"""A PUT that stalls and lands after its bot has died: one event, or a marked repetition; never two unmarked."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from alerts.vocabulary import StandDownReason
from bots.account.lease import LEASE
from core.ids import new_id
from deploy import ports
from tests.acceptance.conftest import Town, rings
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.long]

LARGEST = 64 * 1024 * 1024
MARKED = "Sent again"


@dataclass(slots=True)
class Road:
    """The way to the homeserver, on which messages to one room get stuck once told so, until they are let go."""

    homeserver: str
    closed_for: str = ""
    stuck: int = 0
    landed: list[tuple[int, str]] = field(default_factory=list)
    _session: aiohttp.ClientSession = field(init=False)
    _stuck: asyncio.Event = field(default_factory=asyncio.Event)
    _free: asyncio.Event = field(default_factory=asyncio.Event)
    _landed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port; give the address."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = ports.choose(requested=None, remembered=None)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                self._free.set()
                await runner.cleanup()

    async def one_is_stuck(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._stuck.wait()

    async def let_go(self) -> tuple[int, str]:
        """Let what is stuck land; return how the homeserver answered the first of it, which nobody waits for."""
        self._free.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._landed.wait()
        return self.landed[0]

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        held = bool(self.closed_for) and "/send/" in request.path and self.closed_for in request.path
        if held:
            self.stuck += 1
            self._stuck.set()
            await self._free.wait()
        headers = {
            name: value for name, value in request.headers.items() if name.lower() in {"authorization", "content-type"}
        }
        async with self._session.request(
            request.method, self.homeserver + request.path_qs, data=body, headers=headers
        ) as answer:
            content = await answer.read()
            if held:
                told = await answer.json()
                self.landed.append((answer.status, told.get("event_id", "")))
                self._landed.set()
            return web.Response(
                status=answer.status, body=content, content_type=answer.content_type or "application/json"
            )


async def test_the_same_event_is_put_by_another_device(town: Town, tmp_path: Path) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana = await town.witness("ana")
    await ana.joined(room)
    async with _stuck_and_killed(town, room) as road:
        view = await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
        await road.one_is_stuck()
        await _another_device_takes_over(town, tmp_path)
        rung = await ana.wait_for(rings, room, PATIENCE_SECONDS)
        await ana.wait_for("ALERT", room, PATIENCE_SECONDS)
        assert await road.let_go() == (200, rung.event_id)
        await _end(town, view.alert.id)
        await ana.wait_for("false alarm", room, PATIENCE_SECONDS)
    bodies = [each.body for each in ana.messages if each.room_id == room]
    assert len([body for body in bodies if body == rung.body]) == 1
    assert len([body for body in bodies if body.startswith("ALERT")]) == 1
    assert not [body for body in bodies if MARKED in body and "ALERT" in body], bodies


async def test_who_was_removed_meanwhile_never_reads_it_and_the_others_know_it_for_a_repetition(
    town: Town, tmp_path: Path
) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, mila = await town.witness("ana"), await town.witness("mila")
    for witness in (ana, mila):
        await witness.joined(room, ana.user_id, mila.user_id)
    async with _stuck_and_killed(town, room) as road:
        view = await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
        await road.one_is_stuck()
        await town.cases.remove_member(town.person("ana"), case.core.id, town.person("mila").id)
        await _another_device_takes_over(town, tmp_path)
        await mila.left(room, patience=PATIENCE_SECONDS)
        await ana.wait_for(lambda message: rings_again(message.body), room, PATIENCE_SECONDS)
        status, _late = await road.let_go()
        assert status == 200
        await ana.wait_for(rings, room, PATIENCE_SECONDS)
        await _end(town, view.alert.id)
        await ana.wait_for("false alarm", room, PATIENCE_SECONDS)
    assert len([each for each in ana.messages if each.room_id == room and rings(each)]) == 1
    assert not [each for each in mila.messages if each.room_id == room and each.sender != mila.user_id]
    assert not [each for each in mila.failures if each.room_id == room]


def rings_again(body: str) -> bool:
    """Whether a message says that it rings a second time."""
    return MARKED in body and "alert, open the app" in body


@asynccontextmanager
async def _stuck_and_killed(town: Town, room: str) -> AsyncIterator[Road]:
    """Let the bot go a way on which what it sends to a room gets stuck; afterwards everything is as it was."""
    road = Road(town.network.stack.addresses.homeserver_url, closed_for=room)
    async with road.serve() as address:
        await town.network.stop_role("bots")
        await town.network.start_role("bots", settings={"STREHA_HOMESERVER_URL": address})
        try:
            yield road
        finally:
            await town.network.stop_role("bots", kill=True)
    await town.network.start_role("bots")


async def _another_device_takes_over(town: Town, directory: Path) -> None:
    """Kill the bot, and start one that has nothing but a copy of its identity."""
    await town.network.stop_role("bots", kill=True)
    shutil.copytree(town.network.directory / "bot" / "identity", directory / "identity")
    town.network.move_clock(LEASE + timedelta(seconds=1))
    await town.network.start_role("bots", settings={"STREHA_MATRIX_STATE_DIRECTORY": str(directory)})


async def _end(town: Town, alert_id: object) -> None:
    petar = town.person("petar")
    for view in await town.alerts.open_for(petar, []):
        if view.alert.id == alert_id:
            await town.alerts.acknowledge(petar, view.alert.id)
            await town.alerts.stand_down(petar, view.alert.id, StandDownReason.FALSE_ALARM)
