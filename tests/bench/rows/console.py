"""The console: how much of it is loaded, how soon an alert raised elsewhere is seen and heard, what an update costs.

The API, PostgreSQL and Chromium are processes of their own. One person watches a board with as many cases as a large
network's coordinator leads; somebody else raises. When something was shown or heard, the page itself tells by marks on
its own clock, which is this machine's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path
from uuid import UUID

from playwright.async_api import CDPSession, Page

from agencies.model import AgencyKind, Person
from cases.model import Part
from core.clock import SystemClock
from core.database import connect
from core.ids import new_id
from core.migrations import migrate
from deploy.stack import LocalStack
from safety_plans import sweep
from safety_plans.clocks.rules import Spans
from server.api import console_files
from tests.bench import served
from tests.bench.light_http import Connection, connections
from tests.bench.row import Limit, Measure, Row, p50, p99
from tests.bench.signed_in import token_of
from tests.bench.watched import PATIENCE_MS, asked, open_board, quiet, script_seconds
from tests.clock import ZONE
from tests.console.browsers import start_chromium
from tests.people import Network

CASES, TINY_CASES = 500, 3
RAISES, TINY_RAISES = 12, 1

SHELL = "shell, compressed"
SHELL_WITH_WORDS = "shell with the longest catalogue, compressed"
SEEN = "raised elsewhere to seen on the board"
HEARD = "raised elsewhere to heard"
UPDATE = "script for an alert that comes"
REVIEW = "script for a review that changes"

NEW_MARKS = "() => { performance.clearMarks('streha:shown'); performance.clearMarks('streha:audible'); }"
MARKED = "name => performance.getEntriesByName(name).length > 0"
MARKED_AT = "name => performance.timeOrigin + performance.getEntriesByName(name)[0].startTime"

clock = SystemClock()


@dataclass(slots=True, kw_only=True)
class _Watched:
    """One board that is watched, and those who let something happen elsewhere."""

    page: Page
    costs: CDPSession
    api: Connection
    raiser: str
    watcher: str
    channels: Iterator[UUID]
    reviews: Iterator[UUID]
    raises: int

    async def seen(self) -> list[float]:
        """Raise so often; return how long it took each time until the alert stood on the board."""
        return [await self._raised("streha:shown") for _ in range(self.raises)]

    async def heard(self) -> list[float]:
        """Raise so often; return how long it took each time until it was to be heard."""
        return [await self._raised("streha:audible") for _ in range(self.raises)]

    async def update(self) -> float:
        """Return how long script ran for one alert that came."""
        await quiet(self.page)
        before = await script_seconds(self.costs)
        alert_id = await self._raise("streha:shown")
        await quiet(self.page)
        spent = await script_seconds(self.costs) - before
        await self._end(alert_id)
        return spent

    async def review(self) -> float:
        """Return how long script ran for one review that was done elsewhere."""
        await quiet(self.page)
        before = await script_seconds(self.costs)
        done = next(self.reviews)
        async with self.page.expect_response(lambda answer: answer.url.endswith("/api/reviews"), timeout=PATIENCE_MS):
            await asked(self.api, "POST", f"/api/reviews/{done}/completion", self.watcher)
        await quiet(self.page)
        return await script_seconds(self.costs) - before

    async def _raised(self, mark: str) -> float:
        await quiet(self.page)
        asked_at = clock.now()
        alert_id = await self._raise(mark)
        at: float = await self.page.evaluate(MARKED_AT, mark)
        await self._end(alert_id)
        return at / 1000 - _seconds(asked_at)

    async def _raise(self, mark: str) -> UUID:
        await self.page.evaluate(NEW_MARKS)
        key = new_id()
        await asked(self.api, "PUT", f"/api/alerts/{key}", self.raiser, {"compartment": next(self.channels)})
        await self.page.wait_for_function(MARKED, arg=mark, timeout=PATIENCE_MS)
        return key

    async def _end(self, alert_id: UUID) -> None:
        """End an alert, and wait until the board is as it was."""
        await asked(self.api, "POST", f"/api/alerts/{alert_id}/acknowledgement", self.watcher)
        await asked(self.api, "POST", f"/api/alerts/{alert_id}/stand-down", self.watcher, {"reason": "false_alarm"})
        await self.page.wait_for_function("() => !document.querySelector('.alert .buttons')", timeout=PATIENCE_MS)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        database = await resources.enter_async_context(connect(stack.addresses.database_url))
        await migrate(database)
        network = Network(database, clock)
        people = await _people(network, TINY_CASES if tiny else CASES)
        port = await resources.enter_async_context(served.streha_api(directory, stack.addresses.database_url))
        (api,) = await resources.enter_async_context(connections(port, 1))
        raiser, watcher = [await token_of(database, clock, each) for each in people]
        browser = await resources.enter_async_context(start_chromium())
        page = await browser.new_page()
        costs = await open_board(page, api, port, watcher)
        cases = await network.cases.see_all(people[1])
        watched = _Watched(
            page=page,
            costs=costs,
            api=api,
            raiser=raiser,
            watcher=watcher,
            channels=cycle([each.core.id for each in cases]),
            reviews=iter([each.review.id for each in await network.reviews.due(people[1])]),
            raises=TINY_RAISES if tiny else RAISES,
        )
        yield {
            SHELL: _shell,
            SHELL_WITH_WORDS: _shell_with_words,
            SEEN: watched.seen,
            HEARD: watched.heard,
            UPDATE: watched.update,
            REVIEW: watched.review,
        }


async def _people(network: Network, cases: int) -> tuple[Person, Person]:
    """Return somebody who raises and somebody who watches, both in as many cases."""
    office = await network.office(AgencyKind.SHELTER, workers=2)
    raiser, watcher = office.workers
    for _ in range(cases):
        await network.cases.open(
            watcher, agencies={office.agency.id: Part.RESPONDER}, member_ids=[raiser.id], language="en"
        )
    while await sweep.open_missing(network.database, clock, ZONE, Spans()):
        pass
    return raiser, watcher


async def _shell() -> float:
    files = console_files.read(console_files.FOLDER)
    shell = [path for path in files if console_files.is_of_shell(path) and not path.startswith("texts/")]
    return float(sum(len(files[path].packed["br"]) for path in shell))


async def _shell_with_words() -> float:
    files = console_files.read(console_files.FOLDER)
    return await _shell() + max(len(file.packed["br"]) for path, file in files.items() if path.startswith("texts/"))


ROW = Row(
    name="console",
    title=f"The console: its size, and a board with {CASES} cases",
    prepared=_prepared,
    limits=(
        Limit(figure=SHELL_WITH_WORDS, at_most=60 * 1024),
        Limit(figure=UPDATE, at_most=0.05),
        Limit(figure=REVIEW, at_most=0.05),
    ),
    units={SHELL: "bytes", SHELL_WITH_WORDS: "bytes"},
    rounds_at_most=5,
    notes=(
        "The shell is everything a browser loads before the words and the board.",
        f"Seen and heard: {RAISES} raises in each round, {p50('…')} and {p99('…')} of them, from the request on.",
        "Script is what Chromium counts as such: fetching, reading, deciding and drawing, without layout.",
    ),
)
