"""Assessments and plans in the browser: as people read them, judged by the same rules as the command line's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from playwright.async_api import Route, expect

from agencies.model import Person
from safety_plans.assessments import form as forms
from safety_plans.assessments.form import AssessmentForm
from safety_plans.instruments.model import Subject
from safety_plans.instruments.published import newest
from safety_plans.plans import reading
from safety_plans.plans.model import VictimPlan
from tests.console.browsers import Browsers, Machine
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records import everywhere
from tests.console.vaulting import Shelf, records_of, shelf
from tests.people import Scene
from tests.plan_files import VICTIM

pytestmark = pytest.mark.slow

VICTIMS = newest(Subject.VICTIM)
LOST = "Čovek u plavom kaputu je odustao"
SECOND_PERSON = "Lowering takes a second person, who looks and signs too."


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


def assessed(by: Person, **changes: Any) -> str:
    """Return an assessment as it is sealed: nothing points to danger, but for what is changed."""
    said = json.loads(forms.written(forms.template(VICTIMS, "en")))
    for each in said["answers"].values():
        each |= {"answer": "no", "evidence": "observed"}
    answers = changes.pop("answers", {})
    said["answers"] |= answers
    said |= {
        "scenarios": [{"what": "Stiže pismo", "severity": "minor", "likelihood": "possible"}],
        "level": "low", "why": "Pet meseci je mirno", "own": "low", **changes,
    }  # fmt: skip
    made = msgspec.convert(said, AssessmentForm)
    return forms.written(forms.sealed(made, assessor=by.id)).decode()


async def opened(screen: Screen, kind: str) -> None:
    """Open the one record of a kind."""
    await screen.page.get_by_role("button", name=screen.words(kind)).first.click()
    await expect(screen.page.get_by_role("heading", level=1)).to_be_visible()


async def test_an_assessment_is_read_and_judged_against_the_one_before_it(
    browsers: Browsers, records: Shelf, language: str
) -> None:
    story = records.story
    yes = {"V01": {"answer": "yes", "evidence": "document", "note": "pismo"}, "V02": {"answer": "unknown"}}
    first = await records.write(
        story.coordinator, assessed(story.coordinator, level="very_high", answers=yes), kind="assessment"
    )
    await records.write(
        story.coordinator, assessed(story.coordinator, changed=LOST, own="high", why_below_own=""),
        record=first.record, follows=[first.hash], kind="assessment",
    )  # fmt: skip
    screen = await records_of(browsers, records, story.member, Machine(language=language, policy_off=True))
    page = screen.page
    await opened(screen, "risk assessment")
    now = page.get_by_role("article", name=screen.words("Version"), exact=True)
    not_counted = screen.words("DOES NOT COUNT: {level}", level=screen.words("low risk"))
    await expect(now.get_by_role("heading", name=not_counted)).to_be_visible()
    await expect(now.get_by_text(LOST)).to_be_visible()
    await expect(now.get_by_text(screen.words("It does not count:"), exact=True)).to_be_visible()
    below_own = screen.words("The person rates it higher. Say why the level is below that.")
    await expect(now.get_by_text(below_own)).to_be_visible()
    # What was before it is not fetched in silence: until then nobody can see that it lowers.
    await expect(now.get_by_text(screen.words(SECOND_PERSON))).to_have_count(0)
    await expect(screen.button("Write the next version")).to_have_count(0)
    await screen.button("Open the earlier versions").click()
    await expect(now.get_by_text(screen.words(SECOND_PERSON))).to_be_visible()
    before = screen.words("Before: {level}", level=screen.words("very high risk"))
    await expect(now.get_by_text(before)).to_be_visible()
    await expect(screen.button("Open the earlier versions")).to_have_count(0)
    await everywhere(screen, "assessment")

    await screen.button("History, and for a court").click()
    old = page.get_by_role("article", name=screen.words("Version {number} of {count}", number=1, count=2))
    floor, level = screen.words("high risk"), screen.words("high risk")
    suggested = screen.words("Suggested: {level}; floor: {floor}", level=level, floor=floor)
    await expect(old.get_by_text(suggested)).to_be_visible()
    unknown = "INSUFFICIENT INFORMATION: too much is not known, or something critical is not."
    await expect(old.get_by_text(screen.words(unknown))).to_be_visible()
    question = next(each for each in VICTIMS.indicators if each.id == "V01").question(language)
    answer = old.get_by_role("listitem").filter(has_text=question)
    await expect(answer.get_by_role("strong")).to_have_text(screen.words("YES"))
    await expect(answer).to_contain_text(screen.words("a document"))
    # It counted: it lacked nothing.
    await expect(old.get_by_role("heading", name=screen.words("very high risk"), exact=True)).to_be_visible()


async def test_what_lacks_only_a_second_person_waits_and_what_they_signed_counts(
    browsers: Browsers, records: Shelf
) -> None:
    story = records.story
    high = assessed(story.coordinator, level="high", why="Viđen je dvaput")
    low = assessed(story.coordinator, changed=LOST)
    first = await records.write(story.coordinator, high, kind="assessment")
    second = await records.write(story.coordinator, low, record=first.record, follows=[first.hash], kind="assessment")
    screen = await records_of(browsers, records, story.member)
    await opened(screen, "risk assessment")
    await screen.button("Open the earlier versions").click()
    waits = screen.page.get_by_text("It does not count yet: it waits for a second person.")
    await expect(waits).to_be_visible()

    seen = msgspec.json.decode(low, type=AssessmentForm)
    signed = forms.sealed(seen, assessor=story.coordinator.id, countersigner=story.deputy.id)
    await records.write(
        story.deputy, forms.written(signed).decode(), record=first.record, follows=[second.hash], kind="assessment"
    )
    await screen.button("Back to the records").click()
    await screen.button("Look for news").click()
    await opened(screen, "risk assessment")
    await expect(screen.page.get_by_role("heading", name="NOT CHECKED: low risk")).to_be_visible()
    await screen.button("Open the earlier versions").click()
    await expect(screen.page.get_by_text("Second person:")).to_contain_text(story.deputy.name)
    await expect(screen.button("Open the earlier versions")).to_have_count(0)
    await expect(screen.page.get_by_text("does not count")).to_have_count(0)
    await expect(screen.page.get_by_role("heading", name="low risk", exact=True)).to_be_visible()


async def test_whoever_seals_it_for_another_is_told(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.deputy, assessed(story.coordinator), kind="assessment")
    screen = await records_of(browsers, records, story.member)
    await opened(screen, "risk assessment")
    await expect(screen.page.get_by_text("Somebody else sealed this than whoever")).to_be_visible()


async def test_a_plan_is_read_with_what_is_overdue_first(browsers: Browsers, records: Shelf, language: str) -> None:
    story, today = records.story, records.console.clock.now().date()
    measure, *rest = VICTIM.measures
    late = msgspec.structs.replace(
        measure,
        id="M90",
        what="Promeniti bravu",
        owner=str(story.member.id),
        deadline=today.replace(year=today.year - 1),
    )
    done = msgspec.structs.replace(late, id="M91", what="Kupiti telefon", status="done")
    plan: VictimPlan = msgspec.structs.replace(VICTIM, measures=(done, measure, *rest, late))
    await records.write(story.coordinator, reading.written(plan).decode(), kind="plan")
    screen = await records_of(browsers, records, story.member, Machine(language=language, policy_off=True))
    await opened(screen, "safety plan")
    page = screen.page
    await expect(page.get_by_text(screen.words("Plan for the person who is protected"))).to_be_visible()
    rows = page.get_by_role("region").or_(page.locator("ul.answers > li"))
    first = rows.filter(has_text="Promeniti bravu")
    overdue = screen.words("OVERDUE since {day}", day=late.deadline.isoformat())  # type: ignore[union-attr]
    await expect(first.get_by_text(overdue)).to_be_visible()
    await expect(first).to_contain_text(story.member.name)
    await expect(page.get_by_text(screen.words("OVERDUE since {day}", day="|").split("|")[0])).to_have_count(1)
    told = await page.locator("ul.answers > li").all_inner_texts()
    assert "Promeniti bravu" in told[0]
    assert "Kupiti telefon" in told[-1]
    (contingency, *_) = plan.contingencies
    await expect(page.get_by_role("heading", name=contingency.scenario)).to_be_visible()
    await expect(page.get_by_text(contingency.first_minute[0])).to_be_visible()
    assert plan.safe_contact is not None
    await expect(page.get_by_text(plan.safe_contact.channel)).to_be_visible()
    await everywhere(screen, "plan")


@pytest.mark.parametrize("kind", ["assessment", "plan"])
async def test_what_has_not_the_form_is_shown_as_it_was_sealed(browsers: Browsers, records: Shelf, kind: str) -> None:
    story = records.story
    # What stands twice would be read otherwise by each program.
    twice = assessed(story.coordinator).replace('"level": "low"', '"level": "very_high",\n  "level": "low"')
    await records.write(story.coordinator, twice, kind=kind)
    screen = await records_of(browsers, records, story.member)
    await opened(screen, "risk assessment" if kind == "assessment" else "safety plan")
    await expect(screen.page.get_by_text("This has not the form that this page knows")).to_be_visible()
    await expect(screen.page.get_by_text('"level": "very_high"')).to_be_visible()


async def test_without_the_forms_it_is_shown_unjudged_and_asked_for_again(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, assessed(story.coordinator), kind="assessment")
    screen = await records_of(browsers, records, story.member)
    await screen.page.route("**/forms.json", lambda route: route.abort())
    screen.watch.expect("net::ERR_FAILED")
    await opened(screen, "risk assessment")
    await expect(screen.page.get_by_text("The forms could not be fetched")).to_be_visible()
    await screen.page.unroute("**/forms.json")
    await screen.button("Back to the records").click()
    await opened(screen, "risk assessment")
    await expect(screen.page.get_by_text("low risk", exact=True).first).to_be_visible()


async def test_a_list_that_was_altered_judges_nothing(browsers: Browsers, records: Shelf) -> None:
    story = records.story

    async def without_what_is_critical(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace('"critical"', '"context"'))

    yes = {"V01": {"answer": "yes", "evidence": "document"}}
    await records.write(story.coordinator, assessed(story.coordinator, answers=yes), kind="assessment")
    screen = await records_of(browsers, records, story.member)
    await screen.page.route("**/forms.json", without_what_is_critical)
    await opened(screen, "risk assessment")
    await expect(screen.page.get_by_role("heading", name="DOES NOT COUNT: low risk")).to_be_visible()
    await expect(
        screen.page.get_by_text("It was made with a list of questions that is not known here.")
    ).to_be_visible()
    await screen.page.unroute("**/forms.json")
