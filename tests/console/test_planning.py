"""Planning a way in the browser: its kind stays there, and its brief is begun among the records."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from operations import brief
from operations.model import OperationStatus
from operations.templates import templates
from tests.clock import MovableClock
from tests.console.browsers import PHONE, Browsers, Machine
from tests.console.scenery import planned
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole
from tests.console.test_axe import clean
from tests.console.test_ways import go, state
from tests.console.vaulting import records_of, shelf
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

COURT, TRANSFER = templates()["court_testimony"], templates()["shelter_transfer"]
DAY = timedelta(days=1)
KIND = "Kind of way (it stays in this browser)"
BEGINS = "It begins (day and hour here)"
BUDDY = "Buddy: stays behind, and is rung"
PLANNED = "{codename} is planned. Whoever leads the case approves it."


async def fill(screen: Screen, story: Scene, begins: datetime, *, kind: str = "court_testimony") -> None:
    """Fill in a plan."""
    await screen.page.get_by_label(screen.words(KIND)).select_option(kind)
    await screen.put_moment(screen.page.get_by_label(screen.words(BEGINS)), begins)
    people = {
        "Who goes and confirms": story.member, "Who else goes and confirms": story.deputy,
        BUDDY: story.member,
    }  # fmt: skip
    for words, person in people.items():
        await screen.page.get_by_label(screen.words(words), exact=True).select_option(str(person.id))


async def test_a_way_is_planned_by_what_is_usual_and_the_server_hears_no_kind(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock, language: str
) -> None:
    machine = Machine(language=language, size=PHONE, touch=True, policy_off=True)
    screen = await browsers.board_of(story.coordinator, machine)
    await go(screen)
    await screen.button("Plan a way…").tap()
    await expect(screen.button("Plan it")).to_be_disabled()
    begins = (clock.now() + DAY).replace(second=0, microsecond=0)
    await fill(screen, story, begins)
    # What each step means here stands there, and one can be put at another hour, or left out.
    inside = screen.page.get_by_label(COURT.steps[2].wording[language], exact=True)
    await screen.put_moment(inside, begins + timedelta(minutes=75))
    await inside.blur()
    await screen.button("Leave out: {step}", step=COURT.steps[3].wording[language]).tap()
    await clean(screen, "planning a way")
    # The buddy goes along: what the server says of it stands there, and nothing is lost.
    screen.watch.expect(FAILED_REQUEST)
    await screen.button("Plan it").tap()
    await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
    buddy = screen.page.get_by_label(screen.words(BUDDY), exact=True)
    await buddy.select_option(str(story.ngo.worker.id))
    await screen.button("Plan it").tap()
    await expect(screen.text(PLANNED, codename=ANYTHING)).to_be_visible()
    await clean(screen, "a way was planned")
    (view,) = await network.operations.see_all(story.coordinator)
    found = view.operation
    assert (found.status, found.begins_at, found.drill) == (OperationStatus.PLANNED, begins, False)
    assert (found.coordinator_id, found.buddy_id) == (story.coordinator.id, story.ngo.worker.id)
    expected = [(each.kind, each.after) for each in COURT.steps if each != COURT.steps[3]]
    expected[2] = (expected[2][0], timedelta(minutes=75))
    assert [(each.kind, each.planned_at and each.planned_at - begins) for each in found.milestones] == expected
    assert {each.confirmers for each in found.milestones} == {(story.member.id, story.deputy.id)}
    sent = " ".join(f"{each.url} {each.post_data or ''}" for each in screen.watch.requests)
    for secret in ("court", *(each.wording[language] for each in COURT.steps)):
        assert secret not in sent, secret


async def test_a_plan_of_which_nobody_heard_that_it_is_stored_is_stored_once(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock
) -> None:
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await go(screen)
    await screen.button("Plan a way…").click()
    await fill(screen, story, clock.now() + DAY, kind="shelter_transfer")
    chosen = {
        BUDDY: story.coordinator,
        "Who takes over whoever is brought": story.ngo.worker,
    }
    for words, person in chosen.items():
        await screen.page.get_by_label(screen.words(words), exact=True).select_option(str(person.id))
    await screen.page.get_by_label(screen.words("Only practise it: EXERCISE")).check()

    async def lost(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await screen.page.route("**/compartments/*/operations/*", lost)
    await screen.button("Plan it").click()
    await expect(screen.text("NOT stored. {why}", why=ANYTHING)).to_be_visible()
    await screen.page.unroute("**/compartments/*/operations/*", lost)
    await screen.button("Plan it").click()
    await expect(screen.text(PLANNED, codename=ANYTHING)).to_be_visible()
    (view,) = await network.operations.see_all(story.coordinator)
    assert (view.operation.receiver_id, view.operation.drill) == (story.ngo.worker.id, True)


async def test_what_was_put_off_is_planned_anew_with_its_people_and_steps(
    browsers: Browsers, network: Network, story: Scene, clock: MovableClock
) -> None:
    way = await planned(network, story)
    await network.operations.postpone(story.coordinator, way.operation.id)
    screen = await browsers.board_of(story.coordinator, Machine(policy_off=True))
    member = await browsers.board_of(story.member)
    for each in (screen, member):
        await go(each)
    await expect(member.button("Plan it anew…")).to_have_count(0)
    # Another form that is open beside it has fields of its own.
    await screen.button("Plan a way…").click()
    await screen.button("Plan it anew…").click()
    await clean(screen, "two plans at once")
    await (
        screen.page.get_by_role("group", name=screen.words("Plan a way"), exact=True)
        .get_by_role("button", name=screen.words("Cancel"))
        .click()
    )
    begins = (clock.now() + 40 * DAY).replace(second=0, microsecond=0)
    await screen.put_moment(screen.page.get_by_label(screen.words(BEGINS)), begins)
    await clean(screen, "planning a way anew")
    await screen.button("Plan it").click()
    await expect(screen.text(PLANNED, codename=way.operation.codename)).to_be_visible()
    found = (await state(network, way, story)).operation
    assert (found.status, found.begins_at, found.codename) == (OperationStatus.PLANNED, begins, way.operation.codename)
    before = way.operation
    assert [each.confirmers for each in found.milestones] == [each.confirmers for each in before.milestones]
    gone = [None if each.planned_at is None else each.planned_at - before.begins_at for each in before.milestones]
    assert [None if each.planned_at is None else each.planned_at - begins for each in found.milestones] == gone
    assert (found.buddy_id, found.coordinator_id) == (before.buddy_id, before.coordinator_id)


async def test_the_brief_is_begun_among_the_records_and_says_what_of_it_is_empty(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    way = await planned(network, story, receiver=story.ngo.worker)
    goes = [story.member.id, story.deputy.id]
    people = [*goes, story.coordinator.id, story.ngo.worker.id]
    elsewhere = await network.cases.open_compartment(story.coordinator, story.case.id, people)
    plan = COURT.plan(way.operation.begins_at, story.coordinator.id, story.ngo.worker.id, goes)
    await network.operations.plan(story.coordinator, elsewhere.id, uuid4(), plan)
    records = await shelf(console, story)
    # What a program keeps beside the briefs is nobody's to type over, and its secret is not shown.
    await records.write(story.coordinator, '{"what":"secret of places","version":1,"secret":"c2VjcmV0"}', kind="brief")
    screen = await records_of(browsers, records, story.coordinator, Machine(language=language, policy_off=True))
    await screen.page.get_by_role("button", name=screen.words("Kept by a program")).click()
    await expect(screen.page.get_by_text("c2VjcmV0")).to_have_count(0)
    await expect(screen.button("Write the next version")).to_have_count(0)
    await screen.button("Back to the records").click()

    await screen.button("Write the brief of a way…").click()
    await screen.page.get_by_label(screen.words(KIND)).select_option("shelter_transfer")
    # Those of other circles are not among them.
    which = screen.page.get_by_label(screen.words("Which way, by its codename"))
    await expect(which.get_by_role("option")).to_have_count(2)
    await which.select_option(way.operation.codename)
    await clean(screen, "beginning a brief")
    await screen.button("Begin the brief").click()
    field = screen.page.get_by_label(screen.words("Text"), exact=True)
    text = await field.input_value()
    # As the command line writes it.
    assert text == brief.blank(TRANSFER, language, way.operation.codename)
    await screen.button("Seal and save").click()
    lacking = screen.page.locator(".version .notice li")
    await expect(lacking).to_have_count(len(brief.HEADINGS))
    assert brief.is_of(text, way.operation.codename)
    await clean(screen, "a brief of which something is empty")
    await screen.button("Write the next version").click()
    whole = "\n".join(f"{each} x" if each.endswith(":") else each for each in (await field.input_value()).split("\n"))
    assert brief.empty(whole, hands_over=True) == []
    await field.fill(whole)
    await screen.button("Seal and save").click()
    await expect(screen.text("The brief is filled in.")).to_be_visible()
