"""The question whether the police was called: put once, put again, given up, and answered by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.model import Alert
from alerts.police.asking import ask_on, next_due
from alerts.police.emergency import EmergencyCall, Police, Service
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.outbox import Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import Said, desk, direct
from tests.people import Network, Scene

minute = timedelta(minutes=1)


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def panic(network: Network, scene: Scene, status: Status = Status.ACTUAL) -> Alert:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=status)).alert


async def police(network: Network, scene: Scene, alert: Alert) -> Police | None:
    return (await network.alerts.see(scene.coordinator, alert.id)).alert.police


async def said_of_police(database: Database, since: int = 0) -> list[Said]:
    return [each for each in (await outgoing.said(database))[since:] if "police" in each.template]


async def test_who_accepts_first_is_asked_where_they_did_and_nobody_else_is(
    database: Database, network: Network, scene: Scene
) -> None:
    alert = await panic(network, scene)
    assert alert.police is Police.UNKNOWN
    first, room = scene.police.officer, desk(scene.police)
    view = await network.alerts.acknowledge(first, alert.id, room=room)
    assert view.alert.police is Police.ASKED
    await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    await network.alerts.acknowledge(scene.coordinator, alert.id)
    assert [(each.template, each.target, each.mentions) for each in await said_of_police(database)] == [
        ("alert_police_asked", room, frozenset())
    ]
    assert await police(network, scene, alert) is Police.ASKED


async def test_without_a_room_somebody_is_asked_alone(database: Database, network: Network, scene: Scene) -> None:
    alert = await panic(network, scene)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    assert [each.target for each in await said_of_police(database)] == [direct(scene.police.officer)]


async def test_in_a_room_that_does_not_hear_of_the_alert_nobody_is_asked(
    database: Database, network: Network, scene: Scene
) -> None:
    other = await network.case(scene.stranger, {})
    alert = await panic(network, scene)
    elsewhere = Target(kind=TargetKind.COMPARTMENT, id=other.core.id)
    await network.alerts.acknowledge(scene.police.officer, alert.id, room=elsewhere)
    assert [each.target for each in await said_of_police(database)] == [direct(scene.police.officer)]


async def test_of_what_is_less_than_extreme_nobody_is_asked(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    event = Event.BEING_FOLLOWED
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)).alert
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    clock.move(15 * minute)
    assert await ask_on(database, clock) == 0
    assert await said_of_police(database) == []
    assert await police(network, scene, alert) is None
    # Whoever called all the same may say so.
    await network.emergency_calls.note(scene.police.officer, alert.id, called=True)
    assert await police(network, scene, alert) is Police.CALLED


async def test_it_is_asked_once_more_of_all_who_accepted_and_then_the_raiser_is_told_to_call(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    first, second, room = scene.police.officer, scene.shelter.officer, desk(scene.police)
    await network.alerts.acknowledge(first, alert.id, room=room)
    clock.move(minute)
    await network.alerts.acknowledge(second, alert.id)
    clock.move(4 * minute - timedelta(seconds=1))
    assert await ask_on(database, clock) == 0
    clock.move(timedelta(seconds=1))
    assert await next_due(database) == clock.now()
    count = await outgoing.count(database)
    assert await ask_on(database, clock) == 1
    assert await outgoing.rung(database, count) == {
        direct(first): frozenset({first.id}), direct(second): frozenset({second.id})
    }  # fmt: skip
    again = await said_of_police(database, count)
    assert {each.template for each in again} == {"alert_police_asked_again"}
    assert {each.target for each in again} == {direct(first), direct(second), room}
    assert await ask_on(database, clock) == 0

    clock.move(5 * minute)
    count = await outgoing.count(database)
    assert await ask_on(database, clock) == 1
    assert await police(network, scene, alert) is Police.UNANSWERED
    assert await outgoing.rung(database, count) == {direct(scene.member): frozenset({scene.member.id})}
    told = await said_of_police(database, count)
    assert {each.template for each in told} == {"alert_police_unanswered"}
    assert {direct(scene.member), channel(scene), room} <= {each.target for each in told}
    clock.move(timedelta(hours=3))
    assert await ask_on(database, clock) == 0
    assert await next_due(database) is None
    async with database.transaction() as tx:
        acts = [row["act"] for row in await tx.rows("SELECT act FROM ledger WHERE act LIKE 'police%' ORDER BY entry")]
    assert acts == ["police_asked_again", "police_unanswered"]


async def test_an_answer_is_kept_told_everywhere_and_ends_the_question(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    officer, room = scene.police.officer, desk(scene.police)
    await network.alerts.acknowledge(officer, alert.id, room=room)
    clock.move(3 * minute)
    at, count = clock.now() - minute, await outgoing.count(database)
    view = await network.emergency_calls.note(officer, alert.id, called=True, called_by=scene.member.id, at=at)
    assert view.alert.police is Police.CALLED
    assert view.alert.emergency_calls == (
        EmergencyCall(
            service=Service.POLICE, said_by=officer.id, said_at=clock.now(), called=True, called_by=scene.member.id,
            called_at=at,
        ),
    )  # fmt: skip
    told = await said_of_police(database, count)
    assert {each.template for each in told} == {"alert_police_called"}
    assert {channel(scene), room} <= {each.target for each in told}
    assert told[0].parameters == {
        "codename": scene.case.codename, "person": str(scene.member.id), "time": at.isoformat()
    }  # fmt: skip
    assert not await outgoing.rung(database, count)
    clock.move(20 * minute)
    assert await ask_on(database, clock) == 0
    async with database.transaction() as tx:
        row = await tx.row("SELECT * FROM ledger WHERE act = 'emergency_call_noted'")
    assert row is not None
    assert (row["actor_id"], row["object_id"]) == (officer.id, alert.id)
    assert row["facts"] == {"service": "police", "called": True, "called_by": str(scene.member.id)}


async def test_that_nobody_called_rings_the_raiser_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    count = await outgoing.count(database)
    view = await network.emergency_calls.note(scene.police.officer, alert.id, called=False)
    assert view.alert.police is Police.NOT_CALLED
    assert await outgoing.rung(database, count) == {direct(scene.member): frozenset({scene.member.id})}
    told = await said_of_police(database, count)
    assert {each.template for each in told} == {"alert_police_not_called"}
    assert {direct(scene.member), channel(scene)} <= {each.target for each in told}
    # Whoever hears so may have called since.
    clock.move(minute)
    assert (await network.emergency_calls.note(scene.member, alert.id, called=True)).alert.police is Police.CALLED


async def test_an_ambulance_leaves_the_question_open(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    await network.emergency_calls.note(scene.police.officer, alert.id, called=True, service=Service.AMBULANCE)
    assert await outgoing.said(database, "alert_ambulance_called_outside")
    clock.move(5 * minute)
    assert await ask_on(database, clock) == 1


async def test_the_same_word_twice_is_told_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    officer, key = scene.police.officer, new_id()
    await network.alerts.acknowledge(officer, alert.id)
    for _ in range(2):
        await network.emergency_calls.note(officer, alert.id, called=True, called_by=officer.id)
        clock.move(minute)
    for _ in range(2):
        await network.emergency_calls.note(officer, alert.id, called=False, key=key)
        clock.move(minute)
    assert (
        len([each for each in await outgoing.said(database, "alert_police_called") if each.target == channel(scene)])
        == 1
    )
    told = await outgoing.said(database, "alert_police_not_called")
    assert len([each for each in told if each.target == channel(scene)]) == 1


async def test_only_who_takes_part_is_named_and_only_a_time_that_can_be(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    clock.move(2 * minute)
    note, officer = network.emergency_calls.note, scene.police.officer
    with pytest.raises(NotFound, match="takes no part"):
        await note(officer, alert.id, called=True, called_by=scene.stranger.id)
    for wrong in (clock.now() + timedelta(seconds=1), alert.sent - minute):
        with pytest.raises(InvalidInput, match="after the alert was raised"):
            await note(officer, alert.id, called=True, at=wrong)
    with pytest.raises(InvalidInput, match="neither a person nor a time"):
        await note(officer, alert.id, called=False, called_by=officer.id)
    excluded, other = scene.police.officers
    await network.cases.exclude(scene.coordinator, scene.case.id, excluded.id)
    with pytest.raises(NotFound, match="no such alert"):
        await note(excluded, alert.id, called=False)
    assert (await note(other, alert.id, called=True)).alert.police is Police.CALLED


async def test_an_exercise_asks_and_says_not_to_call(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    drill = await panic(network, scene, Status.EXERCISE)
    await network.alerts.acknowledge(scene.police.officer, drill.id)
    for _ in range(2):
        clock.move(5 * minute)
        assert await ask_on(database, clock) == 1
    await network.emergency_calls.note(scene.police.officer, drill.id, called=False)
    found = {each.template for each in await outgoing.said(database)}
    assert {
        "drill_police_asked",
        "drill_police_asked_again",
        "drill_police_unanswered",
        "drill_police_not_called",
    } <= found
    assert not [each for each in found if each.startswith("alert_")]


async def test_what_has_ended_is_asked_about_no_more_and_may_still_be_noted(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    officer = scene.police.officer
    await network.alerts.acknowledge(officer, alert.id)
    await network.alerts.stand_down(officer, alert.id, StandDownReason.SAFE)
    clock.move(5 * minute)
    count = await outgoing.count(database)
    assert await ask_on(database, clock) == 1
    assert (await network.emergency_calls.note(officer, alert.id, called=True)).alert.police is Police.CALLED
    assert await outgoing.count(database) == count
    assert await next_due(database) is None


async def test_a_further_call_for_help_is_asked_about_anew(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    for officer in (scene.police.officer, scene.shelter.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert.id)
    await network.emergency_calls.note(scene.police.officer, alert.id, called=True)
    clock.move(minute)
    # All have accepted: another press begins anew.
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    assert await police(network, scene, alert) is Police.UNKNOWN
    view = await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    assert view.alert.police is Police.ASKED
    assert len(await outgoing.said(database, "alert_police_asked")) == 2


async def test_an_owner_who_falls_silent_is_not_asked_again_and_whoever_accepts_then_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await panic(network, scene)
    for officer in (scene.police.officer, scene.shelter.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert.id)
    clock.move(30 * minute)
    await escalate_due(database, clock)
    clock.move(10 * minute)
    await escalate_due(database, clock)
    # Everything is overdue after an outage: nobody has accepted now, so nobody is asked.
    assert await ask_on(database, clock) == 1
    assert not await outgoing.said(database, "alert_police_asked_again")
    await network.alerts.acknowledge(scene.welfare.officer, alert.id)
    assert len(await outgoing.said(database, "alert_police_asked")) == 2
    view = await network.alerts.see(scene.coordinator, alert.id)
    assert replace(view.alert, police_question=None).police is Police.UNKNOWN
    assert view.alert.police is Police.ASKED
