"""Being heard: somebody else's alert sounds once sound may be made, and it is plain to see where it may not."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import ViewportSize, expect

from safety_plans.model import Level
from tests.console.browsers import Browsers, Machine
from tests.console.elsewhere import raised
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

OFF, ON = "Sound is OFF: turn it on", "Turn sound off"
HEARD = "streha:audible"
# Stories about sound go by the machine's own clock: one that tests move makes no marks.
MACHINE = Machine(real_time=True)


async def press_slowly(screen: Screen) -> None:
    """Press a mouse button as a hand does: down, and up when everything that follows from it has happened."""
    await screen.page.mouse.down()
    await screen.page.wait_for_timeout(120)
    await screen.page.mouse.up()


async def test_sound_is_off_until_it_is_turned_on(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language="sr-Cyrl", real_time=True))
    await raised(network, story, story.member)
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await expect(screen.button(OFF)).to_be_visible()
    assert screen.watch.times(HEARD) == 0
    await screen.button(OFF).hover()
    await press_slowly(screen)
    # It begins at once, because somebody is being called.
    await screen.watch.until(lambda: screen.watch.times(HEARD) == 1)
    await expect(screen.button(ON)).to_be_visible()


async def test_the_first_press_lands_where_it_was_aimed(browsers: Browsers, network: Network, story: Scene) -> None:
    await network.reviews.set_level(story.coordinator, story.case.id, Level.LOW)
    # High enough that nothing is scrolled, which would keep things in place.
    machine = Machine(language="sr-Latn", size=ViewportSize(width=360, height=1600), real_time=True)
    screen = await browsers.board_of(story.coordinator, machine)
    await expect(screen.button(OFF)).to_be_visible()
    await screen.button("Show the later ones: {count}", count=1).hover()
    # It allows sound, and the switch says so in fewer words: what lies below has not moved away meanwhile.
    await press_slowly(screen)
    await expect(screen.button("Hide the later ones")).to_be_visible()
    await expect(screen.button(ON)).to_be_visible()


async def test_the_next_alert_is_heard_and_silence_holds_for_that_one_alone(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator, MACHINE)
    await screen.button(OFF).click()
    await expect(screen.button(ON)).to_be_visible()
    assert screen.watch.times(HEARD) == 0
    await raised(network, story, story.member)
    await screen.watch.until(lambda: screen.watch.times(HEARD) == 1)
    await screen.button("Silence").click()
    await expect(screen.button("Silence")).to_have_count(0)
    circle = await network.cases.open_compartment(story.coordinator, story.case.id, [story.member.id])
    await network.alerts.raise_(story.member, circle.id, uuid4())
    await screen.watch.until(lambda: screen.watch.times(HEARD) == 2)


async def test_acceptance_ends_the_sound(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.coordinator, MACHINE)
    await screen.button(OFF).click()
    await raised(network, story, story.member)
    await screen.watch.until(lambda: screen.watch.times(HEARD) == 1)
    assert screen.watch.playing == 1
    await screen.button("I accept").click()
    await screen.watch.until(lambda: screen.watch.playing == 0)
    await expect(screen.button("Silence")).to_have_count(0)


async def test_neither_ones_own_call_nor_a_drill_is_heard_as_an_alert(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    caller = await browsers.board_of(story.member, MACHINE)
    other = await browsers.board_of(story.coordinator, MACHINE)
    for screen in (caller, other):
        await screen.button(OFF).click()
    await raised(network, story, story.member, drill=True)
    await other.watch.until(lambda: len(other.watch.played) == 1)
    assert other.watch.times(HEARD) == 0
    await raised(network, story, story.member)
    await expect(caller.alert(story.case.codename)).to_be_visible()
    await other.watch.until(lambda: other.watch.times(HEARD) == 1)
    drill, alert = other.watch.played
    assert drill != alert
    assert caller.watch.played == []
    await expect(caller.button("Silence")).to_have_count(0)


async def test_sound_that_was_turned_off_stays_off(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.coordinator, MACHINE)
    await screen.button(OFF).click()
    await screen.button(ON).click()
    await expect(screen.button(OFF)).to_be_visible()
    await screen.page.get_by_role("heading", name=screen.words("Board")).click()
    await raised(network, story, story.member)
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await expect(screen.button(OFF)).to_be_visible()
    assert screen.watch.times(HEARD) == 0


async def test_a_console_that_can_call_nobody_any_more_is_heard(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await screen.button(OFF).click()
    await expect(screen.button(ON)).to_be_visible()
    async with screen.page.expect_event("requestfailed"):
        console.line.cut()
    async with screen.still():
        await screen.pass_time(timedelta(seconds=55))
        assert screen.watch.playing == 0
        await screen.pass_time(timedelta(seconds=10))
        await screen.watch.until(lambda: screen.watch.playing == 1)
        # Whoever touches the page has heard it.
        await screen.page.get_by_role("heading", name=screen.words("Board")).click()
        await screen.watch.until(lambda: screen.watch.playing == 0)
        console.line.mend()
        await screen.until_live_again()
    # The end of a session, while it rings, is heard too, and is not the sound of a call.
    await raised(network, story, story.member)
    await screen.watch.until(lambda: screen.watch.playing == 1)
    console.clock.move(timedelta(hours=13))
    await console.api.services.feed.assure()
    await expect(screen.spoken("Your session has ended. Sign in again.")).to_be_attached()
    warning, call, again = screen.watch.played
    assert warning == again != call
    await screen.watch.until(lambda: screen.watch.playing == 1)
    await screen.page.keyboard.press("Tab")
    await screen.watch.until(lambda: screen.watch.playing == 0)
