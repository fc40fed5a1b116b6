"""Owners who are away or have gone: somebody who is there is asked, the channel says so, and nothing is orphaned."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agencies.model import Person, Role
from cases.ledger import sequence_all
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.outbox import Target, TargetKind
from safety_plans.calendar import DAY
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.sweep import remind_due as remind_of_clocks
from safety_plans.events import take_up_events
from safety_plans.model import Level
from safety_plans.sweep import remind_due
from tests import outgoing
from tests.clock import ZONE, MovableClock
from tests.outgoing import desk
from tests.people import Network, Scene


async def away(network: Network, *people: Person) -> None:
    today = network.clock.now().astimezone(ZONE).date()
    for each in people:
        await network.absences.put(each, today, today + timedelta(days=30))


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def fall_due(network: Network, scene: Scene, clock: MovableClock) -> None:
    clock.set((await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)).review.due_at)


async def test_while_its_owner_is_away_the_deputy_is_asked_and_the_channel_says_so(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await away(network, scene.coordinator)
    await fall_due(network, scene, clock)
    assert await remind_due(database, clock) == 1
    assert await outgoing.rung(database) == {channel(scene): {scene.deputy.id}}
    (said,) = await outgoing.said(database, "asked_instead")
    assert (said.parameters["other"], said.parameters["person"]) == (str(scene.coordinator.id), str(scene.deputy.id))
    # It stays the owner's: who is there again is asked again.
    await network.absences.end(scene.coordinator)
    (view,) = await network.reviews.due(scene.coordinator)
    assert view.review.owner_id == scene.coordinator.id


async def test_where_nobody_who_leads_is_there_the_duty_desk_is_asked_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await away(network, scene.coordinator, scene.deputy)
    await fall_due(network, scene, clock)
    assert await remind_due(database, clock) == 1
    assert desk(scene.shelter) in await outgoing.rung(database)
    assert len(await outgoing.said(database, "nobody_there")) == 1


async def test_a_clock_asks_who_is_there_and_stays_its_owners(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY, owner_id=scene.member.id)
    await away(network, scene.member, scene.coordinator)
    clock.set(view.clocks[0].due_at)
    assert await remind_of_clocks(database, clock) == 1
    assert await outgoing.rung(database) == {channel(scene): {scene.deputy.id}}
    (running,) = (await network.clocks.see(scene.deputy, scene.case.id)).clocks
    assert running.owner_id == scene.member.id


async def test_it_counts_from_the_first_day_to_the_last_by_the_clock_on_the_wall(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    due = (await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)).review.due_at
    day = due.astimezone(ZONE).date()
    await network.absences.put(scene.coordinator, day - DAY, day - DAY)
    clock.set(due)
    await remind_due(database, clock)
    assert await outgoing.rung(database) == {channel(scene): {scene.coordinator.id}}
    assert await network.absences.see(scene.coordinator) is None


async def test_what_somebody_had_who_has_gone_is_the_coordinators_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY, owner_id=scene.member.id)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET owner_id = $1", scene.member.id)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    await sequence_all(database)
    await take_up_events(database, clock, ZONE)
    (view,) = await network.reviews.due(scene.coordinator)
    (running,) = (await network.clocks.see(scene.coordinator, scene.case.id)).clocks
    assert {view.review.owner_id, running.owner_id} == {scene.coordinator.id}
    (said,) = await outgoing.said(database, "handed_on")
    assert (said.parameters["count"], said.parameters["person"]) == ("2", str(scene.coordinator.id))


async def test_who_may_say_that_somebody_is_away(network: Network, scene: Scene, clock: MovableClock) -> None:
    officer = await network.person(scene.shelter.agency, Role.SECURITY_OFFICER)
    today = clock.now().astimezone(ZONE).date()
    said = await network.absences.put(officer, today, today, scene.coordinator.id)
    assert await network.absences.see(scene.coordinator) == said
    for actor in (scene.shelter.workers[1], scene.police.officer, scene.deputy):
        with pytest.raises(NotFound):
            await network.absences.put(actor, today, today, scene.coordinator.id)
        with pytest.raises(NotFound):
            await network.absences.see(actor, scene.coordinator.id)
    for first, last in ((1, 0), (-3, -1), (0, 400)):
        with pytest.raises(InvalidInput):
            await network.absences.put(scene.coordinator, today + first * DAY, today + last * DAY)
    assert await network.absences.see(scene.coordinator) == said
