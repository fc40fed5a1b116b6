"""The board: what a duty officer sees at once, and how it stays true while others act."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import expect

from agencies.rosters import Rosters
from alerts.vocabulary import StandDownReason, Through
from core.outbox import TargetKind
from safety_plans.model import Level
from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.elsewhere import deliver, raised, refuse
from tests.console.scenery import night
from tests.console.screen import ANYTHING, LONGEST_PAUSE
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

NOBODY = "NOBODY has accepted yet."


async def test_it_shows_who_was_reached_who_accepted_and_who_is_silent(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    unreached, accepting = story.police.officers
    alert_id = await raised(network, story, story.member)
    await refuse(network, lambda target: target.kind is TargetKind.COMPARTMENT)
    await deliver(network, lambda target: target.id == story.police.desk_id, unreached=[unreached.id])
    await network.alerts.acknowledge(accepting, alert_id)

    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    card = screen.alert(story.case.codename)
    await expect(card).to_contain_text(
        screen.like("Raised {time} by {person}.", time=ANYTHING, person=story.member.name)
    )
    await expect(card).to_contain_text(screen.words("panic"))
    await expect(card).to_contain_text(screen.words("duty desk of {agency}", agency=story.police.agency.name))
    channel = screen.words("channel {codename}", codename=story.case.codename)
    for sentence, names in (
        ("NOT reached on any device: {people}. Ring them.", {"people": unreached.name}),
        ("NOT delivered: {rooms}. Ring them yourself.", {"rooms": channel}),
        ("ACCEPTED by {people}.", {"people": accepting.name}),
    ):
        await expect(card).to_contain_text(screen.words(sentence, **names))
    silent = card.get_by_role("definition").filter(has_text=screen.words("They are being called."))
    for office in (story.shelter, story.welfare):
        await expect(silent).to_contain_text(office.agency.name)
    await expect(silent).not_to_contain_text(story.police.agency.name)
    await card.get_by_text(screen.like("Everybody who was called: {count}", count=ANYTHING)).click()
    called = card.get_by_role("listitem").filter(has_text=unreached.name)
    await expect(called).to_contain_text(screen.words("no answer yet"))


async def test_it_shows_duty_reviews_and_whether_calling_works(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    drill = await raised(network, story, story.member, drill=True)
    await network.alerts.acknowledge(story.police.officer, drill)
    await network.reviews.set_level(story.coordinator, story.case.id, Level.VERY_HIGH)
    soon = await network.case(story.coordinator, {})
    await network.reviews.set_level(story.coordinator, soon.id, Level.HIGH)
    later = await network.case(story.coordinator, {})
    await network.reviews.set_level(story.coordinator, later.id, Level.LOW)
    assert story.ngo.desk_id is not None
    await network.agencies.unseat(story.ngo.desk_id, story.ngo.officer.id)
    console.clock.move(timedelta(days=1, hours=3))
    await console.beat("bots")

    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    reviews, late = screen.region("Reviews due"), screen.region("Reviews OVERDUE: {count}", count=1)
    await expect(late.get_by_role("heading")).to_be_visible()
    overdue = late.get_by_role("listitem").filter(has_text=story.case.codename)
    await expect(overdue).to_contain_text(screen.words("very high risk"))
    await expect(overdue).to_contain_text(screen.words("Owner: {person}", person=story.coordinator.name))
    await expect(overdue).to_contain_text(screen.words("OVERDUE since"))
    await expect(reviews.get_by_role("listitem").filter(has_text=soon.codename)).to_contain_text(screen.words("due"))
    await expect(reviews).not_to_contain_text(later.codename)
    await screen.button("Show the later ones: {count}", count=1).click()
    await expect(reviews).to_contain_text(later.codename)

    duty = screen.region("Duty tonight")
    seated = duty.get_by_role("listitem").filter(has_text=story.police.agency.name)
    names = ", ".join(sorted(each.name for each in story.police.officers))
    await expect(seated).to_contain_text(screen.words("On duty: {people}", people=names))
    empty = duty.get_by_role("listitem").filter(has_text=story.ngo.agency.name)
    await expect(empty).to_contain_text(screen.words("NOBODY is on duty."))
    proven = screen.region("Last proven")
    await expect(proven).to_contain_text(
        screen.like(
            "Calling people last worked {time}, in an exercise: accepted within {duration}.",
            time=ANYTHING, duration=ANYTHING,
        )
    )  # fmt: skip
    # Of what should give signs of life, that which gives none is told of.
    engine = "What calls silent people again gives no sign of life: {since}. Ring them yourself, and tell the operator."
    bots = "What speaks in the channels gives no sign of life: {since}. Ring people yourself, and tell the operator."
    await expect(screen.text(engine, since=ANYTHING)).to_be_visible()
    await expect(screen.text(bots, since=ANYTHING)).to_have_count(0)


async def test_of_a_desk_with_a_roster_it_shows_who_is_on_duty_now_and_the_next_gap(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    first, second = story.police.officers
    assert story.police.desk_id is not None
    now = console.clock.now()
    rosters = Rosters(network.database, console.clock, "Europe/Belgrade")
    await rosters.add(story.police.desk_id, first.id, now - timedelta(hours=1), now + timedelta(hours=1))
    await rosters.add(story.police.desk_id, second.id, now + timedelta(hours=2), now + timedelta(days=20))

    for who in (story.police.worker, story.coordinator):
        screen = await browsers.board_of(who, Machine(language=language))
        desk = screen.region("Duty tonight").get_by_role("listitem").filter(has_text=story.police.agency.name)
        await expect(desk).to_contain_text(screen.words("On duty: {people}", people=first.name))
        await expect(desk).to_contain_text(screen.words("Off duty now, called later: {people}", people=second.name))
        gap = desk.filter(has_text=screen.words("GAP in the roster:"))
        # It is told to the agency itself.
        await expect(gap).to_have_count(1 if who is story.police.worker else 0)

    # A change is seen while the page stands open.
    await rosters.remove(story.police.desk_id, None)
    both = ", ".join(sorted(each.name for each in story.police.officers))
    await expect(desk).to_contain_text(screen.words("On duty: {people}", people=both))


async def test_what_is_overdue_is_seen_at_once_beside_many_alerts(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    tonight = await night(console, story)
    screen = await browsers.board_of(story.coordinator, Machine(language="sr-Latn"))
    overdue = screen.region("Reviews OVERDUE: {count}", count=1)
    late = overdue.get_by_role("listitem").filter(has_text=tonight.late.codename)
    await expect(screen.region("Open alerts: {count}", count=3)).to_be_visible()
    await screen.shows(late)
    # Where there is no room for it, one line at the top leads there.
    for size in SMALLEST:
        await screen.page.set_viewport_size(size)
        await screen.page.evaluate("scrollTo(0, 0)")
        await screen.shows(screen.button("Reviews OVERDUE: {count}", count=1))
        await screen.button("Reviews OVERDUE: {count}", count=1).click()
        await expect(overdue.get_by_role("heading")).to_be_focused()
        await screen.shows(overdue.get_by_role("heading"))
    assert screen.page.url == f"{console.home}#/board"


async def test_many_overdue_reviews_leave_room_for_the_others(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    for _ in range(7):
        case = await network.case(story.coordinator, {})
        await network.reviews.set_level(story.coordinator, case.id, Level.VERY_HIGH)
    console.clock.move(timedelta(days=1, hours=3))
    screen = await browsers.board_of(story.coordinator, Machine(language="sr-Cyrl"))
    rows = screen.region("Reviews OVERDUE: {count}", count=7).get_by_role("listitem")
    await expect(rows).to_have_count(5)
    await screen.button("Show all: {count}", count=7).click()
    await expect(rows).to_have_count(7)
    await screen.button("Show fewer").click()
    await expect(rows).to_have_count(5)


async def test_it_follows_what_others_do(browsers: Browsers, network: Network, story: Scene, language: str) -> None:
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    alert_id = await raised(network, story, story.member)
    card = screen.alert(story.case.codename)
    await expect(card).to_contain_text(screen.words(NOBODY))
    await expect(
        screen.spoken("ALERT, {codename}: {event}.", codename=story.case.codename, event=screen.words("panic"))
    ).to_be_attached()
    await deliver(network)
    await expect(card).to_contain_text(screen.words("duty desk of {agency}", agency=story.police.agency.name))
    await network.alerts.acknowledge(story.police.officer, alert_id)
    await expect(card).to_contain_text(screen.words("ACCEPTED by {people}.", people=story.police.officer.name))
    await network.alerts.stand_down(story.police.officer, alert_id, StandDownReason.FALSE_ALARM)
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(card).to_contain_text(
        screen.like(
            "Ended {time} by {person}: {reason}.",
            time=ANYTHING, person=story.police.officer.name, reason=screen.words("false alarm"),
        )
    )  # fmt: skip
    await network.reviews.set_level(story.deputy, story.case.id, Level.VERY_HIGH)
    row = screen.region("Reviews due").get_by_role("listitem").filter(has_text=story.case.codename)
    await expect(row).to_contain_text(screen.words("very high risk"))


async def test_whoever_is_excluded_sees_nothing_from_that_moment_on(
    browsers: Browsers, network: Network, story: Scene
) -> None:
    await raised(network, story, story.member)
    leaver = story.police.officer
    screen = await browsers.board_of(leaver)
    await expect(screen.alert(story.case.codename)).to_be_visible()
    await network.cases.exclude(story.coordinator, story.case.id, leaver.id)
    await expect(screen.alert(story.case.codename)).to_have_count(0)
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(screen.region("Duty tonight")).not_to_contain_text(story.shelter.agency.name)
    # Nor does anything of it come back.
    await deliver(network)
    written = await screen.page.content()
    assert story.case.codename not in written
    assert story.member.name not in written


async def test_a_stranger_sees_nothing_and_learns_nothing(browsers: Browsers, network: Network, story: Scene) -> None:
    screen = await browsers.board_of(story.stranger)
    await raised(network, story, story.member)
    assert story.elsewhere.desk_id is not None
    await network.agencies.seat(story.elsewhere.desk_id, story.stranger.id)
    await expect(screen.region("Duty tonight")).to_contain_text(story.stranger.name)
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(screen.text("You have a part in no open case: no alert can be raised here.")).to_be_visible()
    assert story.case.codename not in await screen.page.content()


async def test_whoever_is_given_a_part_sees_it_at_once(browsers: Browsers, network: Network, story: Scene) -> None:
    newcomer = story.police.workers[1]
    screen = await browsers.board_of(newcomer)
    await expect(screen.panic).to_have_count(0)
    await network.cases.add_member(story.coordinator, story.case.core.id, newcomer.id)
    await expect(screen.panic).to_be_visible()
    await expect(screen.region("Duty tonight")).to_contain_text(story.shelter.agency.name)


async def test_a_raise_that_could_not_be_verified_says_so(browsers: Browsers, network: Network, story: Scene) -> None:
    await network.alerts.raise_(story.member, story.case.core.id, uuid4(), through=Through.UNVERIFIED)
    screen = await browsers.board_of(story.coordinator)
    await expect(screen.alert(story.case.codename)).to_contain_text(
        screen.like(
            "Raised {time} from a device that could not be checked: NOT VERIFIED. Ring the person.", time=ANYTHING
        )
    )
    assert story.member.name not in await screen.alert(story.case.codename).inner_text()


async def test_a_wrong_clock_on_the_machine_changes_nothing(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    await network.reviews.set_level(story.coordinator, story.case.id, Level.VERY_HIGH)
    console.clock.move(timedelta(hours=2))
    await raised(network, story, story.member)
    console.clock.move(timedelta(minutes=7))
    screen = await browsers.board_of(story.coordinator, Machine(wrong_by=timedelta(days=3)))
    await expect(screen.alert(story.case.codename)).to_contain_text("(7 min ago)")
    await expect(screen.region("Reviews due")).to_contain_text("(in 21 hr)")


async def test_many_alerts_that_end_unseen_are_gone_when_the_line_is_back(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene
) -> None:
    circles = [
        await network.cases.open_compartment(story.coordinator, story.case.id, [story.police.worker.id])
        for _ in range(8)
    ]
    views = [await network.alerts.raise_(story.police.worker, each.id, uuid4()) for each in circles]
    screen = await browsers.board_of(story.coordinator)
    screen.watch.expect(FAILED_REQUEST)
    await expect(screen.page.get_by_role("article")).to_have_count(len(views))
    console.line.cut()
    for view in views:
        await network.alerts.acknowledge(story.police.officer, view.alert.id)
        await network.alerts.stand_down(story.police.officer, view.alert.id, StandDownReason.SAFE)
    async with screen.still():
        await screen.pass_time(LONGEST_PAUSE)
        console.line.mend()
        await screen.until_live_again()
    await expect(screen.text("No alert is open for you.")).to_be_visible()
    await expect(screen.page.get_by_role("article")).to_have_count(len(views))
    async with screen.still():
        # And then it is quiet.
        asked = len(screen.sent("GET"))
        await screen.pass_time(timedelta(seconds=10))
    assert len(screen.sent("GET")) == asked
