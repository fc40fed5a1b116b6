"""Calling for help: hold the button, and see what is known of it until somebody has accepted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Dialog, Route, expect

from alerts.police.emergency_calls import EmergencyCalls
from alerts.vocabulary import StandDownReason
from cases.model import Part
from core.outbox import TargetKind
from tests.console.browsers import PHONE, Browsers, Machine
from tests.console.elsewhere import deliver, presses, refuse
from tests.console.screen import ANYTHING, HOLD
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

HANDS = ("mouse", "finger", "Space", "Enter")
A_MOMENT = timedelta(milliseconds=100)
REPEAT = timedelta(seconds=15)
STORED = "STORED. It has reached nobody yet."
LET_GO = "Let go too early. Nothing was raised."
DELIVERED = "DELIVERED to {count} rooms. Nobody has accepted yet."
PASSED_ON = "Your word was passed on. Calling pauses until {time}; then it goes on unless somebody has ended it."
ACCEPTED = "ACCEPTED by {people}."


@pytest.mark.parametrize("hand", HANDS)
async def test_only_a_whole_hold_raises(browsers: Browsers, network: Network, story: Scene, hand: str) -> None:
    screen = await browsers.board_of(story.member, Machine(size=PHONE, touch=True))
    await screen.hold(screen.panic, hand, during=HOLD - A_MOMENT)
    await expect(screen.text(LET_GO)).to_be_visible()
    await expect(screen.spoken(LET_GO)).to_be_attached()
    # However often it is pressed: what was held before counts for nothing.
    await screen.hold(screen.panic, hand, during=HOLD - A_MOMENT)
    await screen.pass_time(HOLD)
    assert await presses(network) == []
    await expect(screen.own_alert).to_have_count(0)
    async with screen.still(), screen.holding(screen.panic, hand):
        await expect(screen.spoken("Keep holding.")).to_be_attached()
        if hand in ("Space", "Enter"):
            await screen.page.keyboard.down(hand)  # As a key does by itself when it is held.
        await screen.pass_time(HOLD)
        # It does not wait for the hand to let go.
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    assert len(await presses(network)) == 1


async def test_it_goes_by_the_machines_own_clock_too(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member, Machine(real_time=True))
    async with screen.holding(screen.panic):
        pass
    await expect(screen.text(LET_GO)).to_be_visible()
    async with screen.holding(screen.panic):
        await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    assert len(await presses(network)) == 1


async def test_it_says_how_far_the_call_came_and_no_further(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language))
    unreached, officer = story.police.officers
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    await expect(screen.spoken(STORED)).to_be_attached()
    await expect(screen.own_alert.get_by_role("link", name="192")).to_have_attribute("href", "tel:192")
    (press,) = await presses(network)

    await refuse(network, lambda target: target.kind is TargetKind.COMPARTMENT)
    channel = screen.words("channel {codename}", codename=story.case.codename)
    await expect(screen.own_alert).to_contain_text(
        screen.words("NOT delivered: {rooms}. Ring them yourself.", rooms=channel)
    )
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    await deliver(network, lambda target: target.id == story.police.desk_id, unreached=[unreached.id])
    desk = screen.words("duty desk of {agency}", agency=story.police.agency.name)
    await expect(screen.own_alert).to_contain_text(screen.words(DELIVERED, count=1))
    await expect(screen.own_alert).to_contain_text(screen.words("Delivered to: {rooms}.", rooms=desk))
    await expect(screen.own_alert).to_contain_text(
        screen.words("NOT reached on any device: {people}. Ring them.", people=unreached.name)
    )
    await expect(screen.spoken(DELIVERED, count=1)).to_be_attached()

    await network.alerts.acknowledge(officer, press.alert_id)
    await expect(screen.own_alert).to_contain_text(screen.like(ACCEPTED, people=f"{officer.name} {ANYTHING}"))
    await expect(screen.own_alert).to_contain_text(
        screen.like("Still silent: {agencies}. They are being called.", agencies=ANYTHING)
    )
    await expect(screen.spoken(ACCEPTED, people=ANYTHING)).to_be_attached()
    # Nobody has said yet that the police was called: until then the numbers stay.
    await expect(screen.own_alert.get_by_role("link", name="192")).to_have_count(1)
    calls = EmergencyCalls(network.database, network.clock)
    await calls.note(officer, press.alert_id, called=True, called_by=officer.id)
    await expect(screen.own_alert.get_by_role("link")).to_have_count(0)
    assert len(await presses(network)) == 1


async def test_another_hold_joins_the_open_alert(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    for _ in range(2):
        async with screen.answered("PUT"):
            await screen.hold(screen.panic)
    first, second = await presses(network)
    assert first.key != second.key
    assert {first.alert_id, second.alert_id} == {first.key}
    await expect(screen.page.get_by_role("article")).to_have_count(1)
    await expect(screen.own_alert).to_have_count(1)


async def test_the_channel_that_was_chosen_is_called_in_every_language(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    circle = await network.cases.open_compartment(story.coordinator, story.case.id, [story.member.id])
    screen = await browsers.board_of(story.member)
    await screen.page.get_by_role("combobox", name=screen.words("Channel")).select_option(circle.codename)
    screen = await screen.speak("sr-Latn")
    await expect(screen.page.get_by_role("combobox", name=screen.words("Channel"))).to_have_value(str(circle.id))
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    await expect(screen.own_alert).to_contain_text(circle.codename)
    (press,) = await presses(network)
    assert (await network.alerts.see(story.member, press.alert_id)).codename == circle.codename


async def test_the_call_keeps_its_channel_whatever_is_opened_meanwhile(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    choice = screen.page.get_by_role("combobox", name=screen.words("Channel"))
    shown = await choice.input_value()
    async with screen.holding(screen.panic):
        other = await network.case(story.coordinator, {story.police: Part.RESPONDER}, [story.member])
        async with network.database.transaction() as tx:
            await tx.run("UPDATE compartments SET codename = 'aaa-first' WHERE id = $1", other.core.id)
        await network.cases.remove_member(story.coordinator, other.core.id, story.member.id)
        await network.cases.add_member(story.coordinator, other.core.id, story.member.id)
        await expect(choice.get_by_role("option", name="aaa-first")).to_be_attached()
        await screen.pass_time(HOLD)
    await expect(choice).to_have_value(shown)
    await expect(screen.own_alert).to_contain_text(story.case.codename)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))


async def test_a_channel_that_is_gone_is_told(browsers: Browsers, network: Network, story: Scene) -> None:
    circle = await network.cases.open_compartment(story.coordinator, story.case.id, [story.member.id])
    screen = await browsers.board_of(story.member)
    await screen.page.get_by_role("combobox", name=screen.words("Channel")).select_option(circle.codename)
    await network.closing.close_compartment(story.coordinator, circle.id)
    gone = "The channel chosen before is no longer there. The button now calls in {codename}."
    await expect(screen.text(gone, codename=story.case.codename)).to_be_visible()
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(story.case.codename)


async def test_whoever_uses_a_screen_reader_confirms_instead_of_holding(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    # A screen reader clicks without a pointer and without a key.
    await screen.panic.dispatch_event("click")
    assert await presses(network) == []
    await screen.button("Raise the alert now").click()
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    assert len(await presses(network)) == 1


async def test_the_raisers_word_pauses_calling_until_somebody_ends_it(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language))
    officer = story.police.officer
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    (press,) = await presses(network)
    await screen.button("I am safe: stop").click()
    await screen.button("No, go on calling").click()
    assert (await network.alerts.see(officer, press.alert_id)).alert.cancel_asked_at is None
    await screen.button("I am safe: stop").click()
    await screen.button("Yes, stop").click()
    await expect(screen.own_alert).to_contain_text(screen.like(PASSED_ON, time=ANYTHING))
    assert (await network.alerts.see(officer, press.alert_id)).alert.cancel_asked_at is not None
    async with screen.still():
        await screen.pass_time(3 * REPEAT)
    assert len(screen.sent("PUT")) == 1

    await network.alerts.acknowledge(officer, press.alert_id)
    await network.alerts.stand_down(officer, press.alert_id, StandDownReason.SAFE)
    await expect(screen.own_alert).to_contain_text(screen.words("ENDED: somebody has stood it down."))
    await expect(screen.own_alert).to_contain_text(screen.words("everybody is safe"))
    await screen.button("Close").click()
    await expect(screen.own_alert).to_have_count(0)


async def test_the_raisers_word_holds_for_every_press(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    for _ in range(3):
        async with screen.answered("PUT"):
            await screen.hold(screen.panic)
    # A press is shown by itself until it is known to have joined the alert: a moment after the answer to the last.
    await expect(screen.button("I am safe: stop")).to_have_count(1)
    await screen.button("I am safe: stop").click()
    await screen.button("Yes, stop").click()
    await expect(screen.own_alert).to_contain_text(screen.like(PASSED_ON, time=ANYTHING))
    sent = len(screen.sent("PUT"))
    async with screen.still():
        await screen.pass_time(4 * REPEAT)
    assert len(screen.sent("PUT")) == sent
    assert len(await presses(network)) == 3


async def test_a_word_that_was_refused_changes_nothing(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)

    async def refuse_it(route: Route) -> None:
        problem = {"title": "Not possible now", "status": 409, "detail": "This has changed. Look again."}
        await route.fulfill(status=409, json=problem)

    await screen.page.route("**/stand-down", refuse_it, times=1)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    await screen.button("I am safe: stop").click()
    await screen.button("Yes, stop").click()
    await expect(screen.own_alert).to_contain_text("This has changed. Look again.")
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    async with screen.still(), screen.answered("PUT"):
        await screen.pass_time(REPEAT)
    await screen.button("I am safe: stop").click()
    await screen.button("Yes, stop").click()
    await expect(screen.own_alert).to_contain_text(screen.like(PASSED_ON, time=ANYTHING))
    (press,) = await presses(network)
    assert (await network.alerts.see(story.police.officer, press.alert_id)).alert.cancel_asked_at is not None


async def test_leaving_the_page_is_asked_about_until_somebody_has_accepted(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    screen.page.on("dialog", stay)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    async with screen.page.expect_event("dialog"):
        await screen.page.close(run_before_unload=True)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    (press,) = await presses(network)
    await network.alerts.acknowledge(story.police.officer, press.alert_id)
    await expect(screen.own_alert).to_contain_text(screen.like(ACCEPTED, people=ANYTHING))
    await screen.page.reload()
    await screen.until_live()
    assert asked == ["beforeunload"]


async def test_a_page_that_is_opened_anew_stays_with_the_open_call(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    screen = await browsers.board_of(story.member)
    await screen.hold(screen.panic)
    await expect(screen.own_alert).to_contain_text(screen.words(STORED))
    again = await browsers.board_of(story.member)
    await expect(again.own_alert).to_contain_text(again.words(STORED))
    async with again.still():
        await again.pass_time(REPEAT)
    assert {each.key for each in await presses(network)} == {(await presses(network))[0].alert_id}
