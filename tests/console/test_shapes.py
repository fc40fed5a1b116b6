"""Small and enlarged screens, darkness, forced colours and no motion: nothing is cut off, hidden or lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import ViewportSize, expect

from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.elsewhere import deliver, raised
from tests.console.scenery import night
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

SIZES = {
    "desktop": ViewportSize(width=1280, height=800),
    "enlarged twice": ViewportSize(width=640, height=400),
    "phone": ViewportSize(width=390, height=844),
    "narrow": ViewportSize(width=320, height=568),
    "phone on its side": ViewportSize(width=740, height=340),
}
SMALLEST_TARGET = 24
LARGEST_DOCK = 0.67
# What does not fit: a page wider than the window, things that reach out of it, words that are cut off, small targets.
MISFITS = """
(smallest) => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  const needed = document.documentElement.scrollWidth;
  if (needed > wide) found.push(`the page is ${needed} wide`);
  for (const each of document.querySelectorAll("#app *")) {
    const box = each.getBoundingClientRect();
    if (!box.width || each.closest(".unseen, .skip")) continue;
    const what = `${each.tagName} ${each.className} ${each.textContent.trim().slice(0, 30)}`;
    if (box.right > wide + 1 || box.left < -1) found.push(`${what} reaches out of the window`);
    if (each.matches("button, a, summary")) {
      if (box.width < smallest || box.height < smallest) found.push(`${what} is too small to hit`);
      if (each.scrollWidth > each.clientWidth + 1) found.push(`${what} is cut off`);
    }
  }
  return found;
}
"""
DOCK = """
() => {
  const dock = document.querySelector("aside");
  return getComputedStyle(dock).position === "fixed" ? dock.getBoundingClientRect().height / innerHeight : 0;
}
"""


async def fits(screen: Screen, where: str) -> None:
    """Require that nothing on the screen is wider than the window, cut off or too small."""
    misfits: list[str] = await screen.page.evaluate(MISFITS, SMALLEST_TARGET)
    assert not misfits, (where, misfits)


async def test_everything_fits_at_every_size(
    browsers: Browsers, console: ServedConsole, story: Scene, language: str
) -> None:
    await night(console, story)
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, f"board, {name}")
    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    await expect(screen.button("Start a drill")).to_be_visible()
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, f"drill, {name}")
    await screen.page.get_by_role("link", name=screen.words("Other alert"), exact=True).click()
    await screen.page.get_by_role("combobox", name=screen.words("What happens")).select_option("location_compromised")
    await screen.button("Raise this alert…").click()
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, f"another alert, {name}")
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_be_visible()
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, f"raised, {name}")
        assert await screen.page.evaluate(DOCK) <= LARGEST_DOCK, name
        await screen.own_alert.scroll_into_view_if_needed()
        await expect(screen.panic).to_be_attached()


# Whether all of what is chosen can be read, beside the arrow that the browser draws.
READABLE = """
(select) => {
  const style = getComputedStyle(select);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 20;
  return pen.measureText(select.selectedOptions[0].text).width <= room;
}
"""
STORED, DELIVERED = "STORED. It has reached nobody yet.", "DELIVERED to {count} rooms. Nobody has accepted yet."
LONGEST_CODENAME = "northern-lighthouse"


async def test_on_a_small_phone_the_channel_and_how_to_stop_are_in_sight(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    async with network.database.transaction() as tx:
        await tx.run("UPDATE compartments SET codename = $1", LONGEST_CODENAME)
    screen = await browsers.board_of(story.member, Machine(language=language, size=SMALLEST[0], touch=True))
    stop = screen.button("I am safe: stop")
    await screen.hold(screen.panic, "finger")
    for told in (STORED, DELIVERED):
        await expect(screen.own_alert).to_contain_text(screen.like(told, count=ANYTHING))
        for size in SMALLEST:
            await screen.page.set_viewport_size(size)
            await screen.shows(screen.panic)
            choice = screen.page.get_by_role("combobox", name=screen.words("Channel"))
            await screen.shows(choice)
            assert await choice.evaluate(READABLE), size
            assert await screen.page.evaluate(DOCK) <= LARGEST_DOCK, size
            await screen.shows(stop)
            if told == STORED or size == SMALLEST[0]:  # Otherwise it is one move of a finger away.
                await screen.shows(screen.own_alert.get_by_role("link", name="192"))
            await screen.shows(screen.own_alert.get_by_text(screen.like(told, count=ANYTHING)))
            await stop.click()
            for answer in ("Yes, stop", "No, go on calling"):
                await screen.shows(screen.button(answer))
            await screen.button("No, go on calling").click()
            await screen.own_alert.evaluate("(element) => { element.parentElement.scrollTop = 0; }")
        await deliver(network, unreached=[each.id for each in story.police.officers])


async def test_the_way_in_fits_too(browsers: Browsers, language: str) -> None:
    screen = await browsers.window(Machine(language=language))
    screen.watch.expect("Failed to load resource")
    await screen.open()
    await expect(screen.text("On your own machine, run:")).to_be_visible()
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_colours_follow_the_machine(browsers: Browsers, story: Scene, scheme: Any) -> None:
    screen = await browsers.board_of(story.member, Machine(scheme=scheme))
    lightness: float = await screen.page.evaluate(
        """() => {
          const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
          return (red + green + blue) / 3 / 255;
        }"""
    )
    assert (lightness < 0.3) if scheme == "dark" else (lightness > 0.7)


async def test_with_forced_colours_an_alert_and_a_drill_still_differ(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    for drill in (True, False):
        await raised(network, story, story.member, drill=drill)
    screen = await browsers.board_of(story.coordinator, Machine(forced_colours=True))
    borders = [
        await card.evaluate("(element) => getComputedStyle(element).borderTopStyle")
        for card in (screen.alert(story.case.codename), screen.drill(story.case.codename))
    ]
    assert borders == ["solid", "dashed"]
    width = await screen.panic.evaluate("(element) => getComputedStyle(element).borderTopWidth")
    assert width != "0px"
    await screen.page.keyboard.press("Tab")
    outline = await screen.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


@pytest.mark.parametrize("reduced", [True, False])
async def test_nothing_moves_where_motion_is_unwanted(browsers: Browsers, story: Scene, *, reduced: bool) -> None:
    screen = await browsers.board_of(story.member, Machine(reduced_motion=reduced))
    async with screen.still(), screen.holding(screen.panic):
        moving: list[str] = await screen.page.evaluate(
            "() => document.getAnimations().map((each) => each.effect.getTiming().easing)"
        )
    gliding = [each for each in moving if not each.startswith("steps")]
    assert bool(gliding) is not reduced
