"""Reviews and clocks that nobody would have heard of: late already, without a desk, owned by who cannot sign in."""

from __future__ import annotations

from datetime import timedelta

from agencies.model import AgencyKind
from alerts.vocabulary import Event
from cases.model import Part
from core.database import Database
from safety_plans.calendar import DAY
from safety_plans.clocks import sweep as clocks
from safety_plans.clocks.rules import ClockKind, Spans
from safety_plans.model import Level, Review
from safety_plans.sweep import open_missing, remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import ZONE, MovableClock
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
