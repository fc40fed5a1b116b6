"""Answering an alert: who may accept, for whom, who may end it, and what the rooms hear."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts.model import OWNED, Alert, AlertId, State
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status, Through
from cases.model import Part
from core import outbox
from core.database import Database
from core.errors import Conflict, NotFound, StrehaError
from core.outbox import Lane, Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Scene


@pytest.fixture
async def alert(network: Network, scene: Scene) -> Alert:
    """Raise a panic by a member of the case."""
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert


async def raised(network: Network, scene: Scene, event: Event) -> Alert:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event)).alert


async def now_stands(network: Network, scene: Scene, alert_id: AlertId) -> Alert:
    return (await network.alerts.see(scene.coordinator, alert_id)).alert


async def ledger_acts(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [row["act"] for row in await tx.rows("SELECT act FROM ledger WHERE act LIKE 'alert%' ORDER BY entry")]


async def test_every_responder_agency_needs_one_named_person(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    clock.move(timedelta(seconds=30))
    view = await network.alerts.acknowledge(scene.police.officer, alert.id)
    assert view.alert.state is State.OPEN
    assert view.alert.owner_id == scene.police.officer.id
    assert view.alert.next_step_at == alert.next_step_at
    assert view.alert.silent_agencies == {scene.shelter.agency.id, scene.welfare.agency.id}
    await network.alerts.acknowledge(scene.coordinator, alert.id)
    # An informed agency's word is heard, and fills no place of a responder.
    await network.alerts.acknowledge(scene.ngo.officer, alert.id)
    assert (await now_stands(network, scene, alert.id)).state is State.OPEN
    view = await network.alerts.acknowledge(scene.deputy, alert.id)
    assert (view.alert.state, view.alert.next_step_at) == (State.ACCEPTED, clock.now() + OWNED)
    assert view.alert.owner_id == scene.police.officer.id
    answers = {each.agency_id: each.acknowledged_by for each in view.alert.agencies}
    assert answers == {
        scene.police.agency.id: scene.police.officer.id,
        scene.shelter.agency.id: scene.coordinator.id,
        scene.welfare.agency.id: scene.deputy.id,
        scene.ngo.agency.id: scene.ngo.officer.id,
    }
    told = await outgoing.said(database, "alert_all_accepted")
    assert desk(scene.police) in {each.target for each in told}
    assert len(told) == len({each.target for each in told})
    # Nobody is called any more: what comes next is the question to the owner.
    clock.move(OWNED - timedelta(seconds=1))
    assert await escalate_due(database, clock) == 0


async def test_accepting_twice_is_said_once(database: Database, network: Network, scene: Scene, alert: Alert) -> None:
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    said, acts = await outgoing.count(database), await ledger_acts(database)
    view = await network.alerts.acknowledge(scene.police.officer, alert.id)
    assert view.alert.has_acknowledged(scene.police.officer.id)
    assert (await outgoing.count(database), await ledger_acts(database)) == (said, acts)


async def test_everybody_accepts_at_once(database: Database, network: Network, scene: Scene, alert: Alert) -> None:
    people = [scene.coordinator, scene.deputy, *scene.police.officers, scene.shelter.officer, scene.welfare.officer]
    async with asyncio.TaskGroup() as tasks:
        for each in people:
            tasks.create_task(network.alerts.acknowledge(each, alert.id))
    stands = await now_stands(network, scene, alert.id)
    assert stands.state is State.ACCEPTED
    assert all(stands.has_acknowledged(each.id) for each in people)
    assert (await ledger_acts(database)).count("alert_acknowledged") == len(people)


async def test_who_covers_for_another_agency_accepts_for_it_later(
    database: Database, network: Network, clock: MovableClock
) -> None:
    police = await network.office()
    shelter = await network.office(officers=0, covered_by=police)
    ngo = await network.office()
    case = await network.case(ngo.worker, {police: Part.RESPONDER, shelter: Part.RESPONDER})
    alert = (await network.alerts.raise_(ngo.worker, case.core.id, uuid4())).alert
    # Nobody sits at the shelter's desk: the police are called for it at once.
    assert {each.agency_id for each in alert.called(police.officer.id)} == {police.agency.id, shelter.agency.id}
    alert = (await network.alerts.acknowledge(police.officer, alert.id)).alert
    assert alert.silent_agencies == {ngo.agency.id}

    # A desk that stays silent is covered only later: the same person answers a second time.
    fire = await network.office()
    clinic = await network.office(covered_by=fire)
    case = await network.case(ngo.worker, {fire: Part.RESPONDER, clinic: Part.RESPONDER})
    alert = (await network.alerts.raise_(ngo.worker, case.core.id, uuid4())).alert
    await network.alerts.acknowledge(fire.officer, alert.id)
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    alert = (await network.alerts.acknowledge(fire.officer, alert.id)).alert
    assert alert.silent_agencies == {ngo.agency.id}


async def test_the_raisers_word_pauses_once_until_somebody_rings_back(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    clock.move(timedelta(minutes=14, seconds=59))
    assert await escalate_due(database, clock) == 0
    asked = await outgoing.said(database, "alert_cancel_asked")
    assert desk(scene.police) in {each.target for each in asked}
    # Whoever holds the raiser's telephone cannot silence it for ever.
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    assert await outgoing.said(database, "alert_cancel_repeated")
    clock.move(timedelta(seconds=1))
    assert await escalate_due(database, clock) == 1
    assert (await now_stands(network, scene, alert.id)).state is State.OPEN
    # Somebody rings back and ends it.
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    view = await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.FALSE_ALARM)
    assert (view.alert.state, view.alert.stood_down_by) == (State.STOOD_DOWN, scene.police.officer.id)


async def test_after_the_pause_everybody_who_is_silent_is_called_at_once(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=15))
    await escalate_due(database, clock)
    rung = await outgoing.rung(database, said)
    # No order among them: whoever sleeps costs the others nothing.
    assert {desk(scene.shelter), desk(scene.welfare)} <= rung.keys()
    assert desk(scene.police) not in rung


async def test_pressing_again_ends_the_pause(network: Network, scene: Scene, alert: Alert, clock: MovableClock) -> None:
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    clock.move(timedelta(minutes=1))
    again = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    assert (again.id, again.next_step_at) == (alert.id, clock.now() + timedelta(minutes=2))


async def test_one_raisers_word_does_not_silence_anothers_call(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    clock.move(timedelta(minutes=1))
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    view = await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    assert view.alert.next_step_at == clock.now() + timedelta(minutes=2)
    assert await outgoing.said(database, "alert_cancel_repeated")
    view = await network.alerts.stand_down(scene.coordinator, alert.id, StandDownReason.SAFE)
    assert view.alert.next_step_at == clock.now() + timedelta(minutes=15)


async def test_the_raisers_word_after_everybody_accepted_starts_no_ladder(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, alert.id)
    await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
    assert await outgoing.said(database, "alert_cancel_repeated")
    said = await outgoing.count(database)
    clock.move(timedelta(hours=7))
    assert await escalate_due(database, clock) == 1
    assert {each.template for each in (await outgoing.said(database))[said:]} == {"alert_ring", "alert_owner_asked"}
    assert (await now_stands(network, scene, alert.id)).state is State.ACCEPTED


async def test_a_second_raiser_cannot_end_it_alone(network: Network, scene: Scene, alert: Alert) -> None:
    await network.alerts.acknowledge(scene.deputy, alert.id)
    await network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4())
    view = await network.alerts.stand_down(scene.deputy, alert.id, StandDownReason.SAFE)
    assert view.alert.state is State.OPEN


async def test_who_ends_it_has_accepted_it(network: Network, scene: Scene, alert: Alert) -> None:
    with pytest.raises(Conflict):
        await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    assert (await now_stands(network, scene, alert.id)).state is State.OPEN


async def test_an_ended_alert_calls_nobody_any_more(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    async with database.transaction() as tx:
        # One message is on its way while the alert ends; what only waits is not sent.
        claimed = await outbox.claim(tx, clock.now(), 1, Lane.ALERT)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    view = await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    assert view.alert.stand_down_reason is StandDownReason.SAFE
    said = await outgoing.said(database)
    assert {each.state for each in said if each.template == "alert_ended"} == {"pending"}
    assert {each.state for each in said if each.template != "alert_ended" and each.id != claimed[0].id} == {"withdrawn"}
    assert [each.state for each in said if each.id == claimed[0].id] == ["sending"]
    clock.move(timedelta(days=2))
    assert await escalate_due(database, clock) == 0
    # Ending it again changes nothing, accepting it comes too late, and a new press is a new alert.
    acts = await ledger_acts(database)
    await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.FALSE_ALARM)
    assert (await now_stands(network, scene, alert.id)).stand_down_reason is StandDownReason.SAFE
    with pytest.raises(Conflict):
        await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    assert await ledger_acts(database) == acts
    again = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    assert again.id != alert.id


async def test_a_drill_that_ended_rings_nobody_any_more(database: Database, network: Network, scene: Scene) -> None:
    drill = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=Status.EXERCISE)).alert
    await network.alerts.acknowledge(scene.police.officer, drill.id)
    await network.alerts.stand_down(scene.police.officer, drill.id, StandDownReason.DRILL_OVER)
    waiting = [each for each in await outgoing.said(database) if each.state == "pending"]
    assert {each.template for each in waiting} == {"drill_ended"}


async def test_what_follows_is_not_said_where_somebody_excluded_listens(
    database: Database, network: Network, scene: Scene, alert: Alert
) -> None:
    mole = scene.police.officers[1]
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    said = await outgoing.count(database)
    await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    rooms = {each.target for each in (await outgoing.said(database))[said:]}
    assert desk(scene.police) not in rooms
    assert Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id) in rooms


async def test_what_waits_is_not_sent_where_somebody_excluded_listens(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    """While the homeserver is away an officer is excluded: nothing of what waited reaches that desk any more."""
    mole, loyal = scene.police.officers
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    waiting = {each.target for each in await outgoing.said(database) if each.state == "pending"}
    assert desk(scene.police) not in waiting
    assert {desk(scene.shelter), desk(scene.welfare), desk(scene.ngo)} <= waiting
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    assert (await outgoing.rung(database, said))[direct(loyal)] == {loyal.id}
    assert (await network.alerts.acknowledge(loyal, alert.id)).alert.has_acknowledged(loyal.id)


async def test_who_was_called_in_a_room_of_their_own_hears_nothing_once_barred(
    database: Database, network: Network, scene: Scene, alert: Alert, clock: MovableClock
) -> None:
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    deputies = (scene.police.deputies[0], scene.welfare.deputies[0])
    assert {direct(each) for each in deputies} <= (await outgoing.rung(database)).keys()
    await network.cases.exclude(scene.coordinator, scene.case.id, deputies[0].id)
    await network.depart(deputies[1])
    said = await outgoing.count(database)
    await network.alerts.acknowledge(scene.shelter.officer, alert.id)
    rooms = {each.target for each in (await outgoing.said(database))[said:]}
    assert not rooms & {direct(each) for each in deputies}
    for each in deputies:
        with pytest.raises(NotFound):
            await network.alerts.acknowledge(each, alert.id)
    assert scene.police.agency.id in (await now_stands(network, scene, alert.id)).silent_agencies


async def test_who_has_no_part_any_more_neither_hears_nor_acts(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    """A deputy was called alone, is replaced and leaves the case: nobody is excluded, and yet it is over."""
    alert = await raised(network, scene, Event.BEING_FOLLOWED)
    assert direct(scene.deputy) in await outgoing.rung(database)
    await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.coordinator.id, None)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.deputy.id)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    said = await outgoing.count(database)
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    rooms = {each.target for each in (await outgoing.said(database))[said:]}
    assert direct(scene.coordinator) in rooms
    assert direct(scene.deputy) not in rooms
    with pytest.raises(NotFound):
        await network.alerts.acknowledge(scene.deputy, alert.id)
    for actor in (scene.deputy, scene.member):
        with pytest.raises(NotFound):
            await network.alerts.stand_down(actor, alert.id, StandDownReason.SAFE)
        with pytest.raises(NotFound):
            await network.alerts.see(actor, alert.id)
        assert await network.alerts.see_all(actor, ended=True) == []
    # An officer of one of the agencies may act without being a member of anything.
    clock.move(timedelta(minutes=10))
    await escalate_due(database, clock)
    await network.alerts.acknowledge(scene.welfare.deputies[0], alert.id)


async def barred(network: Network, scene: Scene, who: str) -> Person:
    """Return somebody who may not touch the alert of this scene, in several ways."""
    actor = {"stranger": scene.stranger, "same agency": scene.police.workers[1]}.get(who)
    if actor is None:
        actor = scene.member if who.endswith("raiser") else scene.police.officers[0]
    if who.startswith("excluded"):
        await network.cases.exclude(scene.coordinator, scene.case.id, actor.id)
    elif who.startswith("departed"):
        departed = await network.depart(actor)
        # The other one is what a request in flight still holds.
        return actor if who.endswith("known to be") else departed
    return actor


@pytest.mark.parametrize(
    "who",
    [
        "stranger",
        "same agency",
        "excluded recipient",
        "departed recipient",
        "departed recipient not yet known to be",
        "excluded raiser",
        "departed raiser",
    ],
)
async def test_for_whoever_has_no_part_there_is_no_such_alert(
    database: Database, network: Network, scene: Scene, alert: Alert, who: str
) -> None:
    actor = await barred(network, scene, who)
    before = await now_stands(network, scene, alert.id)
    said = await outgoing.count(database)
    alerts = network.alerts
    refusals: list[StrehaError] = []
    for alert_id in (alert.id, AlertId(uuid4())):
        for attempt in (
            alerts.see(actor, alert_id),
            alerts.acknowledge(actor, alert_id),
            alerts.stand_down(actor, alert_id, StandDownReason.SAFE),
        ):
            with pytest.raises(NotFound) as refused:
                await attempt
            refusals.append(refused.value)
    assert len({str(each) for each in refusals}) == 1
    assert await alerts.see_all(actor, ended=True) == []
    assert await alerts.open_for(actor, []) == []
    assert await now_stands(network, scene, alert.id) == before
    assert await outgoing.count(database) == said


async def test_the_lists_show_what_somebody_raised_or_was_called_for(
    network: Network, scene: Scene, alert: Alert
) -> None:
    for actor in (scene.member, scene.coordinator, scene.police.officer, scene.ngo.officer):
        assert [each.alert.id for each in await network.alerts.see_all(actor)] == [alert.id]
    assert await network.alerts.open_for(scene.coordinator, [scene.case.core.id])
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
    assert await network.alerts.open_for(scene.coordinator, [circle.id]) == []
    await network.alerts.acknowledge(scene.police.officer, alert.id)
    await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    assert await network.alerts.see_all(scene.member) == []
    assert len(await network.alerts.see_all(scene.member, ended=True)) == 1


async def test_where_everybody_who_was_called_also_pressed_they_may_answer_each_other(network: Network) -> None:
    duo = await network.office(workers=2, desk=False)
    first, second = duo.workers
    case = await network.case(first, {}, [second])
    view = await network.alerts.raise_(first, case.core.id, uuid4())
    await network.alerts.raise_(second, case.core.id, uuid4())
    accepted = await network.alerts.acknowledge(second, view.alert.id)
    assert accepted.alert.has_acknowledged(second.id)
    ended = await network.alerts.stand_down(second, view.alert.id, StandDownReason.SAFE)
    assert ended.alert.ended


@pytest.mark.parametrize("gone", ["departed", "excluded"])
async def test_whoever_is_the_last_who_can_act_may_end_it(network: Network, gone: str) -> None:
    office = await network.office(workers=2, desk=False)
    first, second = office.workers
    case = await network.case(first, {}, [second])
    view = await network.alerts.raise_(first, case.core.id, uuid4())
    assert not (await network.alerts.stand_down(first, view.alert.id, StandDownReason.SAFE)).alert.ended
    if gone == "departed":
        await network.depart(second)
    else:
        await network.cases.exclude(first, case.id, second.id)
    assert (await network.alerts.stand_down(first, view.alert.id, StandDownReason.SAFE)).alert.ended


async def test_whoever_was_alone_may_end_what_nobody_else_was_called_for(network: Network) -> None:
    alone = (await network.office(desk=False)).worker
    case = await network.case(alone, {})
    view = await network.alerts.raise_(alone, case.core.id, uuid4())
    assert not view.alert.recipients
    assert (await network.alerts.stand_down(alone, view.alert.id, StandDownReason.SAFE)).alert.ended


async def test_an_unverified_raise_is_nobodys_act_in_the_ledger(
    network: Network, scene: Scene, database: Database
) -> None:
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), through=Through.UNVERIFIED)
    async with database.transaction() as tx:
        row = await tx.row("SELECT actor_kind, actor_id, facts FROM ledger WHERE object_id = $1", view.alert.id)
    assert row is not None
    assert (row["actor_kind"], row["actor_id"]) == ("unverified", None)
    assert row["facts"]["claimed_to_be"] == str(scene.member.id)
