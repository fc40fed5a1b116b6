"""What rings a person and is no alert: told on every screen, heard, and answered with one tap or key."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from agencies.model import Person
from agencies.rosters import Rosters
from alerts.duty import ringing
from alerts.telephone import desk_calls
from alerts.telephone.desk_calls import Caller
from tests.console.browsers import PHONE, SMALLEST, Browsers, Machine
from tests.console.elsewhere import raised
from tests.console.screen import ANYTHING
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

RING = "Answer the test ring"
REACHED = "Stored: you are reached. No alert was accepted by this."
CALL = "I see to this call"
TAKEN = "Stored: you see to this call. Nobody is called for it any more."
CALLED = (
    "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from the number of {who}. For which case is not clear: NO "
    "alert was raised. Find out; they may be hiding. Raise it in the right case. In danger ring {police} now."
)


async def on_duty(network: Network, story: Scene, officer: Person) -> None:
    """Let somebody's shift begin now."""
    assert story.police.desk_id is not None
    clock = network.clock
    await Rosters(network.database, clock, "Europe/Belgrade").add(
        story.police.desk_id, officer.id, clock.now(), clock.now() + timedelta(hours=12)
    )
    assert await ringing.ring_due(network.database, clock, ZoneInfo("Europe/Belgrade")) == 1


async def called(network: Network, story: Scene) -> None:
    """Let a telephone call for help whose owner has more than one case."""
    caller = Caller(
        person_id=story.member.id, agency_ids=[story.police.agency.id], contacts=[], maybe=[story.member.id]
    )
    async with network.database.transaction() as tx:
        await desk_calls.call_desks(tx, caller, network.clock.now())


async def state(network: Network) -> str:
    async with network.database.reading() as look:
        return str(await look.value("SELECT state FROM duty_rings"))


async def test_a_test_ring_comes_to_every_screen_and_one_tap_answers_it(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    officer, other = story.police.officers
    phone = await browsers.board_of(officer, Machine(language=language, size=PHONE, touch=True))
    beside = await browsers.board_of(other)
    await phone.page.goto(f"{phone.home}#/other")
    await on_duty(network, story, officer)
    ring = phone.button(RING)
    await expect(ring).to_be_visible()
    sentence = phone.like(
        "TEST of duty, nothing has happened. Your shift: {begins} – {ends}.", begins=ANYTHING, ends=ANYTHING
    )
    await expect(phone.region("Answer these").get_by_role("status")).to_have_text(sentence)
    # Neither red nor an alert; and of nobody else's business.
    await expect(phone.page.get_by_role("article")).to_have_count(0)
    await expect(beside.button(RING)).to_have_count(0)
    await ring.tap()
    await expect(phone.spoken(REACHED)).to_be_attached()
    await expect(ring).to_have_count(0)
    assert await state(network) == "answered"
    await expect(phone.region("Answer these")).to_have_count(0)


async def test_the_keyboard_answers_and_what_is_not_stored_says_so_and_stays(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.police.officer, Machine(size=SMALLEST[1]))
    await on_duty(network, story, story.police.officer)
    ring = screen.button(RING)
    await expect(ring).to_be_visible()
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route("**/api/duty-rings/**", lambda route: route.abort())
    await ring.focus()
    await screen.page.keyboard.press("Enter")
    await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
    await expect(ring).to_be_visible()
    assert await state(network) == "ringing"
    await screen.page.unroute("**/api/duty-rings/**")
    await screen.page.keyboard.press("Enter")
    await expect(screen.spoken(REACHED)).to_be_attached()
    await expect(ring).to_have_count(0)
    assert await state(network) == "answered"


async def test_a_call_for_help_is_told_to_all_and_taken_by_one_who_keeps_what_it_is_about(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    officer, other = story.police.officers
    one = await browsers.board_of(officer, Machine(language=language))
    two = await browsers.board_of(other, Machine(language=language, size=PHONE, touch=True))
    await called(network, story)
    for screen in (one, two):
        told = screen.region("Answer these").get_by_role("alert")
        await expect(told).to_have_text(screen.like(CALLED, time=ANYTHING, who=story.member.name, police=ANYTHING))
    await two.button(CALL).tap()
    # Said aloud and written.
    await expect(two.region("Answer these").get_by_text(two.words(TAKEN))).to_be_visible()
    await expect(two.button(CALL)).to_have_count(0)
    await expect(one.region("Answer these")).to_have_count(0)
    await two.page.reload()
    await expect(two.region("Answer these").get_by_role("alert")).to_contain_text(story.member.name)


async def test_it_sounds_until_it_is_silenced_and_an_alert_sounds_before_it(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.police.officer, Machine(real_time=True))
    await screen.button("Sound is OFF: turn it on").click()
    await called(network, story)
    await screen.watch.until(lambda: screen.watch.playing == 1)
    await raised(network, story, story.member)
    await screen.watch.until(lambda: screen.watch.times("streha:audible") == 1)
    assert screen.watch.playing == 1
    await screen.button("I accept").click()
    silence = screen.region("Answer these").get_by_role("button", name=screen.words("Silence"))
    await silence.click()
    await screen.watch.until(lambda: screen.watch.playing == 0)
    # Nobody has taken it: it stays, and calls again.
    await expect(screen.button(CALL)).to_be_visible()
    async with network.database.transaction() as tx:
        await tx.run("UPDATE desk_calls SET next_step_at = $1", network.clock.now())
    assert await desk_calls.repeat_due(network.database, network.clock) == 1
    await screen.watch.until(lambda: screen.watch.playing == 1)
    await screen.button(CALL).click()
    await screen.watch.until(lambda: screen.watch.playing == 0)
