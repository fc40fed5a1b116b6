"""Names and codenames stay on the screen: none is in a title, an address, the history, storage or a notification.

Every other story is watched for the same (`tests.console.watching`); here the names are marked.
"""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from agencies.model import Agency, Person
from tests.console.browsers import Browsers
from tests.console.elsewhere import presses, raised
from tests.console.scenery import rename
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

MARK = "Kanarinac"
LEFT = """
() => JSON.stringify([
  document.title, location.href, document.referrer, document.cookie, window.name, history.state,
  Object.entries(localStorage), Object.entries(sessionStorage),
  performance.getEntries().map((each) => each.name),
])
"""


async def mark(network: Network, story: Scene) -> None:
    """Mark every name that the case knows."""
    offices = (story.shelter, story.police, story.welfare, story.ngo)
    people = [each for office in offices for each in (*office.workers, *office.officers, *office.deputies)]
    everybody: list[Agency | Person] = [*(office.agency for office in offices), *people]
    await rename(network, {each: f"{MARK} {number}" for number, each in enumerate(everybody)})
    async with network.database.transaction() as tx:
        for table in ("cases", "compartments"):
            await tx.run(f"UPDATE {table} SET codename = $1", f"{MARK.lower()}-lipa")  # noqa: S608 (one of the two)


async def test_marked_names_are_nowhere_but_on_the_screen(browsers: Browsers, network: Network, story: Scene) -> None:
    await mark(network, story)
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(f"{MARK.lower()}-lipa")
    await expect(screen.own_alert).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    await raised(network, story, story.coordinator, drill=True)
    await expect(screen.drill(f"{MARK.lower()}-lipa")).to_be_visible()
    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    screen = await screen.speak("sr-Latn")
    await screen.page.go_back()
    await expect(screen.page.get_by_role("heading", name=screen.words("Board"))).to_be_visible()
    assert MARK in await screen.page.content()

    session = await screen.page.context.new_cdp_session(screen.page)
    history = await session.send("Page.getNavigationHistory")
    await session.detach()
    left = [
        await screen.page.evaluate(LEFT),
        json.dumps(history),
        json.dumps(await screen.page.context.storage_state(indexed_db=True)),
        *screen.watch.seen,
    ]
    assert len(screen.watch.seen) > 50
    assert not [each for each in left if MARK.lower() in each.lower()]


async def test_signing_out_leaves_nothing_on_the_page(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    (press,) = await presses(network)
    await network.alerts.acknowledge(story.police.officer, press.alert_id)
    await expect(screen.own_alert).to_contain_text(story.police.officer.name)
    await screen.button("Sign out").click()
    await expect(screen.text("You are signed out.")).to_be_visible()
    written = await screen.page.content()
    assert not [each for each in (story.case.codename, story.police.officer.name, story.member.name) if each in written]


async def test_after_signing_out_going_back_shows_nothing(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    await expect(screen.text("Start a drill")).to_be_visible()
    await screen.button("Sign out").click()
    await expect(screen.text("You are signed out.")).to_be_visible()
    await screen.page.go_back()
    assert story.member.name not in await screen.page.content()
    await screen.page.goto("about:blank")
    await screen.page.go_back()
    await expect(screen.text("On your own machine, run:")).to_be_visible()
    assert story.member.name not in await screen.page.content()
    assert console.home in screen.page.url
