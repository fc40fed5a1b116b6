"""A proxy may answer nonsense and the bot may be thrown out of a room: alerts arrive all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from agencies.model import AgencyKind
from alerts.vocabulary import StandDownReason
from core.ids import new_id
from deploy import ports
from tests.acceptance.conftest import Town, rings
from tests.waiting import until

pytestmark = pytest.mark.slow

HANDED_ON = frozenset({"authorization", "content-type"})
LARGEST = 64 * 1024 * 1024


@dataclass(slots=True)
class Proxy:
    """Hands everything on to the homeserver, but answers sent messages itself as long as it is told to."""

    homeserver: str
    answers: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port; give the address."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = ports.choose(requested=None, remembered=None)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as self._session:
                yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    _session: aiohttp.ClientSession = field(init=False)

    async def _handle(self, request: web.Request) -> web.Response:
        if "/send/" in request.path and self.answers:
            status = self.answers.pop(0)
            self.answered.append(status)
            return web.Response(status=status, text="<html>This is not the service you are looking for.</html>")
        headers = {
            name: value for name, value in request.headers.items() if name.lower() in {"authorization", "content-type"}
        }
        async with self._session.request(
            request.method, self.homeserver + request.path_qs, data=await request.read(), headers=headers
        ) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), content_type=answer.content_type or "application/json"
            )


async def test_answers_of_a_lost_proxy_delay_an_alert_and_never_lose_it(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana = await town.witness("ana")
    await ana.joined(room)
    proxy = Proxy(town.network.stack.addresses.homeserver_url, answers=[404, 502, 403, 302, 404, 401])
    async with proxy.serve() as address:
        await town.network.stop_role("bots")
        await town.network.start_role("bots", settings={"STREHA_HOMESERVER_URL": address})
        try:
            view = await town.alerts.raise_(town.person("mila"), case.core.id, new_id())
            await ana.wait_for(rings, room, 60)
            await ana.wait_for("ALERT", room, 60)
            # It answers whatever is sent first, to any room: what it has left is for those that follow.
            await until(lambda: proxy.answered == [404, 502, 403, 302, 404, 401])
            assert len([each for each in ana.messages if each.room_id == room and rings(each)]) == 1
            await town.alerts.acknowledge(town.person("petar"), view.alert.id)
            await town.alerts.stand_down(town.person("petar"), view.alert.id, StandDownReason.FALSE_ALARM)
            await ana.wait_for("false alarm", room, 60)
        finally:
            await town.network.stop_role("bots")
            await town.network.start_role("bots")


async def test_a_bot_thrown_out_of_a_duty_room_makes_another_before_it_calls(town: Town) -> None:
    case = await town.open_case()
    petar = await town.witness("petar")
    old_room = await town.duty_room(AgencyKind.POLICE)
    await petar.joined(old_room)
    await _leave_as_the_bot(town, old_room)
    before = len(petar.messages)
    view = await town.alerts.raise_(town.person("mila"), case.core.id, new_id())
    # Where the machine is so busy that he has not come in when it rings, the next call is what he hears.
    ring = await petar.wait_for(rings, None, 200, after=before)
    assert ring.room_id != old_room
    assert ring.room_id == await town.duty_room(AgencyKind.POLICE)
    await town.alerts.acknowledge(town.person("petar"), view.alert.id)
    await town.alerts.stand_down(town.person("petar"), view.alert.id, StandDownReason.FALSE_ALARM)


async def _leave_as_the_bot(town: Town, room: str) -> None:
    """Take the bot out of a room behind its back."""
    settings = town.network.environment()
    url = settings["STREHA_HOMESERVER_URL"] + "/_matrix/client/v3"
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": settings["STREHA_MATRIX_USER"]},
        "password": settings["STREHA_MATRIX_PASSWORD"],
    }
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with session.post(f"{url}/login", json=login) as answer:
            token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post(f"{url}/rooms/{room}/leave", json={}, headers=headers):
            pass
        async with session.post(f"{url}/logout", json={}, headers=headers):
            pass
