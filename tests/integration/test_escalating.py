"""The ladder on a real database: each step once, at its time, for whoever is silent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import AgencyKind
from alerts import store
from alerts.model import Alert, AlertId, State
from alerts.sweep import escalate_due, next_due
from alerts.vocabulary import Event, StandDownReason, Status
from cases.model import Part
from core.database import Database
from core.errors import Conflict
from core.outbox import LEASE, Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Scene


async def raised(network: Network, scene: Scene, event: Event = Event.PANIC) -> Alert:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)).alert


async def stands(network: Network, scene: Scene, alert_id: AlertId) -> Alert:
    return (await network.alerts.see(scene.coordinator, alert_id)).alert


async def test_whoever_is_silent_is_called_again_and_their_deputies_with_them(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    assert await next_due(database) == alert.next_step_at
    clock.move(timedelta(minutes=1, seconds=59))
    assert await escalate_due(database, clock) == 0
    said = await outgoing.count(database)
    clock.move(timedelta(seconds=1))
    assert await escalate_due(database, clock) == 1
    assert (await outgoing.rung(database, said)).keys() == {
        desk(scene.shelter), desk(scene.welfare), direct(scene.shelter.deputies[0]), direct(scene.welfare.deputies[0])
    }  # fmt: skip
    silence = await outgoing.said(database, "alert_still_silent")
    assert len(silence) == 1
    assert set(silence[0].parameters["agencies"].split(",")) == {
        str(scene.shelter.agency.id), str(scene.welfare.agency.id)
    }  # fmt: skip
    stepped = await stands(network, scene, alert.id)
    assert (stepped.step, stepped.next_step_at) == (1, clock.now() + timedelta(minutes=10))
    assert await escalate_due(database, clock) == 0


async def test_severe_calls_leaders_and_desks_then_everybody(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await raised(network, scene, Event.BEING_FOLLOWED)
    first = await outgoing.rung(database)
    assert first.keys() == {
        direct(scene.coordinator), direct(scene.deputy), desk(scene.shelter), desk(scene.police), desk(scene.welfare)
    }  # fmt: skip
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=10))
    await escalate_due(database, clock)
    second = await outgoing.rung(database, said)
    assert Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id) in second
    assert direct(scene.police.deputies[0]) in second


async def test_two_sweeps_at_once_step_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    clock.move(timedelta(minutes=2))
    async with asyncio.TaskGroup() as tasks:
        sweeps = [tasks.create_task(escalate_due(database, clock)) for _ in range(6)]
    assert sum(each.result() for each in sweeps) == 1
    assert (await stands(network, scene, alert.id)).step == 1
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_escalated'") == 1


async def test_after_an_outage_nobody_is_called_for_every_missed_step(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    clock.move(timedelta(hours=3))
    assert await escalate_due(database, clock) == 1
    assert await escalate_due(database, clock) == 0
    stepped = await stands(network, scene, alert.id)
    assert (stepped.step, stepped.next_step_at) == (1, clock.now() + timedelta(minutes=10))


async def test_where_much_is_overdue_the_worst_is_taken_first(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    """Claimed first, and handled first of what was claimed together; the longest overdue last of all."""
    now, due = clock.now(), {}
    for number, event in enumerate([Event.DEVICE_LOST, Event.BEING_FOLLOWED, Event.BEING_FOLLOWED, Event.PANIC]):
        circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
        due[(await network.alerts.raise_(scene.member, circle.id, uuid4(), event=event)).alert.id] = number
    async with database.transaction() as tx:
        for alert_id, number in due.items():
            since = now - timedelta(hours=9 - number)
            await tx.run("UPDATE alerts SET next_step_at = $2 WHERE id = $1", alert_id, since)
        claimed = await tx.rows(store.SQL["claim_due"], now, now + LEASE, 3)
    assert [due[row["id"]] for row in claimed] == [3, 1, 2]


async def test_after_six_hours_it_stands_unanswered_and_is_repeated_daily(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    steps = 0
    while (await stands(network, scene, alert.id)).state is State.OPEN:
        clock.set((await stands(network, scene, alert.id)).next_step_at or clock.now())
        assert await escalate_due(database, clock) == 1
        steps += 1
        assert steps < 50
    # After 2 minutes, then every 10 until six hours are over.
    assert steps == 1 + 36
    unanswered = await stands(network, scene, alert.id)
    assert unanswered.next_step_at == clock.now() + timedelta(days=1)
    assert len(await outgoing.said(database, "alert_unanswered")) == 1
    said = await outgoing.count(database)
    clock.move(timedelta(days=1))
    assert await escalate_due(database, clock) == 1
    assert desk(scene.police) in await outgoing.rung(database, said)
    # It can still be answered, and pressed anew.
    again = await raised(network, scene)
    assert (again.id, again.state, again.next_step_at) == (
        alert.id, State.OPEN, clock.now() + timedelta(minutes=2)
    )  # fmt: skip


async def test_an_agency_nobody_can_be_reached_for_is_named_at_once(
    database: Database, network: Network, scene: Scene
) -> None:
    empty = await network.office(AgencyKind.SCHOOL, officers=0)
    deskless = await network.office(AgencyKind.HEALTH, desk=False)
    for office in (empty, deskless):
        await network.cases.set_part(scene.coordinator, scene.case.id, office.agency.id, Part.RESPONDER)
    alert = await raised(network, scene)
    unreachable = await outgoing.said(database, "alert_unreachable")
    assert [each.target.id for each in unreachable] == [scene.case.core.id]
    assert set(unreachable[0].parameters["agencies"].split(",")) == {str(empty.agency.id), str(deskless.agency.id)}
    assert alert.silent_agencies >= {empty.agency.id, deskless.agency.id}


async def test_a_row_that_cannot_be_handled_does_not_stop_its_neighbours(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    broken = await raised(network, scene)
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    sound = (await network.alerts.raise_(scene.member, circle.id, uuid4())).alert
    async with database.transaction() as tx:
        await tx.run("UPDATE alerts SET severity = 'unheard of' WHERE id = $1", broken.id)
    clock.move(timedelta(minutes=2))
    assert await escalate_due(database, clock) == 1
    assert (await stands(network, scene, sound.id)).step == 1
    # The poisoned one is tried again when its lease is over, not at once.
    assert await escalate_due(database, clock) == 0
    async with database.transaction() as tx:
        await tx.run("UPDATE alerts SET severity = 'Extreme' WHERE id = $1", broken.id)
    clock.move(timedelta(seconds=30))
    assert await escalate_due(database, clock) == 1
    assert (await stands(network, scene, broken.id)).step == 1


async def test_a_sweep_that_was_killed_leaves_its_rows_to_the_next(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    clock.move(timedelta(minutes=2))
    async with database.transaction() as tx:
        # What a killed sweep leaves behind: a lease, and nothing done.
        await tx.run("UPDATE alerts SET lease_until = $1, attempts = 1", clock.now() + timedelta(seconds=30))
    assert await escalate_due(database, clock) == 0
    clock.move(timedelta(seconds=30))
    assert await escalate_due(database, clock) == 1
    async with database.transaction() as tx:
        row = await tx.row("SELECT lease_until, attempts FROM alerts WHERE id = $1", alert.id)
    assert row is not None
    assert (row["lease_until"], row["attempts"]) == (None, 0)


@pytest.mark.parametrize("ending", ["case", "compartment"])
async def test_nothing_is_closed_while_an_alert_is_open_in_it(
    database: Database, network: Network, scene: Scene, ending: str
) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    quiet = await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
    alert = (await network.alerts.raise_(scene.member, circle.id, uuid4())).alert

    async def close() -> None:
        if ending == "case":
            await network.closing.close_case(scene.coordinator, scene.case.id)
        else:
            await network.closing.close_compartment(scene.coordinator, circle.id)

    with pytest.raises(Conflict, match="End the open alert first"):
        await close()
    async with database.transaction() as tx:
        assert not await tx.value("SELECT count(*) FROM compartments WHERE closed_at IS NOT NULL")
    await network.closing.close_compartment(scene.coordinator, quiet.id)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    await close()


@pytest.mark.parametrize("ending", ["case", "compartment"])
async def test_an_open_drill_outlives_its_channel(
    database: Database, network: Network, scene: Scene, clock: MovableClock, ending: str
) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    alert = (await network.alerts.raise_(scene.member, circle.id, uuid4(), status=Status.EXERCISE)).alert
    if ending == "case":
        await network.closing.close_case(scene.coordinator, scene.case.id)
    else:
        await network.closing.close_compartment(scene.coordinator, circle.id)
    clock.move(timedelta(minutes=2))
    said = await outgoing.count(database)
    assert await escalate_due(database, clock) == 1
    assert desk(scene.police) in await outgoing.rung(database, said)
    await network.alerts.acknowledge(scene.police.officer, alert.id)


async def test_a_later_step_does_not_ring_those_who_have_accepted(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene, Event.BEING_FOLLOWED)
    await network.alerts.acknowledge(scene.coordinator, alert.id)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=10))
    await escalate_due(database, clock)
    rung = await outgoing.rung(database, said)
    assert not any(scene.coordinator.id in each for each in rung.values())
    assert scene.deputy.id in rung[Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)]


async def test_an_exclusion_makes_the_next_step_due_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    """The desk's room hears nothing more, so whoever is loyal there is called alone, and at once."""
    mole, loyal = scene.police.officers
    early = await network.person(scene.police.agency)
    await network.cases.exclude(scene.coordinator, scene.case.id, early.id)
    alert = await raised(network, scene)
    assert await escalate_due(database, clock) == 0
    said = await outgoing.count(database)
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    assert await escalate_due(database, clock) == 1
    assert (await outgoing.rung(database, said))[direct(loyal)] == {loyal.id}
    assert (await stands(network, scene, alert.id)).next_step_at == clock.now() + timedelta(minutes=10)
    # Excluded twice is excluded once.
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    assert await escalate_due(database, clock) == 0


async def test_an_exclusion_wakes_no_alert_that_calls_nobody(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert.id)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.officer.id)
    assert await escalate_due(database, clock) == 0
