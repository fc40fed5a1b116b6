"""An organisation's own review on a real database: it follows the worst of its open cases, and is nobody else's."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import Role
from alerts.vocabulary import Event, Status
from cases import ledger
from cases.model import Part
from core.database import Database
from core.errors import Conflict
from safety_plans.calendar import DAY
from safety_plans.clocks.rules import Spans
from safety_plans.events import take_up_events
from safety_plans.model import Level
from safety_plans.organisations.rules import OrganisationReview, pulled, worst
from safety_plans.organisations.sweep import next_due, open_missing, remind_due
from safety_plans.rules import REVIEW_AT_LEAST_EVERY, due_at
from safety_plans.sweep import open_missing as open_first_reviews
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.outgoing import direct
from tests.people import Network, Scene


async def of(network: Network, scene: Scene) -> OrganisationReview:
    found = (await network.organisations.own(scene.coordinator)).review
    assert found is not None
    return found


@pytest.fixture
async def begun(database: Database, network: Network, scene: Scene, clock: MovableClock) -> OrganisationReview:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    assert await open_missing(database, clock, ZONE) == 3
    assert await open_missing(database, clock, ZONE) == 0
    return await of(network, scene)


async def test_those_who_help_assess_themselves_and_others_do_not(
    network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview
) -> None:
    assert begun.due_at == due_at(Level.LOW, clock.now(), SERBIA)
    kinds = {
        office.agency.kind: (await network.organisations.own(office.worker)).review is not None
        for office in (scene.shelter, scene.police, scene.welfare, scene.ngo)
    }
    assert [kind for kind, has in kinds.items() if not has] == [scene.police.agency.kind]


async def test_a_case_that_was_opened_behind_somebodys_back_begins_none_and_pulls_none(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    async with database.transaction() as tx:
        await tx.run("UPDATE cases SET opened_for = $1", scene.ngo.worker.id)
    assert await open_missing(database, clock, ZONE) == 0
    assert (await network.organisations.own(scene.ngo.worker)).review is None
    shown = await network.case(scene.coordinator, {scene.ngo: Part.INFORMED})
    await network.reviews.set_level(scene.coordinator, shown.id, Level.LOW)
    await open_missing(database, clock, ZONE)
    before = (await network.organisations.own(scene.ngo.worker)).review
    assert before is not None
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    assert (await network.organisations.own(scene.ngo.worker)).review == before


async def test_it_follows_the_worst_open_case_and_only_ever_earlier(
    network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview
) -> None:
    clock.move(timedelta(hours=1))
    await network.reviews.set_level(scene.member, scene.case.id, Level.VERY_HIGH)
    pulled_to = await of(network, scene)
    assert pulled_to.due_at == due_at(Level.VERY_HIGH, clock.now(), SERBIA) < begun.due_at
    clock.move(timedelta(hours=1))
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    assert await of(network, scene) == pulled_to


async def test_who_comes_into_a_graver_case_or_a_new_one_is_asked_sooner(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview
) -> None:
    async def due() -> list[datetime]:
        views = [await network.organisations.own(each.worker) for each in (scene.ngo, scene.welfare)]
        return [each.review.due_at for each in views if each.review is not None]

    assert await due() == [begun.due_at, begun.due_at]
    # Nobody has assessed a new case yet: it is treated as high.
    grave = await network.case(scene.coordinator, {scene.shelter: Part.RESPONDER, scene.welfare: Part.INFORMED})
    await open_first_reviews(database, clock, ZONE, Spans())
    high = due_at(Level.NOT_YET_ASSESSED, clock.now(), SERBIA)
    assert await due() == [begun.due_at, high]
    await network.reviews.set_level(scene.coordinator, grave.id, Level.VERY_HIGH)
    clock.move(timedelta(hours=1))
    await network.cases.set_part(scene.coordinator, grave.id, scene.ngo.agency.id, Part.INFORMED)
    await ledger.sequence_all(database)
    await take_up_events(database, clock, ZONE)
    assert (await due())[0] == due_at(Level.VERY_HIGH, clock.now(), SERBIA)


async def test_whoever_sees_to_safety_is_reminded_alone_then_daily_and_says_when_it_is_done(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview
) -> None:
    officer = await network.person(scene.shelter.agency, Role.SECURITY_OFFICER)
    clock.set(begun.due_at)
    assert await next_due(database) == begun.due_at
    assert await remind_due(database, clock) == 3
    assert direct(officer) in await outgoing.rung(database)
    said = await outgoing.said(database, "organisation_due")
    assert all(scene.case.codename not in str(each.parameters) for each in said)
    clock.move(DAY)
    assert await remind_due(database, clock) == 3
    assert len(await outgoing.said(database, "organisation_overdue")) == len(said)
    assert (await of(network, scene)).stale_since(clock.now()) == begun.due_at
    with pytest.raises(Conflict):
        await network.organisations.done(scene.coordinator)
    done = (await network.organisations.done(officer)).review
    assert done is not None
    assert (done.step, done.due_at) == (0, due_at(Level.LOW, clock.now(), SERBIA))


async def test_with_the_last_open_case_it_ends(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview
) -> None:
    await network.closing.close_case(scene.coordinator, scene.case.id)
    clock.set(begun.due_at)
    await remind_due(database, clock)
    assert await outgoing.said(database, "organisation_due") == []
    assert (await network.organisations.own(scene.coordinator)).review is None


@given(st.lists(st.sampled_from(Level), min_size=1), st.sampled_from(Level))
def test_of_levels_the_one_that_is_assessed_most_often_counts(levels: list[Level], other: Level) -> None:
    assert all(REVIEW_AT_LEAST_EVERY[worst(levels)] <= REVIEW_AT_LEAST_EVERY[each] for each in levels)
    now = MovableClock().now()
    due = due_at(worst(levels), now, SERBIA)
    assert pulled(due, other, now, SERBIA) == min(due, due_at(other, now, SERBIA))


@pytest.mark.parametrize("event", [Event.DEFENDANT_RELEASED, Event.HOSTILE_PRESENCE, Event.BEING_FOLLOWED])
async def test_what_may_meet_those_who_help_has_them_look_to_their_own_within_a_day(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview, event: Event
) -> None:
    # It is raised after the assessment that it asks for anew.
    clock.move(timedelta(hours=1))
    at = clock.now()
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)
    await ledger.sequence_all(database)
    await take_up_events(database, clock, ZONE)
    for office in (scene.shelter, scene.welfare, scene.ngo):
        review = (await network.organisations.own(office.worker)).review
        assert review is not None
        assert at < review.due_at <= at + timedelta(hours=24) < begun.due_at
    assert (await network.organisations.own(scene.police.worker)).review is None


@pytest.mark.parametrize("looked", [False, True])
async def test_whoever_has_only_begun_to_help_looks_to_their_own_within_a_day_too(
    database: Database, network: Network, scene: Scene, clock: MovableClock, *, looked: bool
) -> None:
    # Nobody has looked yet which organisations help.
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    at = clock.now()
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.HOSTILE_PRESENCE)
    clock.move(timedelta(minutes=1))
    if looked:
        # Somebody looks between what happened and what follows from it.
        assert await open_missing(database, clock, ZONE) == 3
    await ledger.sequence_all(database)
    await take_up_events(database, clock, ZONE)
    found = await of(network, scene)
    assert found.due_at <= at + timedelta(hours=24)
    # Who looks then changes nothing of it.
    assert await open_missing(database, clock, ZONE) == 0
    assert await of(network, scene) == found


@pytest.mark.parametrize(
    ("event", "status"), [(Event.HEALTH, Status.ACTUAL), (Event.DEFENDANT_RELEASED, Status.EXERCISE)]
)
async def test_what_meets_only_the_protected_and_drills_ask_nothing_of_those_who_help(
    database: Database, network: Network, scene: Scene, clock: MovableClock, begun: OrganisationReview,
    event: Event, status: Status,
) -> None:  # fmt: skip
    clock.move(timedelta(hours=1))
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event, status=status)
    await ledger.sequence_all(database)
    await take_up_events(database, clock, ZONE)
    assert await of(network, scene) == begun
