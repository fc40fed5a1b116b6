"""Losing the live stream, and saying so: nobody takes an old board for a true one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Route, ViewportSize, expect

from core.settings import Settings
from server.live.events import Ending
from tests.console.browsers import Browsers, Machine
from tests.console.elsewhere import raised
from tests.console.screen import ANYTHING, LONGEST_PAUSE, Screen
from tests.console.serving import ServedConsole, serve_behind
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

NOT_LIVE = "NOT live: trying to reconnect since {time}. What you see may be old."
GRACE = timedelta(seconds=2)


async def is_old(screen: Screen) -> None:
    """Require that the board says it may be old."""
    await expect(screen.text(NOT_LIVE, time=ANYTHING)).to_be_visible()
    await expect(screen.spoken("NOT live. What you see may be old.")).to_be_attached()


async def test_a_board_that_is_cut_off_says_so_and_catches_up(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language="sr-Cyrl"))
    screen.watch.expect(FAILED_REQUEST)
    # Also for somebody who has gone down to the last line.
    await screen.page.set_viewport_size(ViewportSize(width=390, height=500))
    await screen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    console.line.cut()
    async with screen.still():
        await screen.pass_time(GRACE)
        await is_old(screen)
        await expect(screen.text(NOT_LIVE, time=ANYTHING)).to_be_in_viewport()
        await raised(network, story, story.member)
        await screen.pass_time(LONGEST_PAUSE)
        await is_old(screen)
        await expect(screen.page.get_by_role("article")).to_have_count(0)
        console.line.mend()
        await screen.until_live_again()
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await expect(screen.spoken("Live again.")).to_be_attached()
    await expect(screen.text(NOT_LIVE, time=ANYTHING)).to_have_count(0)


async def test_a_stream_that_never_begins_is_not_live(browsers: Browsers, console: ServedConsole, story: Scene) -> None:
    screen = await browsers.window()

    async def hang(_route: Route) -> None:
        """Leave the request without an answer."""

    await screen.page.route("**/api/stream", hang)
    await screen.open(await console.address_for(story.coordinator))
    await expect(screen.region("Duty tonight")).to_be_visible()
    await screen.pass_time(GRACE)
    await is_old(screen)


async def test_a_line_on_which_nothing_comes_any_more_is_not_live(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    console.line.stall()
    async with screen.still():
        await screen.pass_time(timedelta(seconds=35))
        await screen.until_live()
        await screen.pass_time(timedelta(seconds=9))
        await is_old(screen)
        await raised(network, story, story.member)
        console.line.mend()
        await screen.until_live_again()
    await expect(screen.alert(story.case.codename)).to_be_visible()


async def test_when_the_server_is_started_anew_nothing_is_missed(
    browsers: Browsers, console: ServedConsole, network: Network, settings: Settings, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    # The old server takes leave; the board does not stay with it, although it still answers.
    console.api.services.feed.close()
    console.line.cut()
    async with serve_behind(console.line, network, settings, console.api.directory):
        await raised(network, story, story.member)
        async with screen.still():
            await screen.pass_time(LONGEST_PAUSE)
            console.line.mend()
            await screen.until_live_again()
        await expect(screen.alert(story.case.codename)).to_be_visible()
        await screen.page.close()


async def test_a_blink_of_the_line_troubles_nobody(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    async with screen.page.expect_event("requestfailed"):
        console.line.cut()
    console.line.mend()
    await raised(network, story, story.member)
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await expect(screen.text(NOT_LIVE, time=ANYTHING)).to_have_count(0)
    await expect(screen.spoken("Live again.")).to_have_count(0)


async def test_what_changed_and_cannot_be_fetched_is_not_hidden(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    behind = "Something has changed and cannot be fetched. What you see may be old. Trying again."

    async def lost(route: Route) -> None:
        await route.abort("connectionreset")

    await screen.page.route("**/api/alerts/*", lost)
    await raised(network, story, story.member)
    await expect(screen.text(behind)).to_be_visible()
    await screen.page.unroute("**/api/alerts/*")
    await screen.until(screen.alert(story.case.codename))
    await expect(screen.text(behind)).to_have_count(0)


async def test_too_many_windows_are_told(browsers: Browsers, console: ServedConsole, story: Scene) -> None:
    screen = await browsers.board_of(story.coordinator)
    feed = console.api.services.feed
    for each in list(feed._open[story.coordinator.id]):
        each.end(Ending.TOO_MANY)
    await expect(screen.text("Too many windows of Streha are open. Close the others.")).to_be_visible()
    await expect(screen.text(NOT_LIVE, time=ANYTHING)).to_be_visible()
    await screen.pass_time(timedelta(seconds=31))
    await screen.until_live_again()
