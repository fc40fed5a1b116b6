"""Without a mouse, and without sight: everything can be reached, seen where it is, and has a name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
from playwright.async_api import Locator, Route, expect

from tests.console.browsers import Browsers, Machine
from tests.console.elsewhere import presses, raised
from tests.console.scenery import night
from tests.console.screen import ANYTHING, HOLD, Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

STOPS_AT_MOST = 60
# What the focus is on, whether it can be seen there, and whether something lies over it.
FOCUS = """
() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const above = document.elementFromPoint(x, y);
  return {
    outside: element === document.body,
    what: `${element.tagName} ${element.textContent.trim().slice(0, 40)}`,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    uncovered: above !== null && (element.contains(above) || above.contains(element)),
  };
}
"""
HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3, h4')].map((each) => Number(each.tagName[1]))"


async def tab_to(screen: Screen, what: Locator) -> None:
    """Go from one stop to the next until one is there; each stop on the way can be seen."""
    for _ in range(STOPS_AT_MOST):
        await screen.page.keyboard.press("Tab")
        focus = await screen.page.evaluate(FOCUS)
        if focus["outside"]:
            continue  # From the last stop the way leads through the browser's own to the first.
        assert focus["outlined"], focus
        assert focus["uncovered"], focus
        if await what.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not get there")


async def test_the_whole_job_is_done_with_the_keyboard_alone(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    officer = story.police.officer
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(officer, Machine(language=language))
    keyboard = screen.page.keyboard
    card = screen.alert(story.case.codename)

    await tab_to(screen, card.get_by_role("button", name=screen.words("I accept")))
    await keyboard.press("Enter")
    await expect(card).to_contain_text(screen.words("ACCEPTED by {people}.", people=officer.name))
    # The button is gone; the place is not.
    await expect(card.get_by_role("heading")).to_be_focused()
    await tab_to(screen, card.get_by_role("button", name=screen.words("Stand down…")))
    await keyboard.press("Space")
    await tab_to(screen, card.get_by_role("radio", name=screen.words("everybody is safe")))
    await keyboard.press("ArrowDown")
    await expect(card.get_by_role("radio", name=screen.words("false alarm"))).to_be_checked()
    await tab_to(screen, card.get_by_role("button", name=screen.words("End this alert")))
    await keyboard.press("Enter")
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    assert (await network.alerts.see(officer, alert_id)).alert.ended


async def test_panic_is_near_and_answers_the_keyboard(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    keyboard = screen.page.keyboard
    for _ in range(2):
        await keyboard.press("Tab")
    await expect(screen.panic).to_be_focused()
    async with screen.still():
        await keyboard.down("Enter")
        await screen.pass_time(HOLD)
        await keyboard.up("Enter")
    await expect(screen.own_alert).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    # The hand that held the key has not pressed anything else with it.
    await expect(screen.panic).to_be_focused()
    assert len(await presses(network)) == 1
    await tab_to(screen, screen.button("I am safe: stop"))


async def test_one_link_leads_past_everything_to_the_content(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    await screen.page.keyboard.press("Tab")
    skip = screen.page.get_by_role("link", name=screen.words("To the content"))
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.get_by_role("main")).to_be_focused()
    assert screen.page.url.endswith("/console/#/board")


async def test_changing_the_language_keeps_the_place(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    choice = screen.page.get_by_role("combobox", name=screen.words("Language"))
    await tab_to(screen, choice)
    await screen.page.keyboard.press("s")
    screen = replace(screen, language="sr-Latn")
    await expect(screen.page.get_by_role("combobox", name=screen.words("Language"))).to_be_focused()
    # It is remembered, and nothing else is.
    await screen.page.reload()
    await screen.until_live()
    assert await screen.page.evaluate("Object.entries(localStorage)") == [["language", "sr-Latn"]]


async def test_the_language_that_was_chosen_last_is_spoken(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    serbian: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await screen.page.route("**/sr-Latn.json", lambda route: serbian.set_result(route))  # noqa: PLW0108 (has a signature)
    choice = screen.page.get_by_role("combobox", name=screen.words("Language"))
    await choice.select_option("sr-Latn")
    slow = await serbian
    await choice.select_option("en")
    async with screen.page.expect_response("**/sr-Latn.json"):
        await slow.continue_()
    await expect(screen.page.locator("html[lang=en]")).to_be_attached()
    await expect(screen.page.get_by_role("heading", name=screen.words("Board"))).to_be_visible()
    # One that cannot be had is told, and nothing changes.
    await screen.page.route("**/sr-Cyrl.json", lambda route: route.abort())
    await choice.select_option("sr-Cyrl")
    await expect(screen.text("The language could not be changed. Check the connection.")).to_be_visible()
    await expect(choice).to_have_value("en")


async def test_whoever_does_not_see_finds_the_way(
    browsers: Browsers, console: ServedConsole, story: Scene, language: str
) -> None:
    tonight = await night(console, story)
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    page = screen.page
    assert await page.locator("html").get_attribute("lang") == language
    for landmark in ("banner", "navigation", "main", "complementary"):
        await expect(page.get_by_role(landmark)).to_have_count(1)
    levels: list[int] = await page.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
    await expect(screen.region("Reviews OVERDUE: {count}", count=1)).to_have_count(1)
    for sentence in ("Duty tonight", "Last proven", "Reviews due"):
        await expect(screen.region(sentence)).to_have_count(1)
    await expect(screen.region("Open alerts: {count}", count=3)).to_have_count(1)
    await expect(screen.alert(tonight.nobody_accepted.codename)).to_match_aria_snapshot(
        f"""
        - heading /{tonight.nobody_accepted.codename}/ [level=3]
        - term: {screen.words("Reached")}
        - definition
        - term: {screen.words("Accepted")}
        - definition: {screen.words("Nobody yet")}
        - term: {screen.words("Silent")}
        - definition
        """
    )
    nameless = [
        await each.evaluate("(element) => element.outerHTML")
        for each in await page.locator(":is(button, a[href], select, input, summary, [role]):visible").all()
        if not await _name_of(each)
    ]
    assert nameless == []


async def _name_of(what: Locator) -> str:
    """Return what a screen reader calls something."""
    line = (await what.aria_snapshot()).partition("\n")[0]
    found = re.match(r"""-? ?'?(\w+)(?: "(?P<name>[^"]+)"|: (?P<text>.+))""", line)
    return "" if found is None else str(found["name"] or found["text"])


async def test_what_changes_is_told_without_being_looked_for(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language="sr-Latn"))
    await raised(network, story, story.member)
    urgent, polite = (screen.page.locator(f"[aria-live={kind}]") for kind in ("assertive", "polite"))
    await expect(urgent).to_contain_text(
        screen.like("ALERT, {codename}: {event}.", codename=story.case.codename, event=ANYTHING)
    )
    await screen.button("I accept").click()
    await expect(polite).to_have_text(
        screen.like("You have accepted {alert}. Ring back whoever raised it.", alert=ANYTHING)
    )
