"""Reviews and clocks that nobody would have heard of: late already, without a desk, owned by who cannot sign in."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from agencies.model import AgencyKind
from alerts.vocabulary import Event
from cases.model import Part
from core.database import Database
from core.outbox import Target, TargetKind
from safety_plans.calendar import DAY
from safety_plans.clocks import sweep as clocks
from safety_plans.clocks.rules import ClockKind, Spans
from safety_plans.measures import store as measure_store
from safety_plans.measures import sweep as measures
from safety_plans.measures.rules import Owed
from safety_plans.model import Level, Review
from safety_plans.sweep import open_missing, remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.people import Network, Scene

HOUR = timedelta(hours=1)


async def review(network: Network, scene: Scene) -> Review:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    (view,) = await network.reviews.due(scene.coordinator)
    return view.review


async def alerted(network: Network, scene: Scene) -> list[Event]:
    return [each.alert.event for each in await network.alerts.see_all(scene.coordinator)]


async def test_what_happens_in_a_case_that_is_late_already_is_no_less_urgent_for_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    clock.set((await review(network, scene)).due_at)
    assert await remind_due(database, clock) == 1
    clock.move(HOUR)
    await network.reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)
    # Nobody is told to do by a time that is past what is to be done at once.
    assert await outgoing.said(database, "review_pulled") == []
    assert len(await outgoing.said(database, "review_pulled_late")) == 1
    clock.move(timedelta(minutes=119))
    await remind_due(database, clock)
    assert await alerted(network, scene) == []
    for _ in range(2):
        clock.move(2 * HOUR)
        await remind_due(database, clock)
    assert await alerted(network, scene) == [Event.REVIEW_MISSED]


async def test_nor_is_what_happens_shortly_before_a_review_is_due(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    clock.set((await review(network, scene)).due_at - HOUR)
    await network.reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)
    assert await outgoing.said(database, "review_pulled_late") == []
    for _ in range(3):
        clock.move(2 * HOUR)
        await remind_due(database, clock)
    assert await alerted(network, scene) == [Event.REVIEW_MISSED]


async def test_the_clocks_of_a_case_begin_also_where_somebody_was_quicker_than_the_engine(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await review(network, scene)
    await open_missing(database, clock, ZONE, Spans())
    view = await network.clocks.see(scene.coordinator, scene.case.id)
    assert {each.kind for each in view.clocks} == {ClockKind.CONTACT, ClockKind.RE_EXAMINATION}
    assert await open_missing(database, clock, ZONE, Spans()) == 0


async def test_whose_agency_is_suspended_is_stood_in_for_from_the_first_day(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    due = (await review(network, scene)).due_at
    async with database.transaction() as tx:
        await tx.run("UPDATE agencies SET suspended_at = $2 WHERE id = $1", scene.coordinator.agency_id, clock.now())
    clock.set(due)
    await remind_due(database, clock)
    assert any(scene.deputy.id in each for each in (await outgoing.rung(database)).values())


async def test_a_late_report_of_contact_quietens_nothing(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await open_missing(database, clock, ZONE, Spans())
    view = await network.clocks.see(scene.coordinator, scene.case.id)
    (contact,) = [each for each in view.clocks if each.kind is ClockKind.CONTACT]
    clock.set(contact.due_at)
    await clocks.remind_due(database, clock)
    for _ in range(5):
        clock.move(DAY)
        await clocks.remind_due(database, clock)
    before = len(await outgoing.said(database, "clock_contact_overdue"))
    # An hour after the case was opened they spoke: that is written down only now, and makes nothing due later.
    view = await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CONTACT, contact.since + HOUR)
    assert [each.due_at for each in view.clocks if each.kind is ClockKind.CONTACT] == [contact.due_at]
    for _ in range(3):
        await clocks.remind_due(database, clock)
        clock.move(DAY)
    assert len(await outgoing.said(database, "clock_contact_overdue")) > before


async def test_where_the_agency_has_no_desk_its_security_officers_hear(
    database: Database, network: Network, clock: MovableClock
) -> None:
    shelter = await network.office(AgencyKind.SHELTER, desk=False, deputies=1)
    police, welfare = await network.office(AgencyKind.POLICE), await network.office(AgencyKind.SOCIAL_WELFARE)
    case = await network.case(shelter.worker, {police: Part.RESPONDER, welfare: Part.RESPONDER}, [], welfare.worker)
    await network.reviews.set_level(shelter.worker, case.id, Level.VERY_HIGH)
    (view,) = await network.reviews.due(shelter.worker)
    clock.set(view.review.due_at)
    await remind_due(database, clock)
    clock.move(2 * HOUR)
    before = await outgoing.count(database)
    await remind_due(database, clock)
    rung = await outgoing.rung(database, before)
    assert outgoing.direct(shelter.deputies[0]) in rung


async def test_what_the_owner_cannot_read_any_more_rings_nobody_outside_of_a_channel(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    small = await network.cases.open_compartment(
        scene.coordinator, scene.case.id, [scene.member.id, scene.police.officer.id]
    )
    day, record = clock.now().date() - DAY, uuid4()
    async with database.transaction() as tx:
        owed = [Owed(deadline=day, owner_id=scene.member.id)]
        await measure_store.put(tx, (scene.case.id, small.id), record, owed, clock.now(), SERBIA)
        await tx.run("INSERT INTO vault_contents VALUES ($1, $2, $3, $4)", small.id, uuid4(), record, b"sealed")
    for each in (scene.coordinator, scene.member):
        await network.cases.remove_member(scene.coordinator, small.id, each.id)
    before = await outgoing.count(database)
    clock.move(DAY)
    assert await measures.remind_due(database, clock, ZONE) == 1
    # Neither owner nor anybody who leads is there: who coordinates hears it where they are.
    core = Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)
    assert await outgoing.rung(database, before) == {core: {scene.coordinator.id}}
