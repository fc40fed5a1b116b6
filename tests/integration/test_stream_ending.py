"""How a stream ends: signed out, lapsed, gone, too many, too slow, closing; and the signs of life until then."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from core.settings import Settings
from server.live.events import Ending
from server.live.subscription import Limits
from tests.clock import MovableClock
from tests.following import PATIENCE_SECONDS, Heard, Reader, following, serve_live, touch
from tests.people import Network
from tests.served import ServedApi
from tests.waiting import until

MANY = 4_000


@asynccontextmanager
async def unread_stream(api: ServedApi, token: str, after: int | None = None) -> AsyncIterator[socket.socket]:
    """Open a stream from which nothing is read."""
    loop, streams = asyncio.get_running_loop(), api.services.feed.streams
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await loop.sock_connect(line, ("127.0.0.1", api.services.settings.api_port))
        begin = "" if after is None else f"Last-Event-ID: {after}\r\n"
        request = f"GET /api/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{begin}\r\n"
        await loop.sock_sendall(line, request.encode())
        await until(lambda: api.services.feed.streams == streams + 1)
        yield line


async def received_up_to(line: socket.socket, end: bytes | None = None) -> bytes:
    """Read at last, up to some words, or up to the end."""
    loop, received = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (end is None or end not in received) and (piece := await loop.sock_recv(line, 64 * 1024)):
            received += piece
    return received


async def ended(reader: Reader) -> Ending:
    """Return why a stream ended, of which everything else was read."""
    (last,) = await reader.rest()
    assert (last.name, last.id, last.data.keys()) == ("ended", 0, {"reason"})
    return Ending(last.data["reason"])


async def test_signs_of_life_tell_the_time_and_the_position(
    network: Network, settings: Settings, tmp_path: Path, clock: MovableClock
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with (
        serve_live(network, settings, tmp_path) as api,
        # The stranger hears nothing, and is told all the same that nothing is missing.
        following(api, await api.token(scene.stranger)) as reader,
    ):
        last = await touch(network, scene, alert, 3)
        await until(lambda: api.services.feed.position == last)
        clock.move(timedelta(seconds=15))
        await api.services.feed.assure()
        alive = await reader.next()
        assert alive == Heard(name="alive", id=last, data={"at": clock.now().isoformat().replace("+00:00", "Z")})


async def test_signs_of_life_come_by_themselves(network: Network, settings: Settings, tmp_path: Path) -> None:
    office = await network.office()
    async with (
        serve_live(network, settings, tmp_path, alive_seconds=0.01) as api,
        following(api, await api.token(office.worker)) as reader,
    ):
        assert [each and each.name for each in [await reader.next(), await reader.next()]] == ["alive", "alive"]


async def test_whoever_signs_out_hears_nothing_more(network: Network, settings: Settings, tmp_path: Path) -> None:
    office = await network.office()
    async with serve_live(network, settings, tmp_path) as api:
        tokens = [await api.token(office.worker) for _ in range(2)]
        async with following(api, tokens[0]) as reader, following(api, tokens[1]) as other:
            assert (await api.ask("DELETE", "/api/sign-in/sessions/current", token=tokens[0])).status == 204
            await api.services.feed.assure()
            assert await ended(reader) is Ending.SIGNED_OUT
            # The same person's other session goes on.
            alive = await other.next()
            assert alive is not None
            assert alive.name == "alive"
        assert (await api.ask("GET", "/api/stream", token=tokens[0])).require_problem(401)


async def test_a_session_that_lapses_ends_its_stream(
    network: Network, settings: Settings, tmp_path: Path, clock: MovableClock
) -> None:
    office = await network.office()
    async with (
        serve_live(network, settings, tmp_path) as api,
        following(api, await api.token(office.worker)) as reader,
    ):
        clock.move(timedelta(seconds=settings.session_lifetime, milliseconds=-1))
        await api.services.feed.assure()
        alive = await reader.next()
        assert alive is not None
        assert alive.name == "alive"
        clock.move(timedelta(milliseconds=1))
        await api.services.feed.assure()
        assert await ended(reader) is Ending.SIGNED_OUT


async def test_whoever_leaves_is_cut_off_at_once(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    async with (
        serve_live(network, settings, tmp_path) as api,
        following(api, await api.token(scene.police.officer)) as reader,
        following(api, await api.token(scene.police.officers[1])) as colleague,
    ):
        await network.depart(scene.police.officer)
        assert await ended(reader) is Ending.SIGNED_OUT
        assert (await colleague.news()).what == ("change", "person_left")


async def test_the_oldest_of_too_many_is_told_so(network: Network, settings: Settings, tmp_path: Path) -> None:
    office = await network.office()
    async with serve_live(network, settings, tmp_path, per_person=1, streams=1) as api:
        token = await api.token(office.worker)
        async with following(api, token) as oldest, following(api, token):
            assert await ended(oldest) is Ending.TOO_MANY
            refused = await api.ask("GET", "/api/stream", token=await api.token(office.officer))
            assert refused.require_problem(503)["detail"] == (
                "Too many live streams are open here. Try again in a moment."
            )
            assert int(refused.headers["Retry-After"]) > 0


async def test_stopping_tells_every_reader(network: Network, settings: Settings, tmp_path: Path) -> None:
    office = await network.office()
    told: list[Ending] = []

    async def follow(api: ServedApi, token: str, begun: asyncio.Event) -> None:
        # With a line of its own, which does not end with the API.
        async with aiohttp.ClientSession() as http, following(replace(api, http=http), token) as reader:
            begun.set()
            told.append(await ended(reader))

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        async with serve_live(network, settings, tmp_path) as api:
            begun = [asyncio.Event() for _ in range(3)]
            for each in begun:
                tasks.create_task(follow(api, await api.token(office.worker), each))
            for each in begun:
                await each.wait()
            assert api.services.feed.streams == 3
        assert api.services.feed.streams == 0
    assert told == [Ending.CLOSING] * 3


async def test_whoever_comes_back_from_far_takes_its_time(network: Network, settings: Settings, tmp_path: Path) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with serve_live(network, settings, tmp_path, unread_bytes=1000, stalled_seconds=3600) as api:
        feed, token = api.services.feed, await api.token(scene.deputy)
        begin = await touch(network, scene, alert)
        last = await touch(network, scene, alert, Limits().behind)
        await until(lambda: feed.position == last)
        async with unread_stream(api, token, begin) as slow:
            # What it missed is far more than may wait for anybody else, and none of it is read yet.
            last = await touch(network, scene, alert)
            await until(lambda: feed.position == last)
            assert (feed.streams, feed.counts.resets, feed.counts.ended) == (1, 0, {})
            received = await received_up_to(slow, b"id: %d." % last)
        told = [int(each) for each in re.findall(rb"event: change\nid: ([0-9]+)", received)]
        assert told == list(range(begin + 1, last + 1))


async def test_a_reader_that_reads_nothing_is_dropped_told_and_delays_nobody(
    network: Network, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is given as long as the test may take to read why.
    monkeypatch.setattr("server.api.event_stream.LEAVE_SECONDS", PATIENCE_SECONDS)
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with serve_live(network, settings, tmp_path, unread_bytes=1000) as api:
        feed = api.services.feed
        token = await api.token(scene.deputy)
        async with unread_stream(api, token) as slow:
            async with following(api, await api.token(scene.coordinator)) as reader:
                for _ in range(8):
                    await touch(network, scene, alert, MANY // 8)
                # Whoever reads has everything, long before anybody knows what is wrong with the other.
                ids = [(await reader.news()).id for _ in range(MANY)]
                assert ids == list(range(ids[0], ids[0] + MANY))
                await until(lambda: feed.counts.ended[Ending.SLOW] == 1)
                assert feed.streams == 1
            received = await received_up_to(slow)
        # It begins to read at last, and finds why there is no more.
        assert received.rstrip(b"\r\n0").endswith(b'event: ended\ndata: {"reason":"slow"}')
        told = received.count(b"event: change\n")
        assert 0 < told < MANY
        async with following(api, token, after=ids[told - 1]) as resumed:
            # It comes back; so far behind, loading everything anew is shorter.
            behind = MANY - told > Limits().behind
            assert (await resumed.news()).id == (ids[-1] if behind else ids[told])
