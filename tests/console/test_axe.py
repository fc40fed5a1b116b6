"""axe-core finds nothing on any screen, in any language, light or dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from server.api.console_files import FOLDER
from tests.console.browsers import Browsers, Machine
from tests.console.scenery import night
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Scene

pytestmark = [pytest.mark.slow, pytest.mark.long]

AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
RUN = """
async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap((each) =>
  each.nodes.map((node) => `${each.id}: ${node.target.join(" ")}: ${node.failureSummary}`))
"""


async def clean(screen: Screen, where: str) -> None:
    """Require that axe-core finds nothing."""
    page = screen.page
    if not await page.evaluate("() => 'axe' in globalThis"):
        await page.add_script_tag(path=AXE)
    schemes: tuple[Any, ...] = ("light", "dark")
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        violations: list[str] = await page.evaluate(RUN)
        assert not violations, (where, scheme, "\n".join(violations))


async def test_axe_finds_nothing(browsers: Browsers, console: ServedConsole, story: Scene, language: str) -> None:
    # The tool is put into the page, which the policy rightly forbids.
    machine = Machine(language=language, policy_off=True)
    outside = await browsers.window(machine)
    outside.watch.expect(FAILED_REQUEST)
    await outside.open()
    await expect(outside.text("On your own machine, run:")).to_be_visible()
    await clean(outside, "the way in")

    tonight = await night(console, story)
    screen = await browsers.board_of(story.coordinator, machine)
    screen.watch.expect(FAILED_REQUEST)
    card = screen.alert(tonight.nobody_accepted.codename)
    await card.get_by_role("button", name=screen.words("I accept")).click()
    await card.get_by_role("button", name=screen.words("Stand down…")).click()
    await expect(card.get_by_role("group", name=screen.words("Why does it end? Ring back first."))).to_be_visible()
    await screen.page.get_by_text(screen.like("Everybody who was called: {count}", count=ANYTHING)).first.click()
    await clean(screen, "the board")
    address = await console.address_for(story.deputy)
    await screen.page.evaluate("(address) => { location.href = address; }", address)
    await expect(screen.button("Sign in with this link")).to_be_visible()
    await clean(screen, "a link where somebody is signed in")
    await screen.button("Stay signed in").click()
    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    await screen.button("Start a drill").click()
    await clean(screen, "a drill")
    await screen.page.get_by_role("link", name=screen.words("Other alert"), exact=True).click()
    await screen.button("Raise this alert…").click()
    await clean(screen, "nothing chosen for another alert")
    await screen.page.get_by_role("combobox", name=screen.words("What happens")).select_option("health")
    await screen.button("Raise this alert…").click()
    await clean(screen, "another alert")
    await screen.page.route("**/api/alerts/*", lambda route: route.abort("connectionreset"))
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words("NOT raised."))
    await clean(screen, "not raised")
    await screen.page.unroute("**/api/alerts/*")
    console.line.cut()
    await expect(
        screen.text("NOT live: trying to reconnect since {time}. What you see may be old.", time=ANYTHING)
    ).to_be_visible()
    await clean(screen, "not live")
