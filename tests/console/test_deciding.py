"""Before and after a way: who leads approves, sees what is missing, says go, puts off, closes; and plans safe-calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Route, expect

from operations.acting import OperationView
from operations.model import Despite, OperationStatus
from tests.clock import MovableClock
from tests.console.browsers import PHONE, SMALLEST, Browsers, Machine
from tests.console.scenery import planned
from tests.console.screen import ANYTHING, Screen
from tests.console.test_axe import clean
from tests.console.test_ways import go, state
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene
from tests.waiting import until

pytestmark = pytest.mark.slow

DECISION = "**/decision"
DAY = timedelta(days=1)


def decisions(screen: Screen, way: OperationView) -> Locator:
    return screen.page.get_by_role(
        "group", name=screen.words("Decide: {codename}", codename=way.operation.codename)
    ).get_by_role("button")


async def test_a_leader_approves_and_who_leads_the_day_goes_with_what_is_missing_before_their_eyes(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    way = await planned(network, story, lead=story.ngo.worker)
    machine = Machine(language=language, policy_off=True)
    leader = await browsers.board_of(story.coordinator, machine)
    phone = replace(machine, size=PHONE, touch=True)
    lead = await browsers.board_of(story.ngo.worker, phone)
    member = await browsers.board_of(story.member)
    for each in (leader, lead, member):
        await go(each)
        await expect(each.page.get_by_role("heading", name=each.like("Ahead"))).to_be_visible()
    # Who leads the day does not approve it alone; who goes decides nothing.
    await expect(decisions(leader, way)).to_have_count(2)
    await expect(decisions(lead, way)).to_have_count(1)
    await expect(decisions(member, way)).to_have_count(0)
    await leader.button("Approve…").click()
    await leader.button("Yes, approve").click()
    await expect(lead.button("Go…")).to_be_visible()
    assert (await state(network, way, story)).operation.status is OperationStatus.APPROVED

    await lead.button("Go…").tap()
    await expect(lead.text("MISSING: {count}", count=ANYTHING)).to_be_visible()
    await expect(lead.text("nobody can tell who reads the channel: the bot is not at work")).to_be_visible()
    # Nobody goes over what is missing without saying why.
    await expect(lead.button("Yes, go all the same")).to_be_disabled()
    await clean(lead, "go, with something missing")
    await lead.page.get_by_label(lead.words("summoned, and must appear")).tap()
    await lead.button("Yes, go all the same").tap()
    await expect(member.page.get_by_role("button", name=member.like("Reached: {step}", step=ANYTHING))).to_be_visible()
    assert (await state(network, way, story)).operation.status is OperationStatus.GO
    ((facts,),) = await _gone(network)
    assert facts["despite"] == Despite.SUMMONED


async def test_the_time_line_of_the_case_tells_what_has_happened_and_what_comes_next(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock, language: str
) -> None:
    way = (await planned(network, story)).operation
    await network.operations.approve(story.coordinator, way.id)
    await network.operations.go(story.coordinator, way.id, Despite.SUMMONED)
    clock.move(timedelta(minutes=10))
    wrote = clock.now() - timedelta(minutes=5)
    await network.under_way.confirm(story.member, way.id, 1, wrote)
    for _ in range(100):
        await network.under_way.delay(story.member, way.id, 1, uuid4())
    screen = await browsers.board_of(story.member, Machine(language=language, size=PHONE, policy_off=True))
    await go(screen)
    await screen.button("Time line of the case").click()
    rows = screen.page.locator(".looks li")
    await expect(rows.first).to_contain_text(screen.words("delayed"))
    await expect(rows.last).to_contain_text(screen.words("everybody home and safe"))
    # What was before is asked for by hand, and stands before the rest.
    await screen.button("What was before").click()
    await expect(rows.first).to_contain_text(screen.words("planned"))
    gone, reached = rows.nth(2), rows.nth(3)
    await expect(gone).to_contain_text(screen.words("summoned, and must appear"))
    await expect(reached).to_contain_text(story.member.name)
    await expect(reached).to_contain_text(screen.words("written"))
    await expect(screen.button("What was before")).to_have_count(0)
    await clean(screen, "the time line of a case")


async def test_what_is_missing_can_be_looked_at_by_every_member_in_the_smallest_window(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    await planned(network, story)
    screen = await browsers.board_of(story.member, Machine(size=SMALLEST[1], policy_off=True))
    await go(screen)
    await screen.button("What is missing?").click()
    await expect(screen.text("MISSING: {count}", count=ANYTHING)).to_be_visible()
    await clean(screen, "what is missing")


async def test_what_was_not_stored_says_so_and_is_asked_again_by_nobody_but_a_hand(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    way = await planned(network, story)
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await go(screen)
    sent: list[str | None] = []

    async def lost(route: Route) -> None:
        sent.append(route.request.post_data)
        await route.abort()

    await screen.page.route(DECISION, lost)
    await screen.button("Put off…").click()
    await screen.button("Yes, put it off").click()
    await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
    await screen.pass_time(timedelta(minutes=1))
    # A decision that comes an hour late is another decision.
    assert len(sent) == 1
    assert (await state(network, way, story)).operation.status is OperationStatus.PLANNED
    await screen.page.unroute(DECISION, lost)
    await screen.button("Yes, put it off").click()
    await expect(screen.text("postponed")).to_be_visible()
    assert (await state(network, way, story)).operation.status is OperationStatus.POSTPONED
    await expect(decisions(screen, way)).to_have_count(0)


async def test_what_is_over_is_closed_and_not_before_everybody_is_home(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    way = (await planned(network, story)).operation
    await network.operations.approve(story.coordinator, way.id)
    view = await network.operations.go(story.coordinator, way.id, Despite.SEEN_TO)
    screen = await browsers.board_of(story.coordinator)
    await go(screen)
    await network.under_way.confirm(story.member, way.id, 1)
    await expect(screen.text("under way")).to_be_visible()
    await expect(decisions(screen, view)).to_have_count(0)
    for step in way.milestones[1:]:
        if step.due_at is not None:
            await network.under_way.confirm(story.member, way.id, step.position)
    await screen.button("Close it…").click()
    await screen.button("Yes, close it").click()
    await expect(screen.page.get_by_role("heading", name=way.codename)).to_have_count(0)
    assert (await state(network, view, story)).operation.status is OperationStatus.CLOSED


async def test_somebody_is_expected_to_be_heard_from_and_then_no_more(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock, language: str
) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language=language, size=PHONE, policy_off=True))
    await go(screen)
    await screen.button("Expect to hear from somebody…").click()
    by = (clock.now() + DAY).replace(second=0, microsecond=0)
    await expect(screen.button("Expect to hear from them")).to_be_disabled()
    await at_hour(screen, by)
    people = {
        "Who listens for it": story.member, "Who else listens for it": story.deputy, "Who is called next": story.member
    }  # fmt: skip
    for words, person in people.items():
        await screen.page.get_by_label(screen.words(words), exact=True).select_option(str(person.id))
    await clean(screen, "expecting to hear from somebody")
    # Whoever is called next listens for it already: what the server says of it stands there, and nothing is lost.
    screen.watch.expect(FAILED_REQUEST)
    await screen.button("Expect to hear from them").click()
    await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
    await screen.page.get_by_label(screen.words("Who is called next")).select_option(str(story.ngo.worker.id))
    await screen.button("Expect to hear from them").click()
    await expect(screen.text("expected by")).to_be_visible()
    (call,) = await network.safe_calls.see_all(story.coordinator)
    assert (call.call.due_at, call.call.buddy_id) == (by, story.ngo.worker.id)
    # Only who planned it, or leads the case, says that nobody is expected any more.
    member = await browsers.board_of(story.member)
    await go(member)
    await expect(member.button("Heard from them")).to_be_visible()
    await expect(member.button("Expect nobody any more…")).to_have_count(0)
    await screen.button("Expect nobody any more…").click()
    await screen.button("Yes, expect nobody any more").click()
    await expect(member.button("Heard from them")).to_have_count(0)
    assert [each.call.due_at for each in await network.safe_calls.see_all(story.coordinator)] in ([], [None])


async def _gone(network: Network) -> list[tuple[dict[str, str]]]:
    async with network.database.reading() as look:
        rows = await look.rows("SELECT facts FROM ledger WHERE act = 'operation_gone'")
    return [(row["facts"],) for row in rows]


def _answered(answers: list[int], times: int) -> bool:
    return len(answers) >= times


async def at_hour(screen: Screen, by: datetime) -> None:
    """Fill in by when somebody is to be heard from, as the hour of the machine."""
    await screen.put_moment(screen.page.get_by_label(screen.words("Heard from by (day and hour here)")), by)


async def test_a_plan_of_which_nobody_heard_that_it_is_stored_is_one_and_another_is_another(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await go(screen)
    await screen.button("Expect to hear from somebody…").click()
    by = (clock.now() + DAY).replace(second=0, microsecond=0)
    await at_hour(screen, by)
    people = {
        "Who listens for it": story.member, "Who else listens for it": story.deputy,
        "Who is called next": story.ngo.worker,
    }  # fmt: skip
    for words, person in people.items():
        await screen.page.get_by_label(screen.words(words), exact=True).select_option(str(person.id))

    answers: list[int] = []

    async def lost(route: Route) -> None:
        answers.append((await route.fetch()).status)
        await route.abort()

    async def planned_for() -> list[datetime | None]:
        return [each.call.due_at for each in await network.safe_calls.see_all(story.coordinator)]

    await screen.page.route("**/safe-calls/*", lost)
    send = screen.button("Expect to hear from them")
    for number in (1, 2):
        await send.click()
        await until(partial(_answered, answers, number))
        await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
        await expect(send).not_to_have_attribute("aria-disabled", "true")
    assert await planned_for() == [by]
    await screen.page.unroute("**/safe-calls/*", lost)
    # Another hour is another plan, and is not taken for the one that is stored.
    await at_hour(screen, by + timedelta(hours=1))
    await send.click()
    await expect(screen.button("Heard from them")).to_have_count(2)
    await expect(send).to_have_count(0)
    assert await planned_for() == [by, by + timedelta(hours=1)]
