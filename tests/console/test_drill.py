"""A drill never looks like an alert, nor an alert like a drill: in words, in colour, in place and in sound."""

from __future__ import annotations

import colorsys
import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, expect

from alerts.model import State
from alerts.vocabulary import StandDownReason, Status
from tests.console.browsers import Browsers, Machine
from tests.console.elsewhere import presses, raised
from tests.console.screen import ANYTHING
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

STORED = "STORED. It has reached nobody yet."
PASSED_ON = "Your word was passed on. Calling pauses until {time}; then it goes on unless somebody has ended it."
COLOURS = """
(element) => [element, ...element.querySelectorAll("*")].flatMap((each) => {
  const style = getComputedStyle(each);
  const borders = parseFloat(style.borderTopWidth) + parseFloat(style.borderLeftWidth) ? [style.borderTopColor] : [];
  return [style.color, style.backgroundColor, ...borders];
})
"""
REDDEST, ORANGE, PURPLE = 0.35, 0.05, 0.92


async def reds(what: Locator) -> list[str]:
    """Return the colours in something that people would call red."""
    return [each for each in await what.evaluate(COLOURS) if _is_red(each)]


def _is_red(colour: str) -> bool:
    red, green, blue, *opacity = (float(each) for each in re.findall(r"[\d.]+", colour))
    hue, _lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    return saturation > REDDEST and not ORANGE < hue < PURPLE and opacity != [0.0]


async def test_a_drill_from_start_to_end(browsers: Browsers, network: Network, story: Scene, language: str) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    await screen.button("Start a drill").click()
    await screen.button("Cancel").click()
    assert await presses(network) == []
    await screen.button("Start a drill").click()
    await screen.button("Yes, start the drill").click()
    await expect(screen.own_drill).to_contain_text(screen.words("EXERCISE"))
    await expect(screen.own_drill).to_have_accessible_name(screen.words("Your drill"))
    await expect(screen.own_drill).to_contain_text(screen.words(STORED))
    await expect(screen.own_drill.get_by_role("link")).to_have_count(0)
    await expect(screen.spoken(STORED)).to_have_text(re.compile(f"^{screen.words('EXERCISE')}"))
    assert await reds(screen.own_drill) == []
    # The place for real calls shows nothing of it.
    dock = screen.page.get_by_role("complementary", name=screen.words("Call for help"))
    await expect(dock).not_to_contain_text(screen.words("EXERCISE"))
    (press,) = await presses(network)
    assert (await network.alerts.see(story.coordinator, press.alert_id)).alert.status is Status.EXERCISE

    await screen.button("End the drill").click()
    await expect(screen.own_drill).to_contain_text(screen.like(PASSED_ON, time=ANYTHING))
    await network.alerts.acknowledge(story.police.officer, press.alert_id)
    await network.alerts.stand_down(story.police.officer, press.alert_id, StandDownReason.DRILL_OVER)
    await expect(screen.own_drill).to_contain_text(screen.words("the exercise is over"))
    assert await reds(screen.own_drill) == []


async def test_one_that_runs_stays_in_sight_when_the_session_has_ended(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.get_by_role("link", name="Drill", exact=True).click()
    await screen.button("Start a drill").click()
    await screen.button("Yes, start the drill").click()
    await expect(screen.own_drill).to_contain_text(screen.words(STORED))
    console.clock.move(timedelta(hours=13))
    await console.api.services.feed.assure()
    await expect(screen.page.get_by_role("heading", name="Sign in to Streha")).to_be_visible()
    await expect(screen.own_drill).to_be_visible()
    await expect(screen.button("End the drill")).to_be_visible()


async def test_on_the_board_they_stand_apart(browsers: Browsers, network: Network, story: Scene, language: str) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    drill_id = await raised(network, story, story.member, drill=True)
    drill, alert = screen.drill(story.case.codename), screen.alert(story.case.codename)
    await expect(drill).to_be_visible()
    await expect(drill).to_contain_text(
        screen.words("Nothing has happened. Practised: {event}.", event=screen.words("panic"))
    )
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(alert).to_have_count(0)
    assert await reds(drill) == []
    names = {"codename": story.case.codename, "event": screen.words("panic")}
    await expect(screen.spoken("EXERCISE, {codename}: {event}.", **names)).to_be_attached()
    await expect(screen.spoken("ALERT, {codename}: {event}.", **names)).to_have_count(0)

    await raised(network, story, story.member)
    await expect(alert).to_be_visible()
    await expect(alert).not_to_contain_text(screen.words("EXERCISE"))
    assert await reds(alert) != []
    # Each in a part of the board of its own, the real one above.
    await expect(screen.region("Exercises: {count}", count=1).get_by_role("article")).to_have_count(1)
    await expect(screen.region("Open alerts: {count}", count=1).get_by_role("article")).to_have_count(1)
    first = screen.page.get_by_role("article").first
    assert await first.get_attribute("aria-labelledby") == await alert.get_attribute("aria-labelledby")
    await drill.get_by_role("button", name=screen.words("I accept")).click()
    await expect(drill).to_contain_text(screen.words("ACCEPTED by {people}.", people=story.coordinator.name))
    await expect(alert).to_contain_text(screen.words("NOBODY has accepted yet."))
    assert (await network.alerts.see(story.coordinator, drill_id)).alert.state is State.OPEN
