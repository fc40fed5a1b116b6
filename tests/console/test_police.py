"""Saying on the board whether the police was called, and what the raiser is told where nobody has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from alerts.police.asking import ask_on
from alerts.police.emergency import Police
from tests.console.browsers import PHONE, Browsers, Machine
from tests.console.elsewhere import raised
from tests.console.serving import ServedConsole
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

ASKED = "Has the police been called? By whom?"
UNKNOWN = "Police: NOT known to be called."


async def test_whoever_accepted_says_who_called_and_nothing_is_chosen_for_them(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    officer = story.police.officer
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(officer, Machine(language=language, size=PHONE, touch=True))
    card = screen.alert(story.case.codename)
    await expect(card).to_contain_text(screen.words(UNKNOWN))
    await expect(card.get_by_role("group", name=screen.words(ASKED))).to_have_count(0)
    await card.get_by_role("button", name=screen.words("I accept")).tap()
    asked = card.get_by_role("group", name=screen.words(ASKED))
    say = asked.get_by_role("button", name=screen.words("Say so"))
    await expect(say).to_be_disabled()
    for each in ("I called", "Somebody else called", "Nobody has called"):
        await expect(asked.get_by_role("radio", name=screen.words(each))).not_to_be_checked()
    await asked.get_by_role("radio", name=screen.words("Nobody has called")).check()
    await say.tap()
    await expect(card).to_contain_text(screen.words("Police: NOT called, says {person}.", person=officer.name))
    console.clock.move(timedelta(seconds=20))
    await asked.get_by_role("radio", name=screen.words("I called")).check()
    await say.tap()
    await expect(asked).to_have_count(0)
    await expect(screen.spoken("Stored: what you said of the police.")).to_be_attached()
    found = (await network.alerts.see(officer, alert_id)).alert
    assert found.police is Police.CALLED
    assert [each.called_by for each in found.emergency_calls] == [None, officer.id]


async def test_the_raiser_is_told_to_call_where_nobody_has_said_that_somebody_did(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    alert_id = await raised(network, story, story.member)
    screen = await browsers.board_of(story.member)
    await network.alerts.acknowledge(story.police.officer, alert_id)
    card = screen.alert(story.case.codename)
    await expect(card).to_contain_text(screen.words(UNKNOWN))
    # Whoever raised it may have called, and says so on the same card.
    await expect(card.get_by_role("group", name=screen.words(ASKED))).to_be_visible()
    for _ in range(2):
        console.clock.move(timedelta(minutes=5))
        await ask_on(network.database, console.clock)
    assert (await network.alerts.see(story.member, alert_id)).alert.police is Police.UNANSWERED
    await network.emergency_calls.note(story.police.officer, alert_id, called=True, called_by=story.member.id)
    await expect(card).not_to_contain_text(screen.words(UNKNOWN))
    await expect(card).to_contain_text(story.member.name)


async def test_an_exercise_says_not_to_call(browsers: Browsers, network: Network, story: Scene) -> None:
    drill = await raised(network, story, story.member, drill=True)
    await network.alerts.acknowledge(story.police.officer, drill)
    screen = await browsers.board_of(story.police.officer)
    card = screen.drill(story.case.codename)
    await expect(card).to_contain_text(screen.words("EXERCISE: do NOT call the police."))
    asked = screen.words("Would the police have been called? By whom?")
    await expect(card.get_by_role("group", name=asked)).to_be_visible()
