"""An alert is raised, and everybody who watches hears of it: from the request to each open stream.

Streha's API, PostgreSQL (which writes to its disk), the bare server and those who listen are processes of their own.
The bare server writes the same bytes to as many streams. It stores nothing and asks nobody, so where Streha's time is
counted from the request it holds all that a raise costs as well; how much that is, the other figures tell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

import msgspec

from agencies.model import AgencyKind
from agencies.store import person_of
from cases.model import CompartmentId, Part
from core import ledger
from core.clock import SystemClock
from core.database import Database, connect
from core.ids import new_id
from core.migrations import migrate
from deploy.stack import LocalStack
from server.api import event_stream
from server.live.acts import Object
from server.live.events import Changed
from server.live.place import Place
from server.live.subscription import Limits
from tests.bench import bare_raise, served
from tests.bench.bare_api import Plan
from tests.bench.light_http import Connection, connections, request
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row, p50, p99
from tests.bench.signed_in import token_of
from tests.bench.stream_readers import Readers, readers
from tests.people import Network

FEW, MANY, TINY = 200, 1_000, 10
RAISES, TINY_RAISES = 10, 1
EACH = Limits().per_person
# What is told of a commit may come after what it brought about: then it took no time that could be measured.
LEAST = 1e-6

clock = SystemClock()


def raised(streams: int) -> str:
    """Return the name of the measure from the request on."""
    return f"raise to {streams} streams"


def stored(streams: int) -> str:
    """Return the name of the measure from the commit on."""
    return f"stored to {streams} streams"


def bare(streams: int) -> str:
    """Return the name of the floor."""
    return f"bare fan-out to {streams}"


def bare_stored(streams: int) -> str:
    """Return the name of the floor that also inserts the rows of a raise."""
    return f"bare insert and fan-out to {streams}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A case whose members watch."""

    name: str
    compartment: UUID
    raiser: str


class _Watching:
    """The measures."""

    def __init__(self, database: Database, readers: Readers, api: Connection, floor: Connection, raises: int) -> None:
        self._database = database
        self._readers = readers
        self._api = api
        self._floor = floor
        self._raises = raises
        self._stored = asyncio.Event()
        self._stored_at = 0.0

    @property
    def hears(self) -> bool:
        """Whether a commit has been heard of."""
        return self._stored.is_set()

    def hear_of_commit(self) -> None:
        """Note when the database told that an act was stored."""
        if not self._stored.is_set():
            self._stored_at = time.monotonic()
            self._stored.set()

    async def raised(self, circle: Circle) -> list[float]:
        return await self._times(circle.name, self._api, lambda: self._raise(circle), lambda asked: asked)

    async def stored(self, circle: Circle) -> list[float]:
        return await self._times(circle.name, self._api, lambda: self._raise(circle), lambda _: self._stored_at)

    async def bare(self, circle: Circle, *, insert: bool) -> list[float]:
        path = f"/say/{circle.name}/{circle.compartment}" if insert else f"/say/{circle.name}"
        said = event_stream.frame(Changed(Place(1000, "5f3a9c01"), "alert_raised", Object.ALERT, new_id(), new_id()))
        sent = request("POST", path, body=said)
        return await self._times("bare " + circle.name, self._floor, lambda: sent, lambda asked: asked)

    async def _times(
        self, name: str, connection: Connection, sent: Callable[[], bytes], begun_at: Callable[[float], float]
    ) -> list[float]:
        raises: list[list[float]] = []
        for _ in range(self._raises):
            await self._readers.hear(name)
            self._stored.clear()
            ask, asked_at = sent(), time.monotonic()
            status, body = await connection.ask(ask)
            if status != 200:
                raise MeasurementFailed(f"answered {status}: {body[:200]!r}")
            heard = await self._readers.heard(name)
            if connection is self._api:
                await self._stored.wait()
            raises.append(sorted(max(LEAST, at - begun_at(asked_at)) for at in heard))
            await self._end_all()
        # The raise in the middle, from the first stream that hears of it to the last.
        return [median(places) for places in zip(*raises, strict=True)]

    def _raise(self, circle: Circle) -> bytes:
        body = msgspec.json.encode({"compartment": circle.compartment})
        return request("PUT", f"/api/alerts/{new_id()}", token=circle.raiser, body=body)

    async def _end_all(self) -> None:
        async with self._database.transaction() as tx:
            await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL WHERE state <> 'stood_down'")


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        network = Network(database, clock)
        port = await resources.enter_async_context(served.streha_api(directory, url))
        listening = await resources.enter_async_context(readers())
        circles = [
            await _circle(network, listening, port, name, TINY if tiny else count)
            for name, count in (("few", FEW), ("many", MANY))
        ]
        plan = Plan(raises={each.compartment: await _likeness(network, each) for each in circles})
        floor = await resources.enter_async_context(
            served.bare("bare_fan_out", directory, url, msgspec.json.encode(plan))
        )
        for circle, count in zip(circles, (FEW, MANY), strict=True):
            wanted = [request("GET", f"/stream/{circle.name}")] * (TINY if tiny else count)
            await listening.open("bare " + circle.name, floor, wanted)
        ((to_api,), (to_floor,)) = [await resources.enter_async_context(connections(each, 1)) for each in (port, floor)]
        watching = _Watching(database, listening, to_api, to_floor, TINY_RAISES if tiny else RAISES)
        tasks = await resources.enter_async_context(asyncio.TaskGroup())
        hearing = tasks.create_task(database.listen_to({ledger.CHANNEL: watching.hear_of_commit}))
        resources.callback(hearing.cancel)
        # Not before it listens: the first commit would never be heard of.
        while not watching.hears:
            async with database.transaction() as tx:
                await tx.wake(ledger.CHANNEL)
            await asyncio.sleep(0.02)
        measures: dict[str, Callable[[], Awaitable[list[float]]]] = {}
        for circle, count in zip(circles, (FEW, MANY), strict=True):
            measures |= {
                raised(count): partial(watching.raised, circle),
                bare(count): partial(watching.bare, circle, insert=False),
                stored(count): partial(watching.stored, circle),
                bare_stored(count): partial(watching.bare, circle, insert=True),
            }
        yield measures


async def _circle(network: Network, listening: Readers, port: int, name: str, streams: int) -> Circle:
    """Open a case whose members watch on so many streams, and these streams."""
    shelter = await network.office(AgencyKind.SHELTER, workers=-(-streams // EACH), officers=1, deputies=1)
    police = await network.office(AgencyKind.POLICE, officers=2, deputies=1)
    first, *others = shelter.workers
    case = await network.case(first, {police: Part.RESPONDER}, [police.worker])
    for each in others:
        await network.cases.add_member(first, case.core.id, each.id)
    people = [each for each in shelter.workers for _ in range(EACH)][:streams]
    sessions = [await token_of(network.database, clock, each) for each in people]
    await listening.open(name, port, [request("GET", "/api/stream", token=each) for each in sessions])
    return Circle(name=name, compartment=case.core.id, raiser=sessions[0])


async def _likeness(network: Network, circle: Circle) -> bare_raise.Likeness:
    async with network.database.transaction() as tx:
        row = await tx.row(
            "SELECT people.* FROM cases JOIN compartments ON compartments.case_id = cases.id"
            " JOIN people ON people.id = cases.coordinator_id WHERE compartments.id = $1", circle.compartment,
        )  # fmt: skip
    assert row is not None
    raiser = person_of(row)
    view = await network.alerts.raise_(raiser, CompartmentId(circle.compartment), new_id())
    async with network.database.transaction() as tx:
        like = await bare_raise.likeness(tx, view.alert.id, 5000)
        await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL")
    return like


ROW = Row(
    name="raise-to-streams",
    title="An alert to 200 and to 1,000 open streams: from the request to each of them",
    prepared=_prepared,
    comparisons=tuple(
        Comparison(measure=figure(measure(count)), floor=figure(floor(count)), at_most=1.5)
        for count in (FEW, MANY)
        for measure, floor in ((raised, bare), (stored, bare), (raised, bare_stored))
        for figure in (p50, p99)
    ),
    notes=(
        f"Percentiles are over the streams, from the first that hears to the last: each the median of {RAISES} raises.",
        "raise: from the request; stored: from the moment at which the database tells a listener of the commit.",
        "bare fan-out: aiohttp writes the same bytes to as many streams, and does nothing else.",
        "bare insert and fan-out: before that it inserts the rows of a raise, with nothing read or decided.",
    ),
)
