"""Two hundred ways under way on one board: what listing them costs, and how soon a word said elsewhere is seen.

Beside it a board with one way. The API, PostgreSQL and Chromium are processes of their own. When it was seen the page
tells by its own clock, which is this machine's.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from playwright.async_api import CDPSession, Page

from agencies.model import AgencyKind, Person
from cases.model import Part
from core.clock import SystemClock
from core.database import connect
from core.ids import new_id
from core.migrations import migrate
from deploy.stack import LocalStack
from operations.model import Despite, OperationId
from operations.store import SQL
from operations.templates import templates
from tests.bench import served
from tests.bench.filled import connection
from tests.bench.light_http import Connection, connections
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row, p50
from tests.bench.signed_in import token_of
from tests.bench.watched import PATIENCE_MS, asked, open_board, quiet, script_seconds
from tests.console.browsers import start_chromium
from tests.people import Network

WAYS, TINY_WAYS, IN_ONE_CIRCLE = 200, 3, 10
WORDS, TINY_WORDS = 12, 1
LISTED = f"{WAYS} ways, asked of the API"
BARE = f"{WAYS} ways, bare SQL"
SEEN, SEEN_ALONE = f"said to seen, among {WAYS} ways", "said to seen, one way alone"
UPDATE = "script for a word that comes"
# When the first way of the list is awaited next, in milliseconds since 1970; and when it came to be another moment.
AWAITED = "() => Date.parse(document.querySelector('section[aria-labelledby=on-the-way] time')?.dateTime ?? '')"
ANOTHER = (
    f"before => {{ const now = ({AWAITED})(); "
    "return now && now !== before && performance.timeOrigin + performance.now(); }"
)
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Team:
    """Those who watch a board, one who goes, and the way that is awaited first."""

    watcher: Person
    goes: Person
    first: OperationId
    ways: list[OperationId]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """A board, and who lets something happen elsewhere."""

    page: Page
    costs: CDPSession
    api: Connection
    goes: str
    way: OperationId
    words: int

    async def seen(self) -> list[float]:
        """Say so often that the first is later; return how long it took each time until the board told so."""
        return [await self._said() for _ in range(self.words)]

    async def update(self) -> float:
        """Return how long script ran for one word that came."""
        await quiet(self.page)
        before = await script_seconds(self.costs)
        await self._said()
        await quiet(self.page)
        return await script_seconds(self.costs) - before

    async def _said(self) -> float:
        await quiet(self.page)
        before = await self.page.evaluate(AWAITED)
        if not before:
            raise MeasurementFailed("no way stands on the board")
        began = clock.now().timestamp()
        body = {"key": new_id(), "word": "delayed", "minutes": 1}
        await asked(self.api, "POST", f"/api/operations/{self.way}/passages", self.goes, body)
        seen = await self.page.wait_for_function(ANOTHER, arg=before, timeout=PATIENCE_MS)
        at: float = await seen.json_value()
        return at / 1000 - began


async def _team(network: Network, ways: int) -> _Team:
    """Let so many ways be under way; the first of them is awaited before all others."""
    office = await network.office(AgencyKind.SHELTER, workers=4)
    watcher, goes, other, buddy = office.workers
    members = [goes.id, other.id, buddy.id]
    begins = clock.now() + timedelta(hours=2)
    found: list[OperationId] = []
    circle: Any = None
    for number in range(ways):
        if number % IN_ONE_CIRCLE == 0:
            case = await network.cases.open(
                watcher, agencies={office.agency.id: Part.RESPONDER}, member_ids=members, language="en"
            )
            circle = case.core.id
        plan = templates()["court_testimony"].plan(
            begins + timedelta(days=number and 1), watcher.id, buddy.id, [goes.id, other.id]
        )
        way = (await network.operations.plan(watcher, circle, new_id(), plan)).operation
        await network.operations.approve(watcher, way.id)
        await network.operations.go(watcher, way.id, Despite.SEEN_TO)
        found.append(way.id)
    return _Team(watcher=watcher, goes=goes, first=found[0], ways=found)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        url = stack.addresses.database_url
        database = await resources.enter_async_context(connect(url))
        await migrate(database)
        network = Network(database, clock)
        teams = [await _team(network, ways) for ways in (TINY_WAYS if tiny else WAYS, 1)]
        port = await resources.enter_async_context(served.streha_api(directory, url))
        (api,) = await resources.enter_async_context(connections(port, 1))
        bare = await resources.enter_async_context(connection(url))
        browser = await resources.enter_async_context(start_chromium())
        boards = []
        for team in teams:
            page = await (await browser.new_context()).new_page()
            costs = await open_board(page, api, port, await token_of(database, clock, team.watcher))
            goes = await token_of(database, clock, team.goes)
            words = TINY_WORDS if tiny else WORDS
            boards.append(_Watched(page=page, costs=costs, api=api, goes=goes, way=team.first, words=words))
        many, alone = boards
        watcher = await token_of(database, clock, teams[0].watcher)
        yield {
            LISTED: _listed(api, watcher, teams[0].ways),
            BARE: _bare(bare, teams[0].ways),
            SEEN: many.seen,
            SEEN_ALONE: alone.seen,
            UPDATE: many.update,
        }


def _listed(api: Connection, watcher: str, ways: list[OperationId]) -> Measure:
    async def measure() -> float:
        began = time.monotonic()
        answer = await asked(api, "GET", "/api/operations", watcher)
        took = time.monotonic() - began
        if len(msgspec.json.decode(answer)["operations"]) != len(ways):
            raise MeasurementFailed("not all ways were listed")
        return took

    return measure


def _bare(bare: Any, ways: list[OperationId]) -> Measure:
    async def measure() -> float:
        began = time.monotonic()
        rows = await bare.fetch(SQL["operations"], [UUID(str(each)) for each in ways])
        took = time.monotonic() - began
        if len(rows) != len(ways):
            raise MeasurementFailed("not all ways were read")
        return took

    return measure


ROW = Row(
    name="ways",
    title=f"A board with {WAYS} ways under way",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=LISTED, floor=BARE),
        Comparison(measure=p50(SEEN), floor=p50(SEEN_ALONE), at_most=1.5),
    ),
    limits=(Limit(figure=UPDATE, at_most=0.05),),
    rounds_at_most=5,
    notes=(
        f"{BARE}: the one statement that reads them with their steps, and nothing else.",
        f"Seen: {WORDS} delays in each round, from the request on until the board tells the new time.",
        "Script is what Chromium counts as such: fetching, reading, deciding and drawing, without layout.",
    ),
)
