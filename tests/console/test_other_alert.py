"""Another alert than panic: chosen on a screen of its own, confirmed, and never in the way of the panic button."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from alerts.vocabulary import RAISED_BY_CLOCKS, Event, Severity
from safety_plans.model import Level
from tests.console.browsers import PHONE, Browsers, Machine
from tests.console.elsewhere import presses
from tests.console.screen import Screen
from tests.console.test_keyboard import tab_to
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

STORED = "STORED. It has reached nobody yet."
# What can be chosen, by its words; "missing child" is raised as somebody missing.
CHOICES = {
    "being_followed": "being followed", "trafficker_sighted": "trafficker sighted",
    "hostile_presence": "hostile presence", "location_compromised": "location known to the wrong people",
    "missing_child": "missing child", "missing_person": "missing person", "threat_received": "threat received",
    "intimidation_or_bribe": "intimidation or bribe", "defendant_released": "defendant released",
    "premises_incident": "incident at the premises", "confidentiality_breach": "breach of confidentiality",
    "health": "health", "device_lost": "device lost",
}  # fmt: skip


async def on_screen(screen: Screen) -> None:
    await screen.page.get_by_role("link", name=screen.words("Other alert"), exact=True).click()
    await expect(screen.page.get_by_role("heading", level=1)).to_have_text(screen.words("Other alert"))


def test_everything_but_panic_can_be_chosen() -> None:
    assert {*CHOICES} - {"missing_child"} == {*Event} - {Event.PANIC, Event.DURESS} - RAISED_BY_CLOCKS


@pytest.mark.parametrize("size", [None, PHONE])
async def test_what_happens_is_chosen_confirmed_and_raised_once(
    browsers: Browsers, network: Network, story: Scene, language: str, size: object
) -> None:
    machine = Machine(language=language) if size is None else Machine(language=language, size=PHONE, touch=True)
    screen = await browsers.board_of(story.member, machine)
    await on_screen(screen)
    what = screen.page.get_by_role("combobox", name=screen.words("What happens"))
    offered = await what.get_by_role("option").all_inner_texts()
    assert offered == [screen.words(each) for each in ("Choose", *CHOICES.values())]
    # The panic button is where it always is, and stays whole.
    await screen.shows(screen.panic)

    await screen.button("Raise this alert…").click()
    await expect(screen.text("Nothing was raised. Choose what happens first.")).to_be_visible()
    await what.select_option("threat_received")
    await screen.button("Raise this alert…").click()
    await screen.button("Cancel").click()
    assert await presses(network) == []
    await screen.button("Raise this alert…").click()
    sentence = screen.words(
        "{codename}: {event}. People are called now.",
        codename=story.case.codename, event=screen.words("threat received"),
    )  # fmt: skip
    await expect(screen.page.get_by_role("group", name=screen.words("Other alert"))).to_contain_text(sentence)
    await screen.shows(screen.panic)
    await screen.button("Raise the alert now").click()
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    (press,) = await presses(network)
    alert = (await network.alerts.see(story.coordinator, press.alert_id)).alert
    assert (alert.event, alert.severity) == (Event.THREAT_RECEIVED, Severity.SEVERE)


async def test_a_missing_child_is_extreme_whatever_the_level(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    await network.reviews.set_level(story.coordinator, story.case.id, Level.LOW)
    screen = await browsers.board_of(story.member)
    await on_screen(screen)
    await screen.page.get_by_role("combobox", name="What happens").select_option("missing_child")
    await screen.button("Raise this alert…").click()
    await screen.button("Raise the alert now").click()
    await expect(screen.own_alert).to_contain_text(STORED)
    (press,) = await presses(network)
    alert = (await network.alerts.see(story.coordinator, press.alert_id)).alert
    assert (alert.event, alert.severity) == (Event.MISSING_PERSON, Severity.EXTREME)


async def test_it_is_done_with_the_keyboard_alone(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    keyboard = screen.page.keyboard
    await tab_to(screen, screen.page.get_by_role("link", name="Other alert", exact=True))
    await keyboard.press("Enter")
    what = screen.page.get_by_role("combobox", name="What happens")
    await expect(what).to_be_visible()
    # A new screen takes the focus, so that it is read from its beginning.
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await tab_to(screen, what)
    await keyboard.press("ArrowDown")
    await expect(what).to_have_value("being_followed")
    await tab_to(screen, screen.button("Raise this alert…"))
    await keyboard.press("Enter")
    await tab_to(screen, screen.button("Raise the alert now"))
    await keyboard.press("Enter")
    await expect(screen.own_alert).to_contain_text(STORED)
    (press,) = await presses(network)
    assert (await network.alerts.see(story.coordinator, press.alert_id)).alert.event is Event.BEING_FOLLOWED
