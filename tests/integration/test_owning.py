"""The owner's clock on a real database: asked once, answered by name, and replaced when nobody answers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts.escalation import CANCEL_PAUSE
from alerts.model import OWNED, OWNER_ANSWERS_WITHIN, Alert, State
from alerts.sweep import escalate_due, next_due
from alerts.vocabulary import Event, StandDownReason, Status
from core.database import Database
from core.migrations import known
from core.outbox import Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import Said, desk, direct
from tests.people import Network, Scene

minute = timedelta(minutes=1)
# The migration that brought the clock of owners.
UPGRADE = 9


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


def responders(scene: Scene) -> list[Person]:
    return [scene.police.officer, scene.shelter.officer, scene.welfare.officer]


async def accepted_by_all(network: Network, scene: Scene, status: Status = Status.ACTUAL) -> Alert:
    """Return an alert that every responder has accepted, the police's officer first."""
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=status)).alert
    for officer in responders(scene):
        alert = (await network.alerts.acknowledge(officer, alert.id)).alert
    assert (alert.state, alert.owner_id) == (State.ACCEPTED, scene.police.officer.id)
    return alert


async def stands(network: Network, scene: Scene, alert: Alert) -> Alert:
    return (await network.alerts.see(scene.coordinator, alert.id)).alert


async def said_since(database: Database, count: int) -> list[Said]:
    return (await outgoing.said(database))[count:]


@pytest.fixture
async def asked(database: Database, network: Network, scene: Scene, clock: MovableClock) -> Alert:
    """Let half an hour pass after everybody has accepted."""
    alert = await accepted_by_all(network, scene)
    clock.move(OWNED)
    assert await escalate_due(database, clock) == 1
    return await stands(network, scene, alert)


async def test_the_owner_is_asked_by_name_after_half_an_hour(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await accepted_by_all(network, scene)
    assert await next_due(database) == clock.now() + 30 * minute
    clock.move(OWNED - timedelta(seconds=1))
    assert await escalate_due(database, clock) == 0
    said = await outgoing.count(database)
    clock.move(timedelta(seconds=1))
    assert await escalate_due(database, clock) == 1
    owner = scene.police.officer
    # The officer is no member of the channel: it hears the question and is not rung.
    assert await outgoing.rung(database, said) == {direct(owner): frozenset({owner.id})}
    questions = await outgoing.said(database, "alert_owner_asked")
    assert {each.target for each in questions} == {direct(owner), channel(scene)}
    assert {each.parameters["person"] for each in questions} == {str(owner.id)}
    waits = await stands(network, scene, alert)
    assert (waits.state, waits.owner_id, waits.owner_asked_at) == (State.ACCEPTED, owner.id, clock.now())
    assert waits.next_step_at == clock.now() + 10 * minute


async def test_a_member_who_owns_it_is_rung_in_the_channel_too(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    for person in (scene.coordinator, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(person, alert.id)
    said = await outgoing.count(database)
    clock.move(OWNED)
    await escalate_due(database, clock)
    mentioned = frozenset({scene.coordinator.id})
    assert await outgoing.rung(database, said) == {direct(scene.coordinator): mentioned, channel(scene): mentioned}


async def test_a_yes_begins_the_clock_anew_and_is_told_where_it_was_asked_and_answered(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    clock.move(OWNER_ANSWERS_WITHIN - timedelta(seconds=1))
    said = await outgoing.count(database)
    view = await network.alerts.acknowledge(scene.police.officer, asked.id, room=desk(scene.police))
    assert (view.alert.state, view.alert.owner_asked_at) == (State.ACCEPTED, None)
    assert view.alert.next_step_at == clock.now() + OWNED
    told = await said_since(database, said)
    assert {each.template for each in told} == {"alert_owner_confirmed"}
    assert {each.target for each in told} == {direct(scene.police.officer), channel(scene), desk(scene.police)}
    clock.move(timedelta(seconds=1))
    assert await escalate_due(database, clock) == 0
    # And so on, as long as it is open.
    for _ in range(3):
        clock.move(OWNED)
        assert await escalate_due(database, clock) == 1
        await network.alerts.acknowledge(scene.police.officer, asked.id)
    assert len(await outgoing.said(database, "alert_owner_asked")) == 2 * 4


async def test_a_yes_is_counted_once_however_often_its_word_comes(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    key = uuid4()
    await network.alerts.acknowledge(scene.police.officer, asked.id, key=key)
    said = await outgoing.count(database)
    clock.move(OWNED)
    await escalate_due(database, clock)
    view = await network.alerts.acknowledge(scene.police.officer, asked.id, key=key)
    assert view.alert.owner_asked_at == clock.now()
    assert not [each for each in await said_since(database, said) if each.template == "alert_owner_confirmed"]


async def test_nobody_else_answers_for_the_owner(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    for person in (scene.shelter.officer, scene.coordinator):
        view = await network.alerts.acknowledge(person, asked.id)
        assert (view.alert.owner_id, view.alert.next_step_at) == (scene.police.officer.id, asked.next_step_at)
    clock.move(OWNER_ANSWERS_WITHIN)
    await escalate_due(database, clock)
    assert (await stands(network, scene, asked)).state is State.OPEN


async def test_without_an_answer_it_is_open_again_and_somebody_else_takes_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    heard = {each.target for each in await outgoing.said(database)}
    said = await outgoing.count(database)
    clock.move(OWNER_ANSWERS_WITHIN)
    assert await escalate_due(database, clock) == 1
    opened = await stands(network, scene, asked)
    assert (opened.state, opened.owner_id, opened.ladder, opened.step) == (State.OPEN, None, 2, 0)
    assert opened.next_step_at == clock.now() + 2 * minute
    assert opened.silent_agencies == {each.agency.id for each in (scene.police, scene.shelter, scene.welfare)}
    # As at first, everybody is rung; and whoever heard of it hears why.
    rung = await outgoing.rung(database, said)
    assert rung.keys() == {channel(scene), desk(scene.police), desk(scene.shelter), desk(scene.welfare)}
    told = await outgoing.said(database, "alert_owner_silent")
    assert {each.target for each in told} == heard
    assert {each.parameters["person"] for each in told} == {str(scene.police.officer.id)}
    details = [each for each in await said_since(database, said) if each.template == "alert_details"]
    assert {each.parameters["person"] for each in details} == {str(scene.member.id)}
    # The ladder goes on as any other.
    clock.move(2 * minute)
    assert await escalate_due(database, clock) == 1
    assert (await stands(network, scene, asked)).step == 1

    clock.move(minute)
    taken = (await network.alerts.acknowledge(scene.welfare.officer, asked.id)).alert
    assert taken.owner_id == scene.welfare.officer.id
    for officer in (scene.police.officer, scene.shelter.officer):
        taken = (await network.alerts.acknowledge(officer, asked.id)).alert
    assert (taken.state, taken.owner_id) == (State.ACCEPTED, scene.welfare.officer.id)
    assert taken.next_step_at == clock.now() + OWNED
    said = await outgoing.count(database)
    clock.move(OWNED)
    await escalate_due(database, clock)
    assert (await outgoing.rung(database, said)).keys() == {direct(scene.welfare.officer)}


async def test_after_an_outage_the_owner_is_asked_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await accepted_by_all(network, scene)
    clock.move(timedelta(hours=9, minutes=17))
    assert await escalate_due(database, clock) == 1
    assert await escalate_due(database, clock) == 0
    assert len(await outgoing.said(database, "alert_owner_asked")) == 2
    waits = await stands(network, scene, alert)
    assert (waits.state, waits.next_step_at) == (State.ACCEPTED, clock.now() + OWNER_ANSWERS_WITHIN)


async def test_sweeps_at_once_and_killed_ones_ask_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await accepted_by_all(network, scene)
    clock.move(OWNED)
    async with database.transaction() as tx:
        # What a killed sweep leaves behind: a lease, and nothing done.
        await tx.run("UPDATE alerts SET lease_until = $1, attempts = 1", clock.now() + timedelta(seconds=30))
    assert await escalate_due(database, clock) == 0
    clock.move(timedelta(seconds=30))
    async with asyncio.TaskGroup() as tasks:
        sweeps = [tasks.create_task(escalate_due(database, clock)) for _ in range(6)]
    assert sum(each.result() for each in sweeps) == 1
    assert len(await outgoing.said(database, "alert_owner_asked")) == 2
    # The same question again, as if its end had never been stored, is not said again.
    async with database.transaction() as tx:
        await tx.run(
            "UPDATE alerts SET owner_asked_at = NULL, next_step_at = $2 WHERE id = $1", alert.id, alert.next_step_at
        )
    clock.move(timedelta(seconds=1))
    assert await escalate_due(database, clock) == 1
    assert len(await outgoing.said(database, "alert_owner_asked")) == 2


async def test_an_answer_and_the_end_of_the_wait_at_once_are_one_of_both(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    clock.move(OWNER_ANSWERS_WITHIN)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(network.alerts.acknowledge(scene.police.officer, asked.id))
        tasks.create_task(escalate_due(database, clock))
    # Either the yes came first, or the officer has accepted what is open again: theirs it is in both.
    await escalate_due(database, clock)
    now = await stands(network, scene, asked)
    assert now.owner_id == scene.police.officer.id
    assert now.has_acknowledged(scene.police.officer.id)
    silent = await outgoing.said(database, "alert_owner_silent")
    assert (now.state, now.ladder) == ((State.OPEN, 2) if silent else (State.ACCEPTED, 1))


@pytest.mark.parametrize("moment", ["before it is asked", "while it is asked"])
async def test_what_was_stood_down_is_never_asked_about(
    database: Database, network: Network, scene: Scene, clock: MovableClock, moment: str
) -> None:
    alert = await accepted_by_all(network, scene)
    if moment == "while it is asked":
        clock.move(OWNED)
        await escalate_due(database, clock)
    await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    said = await outgoing.count(database)
    clock.move(timedelta(days=2))
    assert await escalate_due(database, clock) == 0
    assert await outgoing.count(database) == said
    waiting = [each for each in await outgoing.said(database, "alert_owner_asked") if each.state == "pending"]
    assert not waiting


@pytest.mark.parametrize("how", ["excluded", "left", "off duty"])
async def test_an_owner_who_can_act_no_more_is_not_waited_for(
    database: Database, network: Network, scene: Scene, clock: MovableClock, how: str
) -> None:
    alert = await accepted_by_all(network, scene)
    owner = scene.police.officer
    clock.move(5 * minute)
    if how == "excluded":
        # As what waited in the duty room: at once.
        await network.cases.exclude(scene.coordinator, scene.case.id, owner.id)
    else:
        if how == "left":
            await network.depart(owner)
        else:
            assert scene.police.desk_id is not None
            await network.agencies.unseat(scene.police.desk_id, owner.id)
        assert await escalate_due(database, clock) == 0
        clock.move(OWNED - 5 * minute)
    said = await outgoing.count(database)
    assert await escalate_due(database, clock) == 1
    opened = await stands(network, scene, alert)
    assert (opened.state, opened.owner_id) == (State.OPEN, None)
    assert not await outgoing.said(database, "alert_owner_asked")
    told = await outgoing.said(database, "alert_owner_gone")
    assert channel(scene) in {each.target for each in told}
    assert direct(owner) not in {each.target for each in await said_since(database, said)}
    assert not any(owner.id in each for each in (await outgoing.rung(database, said)).values())


async def test_somebody_elses_exclusion_hastens_no_question(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await accepted_by_all(network, scene)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.welfare.officer.id)
    assert await escalate_due(database, clock) == 0
    assert (await stands(network, scene, alert)).next_step_at == alert.next_step_at


async def test_an_owner_who_can_act_no_more_passes_it_on_while_others_are_still_called(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    await network.depart(scene.police.officer)
    clock.move(2 * minute)
    await escalate_due(database, clock)
    assert (await stands(network, scene, alert)).owner_id is None
    await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    assert (await stands(network, scene, alert)).owner_id == scene.shelter.officer.id


async def test_a_drill_is_asked_about_as_an_exercise(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await accepted_by_all(network, scene, Status.EXERCISE)
    said = await outgoing.count(database)
    clock.move(OWNED)
    await escalate_due(database, clock)
    clock.move(OWNER_ANSWERS_WITHIN)
    await escalate_due(database, clock)
    templates = {each.template for each in await said_since(database, said)}
    assert templates >= {"drill_ring", "drill_owner_asked", "drill_owner_silent", "drill_details"}
    assert all(each.startswith("drill_") for each in templates)


async def test_a_further_press_while_it_is_asked_begins_anew(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    again = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    assert again.id == asked.id
    assert (again.state, again.owner_id, again.owner_asked_at) == (State.OPEN, None, None)
    clock.move(OWNER_ANSWERS_WITHIN)
    await escalate_due(database, clock)
    assert not await outgoing.said(database, "alert_owner_silent")


async def test_what_is_open_again_can_be_pressed_for_paused_and_read_as_before(
    database: Database, network: Network, scene: Scene, clock: MovableClock, asked: Alert
) -> None:
    clock.move(OWNER_ANSWERS_WITHIN)
    await escalate_due(database, clock)
    # The same person presses for something lesser: it joins, and the call for help stays what it was.
    clock.move(minute)
    joined = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.HEALTH)).alert
    assert joined.id == asked.id
    opened = await stands(network, scene, asked)
    assert (opened.ladder, opened.cause.at, opened.cause.person_id) == (2, asked.sent, scene.member.id)
    paused = (await network.alerts.stand_down(scene.member, asked.id, StandDownReason.SAFE)).alert
    assert paused.next_step_at == clock.now() + CANCEL_PAUSE


async def test_what_was_accepted_before_the_upgrade_is_asked_about_too(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await accepted_by_all(network, scene)
    upgrade = next(each.statements for each in known() if each.version == UPGRADE)
    (renew,) = [each for each in upgrade.split("\n") if each.startswith("UPDATE ")]
    async with database.transaction() as tx:
        # As the earlier program left it: nothing comes next.
        await tx.run("UPDATE alerts SET next_step_at = NULL")
        await tx.run(renew)
        due = await tx.value("SELECT next_step_at FROM alerts WHERE id = $1", alert.id)
    clock.set(max(due, clock.now()))
    assert await escalate_due(database, clock) == 1
    assert (await stands(network, scene, alert)).owner_asked_at == clock.now()
