"""Accepting an alert with one tap, and standing it down with a reason."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from alerts.model import State
from alerts.vocabulary import StandDownReason
from tests.console.browsers import PHONE, Browsers, Machine
from tests.console.elsewhere import raised
from tests.console.screen import ANYTHING
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

STORED = "You have accepted {alert}. Ring back whoever raised it."
ACCEPTED = "ACCEPTED by {people}."


async def test_one_tap_accepts_and_a_reason_ends(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    officer = story.police.officer
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(officer, Machine(language=language, size=PHONE, touch=True))
    card = screen.alert(story.case.codename)
    await card.get_by_role("button", name=screen.words("I accept")).tap()
    await expect(card).to_contain_text(screen.words(ACCEPTED, people=officer.name))
    await expect(screen.spoken(STORED, alert=ANYTHING)).to_be_attached()
    await expect(card.get_by_role("button", name=screen.words("I accept"))).to_have_count(0)
    accepted = (await network.alerts.see(officer, alert_id)).alert
    assert [each.person_id for each in accepted.recipients if each.acknowledged_at] == [officer.id]

    await card.get_by_role("button", name=screen.words("Stand down…")).tap()
    choice = card.get_by_role("group", name=screen.words("Why does it end? Ring back first."))
    await choice.get_by_role("radio", name=screen.words("false alarm")).check()
    await card.get_by_role("button", name=screen.words("End this alert")).tap()
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(card).to_contain_text(screen.words("false alarm"))
    await expect(screen.spoken("Stored: the alert has ended.")).to_be_attached()
    ended = (await network.alerts.see(officer, alert_id)).alert
    assert (ended.state, ended.stand_down_reason) == (State.STOOD_DOWN, StandDownReason.FALSE_ALARM)


async def test_an_acceptance_that_is_not_stored_says_so(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(story.police.officer)
    screen.watch.expect(FAILED_REQUEST)
    card = screen.alert(story.case.codename)
    accept = card.get_by_role("button", name=screen.words("I accept"))
    console.line.cut()
    await accept.click()
    await expect(card).to_contain_text(screen.like("NOT stored. {why}", why="Streha does not answer."))
    await expect(card).to_contain_text(screen.words("NOBODY has accepted yet."))
    console.line.mend()
    await accept.click()
    await expect(card).to_contain_text(screen.words(ACCEPTED, people=story.police.officer.name))
    assert (await network.alerts.see(story.police.officer, alert_id)).alert.has_acknowledged(story.police.officer.id)


async def test_somebody_else_was_quicker(browsers: Browsers, network: Network, story: Scene) -> None:
    first, second = story.police.officers
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(second)
    screen.watch.expect(FAILED_REQUEST)
    card = screen.alert(story.case.codename)
    await expect(card).to_be_visible()
    # What the board shows is a moment old when the button is pressed.
    await screen.page.route("**/api/stream", lambda route: route.abort())
    await network.alerts.acknowledge(first, alert_id)
    await network.alerts.stand_down(first, alert_id, StandDownReason.SAFE)
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(card).to_contain_text(first.name)
    await expect(card.get_by_role("button")).to_have_count(0)


async def test_whoever_raised_it_is_not_asked_to_accept(browsers: Browsers, network: Network, story: Scene) -> None:
    await raised(network, story, story.member)
    screen = await browsers.board_of(story.member)
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await expect(screen.button("I accept")).to_have_count(0)
