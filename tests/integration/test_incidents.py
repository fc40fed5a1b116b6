"""Incident records on a real database: one for every alert that ended, codes alone, clocks that ring until then."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts.incidents.rules import Duty, Fact, Kind, Section
from alerts.incidents.sweep import next_due, remind_due
from alerts.model import Alert
from alerts.vocabulary import Event, StandDownReason, Status
from core.database import Database
from core.errors import Conflict
from core.outbox import Target, TargetKind
from core.sweep import TOGETHER
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import direct
from tests.people import Network, Scene

hour = timedelta(hours=1)
IMMEDIATE, UPDATE, POST = Section.IMMEDIATE, Section.UPDATE, Section.POST_INCIDENT


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def ended(network: Network, scene: Scene, status: Status = Status.ACTUAL) -> Alert:
    """Return an alert that the police's officer has accepted and ended."""
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=status)).alert
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    return (await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)).alert


async def duties(network: Network, scene: Scene, alert: Alert) -> dict[Kind, Duty]:
    return {each.kind: each for each in (await network.incidents.see(scene.coordinator, alert.id)).duties}


async def test_every_alert_that_ended_has_a_record_of_who_owned_it_and_no_exercise_has(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await ended(network, scene)
    view = await network.incidents.see(scene.member, alert.id)
    (duty,) = view.duties
    assert (duty.kind, duty.owner_id) == (Kind.RECORD, scene.police.officer.id)
    assert (duty.began_at, duty.due_at) == (clock.now(), clock.now() + 72 * hour)
    assert view.missing == [IMMEDIATE, UPDATE, POST]
    drill = await ended(network, scene, Status.EXERCISE)
    assert not (await network.incidents.see(scene.member, drill.id)).duties
    with pytest.raises(Conflict, match="exercise"):
        await network.incidents.add(scene.member, drill.id, IMMEDIATE, Fact.NOBODY_HARMED)


async def test_something_in_every_section_makes_it_complete(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await ended(network, scene)
    add = network.incidents.add
    await add(scene.member, alert.id, IMMEDIATE, Fact.POLICE_CAME)
    await add(scene.coordinator, alert.id, IMMEDIATE, Fact.POLICE_CAME)
    view = await add(scene.member, alert.id, UPDATE, Fact.THREAT_GOES_ON)
    assert [(each.section, each.fact, each.noted_by) for each in view.noted] == [
        (IMMEDIATE, Fact.POLICE_CAME, scene.member.id), (UPDATE, Fact.THREAT_GOES_ON, scene.member.id)
    ]  # fmt: skip
    assert (view.missing, view.duties[0].done_at) == ([POST], None)
    view = await add(scene.deputy, alert.id, POST, Fact.DEBRIEFED)
    assert (view.missing, view.duties[0].done_by) == ([], scene.deputy.id)
    count = await outgoing.count(database)
    clock.move(100 * hour)
    assert await remind_due(database, clock) == 0
    assert await outgoing.count(database) == count
    async with database.transaction() as tx:
        acts = [row["act"] for row in await tx.rows("SELECT act FROM ledger WHERE act LIKE 'incident%' ORDER BY entry")]
    assert acts == ["incident_opened", *["incident_fact_noted"] * 3, "incident_duty_done"]


async def test_the_owner_is_reminded_and_those_who_lead_of_what_is_late(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await ended(network, scene)
    officer = scene.police.officer
    for after, template, rung in (
        (24, "incident_record_due", {officer.id}),
        (72, "incident_record_overdue", {officer.id, scene.coordinator.id, scene.deputy.id}),
        (96, "incident_record_overdue", {officer.id, scene.coordinator.id, scene.deputy.id}),
    ):
        due = await next_due(database)
        assert due is not None
        clock.set(due - timedelta(seconds=1))
        assert await remind_due(database, clock) == 0
        clock.set(due)
        count = await outgoing.count(database)
        assert await remind_due(database, clock) == 1, after
        told = (await outgoing.said(database))[count:]
        assert {each.template for each in told} == {"incident_ring", template}
        assert {person for each in told for person in each.mentions} == rung
        # The channel reads it, and is not rung.
        assert channel(scene) in {each.target for each in told if each.template == template}
        assert channel(scene) not in await outgoing.rung(database, count)


async def test_many_that_are_late_at_once_are_one_line_for_each_room_and_round(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alerts = [await ended(network, scene) for _ in range(TOGETHER + 2)]
    first_due = clock.now() + 72 * hour
    clock.move(hour)
    # One that somebody else owns, and two leaks: another kind, another line.
    theirs = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    await network.alerts.acknowledge(scene.shelter.officer, theirs.id)
    await network.alerts.stand_down(scene.shelter.officer, theirs.id, StandDownReason.SAFE)
    for each in alerts[:2]:
        await network.incidents.add(scene.member, each.id, IMMEDIATE, Fact.DATA_MAY_HAVE_LEAKED)
    clock.move(timedelta(days=90))
    for _day in range(2):
        count = await outgoing.count(database)
        assert await remind_due(database, clock) == len(alerts) + 3
        assert await remind_due(database, clock) == 0
        told = (await outgoing.said(database))[count:]
        lines = {
            (each.target, each.template): (each.parameters["count"], each.parameters["person"])
            for each in told if "count" in each.parameters
        }  # fmt: skip
        record, leak = "incident_records_overdue", "data_breach_notifications_overdue"
        officer, other, leader = scene.police.officer, scene.shelter.officer, scene.coordinator
        owners = {each: lines[each, record][1].split(",") for each in (channel(scene), direct(leader))}
        assert {each: (lines[each, record][0], set(owners[each])) for each in owners} == dict.fromkeys(
            owners, (str(len(alerts) + 1), {str(officer.id), str(other.id)})
        )
        assert lines[direct(officer), record] == (str(len(alerts)), str(officer.id))
        assert lines[channel(scene), leak] == lines[direct(leader), leak] == ("2", str(leader.id))
        # Nothing is said of each besides; who owns one alone reads of that one; each line rings once.
        alone = [each for each in told if "count" not in each.parameters and not each.template.endswith("_ring")]
        assert [(each.target, each.template) for each in alone] == [(direct(other), "incident_record_overdue")]
        assert {each.parameters["time"] for each in told if each.target == direct(officer) and each.parameters} == {
            first_due.isoformat()
        }
        rings = [each.target for each in told if each.template == "incident_ring"]
        assert sorted(rings, key=str) == sorted(
            [direct(officer), direct(other), *[direct(leader), direct(scene.deputy)] * 2], key=str
        )
        clock.move(24 * hour)
    # Each keeps its own steps and its own place in the ledger.
    async with database.transaction() as tx:
        steps = await tx.rows(
            "SELECT object_id, count(*) AS acts FROM ledger WHERE act = 'incident_overdue' GROUP BY 1"
        )
    assert {row["object_id"]: row["acts"] for row in steps} == {
        each.id: 4 if each in alerts[:2] else 2 for each in [*alerts, theirs]
    }


@pytest.mark.parametrize("event", [Event.CONFIDENTIALITY_BREACH, Event.LOCATION_COMPROMISED, Event.DEVICE_LOST])
async def test_after_an_outage_a_leak_is_told_of_once_and_not_for_every_reminder_missed(
    database: Database, network: Network, scene: Scene, clock: MovableClock, event: Event
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)).alert
    await network.incidents.add(scene.member, alert.id, IMMEDIATE, Fact.DATA_MAY_HAVE_LEAKED)
    clock.move(67 * hour)
    assert await remind_due(database, clock) == 1
    assert await remind_due(database, clock) == 0
    assert await next_due(database) == alert.sent + 72 * hour


async def test_where_data_may_have_leaked_it_rings_until_somebody_who_leads_says_it_was_told(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    began, count = clock.now(), await outgoing.count(database)
    # Any member may say so, and while the alert is open.
    await network.incidents.add(scene.member, alert.id, IMMEDIATE, Fact.DATA_MAY_HAVE_LEAKED)
    leaders = {scene.coordinator.id, scene.deputy.id}
    assert {each.id for each in await outgoing.rung(database, count)} == leaders
    assert await outgoing.said(database, "data_breach_notification_begun")
    duty = (await duties(network, scene, alert))[Kind.BREACH]
    assert (duty.owner_id, duty.began_at, duty.due_at) == (scene.coordinator.id, began, began + 72 * hour)
    for hours in (24, 48, 66, 72, 96, 120):
        assert await next_due(database) == began + hours * hour
        clock.set(began + hours * hour)
        count = await outgoing.count(database)
        assert await remind_due(database, clock) == 1
        template = f"data_breach_notification_{'due' if hours < 72 else 'overdue'}"
        assert template in {each.template for each in (await outgoing.said(database))[count:]}
        assert await outgoing.rung(database, count) == {
            direct(each): frozenset({each.id}) for each in (scene.coordinator, scene.deputy)
        }
    with pytest.raises(Conflict, match="Ask them"):
        await network.incidents.add(scene.member, alert.id, UPDATE, Fact.AUTHORITY_NOTIFIED)
    await network.incidents.add(scene.deputy, alert.id, UPDATE, Fact.AUTHORITY_NOTIFIED)
    done = (await duties(network, scene, alert))[Kind.BREACH]
    assert (done.done_by, done.done_at) == (scene.deputy.id, clock.now())
    assert await next_due(database) is None


async def test_a_further_leak_after_one_was_dealt_with_begins_the_clock_anew(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await ended(network, scene)
    add = network.incidents.add
    await add(scene.member, alert.id, IMMEDIATE, Fact.DATA_MAY_HAVE_LEAKED)
    clock.move(hour)
    await add(scene.coordinator, alert.id, IMMEDIATE, Fact.NOTIFICATION_NOT_NEEDED)
    clock.move(hour)
    await add(scene.member, alert.id, UPDATE, Fact.DATA_MAY_HAVE_LEAKED)
    duty = (await duties(network, scene, alert))[Kind.BREACH]
    assert (duty.began_at, duty.done_at) == (clock.now(), None)
    begun = await outgoing.said(database, "data_breach_notification_begun")
    assert len([each for each in begun if each.target == direct(scene.coordinator)]) == 2
    # The same word stands there from before: said again it ends the clock that has begun since.
    await add(scene.deputy, alert.id, IMMEDIATE, Fact.NOTIFICATION_NOT_NEEDED)
    duty = (await duties(network, scene, alert))[Kind.BREACH]
    assert (duty.done_at, duty.done_by) == (clock.now(), scene.deputy.id)


async def test_what_comes_after_is_noted_after_the_end(network: Network, scene: Scene) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    with pytest.raises(Conflict, match="not ended yet"):
        await network.incidents.add(scene.member, alert.id, POST, Fact.DEBRIEFED)
    view = await network.incidents.add(scene.member, alert.id, IMMEDIATE, Fact.POLICE_CAME)
    assert not view.duties


async def test_what_belongs_to_somebody_who_may_know_no_more_goes_to_the_coordinator(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await ended(network, scene)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officer.id)
    clock.move(24 * hour)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 1
    assert await outgoing.rung(database, count) == {direct(scene.coordinator): frozenset({scene.coordinator.id})}
    assert (await duties(network, scene, alert))[Kind.RECORD].owner_id == scene.coordinator.id


async def test_a_case_that_was_closed_lets_nobody_off(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await ended(network, scene)
    await network.incidents.add(scene.member, alert.id, IMMEDIATE, Fact.DATA_MAY_HAVE_LEAKED)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    clock.move(24 * hour)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 2
    told = (await outgoing.said(database))[count:]
    assert direct(scene.coordinator) in {each.target for each in told}
    assert channel(scene) not in {each.target for each in told}


async def test_reminders_go_to_who_can_act_and_to_deputies_where_nobody_else_can(
    database: Database, network: Network, scene: Scene, clock: MovableClock, logged: io.StringIO
) -> None:
    await ended(network, scene)
    clock.move(73 * hour)
    await _left(database, clock, scene.coordinator)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 1
    assert set(await outgoing.rung(database, count)) == {direct(scene.police.officer), direct(scene.deputy)}
    for each in (scene.police.officer, scene.deputy):
        await _left(database, clock, each)
    clock.move(24 * hour)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 1
    (rung,) = await outgoing.rung(database, count)
    deputies = {direct(each) for office in (scene.police, scene.shelter, scene.welfare) for each in office.deputies}
    assert rung in deputies
    assert "incident_duty_without_owner" not in logged.getvalue()


async def _left(database: Database, clock: MovableClock, person: Person) -> None:
    async with database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = $2 WHERE id = $1", person.id, clock.now())
