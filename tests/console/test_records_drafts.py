"""A text that is being written in a browser: what ends the page takes a few seconds of it, and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.console.browsers import Browsers
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records_saving import begin
from tests.console.vaulting import Shelf, records_of, shelf, unlock
from tests.people import Scene

pytestmark = pytest.mark.slow

KEPT_HERE = "Kept on this device, sealed. Nobody else has it yet."
NOT_KEPT = "This browser keeps no texts: what you write here is lost when the page goes. Save it soon."
FULL = "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); } }"
A_WHILE = timedelta(seconds=4)


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def stopped(screen: Screen) -> None:
    """Let no time pass in a window but what a test lets pass."""
    now = await screen.page.evaluate("Date.now()")
    await screen.page.clock.pause_at(datetime.fromtimestamp(now / 1000 + 1, UTC))


async def test_a_page_that_crashes_takes_seconds_of_what_was_typed(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    await stopped(screen)
    await begin(screen, "What was typed before")
    box = screen.page.get_by_label(screen.words("Text"), exact=True)
    await expect(screen.page.get_by_text(KEPT_HERE)).to_have_count(0)
    await screen.pass_time(A_WHILE)
    await expect(screen.page.get_by_text(KEPT_HERE)).to_be_visible()
    await box.fill("What was typed before, and the last word")
    await expect(screen.page.get_by_text(KEPT_HERE)).to_have_count(0)
    # The page stands still: it is not left, and nothing of it runs. What another finds is what a crash would leave.
    other = await screen.another()
    await other.open(f"{other.home}records/")
    await unlock(other)
    # The case is opened where one was: at the text that was begun.
    await other.page.get_by_role("button", name=records.story.case.codename).click()
    await expect(other.page.get_by_label(other.words("Text"), exact=True)).to_have_value("What was typed before")


async def test_a_browser_that_keeps_nothing_says_so(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    await begin(screen)
    await screen.page.evaluate(FULL)
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill("Mine")
    await screen.pass_time(A_WHILE)
    await expect(screen.page.get_by_text(NOT_KEPT)).to_be_visible()
