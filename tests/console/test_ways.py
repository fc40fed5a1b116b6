"""On the way: who goes says with one large button that a step is reached; who stays behind sees what is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from operations.acting import OperationView
from operations.model import Despite, OperationId, OperationStatus, Refusal
from operations.safe_calls.sweep import call_for_unheard
from operations.sweep import call_for_late
from operations.templates import templates
from tests.clock import MovableClock
from tests.console.browsers import PHONE, SMALLEST, Browsers, Machine
from tests.console.scenery import begun, expected, planned
from tests.console.screen import ANYTHING, Screen
from tests.console.test_axe import clean
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene
from tests.waiting import until

pytestmark = pytest.mark.slow

PASSAGES = "**/passages"
HOUR = timedelta(hours=1)
READY = "ready to go"
NOT_STORED = "NOT stored yet, it is sent again by itself, as of {time}. Leave this page open, or ring who leads. {why}"


@pytest.fixture
async def way(network: Network, story: Scene) -> OperationView:
    """Let two go to court in ten minutes."""
    return await begun(network, story)


async def go(screen: Screen) -> None:
    await screen.page.get_by_role("link", name=screen.words("On the way"), exact=True).click()
    await expect(screen.page.get_by_role("heading", name=screen.words("On the way"))).to_be_visible()


async def state(network: Network, way: OperationView, story: Scene) -> OperationView:
    return await network.operations.see(story.coordinator, OperationId(way.operation.id))


async def test_one_tap_tells_that_a_step_is_reached(
    browsers: Browsers, network: Network, story: Scene, way: OperationView, language: str
) -> None:
    machine = Machine(language=language, policy_off=True)
    phone = await browsers.board_of(story.member, replace(machine, size=PHONE, touch=True))
    desk = await browsers.board_of(story.coordinator, machine)
    for each in (phone, desk):
        await go(each)
    button = phone.page.get_by_role("button", name=phone.like("Reached: {step}", step=phone.words(READY)))
    await clean(phone, "on the way, one's own step")
    box = await button.bounding_box()
    assert box is not None
    # For a thumb: all of the width, and high.
    assert box["width"] > PHONE["width"] * 0.7
    assert box["height"] > 100
    # Whoever stays behind confirms nothing by a tap.
    await expect(desk.page.get_by_role("button", name=desk.like("Reached: {step}", step=ANYTHING))).to_have_count(0)
    await button.tap()
    await expect(phone.text("Stored, as of {time}.", time=ANYTHING)).to_be_visible()
    step = (await state(network, way, story)).operation.milestones[0]
    assert (step.confirmed_by, step.written_at) == (story.member.id, step.confirmed_at)
    # The next one is asked for at once; on the other screen it stands as soon as it is stored.
    left = phone.like("Reached: {step}", step=phone.words("departed"))
    await expect(phone.page.get_by_role("button", name=left)).to_be_visible()
    await expect(desk.text("confirmed by {person}", person=story.member.name)).to_be_visible()
    await clean(desk, "on the way")
    # Later, silent, elsewhere, ended: what takes people elsewhere is asked about once.
    await phone.button("{count} min later", count=20).tap()
    await phone.button("{count} min silent", count=60).tap()
    await expect(phone.text("Telephones are off until")).to_be_visible()
    await phone.button("To the other place…").tap()
    await phone.button("Cancel").tap()
    assert (await state(network, way, story)).operation.status is OperationStatus.IN_PROGRESS
    await phone.button("To the other place…").tap()
    await phone.button("Yes, to the other place").tap()
    await expect(phone.text("diverted, under way")).to_be_visible()
    found = (await state(network, way, story)).operation
    assert (found.status, found.delayed_minutes) == (OperationStatus.DIVERTED, 20)


async def test_a_word_that_does_not_arrive_says_so_and_is_sent_until_it_does(
    browsers: Browsers, network: Network, story: Scene, way: OperationView
) -> None:
    screen = await browsers.board_of(story.member, Machine(size=PHONE, touch=True))
    screen.watch.expect(FAILED_REQUEST)
    await go(screen)
    sent: list[str | None] = []

    async def lost(route: Route) -> None:
        sent.append(route.request.post_data)
        await route.abort()

    await screen.page.route(PASSAGES, lost)
    button = screen.page.get_by_role("button", name=screen.like("Reached: {step}", step=ANYTHING))
    await button.tap()
    await expect(screen.text(NOT_STORED, time=ANYTHING, why=ANYTHING)).to_be_visible()
    await screen.pass_time(timedelta(seconds=10))
    await until(lambda: len(sent) > 1)
    assert (await state(network, way, story)).operation.milestones[0].confirmed_at is None
    await screen.page.unroute(PASSAGES, lost)
    await screen.pass_time(timedelta(seconds=10))
    await expect(screen.text("Stored, as of {time}.", time=ANYTHING)).to_be_visible()
    # The same key and the same moment each time.
    assert len(set(sent)) == 1
    assert (await state(network, way, story)).operation.milestones[0].confirmed_by == story.member.id


async def test_what_is_late_is_said_in_words_first_and_in_the_smallest_window(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock, way: OperationView
) -> None:
    later = await begun(network, story)
    clock.move(HOUR / 2)
    await network.under_way.confirm(story.member, later.operation.id, 1, clock.now())
    screen = await browsers.board_of(story.coordinator, Machine(size=SMALLEST[1], policy_off=True))
    await go(screen)
    await expect(screen.text("LATE: {count}", count=1)).to_be_visible()
    names = await screen.page.get_by_role("article").locator("h2").all_inner_texts()
    assert names == [way.operation.codename, later.operation.codename]
    await clean(screen, "on the way")
    # To somebody outside the circle there is nothing.
    stranger = await browsers.board_of(story.stranger)
    await go(stranger)
    await expect(stranger.text("Nobody is on the way.")).to_be_visible()


async def test_the_board_shows_who_is_on_the_way_as_it_happens_and_to_nobody_else(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock, way: OperationView
) -> None:
    watching = await browsers.board_of(story.coordinator, Machine(policy_off=True))
    leaving = await browsers.board_of(story.ngo.worker)
    stranger = await browsers.board_of(story.stranger)
    for each in (watching, leaving):
        await expect(each.text("On the way: {count}", count=1)).to_be_visible()
    await expect(stranger.text("On the way: {count}", count=1)).to_have_count(0)
    section = watching.page.get_by_role("region", name=watching.like("On the way: {count}", count=1))
    await expect(section).to_contain_text(watching.words(READY))
    await network.under_way.confirm(story.member, way.operation.id, 1)
    await expect(section).to_contain_text(watching.words("departed"))
    await clean(watching, "a way on the board")
    # Who leaves the circle sees nothing of it any more.
    await network.cases.remove_member(story.coordinator, story.case.core.id, story.ngo.worker.id)
    await expect(leaving.text("On the way: {count}", count=1)).to_have_count(0)
    # Nobody wrote: it is late as soon as people are called.
    clock.move(HOUR)
    await call_for_late(network.database, clock)
    late = watching.page.get_by_role("region", name=watching.like("On the way, LATE: {count}", count=1))
    await expect(late).to_contain_text(way.operation.codename)
    await expect(stranger.page.locator("body")).not_to_contain_text(way.operation.codename)


async def test_whoever_hears_from_somebody_who_is_expected_says_so_with_one_tap(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock
) -> None:
    call = (await expected(network, story)).call
    due = call.first_due_at
    phone = await browsers.board_of(story.member, Machine(size=PHONE, touch=True, policy_off=True))
    desk = await browsers.board_of(story.coordinator)
    stranger = await browsers.board_of(story.stranger)
    for each in (phone, desk, stranger):
        await go(each)
    await expect(desk.text("expected by")).to_be_visible()
    await expect(stranger.page.get_by_text(call.codename)).to_have_count(0)
    # Nobody was heard from: it is said as soon as people are called.
    clock.set(due + timedelta(minutes=30))
    await call_for_unheard(network.database, clock)
    await expect(desk.text("Expected to be heard from, LATE: {count}", count=1)).to_be_visible()
    await clean(phone, "safe-calls")
    phone.watch.expect(FAILED_REQUEST)

    async def lost(route: Route) -> None:
        await route.abort()

    await phone.page.route("**/heard", lost)
    await phone.button("Heard from them").tap()
    await expect(phone.text(NOT_STORED, time=ANYTHING, why=ANYTHING)).to_be_visible()
    await phone.page.unroute("**/heard", lost)
    await phone.pass_time(timedelta(seconds=10))
    await expect(phone.text("Stored, as of {time}.", time=ANYTHING)).to_be_visible()
    for each in (phone, desk):
        await expect(each.text("Last heard from by {person}", person=story.member.name)).to_be_visible()
        await expect(each.text("Expected to be heard from")).to_be_visible()
    (found,) = await network.safe_calls.see_all(story.coordinator)
    assert (found.late, found.call.heard_by, found.call.due_at) == (False, story.member.id, due + timedelta(days=1))


async def test_who_receives_says_that_they_took_over(browsers: Browsers, network: Network, story: Scene) -> None:
    way = await begun(network, story, receiver=story.ngo.worker)
    for position in (1, 2, 3):
        await network.under_way.confirm(story.member, way.operation.id, position)
    giver = await browsers.board_of(story.member, Machine(size=PHONE, touch=True))
    taker = await browsers.board_of(story.ngo.worker, Machine(size=PHONE, touch=True))
    for each in (giver, taker):
        await go(each)
        await expect(each.text("not taken over yet: whoever brings them answers for them")).to_be_visible()
    await expect(giver.page.get_by_role("button", name=giver.like("Reached: {step}", step=ANYTHING))).to_have_count(0)
    await taker.page.get_by_role("button", name=taker.like("Taken over")).tap()
    await expect(taker.text("taken over: whoever receives answers for them")).to_be_visible()
    found = (await state(network, way, story)).operation
    assert found.milestones[3].confirmed_by == story.ngo.worker.id
    assert replace(found, status=OperationStatus.IN_PROGRESS) == found


async def test_whoever_stays_behind_writes_what_they_were_told_and_finds_somebody_else_who_receives(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    other = await network.person(story.welfare.agency)
    await network.cases.add_member(story.coordinator, story.case.core.id, other.id)
    way = await begun(network, story, receiver=story.ngo.worker)
    machine = Machine(language=language, size=PHONE, touch=True, policy_off=True)
    lead = await browsers.board_of(story.coordinator, machine)
    taker = await browsers.board_of(story.ngo.worker, machine)
    for each in (lead, taker):
        await go(each)
    await lead.text("Write what they told you").tap()
    await lead.button("{person}: reached", person=story.member.name).tap()
    await expect(lead.text("Stored, as of {time}.", time=ANYTHING)).to_be_visible()
    step = (await state(network, way, story)).operation.milestones[0]
    assert (step.confirmed_by, step.heard_from) == (story.coordinator.id, story.member.id)
    for position in (2, 3):
        await network.under_way.confirm(story.member, way.operation.id, position)

    await taker.button("Not taken over…").tap()
    await clean(taker, "why they were not taken over")
    await taker.button("it is not safe here now").tap()
    refused = "REFUSED: whoever brought them still answers for them"
    for each in (lead, taker):
        await expect(each.text(refused)).to_be_visible()
    assert (await state(network, way, story)).operation.refusal is Refusal.NOT_SAFE_HERE

    await lead.button("Somebody else receives…").tap()
    await lead.page.get_by_label(lead.words("Who takes over whoever is brought")).select_option(str(other.id))
    await clean(lead, "somebody else receives, and what one was told")
    await lead.button("They receive").tap()
    await expect(lead.text("not taken over yet: whoever brings them answers for them")).to_be_visible()
    await lead.button("{person}: taken over", person=other.name).tap()
    await expect(lead.text("taken over: whoever receives answers for them")).to_be_visible()
    found = (await state(network, way, story)).operation
    assert (found.receiver_id, found.milestones[3].heard_from) == (other.id, other.id)
    # Nothing is left for them to say of it.
    await expect(lead.button("Somebody else receives…")).to_have_count(0)
    await expect(taker.button("Not taken over…")).to_have_count(0)


async def test_whoever_leads_the_case_writes_what_they_were_told_without_a_part_of_their_own(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    lead = await network.person(story.welfare.agency)
    await network.cases.add_member(story.coordinator, story.case.core.id, lead.id)
    way = await planned(network, story, lead=lead)
    await network.operations.approve(story.coordinator, way.operation.id)
    await network.operations.go(lead, way.operation.id, Despite.SEEN_TO)
    screen = await browsers.board_of(story.coordinator)
    await go(screen)
    await screen.text("Write what they told you").click()
    await screen.button("{person}: reached", person=story.deputy.name).click()
    await expect(screen.text("confirmed by {person}", person=story.coordinator.name)).to_be_visible()
    step = (await state(network, way, story)).operation.milestones[0]
    assert (step.confirmed_by, step.heard_from) == (story.coordinator.id, story.deputy.id)


async def test_of_an_exercise_each_step_tells_how_soon_it_was_answered(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock
) -> None:
    plan = templates()["court_other"].plan(
        clock.now() + timedelta(minutes=10), story.coordinator.id, story.ngo.worker.id,
        [story.member.id, story.deputy.id],
    )  # fmt: skip
    for drill in (True, False):
        view = await network.operations.plan(
            story.coordinator, story.case.core.id, uuid4(), replace(plan, drill=drill)
        )  # fmt: skip
        await network.operations.approve(story.coordinator, view.operation.id)
        if drill:
            way = await network.operations.go(story.coordinator, view.operation.id)
    due = way.operation.milestones[0].due_at
    assert due is not None
    clock.set(due)
    await call_for_late(network.database, clock)
    clock.move(timedelta(seconds=90))
    await network.under_way.confirm(story.member, way.operation.id, 1)
    screen = await browsers.board_of(story.coordinator)
    await go(screen)
    await expect(screen.text("answered after {count} min", count=2)).to_be_visible()
    await expect(screen.text("answered after {count} min", count=ANYTHING)).to_have_count(1)


async def test_a_word_that_waits_is_not_sent_in_the_name_of_whoever_signs_in_next(
    browsers: Browsers, network: Network, story: Scene, way: OperationView
) -> None:
    screen = await browsers.board_of(story.member, Machine(size=PHONE, touch=True))
    screen.watch.expect(FAILED_REQUEST)
    await go(screen)
    await screen.page.route(PASSAGES, lambda route: route.abort())
    await screen.page.get_by_role("button", name=screen.like("Reached: {step}", step=ANYTHING)).tap()
    await expect(screen.text(NOT_STORED, time=ANYTHING, why=ANYTHING)).to_be_visible()
    await screen.page.unroute(PASSAGES)
    sent: list[str] = []

    async def noted(route: Route) -> None:
        sent.append(route.request.method)
        await route.continue_()

    await screen.page.route(PASSAGES, noted)
    await screen.button("Sign out").tap()
    await expect(screen.text("On your own machine, run:")).to_be_visible()
    await screen.open(await browsers.console.address_for(story.deputy))
    await screen.until_live()
    await screen.pass_time(timedelta(seconds=20))
    # Whatever is sent then has been asked for when the screen is drawn.
    await go(screen)
    await expect(screen.page.get_by_role("article")).to_have_count(1)
    assert sent == []
    assert (await state(network, way, story)).operation.milestones[0].confirmed_at is None
