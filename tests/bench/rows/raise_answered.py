"""Fifty people raise at the same moment: from the request to the answer, against the bare insert.

Streha's API, PostgreSQL (which writes to its disk) and those who raise are processes of their own. One burst is
fifty raises at once; a measure is several bursts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from agencies.model import AgencyKind, Person
from cases.model import CompartmentId, Part
from core.clock import SystemClock
from core.database import Database, connect
from core.ids import new_id
from core.migrations import migrate
from deploy.stack import LocalStack
from tests.bench import bare_raise, served
from tests.bench.bare_api import NEXT_STEP, Plan
from tests.bench.light_http import Connection, all_at_once, connections, request
from tests.bench.row import Comparison, Measure, Row, p50, p99
from tests.bench.signed_in import token_of
from tests.people import Network

RAISERS, TINY_RAISERS = 50, 4
BURSTS, TINY_BURSTS = 6, 1

APART = "raise, each in a case of one's own"
MERGED = "raise, all in one case"
HELD = "raise, the sequencer's lock held"
BARE = "bare insert, answered by aiohttp"
BARE_ALONE = "bare insert, without HTTP"

clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raiser:
    person: Person
    compartment: UUID
    token: str

    def raises(self, compartment: UUID | None = None) -> bytes:
        body = msgspec.json.encode({"compartment": compartment or self.compartment})
        return request("PUT", f"/api/alerts/{new_id()}", token=self.token, body=body)


class _Raising:
    def __init__(
        self, database: Database, bare: Any, raisers: Sequence[_Raiser], shared: UUID, plan: Plan,
        to_api: Sequence[Connection], to_bare: Sequence[Connection], bursts: int,
    ) -> None:  # fmt: skip
        self._database = database
        self._bare = bare
        self._raisers = raisers
        self._shared = shared
        self._plan = plan
        self._to_api = to_api
        self._to_bare = to_bare
        self._bursts = bursts

    async def apart(self) -> list[float]:
        return await self._bursts_of(self._raise_apart)

    async def merged(self) -> list[float]:
        return await self._bursts_of(self._raise_merged)

    async def held(self) -> list[float]:
        async with self._database.transaction() as tx:
            await tx.row("SELECT pg_advisory_xact_lock($1)", 0x4C45_4447_4552)
            return await self.apart()

    async def bare(self) -> list[float]:
        return await self._bursts_of(self._insert_over_http)

    async def bare_alone(self) -> list[float]:
        return await self._bursts_of(self._insert)

    async def _raise_apart(self) -> list[float]:
        return await all_at_once(self._to_api, [each.raises() for each in self._raisers])

    async def _raise_merged(self) -> list[float]:
        return await all_at_once(self._to_api, [each.raises(self._shared) for each in self._raisers])

    async def _insert_over_http(self) -> list[float]:
        bodies = [msgspec.json.encode(each.compartment) for each in self._raisers]
        return await all_at_once(self._to_bare, [request("PUT", "/raise", body=each) for each in bodies])

    async def _insert(self) -> list[float]:
        async def one(raiser: _Raiser) -> float:
            started_at, now = time.monotonic(), clock.now()
            like = self._plan.raises[raiser.compartment]
            await bare_raise.insert(self._bare, like, now, now + NEXT_STEP)
            return time.monotonic() - started_at

        async with asyncio.TaskGroup() as tasks:
            done = [tasks.create_task(one(each)) for each in self._raisers]
        return [each.result() for each in done]

    async def _bursts_of(self, burst: Any) -> list[float]:
        took: list[float] = []
        for _ in range(self._bursts):
            took += await burst()
            await _end_all(self._database)
        return took


async def _end_all(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL WHERE state <> 'stood_down'")


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    count = TINY_RAISERS if tiny else RAISERS
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        network = Network(database, clock)
        raisers, shared = await _raisers(network, count)
        plan = Plan(raises={each.compartment: await _likeness(network, each) for each in raisers})
        port = await resources.enter_async_context(served.streha_api(directory, url))
        bare_port = await resources.enter_async_context(
            served.bare("bare_api", directory, url, msgspec.json.encode(plan))
        )
        raising = _Raising(
            database,
            await resources.enter_async_context(bare_raise.pool(url)),
            raisers,
            shared,
            plan,
            await resources.enter_async_context(connections(port, count)),
            await resources.enter_async_context(connections(bare_port, count)),
            TINY_BURSTS if tiny else BURSTS,
        )
        yield {
            APART: raising.apart,
            BARE: raising.bare,
            HELD: raising.held,
            BARE_ALONE: raising.bare_alone,
            MERGED: raising.merged,
        }


async def _raisers(network: Network, count: int) -> tuple[list[_Raiser], UUID]:
    shelter = await network.office(AgencyKind.SHELTER, workers=count, officers=1, deputies=1)
    police = await network.office(AgencyKind.POLICE, workers=1, officers=2, deputies=1)
    welfare = await network.office(AgencyKind.SOCIAL_WELFARE, workers=1, officers=1, deputies=1)
    ngo = await network.office(AgencyKind.NGO)
    parts = {police: Part.RESPONDER, welfare: Part.RESPONDER, ngo: Part.INFORMED}
    shared = (await network.case(police.worker, parts | {shelter: Part.RESPONDER}, shelter.workers)).core.id
    raisers = []
    for person in shelter.workers:
        case = await network.case(
            police.worker, parts | {shelter: Part.RESPONDER}, [person, ngo.worker], welfare.worker
        )
        raisers.append(
            _Raiser(person=person, compartment=case.core.id, token=await token_of(network.database, clock, person))
        )
    return raisers, shared


async def _likeness(network: Network, raiser: _Raiser) -> bare_raise.Likeness:
    view = await network.alerts.raise_(raiser.person, CompartmentId(raiser.compartment), new_id())
    async with network.database.transaction() as tx:
        like = await bare_raise.likeness(tx, view.alert.id, 5000)
    await _end_all(network.database)
    return like


ROW = Row(
    name="raise-answered",
    title="Fifty people raise at once: request to answer",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=p99(APART), floor=p99(BARE), at_most=2),
        Comparison(measure=p50(APART), floor=p50(BARE)),
        Comparison(measure=p99(HELD), floor=p99(APART)),
        Comparison(measure=p99(APART), floor=p99(BARE_ALONE)),
        Comparison(measure=p99(MERGED), floor=p99(BARE)),
    ),
)
