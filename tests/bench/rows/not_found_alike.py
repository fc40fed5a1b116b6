"""Whether the time of an answer tells what its words keep quiet: absent, forbidden and excluded things in turn.

The asker sends the same request for an id that nobody ever had and for one that exists, again and again in turn, and
guesses from the seconds alone which was which. The figure is how much better than chance the best such guess is, in
percent: 0 tells nothing, 100 everything. The same guess between two ids that are both absent shows what chance gives.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
from aiohttp import web

from agencies.model import Person
from core.clock import SystemClock
from core.database import connect
from core.migrations import migrate
from core.settings import Secret, Settings
from crypto import sign_in
from deploy.stack import LocalStack
from server.api.adapter import Adapter
from server.api.hold import Hold
from server.api.middlewares import observe
from server.api.routes import ROUTES
from server.api.services import Services, services
from server.api.serving import serve
from server.api.wire.directory import token_text
from tests.bench.light_http import Connection, connections, request
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row
from tests.people import Network

TIMES, TINY_TIMES = 60, 3
# With so many guesses, chance alone gives 8 on average, and seldom more than this.
BEYOND_CHANCE = 12.0
# What is smaller is not worth a figure.
LEAST = 0.1
# A step so short that nothing is kept back.
AT_ONCE = 1e-9

HELD = "told apart"
CHANCE = "two absent things"
OPEN = "told apart, if nothing were held"
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asker:
    """Somebody who may not know of a thing, and how to ask for it."""

    ask: Callable[[UUID], bytes]
    there: UUID


class _Guessing:
    """The measures."""

    def __init__(
        self, askers: Sequence[_Asker], held: Sequence[Connection], at_once: Sequence[Connection], times: int
    ) -> None:
        self._askers = askers
        self._held = held
        self._at_once = at_once
        self._times = times

    async def held(self) -> float:
        return await self._together(lambda asker: asker.there)

    async def chance(self) -> float:
        return await self._together(lambda _asker: uuid4())

    async def at_once(self) -> float:
        """Guess one after the other: where nothing is held, askers would get into each other's way."""
        pairs = zip(self._at_once, self._askers, strict=True)
        return _percent([await self._one(line, asker, lambda asker: asker.there) for line, asker in pairs])

    async def _together(self, thing: Callable[[_Asker], UUID]) -> float:
        """Let all guess at the same time, each on a connection of its own: nearly all of it is waiting."""
        async with asyncio.TaskGroup() as tasks:
            pairs = zip(self._held, self._askers, strict=True)
            guesses = [tasks.create_task(self._one(line, asker, thing)) for line, asker in pairs]
        return _percent([each.result() for each in guesses])

    async def _one(self, line: Connection, asker: _Asker, thing: Callable[[_Asker], UUID]) -> float:
        absent, there = [], []
        for _ in range(self._times):
            absent.append(await _seconds(line, asker.ask(uuid4())))
            there.append(await _seconds(line, asker.ask(thing(asker))))
        return advantage(absent, there)


def advantage(some: Sequence[float], others: Sequence[float]) -> float:
    """Return how much better than chance it can be told of two times which is whose: from 0 to 1."""
    longer = sum((a < b) + (a == b) / 2 for a, b in product(some, others))
    return abs(2 * longer / (len(some) * len(others)) - 1)


def _percent(guesses: Sequence[float]) -> float:
    return max(LEAST, 100 * sum(guesses) / len(guesses))


async def _seconds(line: Connection, asked: bytes) -> float:
    began = time.monotonic()
    status, _body = await line.ask(asked)
    took = time.monotonic() - began
    if status != web.HTTPNotFound.status_code:
        raise MeasurementFailed(f"something was answered {status}, not as absent")
    return took


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        settings = Settings(database_url=Secret(url), requests_per_minute=10**9)
        wired = services(database, clock, settings)
        askers = await _askers(Network(database, clock), wired)
        held = await resources.enter_async_context(serve(_api(wired, Hold()), "127.0.0.1", 0))
        at_once = await resources.enter_async_context(serve(_api(wired, Hold(AT_ONCE)), "127.0.0.1", 0))
        guessing = _Guessing(
            askers,
            await resources.enter_async_context(connections(held, len(askers))),
            await resources.enter_async_context(connections(at_once, len(askers))),
            TINY_TIMES if tiny else TIMES,
        )
        yield {HELD: guessing.held, CHANCE: guessing.chance, OPEN: guessing.at_once}


async def _askers(network: Network, wired: Services) -> list[_Asker]:
    """Return a stranger and an excluded member, each looking at a case and each raising in a compartment."""
    scene = await network.scene()
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.member.id)

    def looking(token: str) -> Callable[[UUID], bytes]:
        return lambda case_id: request("GET", f"/api/cases/{case_id}", token=token)

    def raising(token: str) -> Callable[[UUID], bytes]:
        return lambda compartment_id: request(
            "PUT", f"/api/alerts/{uuid4()}", token=token, body=msgspec.json.encode({"compartment": compartment_id})
        )

    askers = []
    for person in (scene.stranger, scene.member):
        token = await _signed_in(network, wired, person)
        askers.append(_Asker(ask=looking(token), there=scene.case.id))
        askers.append(_Asker(ask=raising(token), there=scene.case.core.id))
    return askers


async def _signed_in(network: Network, wired: Services, person: Person) -> str:
    nonce = await wired.sign_in.challenge(person.id)
    signature = sign_in.answer(
        network.seeds[person.id], network=wired.settings.network, origin=wired.settings.public_origin,
        person=person.id.bytes, nonce=nonce,
    )  # fmt: skip
    return token_text((await wired.sign_in.sign_in(person.id, nonce, signature)).token)


def _api(wired: Services, hold: Hold) -> web.Application:
    """Return the routes of the API with a hold of its own."""
    app = web.Application(middlewares=[observe(wired.settings)])
    adapter = Adapter(wired, hold=hold)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, adapter.handler(route))
    return app


ROW = Row(
    name="not-found-alike",
    title="Absent, forbidden and excluded: told apart by time, in percent above chance",
    prepared=_prepared,
    comparisons=(Comparison(measure=HELD, floor=CHANCE), Comparison(measure=OPEN, floor=CHANCE)),
    limits=(Limit(figure=HELD, at_most=BEYOND_CHANCE),),
    units={HELD: "%", CHANCE: "%", OPEN: "%"},
    rounds_at_most=5,
)
