"""What opening a case with many records costs a browser: everything fetched, verified, opened and drawn.

The API and PostgreSQL are real, Chromium a process of its own. Unlocking comes before and is not counted: its key
stretching runs beside the page, in a worker.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from core.clock import SystemClock
from core.database import connect
from core.migrations import migrate
from core.settings import Secret, Settings
from deploy.stack import LocalStack
from tests.bench.row import Limit, Measure, MeasurementFailed, Row
from tests.clock import MovableClock
from tests.console.browsers import start_chromium
from tests.console.serving import serve_console
from tests.console.vaulting import PASSPHRASE, Shelf, shelf
from tests.people import Network
from tests.vault_clients import data

RECORDS, TINY_RECORDS = 200, 3
# As a note of a visit is: some paragraphs.
WORDS = "Invented: she slept at her aunt's, and rings every evening at nine. " * 20
PATIENCE_MS = 120_000

FIRST = f"script for a case with {RECORDS} records, the first time in a browser"
AGAIN = "script for it, in a browser that has its log"


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Somebody who opens the case in a browser."""

    browser: Browser
    shelf: Shelf
    records: int
    pages: list[Page] = field(default_factory=list)

    async def first(self) -> float:
        """Return how long script ran in a browser that was just given the keys."""
        context = await self.browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        self.pages.append(page)
        await page.goto(await self.shelf.link(self.shelf.story.member))
        return await self._opened(page)

    async def again(self) -> float:
        """Return how long script ran in the same browser, its page loaded anew."""
        if not self.pages:
            await self.first()
        page = self.pages[-1]
        await page.reload()
        return await self._opened(page)

    async def close(self) -> None:
        """Close what was opened."""
        for page in self.pages:
            await page.context.close()

    async def _opened(self, page: Page) -> float:
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_role("button", name="Unlock", exact=True).click()
        case = page.get_by_role("button", name=self.shelf.story.case.codename)
        await case.wait_for()
        costs = await page.context.new_cdp_session(page)
        await costs.send("Performance.enable")
        before = await _script_seconds(costs)
        await case.click()
        await page.get_by_role("heading", name="Records of").wait_for()
        await page.evaluate("() => new Promise(done => requestIdleCallback(() => requestIdleCallback(done)))")
        spent = await _script_seconds(costs) - before
        shown = await page.get_by_role("button", name="Invented: she slept").count()
        if shown != self.records:
            raise MeasurementFailed(f"{shown} of {self.records} records were shown")
        await costs.detach()
        return spent


async def _script_seconds(costs: Any) -> float:
    told: dict[str, Any] = await costs.send("Performance.getMetrics")
    return next(float(each["value"]) for each in told["metrics"] if each["name"] == "ScriptDuration")


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=tiny, homeserver=False))
        database = await resources.enter_async_context(connect(stack.addresses.database_url))
        await migrate(database)
        clock = MovableClock(SystemClock().now())
        network = Network(database, clock)
        story = await network.scene()
        settings = Settings(
            database_url=Secret(stack.addresses.database_url), network="invented network",
            requests_per_minute=1_000_000_000,
        )  # fmt: skip
        console = await resources.enter_async_context(serve_console(network, clock, settings, directory))
        records = await shelf(console, story)
        count = TINY_RECORDS if tiny else RECORDS
        await _write(records, count)
        browser = await resources.enter_async_context(start_chromium())
        reader = _Reader(browser=browser, shelf=records, records=count)
        resources.push_async_callback(reader.close)
        yield {FIRST: reader.first, AGAIN: reader.again}


async def _write(records: Shelf, count: int) -> None:
    circle = await records.circle(records.story.coordinator)
    key = await circle.accept()
    for _ in range(count):
        written = circle.version(key, WORDS.encode())
        answer = await circle.put_record(written.body)
        if answer.status != 200:
            raise MeasurementFailed(f"a record was answered with {answer.status}")
        circle.logs.take_record_entry(data(written.body["entry"]))


ROW = Row(
    name="records-in-browser",
    title=f"The page of sealed records: a case with {RECORDS} records",
    prepared=_prepared,
    limits=(Limit(figure=FIRST, at_most=0.3), Limit(figure=AGAIN, at_most=0.3)),
    rounds_at_most=3,
    notes=(
        "Script is what Chromium counts as such: fetching, verifying, opening, deciding and drawing, without layout.",
        "Unlocking is not in it. The first time every signature is verified; later only what is new.",
    ),
)
