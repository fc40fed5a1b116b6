"""Opening the console: with a link from the command, once and in time; and leaving it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from playwright.async_api import Route, expect

from tests.commands import streha
from tests.console.browsers import Browsers, Machine
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Scene

pytestmark = pytest.mark.slow

USED = "This link has been used or is too old. Make another: streha console"
OFFERED = "You are signed in as {person}. Signing in with this link ends that."
NOT_SIGNED_IN = "Sign in to Streha"
RUN = "On your own machine, run:"


async def visited(screen: Screen) -> list[str]:
    """Return every address in the window's history."""
    session = await screen.page.context.new_cdp_session(screen.page)
    history = await session.send("Page.getNavigationHistory")
    await session.detach()
    return [entry["url"] for entry in history["entries"]]


async def test_the_link_of_the_command_signs_in_once(
    browsers: Browsers, console: ServedConsole, story: Scene, language: str
) -> None:
    ran = await streha("console", "--key", console.api.key_path(story.member))
    assert ran.code == 0, ran.err
    (address,) = re.findall(r"http\S+", ran.out)
    code = address.partition("#")[2]
    screen = await browsers.window(Machine(language=language))
    await screen.open(address)
    await screen.until_live()
    await expect(screen.text("Signed in: {person}", person=story.member.name)).to_be_visible()
    assert screen.page.url == f"{console.home}#/board"
    assert not [each for each in await visited(screen) if code in each]

    other = await browsers.window(Machine(language=language))
    other.watch.expect(FAILED_REQUEST)
    await other.open(address)
    await expect(other.text(USED)).to_be_visible()
    await expect(other.text("Signed in: {person}", person=story.member.name)).to_have_count(0)
    assert not [each for each in await visited(other) if code in each]

    # The first one goes on, also when it is opened anew; until its person leaves.
    await screen.page.reload()
    await screen.until_live()
    await screen.button("Sign out").click()
    await expect(screen.text("You are signed out.")).to_be_visible()
    await expect(screen.panic).to_have_count(0)
    assert await screen.page.context.cookies() == []
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.reload()
    await expect(screen.text(RUN)).to_be_visible()


async def test_a_link_replaces_nobody_unasked(
    browsers: Browsers, console: ServedConsole, story: Scene, language: str
) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language))
    screen.watch.expect(FAILED_REQUEST)
    member, colleague = story.member.name, story.coordinator.name
    address = await console.address_for(story.coordinator)
    other = await screen.another()
    await other.open(address)
    await expect(other.text(OFFERED, person=member)).to_be_visible()
    await expect(other.spoken(OFFERED, person=member)).to_be_attached()
    assert other.page.url == f"{console.home}#/board"
    await other.until_live()
    await other.button("Stay signed in").click()
    await expect(other.text(OFFERED, person=member)).to_have_count(0)
    await expect(other.page.get_by_role("main")).to_be_focused()

    await screen.page.evaluate("(address) => { location.href = address; }", address)
    await expect(screen.text(OFFERED, person=member)).to_be_visible()
    await screen.button("Sign in with this link").click()
    await expect(screen.text("Signed in: {person}", person=colleague)).to_be_visible()
    await expect(screen.text(OFFERED, person=ANYTHING)).to_have_count(0)
    await screen.until_live()
    # The session that was replaced has ended, also for whoever has kept it.
    await console.api.services.feed.assure()
    await expect(other.text("Your session has ended. Sign in again.")).to_be_visible()
    code = address.partition("#")[2]
    assert not [each for window in (screen, other) for each in await visited(window) if code in each]


async def test_a_link_waits_like_signing_out_until_the_call_is_stored(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route("**/api/alerts/*", lambda route: route.abort("connectionreset"))
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words("NOT raised."))
    address = await console.address_for(story.coordinator)
    await screen.page.evaluate("(address) => { location.href = address; }", address)
    await screen.button("Sign in with this link").click()
    refusal = screen.page.get_by_role("alert")
    await expect(refusal).to_have_text(
        screen.words("Your call is not stored yet. Wait, or stop it before you sign out.")
    )
    await expect(screen.text("Signed in: {person}", person=story.member.name)).to_be_visible()
    await screen.page.unroute("**/api/alerts/*")
    async with screen.still(), screen.answered("PUT"):
        await screen.pass_time(timedelta(seconds=15))
    await expect(screen.own_alert).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    await screen.button("Sign in with this link").click()
    await expect(screen.text("Signed in: {person}", person=story.coordinator.name)).to_be_visible()
    await expect(screen.own_alert).to_have_count(0)


async def test_a_link_that_is_too_old_says_what_to_do(browsers: Browsers, console: ServedConsole, story: Scene) -> None:
    address = await console.address_for(story.member)
    console.clock.move(timedelta(minutes=2))
    screen = await browsers.window(Machine(language="sr-Latn"))
    screen.watch.expect(FAILED_REQUEST)
    await screen.open(address)
    await expect(screen.page.get_by_role("heading", name=screen.words(NOT_SIGNED_IN))).to_be_visible()
    await expect(screen.text(RUN)).to_contain_text("streha console")
    await expect(screen.text(USED)).to_be_visible()
    assert screen.page.url == f"{console.home}#/board"


async def test_without_a_link_it_says_how_to_get_one_and_that_nothing_can_be_raised(
    browsers: Browsers, language: str
) -> None:
    screen = await browsers.window(Machine(language=language))
    screen.watch.expect(FAILED_REQUEST)
    await screen.open()
    await expect(screen.text(RUN)).to_be_visible()
    await expect(screen.text("Without signing in, no alert can be raised here.")).to_be_visible()
    await expect(screen.text("In danger ring the police now, and ring your colleagues.")).to_be_visible()
    await expect(screen.panic).to_have_count(0)


async def test_the_code_leaves_the_address_before_anything_else(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.window(Machine(language="sr-Latn"))
    asked: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await screen.page.route("**/console/texts/*", lambda route: asked.set_result(route))  # noqa: PLW0108 (awaited else)
    await screen.open(await console.address_for(story.member))
    words = await asked
    assert screen.page.url == f"{console.home}#/board"
    # Words that do not come keep nobody waiting: they follow.
    await expect(screen.page.get_by_role("heading", name="Open alerts")).to_be_visible()
    await words.continue_()
    await screen.until_live()


async def test_a_link_survives_a_server_that_does_not_answer(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.window()
    screen.watch.expect(FAILED_REQUEST)
    # The shell is there; then the line goes.
    await screen.page.route("**/api/**", lambda route: route.abort("connectionreset"))
    await screen.open(await console.address_for(story.member))
    await expect(screen.text("Streha does not answer. Check the connection.")).to_be_visible()
    await expect(screen.text("Until then, no alert can be raised here.")).to_be_visible()
    await screen.page.unroute("**/api/**")
    await screen.button("Try again").click()
    await screen.until_live()


async def test_when_the_session_ends_nothing_of_the_board_is_left(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    console.clock.move(timedelta(hours=13))
    await console.api.services.feed.assure()
    await expect(screen.text("Your session has ended. Sign in again.")).to_be_visible()
    written = await screen.page.content()
    names = {story.member.name, story.police.officer.name, story.police.agency.name}
    assert not [each for each in names if each in written]


async def test_signing_out_says_so_when_it_did_not_happen(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    console.line.cut()
    await screen.button("Sign out").click()
    refusal = screen.page.get_by_role("alert")
    await expect(refusal).to_contain_text(screen.like("You are NOT signed out. {why}", why=ANYTHING))
    await expect(screen.text("Signed in: {person}", person=story.member.name)).to_be_visible()


async def test_signing_out_in_one_window_ends_the_other(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    other = await screen.another()
    await other.open()
    await other.until_live()
    await screen.button("Sign out").click()
    await expect(screen.text("You are signed out.")).to_be_visible()
    await console.api.services.feed.assure()
    await expect(other.text("Your session has ended. Sign in again.")).to_be_visible()
    assert story.member.name not in await other.page.content()


async def test_whoever_leaves_the_staff_is_signed_out(browsers: Browsers, console: ServedConsole, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await console.api.network.depart(story.member)
    await expect(screen.text("Your session has ended. Sign in again.")).to_be_visible()
    assert story.police.officer.name not in await screen.page.content()
