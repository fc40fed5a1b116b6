"""The proxy that spoils answers does what its rules say and accounts for it; the same seed does the same again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from deploy import ports
from tests import forging
from tests.adverse_homeserver import PARTS, AdverseHomeserver, Rule, What
from tests.waiting import until

TRUTH = {"next_batch": "s1", "rooms": {"join": {"!a:x": {"timeline": {"events": [{"type": "m.x"}, {"type": "m.y"}]}}}}}
SYNC = "/_matrix/client/v3/sync"
# The client itself asks again where a connection is cut, but not for this.
CREATE = "/_matrix/client/v3/createRoom"


class Truthful:
    """A homeserver that always answers the same."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.asked += 1
        return web.json_response(TRUTH)


@asynccontextmanager
async def adverse(truthful: Truthful, seed: int = 7) -> AsyncIterator[tuple[AdverseHomeserver, aiohttp.ClientSession]]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", truthful.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = ports.choose(requested=None, remembered=None)
    await web.TCPSite(runner, ports.LOOPBACK, port).start()
    proxy = AdverseHomeserver(f"http://{ports.LOOPBACK}:{port}", seed)
    try:
        async with proxy.serve() as address, aiohttp.ClientSession(address) as session:
            yield proxy, session
    finally:
        await runner.cleanup()


async def said(session: aiohttp.ClientSession, path: str = SYNC, method: str = "GET") -> tuple[int, bytes] | None:
    """Return an answer, or nothing where the connection was cut."""
    with suppress(aiohttp.ClientError):
        async with session.request(method, path) as answer:
            return answer.status, await answer.read()
    return None


async def test_without_rules_it_says_the_truth() -> None:
    truthful = Truthful()
    async with adverse(truthful) as (proxy, session):
        found = await said(session)
        assert found is not None
        assert json.loads(found[1]) == TRUTH
        assert (truthful.asked, proxy.deeds) == (1, [])


@pytest.mark.parametrize("what", [What.CORRUPT, What.GARBLE, What.REORDER, What.TRUNCATE, What.STATUS])
async def test_a_spoilt_answer_is_not_the_truth_and_the_next_one_is(what: What) -> None:
    async with adverse(Truthful()) as (proxy, session):
        proxy.adopt(Rule(part="sync", what=what))
        found = await said(session)
        assert found is None or found[1] != (await said(session) or (0, b""))[1]
        assert found is None or what is not What.REORDER or _sorted(json.loads(found[1])) == _sorted(TRUTH)
        assert proxy.deeds[0].what is what
        again = await said(session)
        assert again is not None
        assert json.loads(again[1]) == TRUTH


async def test_a_request_may_be_lost_before_and_after_it_was_obeyed() -> None:
    truthful = Truthful()
    async with adverse(truthful) as (proxy, session):
        proxy.adopt(Rule(part="createRoom", what=What.DROP, times=40))
        for _ in range(40):
            assert await said(session, CREATE, "POST") is None
        assert 0 < truthful.asked < 40


async def test_a_request_may_be_made_twice_and_news_told_twice() -> None:
    truthful = Truthful()
    async with adverse(truthful) as (proxy, session):
        proxy.adopt(Rule(part="createRoom", what=What.DUPLICATE))
        assert await said(session, CREATE, "POST") is not None
        assert truthful.asked == 2
        first = await said(session)
        proxy.adopt(Rule(part="sync", what=What.DUPLICATE))
        assert await said(session) == first
        assert truthful.asked == 3


async def test_what_hangs_hangs_until_the_rules_end() -> None:
    async with adverse(Truthful()) as (proxy, session), asyncio.TaskGroup() as tasks:
        proxy.adopt(Rule(part="createRoom", what=What.HANG))
        hanging = tasks.create_task(said(session, CREATE, "POST"))
        await until(lambda: bool(proxy.deeds))
        assert not hanging.done()
        proxy.calm()
        assert await hanging is None
        assert await said(session) is not None


async def test_a_forger_says_what_it_likes_and_waits_for_its_moment() -> None:
    async with adverse(Truthful()) as (proxy, session):
        waiting = [True]
        forge = forging.beside(lambda _answer: not waiting.pop(), forging.with_events("!a:x", [None]))
        waiting[:] = [False, True]
        proxy.adopt(Rule(part="sync", what=What.FORGE, forge=forge))
        news = [await said(session) or (0, b"{}") for _ in range(3)]
        assert [len(forging.timeline(json.loads(answer), "!a:x")) for _status, answer in news] == [2, 3, 2]
        assert len(proxy.deeds) == 1


async def test_every_part_is_one_that_the_bot_asks_for() -> None:
    with pytest.raises(ValueError, match="no such"):
        Rule(part="no such", what=What.DROP)
    assert len(PARTS) > 10


def test_the_same_seed_spoils_the_same_way_and_others_differ() -> None:
    def spoilt(seed: int) -> tuple[bytes, str]:
        return forging.corrupted(json.loads(json.dumps(TRUTH)), Random(seed))  # noqa: S311 (chosen to be repeatable)

    assert spoilt(3) == spoilt(3)
    assert len({spoilt(seed) for seed in range(40)}) > 20


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return sorted((_sorted(each) for each in value), key=json.dumps) if isinstance(value, list) else value
