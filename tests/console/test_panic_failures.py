"""Calling for help while things fail: it says that nothing is raised, whom to ring, and never gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from playwright.async_api import Route, expect

from tests.console.browsers import Browsers, Machine
from tests.console.elsewhere import presses
from tests.console.screen import ANYTHING, HOLD, Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

REPEAT = timedelta(seconds=15)
NOT_RAISED = "NOT raised."
STORED = "STORED. It has reached nobody yet."
RING = "In danger ring {police} now, and ring your colleagues."
PASSED_ON = "Your word was passed on. Calling pauses until {time}; then it goes on unless somebody has ended it."
STILL_POSSIBLE = (
    "As long as this page stays open you can still try to raise an alert below. Everything else needs a new link."
)
ONE_RAISE = "**/api/alerts/*"

Answer = Callable[[Route], Awaitable[None]]


def keys(screen: Screen) -> set[str]:
    """Return the keys that were sent."""
    return {each.url.rpartition("/")[2] for each in screen.sent("PUT")}


async def test_without_an_answer_it_says_whom_to_ring_and_repeats_with_the_same_key(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language))
    screen.watch.expect(FAILED_REQUEST)
    console.line.cut()
    async with screen.still():
        async with screen.holding(screen.panic):
            await screen.pass_time(HOLD)
        await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
        await expect(screen.spoken(NOT_RAISED)).to_be_attached()
        await expect(screen.own_alert).to_contain_text(screen.words(RING, police="192"))
        await expect(screen.own_alert).to_contain_text(
            screen.words("Trying again every {seconds} seconds.", seconds=15)
        )
        for number in ("192", "194"):
            link = screen.own_alert.get_by_role("link", name=number)
            await expect(link).to_have_attribute("href", f"tel:{number}")
        for _ in range(2):
            async with screen.page.expect_event("requestfailed", lambda request: request.method == "PUT"):
                await screen.pass_time(REPEAT)
            await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
        assert await presses(network) == []
        console.line.mend()
        async with screen.answered("PUT"):
            await screen.pass_time(REPEAT)
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    assert len(screen.sent("PUT")) == 4
    (press,) = await presses(network)
    assert keys(screen) == {str(press.key)}


async def fails(route: Route) -> None:
    await route.abort("connectionreset")


async def is_garbled(route: Route) -> None:
    await route.fulfill(body="<html>Sign in to this network</html>", content_type="text/html")


async def is_another_thing(route: Route) -> None:
    await route.fulfill(json={"id": "somebody else's"})


async def is_a_list(route: Route) -> None:
    await route.fulfill(json=[])


async def is_of_wrong_types(route: Route) -> None:
    names = ["id", "codename", "status", "state", "sent", "agencies", "recipients", "deliveries", "people"]
    await route.fulfill(json=dict.fromkeys(names, 7))


async def is_empty(route: Route) -> None:
    await route.fulfill(status=204)


async def is_a_fault(route: Route) -> None:
    await route.fulfill(status=500, body="no words")


async def is_a_refusal_for_good(route: Route) -> None:
    problem = {"type": "/problems/not-found", "title": "Not found", "status": 404, "detail": "There is no such thing."}
    await route.fulfill(status=404, json=problem)


async def asks_to_wait_for_ever(route: Route) -> None:
    await route.fulfill(status=503, headers={"Retry-After": "86400"})


async def leads_elsewhere(route: Route) -> None:
    await route.fulfill(status=307, headers={"Location": "/api/me"})


async def never_comes(_route: Route) -> None:
    """Leave the request without an answer."""


async def is_lost_on_the_way(route: Route) -> None:
    """Let it be raised, and the answer never arrive."""
    await route.fetch()
    await route.abort("connectionreset")


WRONG = (
    fails, is_garbled, is_another_thing, is_a_list, is_of_wrong_types, is_empty, is_a_fault, is_a_refusal_for_good,
    asks_to_wait_for_ever, leads_elsewhere, never_comes, is_lost_on_the_way,
)  # fmt: skip


@pytest.mark.parametrize("answer", WRONG, ids=lambda each: each.__name__)
async def test_whatever_is_answered_the_repetition_goes_on(
    browsers: Browsers, network: Network, story: Scene, answer: Answer
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    answered = asyncio.Event()

    async def wrongly(route: Route) -> None:
        if route.request.method == "PUT":
            await answer(route)
            answered.set()
        else:
            await route.continue_()

    await screen.page.route(ONE_RAISE, wrongly)
    async with screen.still():
        async with screen.holding(screen.panic):
            await screen.pass_time(HOLD)
        await asyncio.wait_for(answered.wait(), 5)
        left = REPEAT
        if answer is never_comes:
            left -= timedelta(seconds=10)
            await screen.pass_time(timedelta(seconds=5))
            await expect(screen.own_alert).to_contain_text(screen.words("Streha has not answered yet."))
            await expect(screen.own_alert).to_contain_text(screen.words(RING, police="192"))
            await screen.pass_time(timedelta(seconds=5))
        if answer is not is_lost_on_the_way:  # Then the live stream may have told better already.
            await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
            await expect(screen.own_alert).to_contain_text(screen.words(RING, police="192"))
        await screen.page.unroute(ONE_RAISE)
        async with screen.answered("PUT"):
            await screen.pass_time(left)
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    (press,) = await presses(network)
    assert keys(screen) == {str(press.key)}
    # The rest of the screen has not suffered either.
    await expect(screen.alert(story.case.codename)).to_be_visible()


async def test_a_session_that_ends_in_the_middle_of_a_hold_stops_nothing(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member, Machine(language="sr-Cyrl"))
    screen.watch.expect(FAILED_REQUEST)
    async with screen.still():
        async with screen.holding(screen.panic):
            await screen.pass_time(HOLD / 2)
            console.clock.move(timedelta(hours=13))
            await screen.pass_time(HOLD / 2)
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
        (press,) = await presses(network)
        # Looking at it is refused now, and the board goes; the call stays, and its repetition tells how it goes.
        await console.api.services.feed.assure()
        await expect(screen.text("Your session has ended. Sign in again.")).to_be_visible()
        await expect(screen.page.get_by_role("article")).to_have_count(0)
        await network.alerts.acknowledge(story.police.officer, press.alert_id)
        async with screen.answered("PUT"):
            await screen.pass_time(REPEAT)
        await expect(screen.own_alert).to_contain_text(screen.like("ACCEPTED by {people}.", people=ANYTHING))
    assert keys(screen) == {str(press.key)}


async def test_after_the_end_of_a_session_one_can_still_call(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    console.clock.move(timedelta(hours=13))
    await console.api.services.feed.assure()
    await expect(screen.text(STILL_POSSIBLE)).to_be_visible()
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    assert len(await presses(network)) == 1


async def test_nothing_of_a_call_goes_on_in_another_persons_name(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route(ONE_RAISE, fails)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    console.clock.move(timedelta(hours=13))
    await console.api.services.feed.assure()
    await expect(screen.text(STILL_POSSIBLE)).to_be_visible()
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    # A colleague sits down at the same machine and opens a link of hers: what it would end is said first.
    address = await console.address_for(story.coordinator)
    await screen.page.evaluate("(address) => { location.href = address; }", address)
    ends_it = "A call from here is not stored yet. Signing in as another person ends it."
    await expect(screen.page.get_by_role("region").get_by_text(screen.words(ends_it))).to_be_visible()
    await screen.button("Sign in with this link").click()
    await expect(screen.text("Signed in: {person}", person=story.coordinator.name)).to_be_visible()
    await screen.page.unroute(ONE_RAISE)
    await expect(screen.own_alert).to_have_count(0)
    async with screen.still():
        await screen.pass_time(3 * REPEAT)
    assert await presses(network) == []


async def test_another_language_and_another_screen_do_not_stop_it(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    # Only the raise fails: words in another language can still be had.
    await screen.page.route(ONE_RAISE, fails)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    screen = await screen.speak("sr-Cyrl")
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    await screen.page.get_by_role("link", name=screen.words("Drill")).click()
    await expect(screen.page.get_by_role("heading", name=screen.words("Drill"))).to_be_visible()
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    await screen.page.unroute(ONE_RAISE)
    async with screen.still(), screen.answered("PUT"):
        await screen.pass_time(REPEAT)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    (press,) = await presses(network)
    assert keys(screen) == {str(press.key)}


async def test_signing_out_waits_until_the_call_is_stored_and_does_not_end_it(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route(ONE_RAISE, fails)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(NOT_RAISED))
    await screen.button("Sign out").click()
    refusal = screen.page.get_by_role("alert")
    not_stored = "Your call is not stored yet. Wait, or stop it before you sign out."
    await expect(refusal).to_have_text(screen.words(not_stored))
    await screen.page.unroute(ONE_RAISE)
    async with screen.still(), screen.answered("PUT"):
        await screen.pass_time(REPEAT)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    await screen.button("Sign out").click()
    await expect(screen.text("You are signed out.")).to_be_visible()
    await expect(screen.own_alert).to_have_count(0)
    (press,) = await presses(network)
    assert (await network.alerts.see(story.police.officer, press.alert_id)).alert.stood_down_at is None


async def test_stopping_while_nobody_answers_does_not_pretend(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    async with screen.still():
        async with screen.holding(screen.panic):
            await screen.pass_time(HOLD)
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
        console.line.cut()
        await screen.button("I am safe: stop").click()
        await screen.button("Yes, stop").click()
        await expect(screen.own_alert).to_contain_text(screen.words("NOT stopped yet: people may still be called."))
        console.line.mend()
        async with screen.answered("POST"):
            await screen.pass_time(REPEAT)
        await expect(screen.own_alert).to_contain_text(screen.like(PASSED_ON, time=ANYTHING))
    (press,) = await presses(network)
    assert (await network.alerts.see(story.police.officer, press.alert_id)).alert.cancel_asked_at is not None
