"""Raising an alert: once per key, merged per scope, never refused, to the right people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from agencies.model import Person
from alerts.model import Alert, AlertId, State
from alerts.service import AlertView
from alerts.sweep import escalate_due
from alerts.vocabulary import Certainty, Event, Severity, StandDownReason, Status, Through
from cases.model import CompartmentId, Part
from core.database import Database
from core.errors import Conflict, NotFound
from core.outbox import Target, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Scene
from tests.waiting import PATIENCE_SECONDS, until_somebody_waits


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def pressed(
    network: Network, scene: Scene, actor: Person, event: Event = Event.PANIC, status: Status = Status.ACTUAL
) -> Alert:
    return (await network.alerts.raise_(actor, scene.case.core.id, uuid4(), event=event, status=status)).alert


async def test_panic_calls_everybody_who_must_know_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.alerts.raise_(scene.member, scene.case.core.id, key := uuid4())
    alert = view.alert
    assert (alert.id, alert.state, alert.severity, alert.status) == (key, State.OPEN, Severity.EXTREME, Status.ACTUAL)
    assert (view.codename, alert.raised_by, alert.sent) == (scene.case.codename, scene.member.id, clock.now())
    assert alert.next_step_at == clock.now() + timedelta(minutes=2)

    rung = await outgoing.rung(database)
    assert rung.keys() == {channel(scene), desk(scene.shelter), desk(scene.police), desk(scene.welfare)}
    assert rung[channel(scene)] == {scene.coordinator.id, scene.deputy.id, scene.ngo.worker.id}
    assert rung[desk(scene.police)] == {each.id for each in scene.police.officers}

    # The informed read it without being rung; every room has the details, which mention nobody.
    details = await outgoing.said(database, "alert_details")
    assert {each.target for each in details} == {*rung, desk(scene.ngo)}
    assert not any(each.mentions for each in details)
    assert details[0].parameters["person"] == str(scene.member.id)
    assert not alert.called(scene.member.id)
    assert not alert.called(scene.stranger.id)


async def test_the_same_key_raises_once(database: Database, network: Network, scene: Scene) -> None:
    key = uuid4()
    first = await network.alerts.raise_(scene.member, scene.case.core.id, key)
    said = await outgoing.count(database)
    again = await network.alerts.raise_(scene.member, scene.case.core.id, key)
    assert again.alert == first.alert
    assert await outgoing.count(database) == said
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_raised'") == 1


async def test_a_key_that_comes_many_times_at_once_raises_once(
    database: Database, network: Network, scene: Scene
) -> None:
    key = uuid4()
    async with asyncio.TaskGroup() as tasks:
        raises = [tasks.create_task(network.alerts.raise_(scene.member, scene.case.core.id, key)) for _ in range(20)]
    assert {each.result().alert.id for each in raises} == {key}
    rings = await outgoing.said(database, "alert_ring")
    assert len(rings) == len({each.target for each in rings})
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_raised'") == 1


async def test_a_key_that_comes_at_once_for_two_things_is_kept_for_one(network: Network, scene: Scene) -> None:
    async def opened(key: UUID, status: Status) -> AlertId | None:
        try:
            return (await network.alerts.raise_(scene.member, scene.case.core.id, key, status=status)).alert.id
        except Conflict:
            return None

    for _ in range(10):
        key = AlertId(uuid4())
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            raises = [tasks.create_task(opened(key, each)) for each in (Status.ACTUAL, Status.EXERCISE)]
        assert {each.result() for each in raises} == {key, None}
        await network.alerts.acknowledge(scene.coordinator, key)
        await network.alerts.stand_down(scene.coordinator, key, StandDownReason.FALSE_ALARM)


async def test_fifty_presses_at_once_are_one_alert(database: Database, network: Network, scene: Scene) -> None:
    members = [scene.coordinator, scene.deputy, scene.member, scene.ngo.worker]
    async with asyncio.TaskGroup() as tasks:
        raises = [
            tasks.create_task(network.alerts.raise_(members[number % 4], scene.case.core.id, uuid4()))
            for number in range(50)
        ]
    assert len({each.result().alert.id for each in raises}) == 1
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alerts") == 1
        assert await tx.value("SELECT count(*) FROM alert_raises") == 50
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'alert_raised'") == 50


async def test_who_presses_too_is_not_called_any_more(database: Database, network: Network, scene: Scene) -> None:
    await pressed(network, scene, scene.member)
    said = await outgoing.count(database)
    alert = await pressed(network, scene, scene.deputy)
    assert alert.raiser_ids == {scene.member.id, scene.deputy.id}
    assert (await outgoing.rung(database, said))[channel(scene)] == {scene.coordinator.id, scene.ngo.worker.id}
    assert not alert.called(scene.member.id)
    again = await outgoing.said(database, "alert_raised_again")
    assert {each.parameters["person"] for each in again} == {str(scene.deputy.id)}
    with pytest.raises(Conflict):
        await network.alerts.acknowledge(scene.deputy, alert.id)


async def test_a_further_press_rings_at_most_once_a_minute(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await pressed(network, scene, scene.member)
    await pressed(network, scene, scene.member)
    said = await outgoing.count(database)
    await pressed(network, scene, scene.member)
    assert await outgoing.count(database) == said
    clock.move(timedelta(minutes=1))
    await pressed(network, scene, scene.member)
    assert channel(scene) in await outgoing.rung(database, said)


async def test_what_is_answered_is_what_is_stored(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    """Most of an answer is put together from what was written, and not read again."""

    async def require_stored(view: AlertView) -> None:
        stored = await network.alerts.see(scene.coordinator, view.alert.id)
        assert replace(view.alert, presses=()) == replace(stored.alert, presses=())
        assert view.alert.raiser_ids == stored.alert.raiser_ids
        assert {each.id for each in view.people} == {each.id for each in stored.people}
        assert list(view.deliveries) == list(stored.deliveries)
        assert view.codename == stored.codename

    where = scene.case.core.id
    first = await network.alerts.raise_(scene.member, where, uuid4(), event=Event.HEALTH)
    await require_stored(first)
    for event in (Event.HEALTH, Event.HEALTH, Event.PANIC, Event.PANIC, Event.PANIC):
        clock.move(timedelta(seconds=1))
        await require_stored(await network.alerts.raise_(scene.deputy, where, uuid4(), event=event))
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer, scene.police.officers[1]):
        clock.move(timedelta(seconds=1))
        await require_stored(await network.alerts.acknowledge(officer, first.alert.id))
    await require_stored(await network.alerts.raise_(scene.member, where, uuid4()))
    await require_stored(await network.alerts.stand_down(scene.member, first.alert.id, StandDownReason.SAFE))
    clock.move(timedelta(minutes=20))
    await escalate_due(database, clock)
    await network.alerts.acknowledge(scene.police.officer, first.alert.id)
    await require_stored(await network.alerts.stand_down(scene.police.officer, first.alert.id, StandDownReason.SAFE))


async def test_a_press_at_the_moment_of_acceptance_is_called_anew(
    database: Database, network: Network, scene: Scene
) -> None:
    """It has read that people are being called for this very thing; when its turn comes nobody is any more."""
    alert = await pressed(network, scene, scene.member)
    await pressed(network, scene, scene.member)
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await tx.row("SELECT id FROM alerts WHERE id = $1 FOR UPDATE", alert.id)
        raised = tasks.create_task(pressed(network, scene, scene.member))
        await until_somebody_waits(tx)
        await tx.run("UPDATE alerts SET state = 'accepted', next_step_at = NULL WHERE id = $1", alert.id)
    again = raised.result()
    assert (again.id, again.state, again.ladder) == (alert.id, State.OPEN, 2)


async def test_a_worse_press_calls_anew_and_says_what_it_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    first = await pressed(network, scene, scene.ngo.worker, Event.HEALTH)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, first.id)
    assert (await network.alerts.see(scene.coordinator, first.id)).alert.state is State.ACCEPTED

    clock.move(timedelta(hours=7))
    said = await outgoing.count(database)
    worse = await pressed(network, scene, scene.member)
    assert (worse.id, worse.state, worse.event) == (first.id, State.OPEN, Event.PANIC)
    assert (worse.severity, worse.first_severity) == (Severity.EXTREME, Severity.SEVERE)
    assert worse.silent_agencies == {each.agency.id for each in (scene.shelter, scene.police, scene.welfare)}
    assert worse.next_step_at == clock.now() + timedelta(minutes=2)
    rung = await outgoing.rung(database, said)
    assert rung.keys() == {channel(scene), desk(scene.shelter), desk(scene.police), desk(scene.welfare)}
    details = [each for each in (await outgoing.said(database))[said:] if each.template == "alert_details"]
    assert {each.target for each in details} == {*rung, desk(scene.ngo)}
    assert {(each.parameters["event"], each.parameters["person"]) for each in details} == {
        ("panic", str(scene.member.id))
    }
    # Six hours of calling count from now, not from the first raise.
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    stepped = (await network.alerts.see(scene.coordinator, first.id)).alert
    assert (stepped.state, stepped.next_step_at) == (State.OPEN, clock.now() + timedelta(minutes=10))
    # Whoever had accepted accepts anew.
    await network.alerts.acknowledge(scene.police.officer, first.id)
    answered = (await network.alerts.see(scene.coordinator, first.id)).alert
    assert scene.police.agency.id not in answered.silent_agencies
    assert len(await outgoing.said(database, "alert_accepted")) > 0


async def test_a_worse_press_skips_no_wave_of_its_ladder(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await pressed(network, scene, scene.member, Event.DEVICE_LOST)
    alert = await pressed(network, scene, scene.member, Event.THREAT_RECEIVED)
    assert alert.severity is Severity.SEVERE
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=10))
    await escalate_due(database, clock)
    assert channel(scene) in await outgoing.rung(database, said)


async def test_a_press_after_everybody_accepted_is_called_anew(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    first = await pressed(network, scene, scene.member)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, first.id)
    clock.move(timedelta(hours=1))
    said = await outgoing.count(database)
    again = await pressed(network, scene, scene.member)
    assert (again.id, again.state, again.ladder) == (first.id, State.OPEN, 2)
    assert again.next_step_at == clock.now() + timedelta(minutes=2)
    assert desk(scene.police) in await outgoing.rung(database, said)


async def test_a_lesser_press_after_everybody_accepted_is_called_anew_and_as_urgently(
    network: Network, scene: Scene, database: Database, clock: MovableClock
) -> None:
    first = await pressed(network, scene, scene.member)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, first.id)
    said = await outgoing.count(database)
    clock.move(timedelta(hours=20))
    again = await pressed(network, scene, scene.member, Event.MISSING_PERSON)
    assert (again.state, again.severity, again.event) == (State.OPEN, Severity.EXTREME, Event.MISSING_PERSON)
    assert again.next_step_at == clock.now() + timedelta(minutes=2)
    assert desk(scene.police) in await outgoing.rung(database, said)


async def test_what_is_less_grave_does_not_hide_what_everybody_accepted(network: Network, scene: Scene) -> None:
    first = await pressed(network, scene, scene.member)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        await network.alerts.acknowledge(officer, first.id)
    again = await pressed(network, scene, scene.deputy, Event.DEVICE_LOST)
    assert (again.id, again.severity, again.event) == (first.id, Severity.EXTREME, Event.PANIC)


async def test_a_lesser_press_while_people_are_called_only_rings_and_says_what_is_new(
    network: Network, scene: Scene, database: Database
) -> None:
    first = await pressed(network, scene, scene.member)
    said = await outgoing.count(database)
    for event in (Event.MISSING_PERSON, Event.HEALTH, Event.HEALTH):
        again = await pressed(network, scene, scene.deputy, event)
        assert (again.id, again.ladder, again.event) == (first.id, 1, Event.PANIC)
    new = [each for each in (await outgoing.said(database))[said:] if each.target == desk(scene.police)]
    assert [each.template for each in new] == ["alert_ring", "alert_raised_again"] * 2
    assert [each.parameters["event"] for each in new if each.parameters] == ["missing_person", "health"]


async def test_an_exercise_is_an_alert_of_its_own_and_says_so_everywhere(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    real = await pressed(network, scene, scene.member)
    drill = await pressed(network, scene, scene.member, status=Status.EXERCISE)
    assert drill.id != real.id
    for alert in (real, drill):
        clock.move(timedelta(seconds=1))
        await pressed(network, scene, scene.deputy, status=alert.status)
        clock.move(timedelta(minutes=2))
        await escalate_due(database, clock)
        await network.alerts.stand_down(scene.member, alert.id, StandDownReason.SAFE)
        for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
            await network.alerts.acknowledge(officer, alert.id)
        await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT DISTINCT alert_id, template FROM outbox")
    spoken = {alert.id: {row["template"] for row in rows if row["alert_id"] == alert.id} for alert in (real, drill)}
    assert all(template.startswith("alert_") for template in spoken[real.id])
    assert spoken[drill.id] == {template.replace("alert_", "drill_") for template in spoken[real.id]}
    assert len(spoken[drill.id]) > 6


async def test_what_could_not_be_verified_is_severe_and_names_nobody(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), through=Through.UNVERIFIED)
    alert = view.alert
    assert (alert.severity, alert.certainty, alert.raised_by) == (Severity.SEVERE, Certainty.UNKNOWN, None)
    details = await outgoing.said(database, "alert_details_unverified")
    assert {each.parameters["person"] for each in details} == {""}
    assert direct(scene.coordinator) in await outgoing.rung(database)

    # The same person on a device that can be checked: now it is certain, and said anew.
    clock.move(timedelta(seconds=10))
    confirmed = await pressed(network, scene, scene.member)
    assert (confirmed.id, confirmed.severity, confirmed.certainty) == (
        alert.id,
        Severity.EXTREME,
        Certainty.OBSERVED,
    )
    details = await outgoing.said(database, "alert_details")
    assert {each.parameters["person"] for each in details} == {str(scene.member.id)}


async def test_a_first_wave_that_reaches_nobody_takes_the_next_with_it(
    database: Database, network: Network, clock: MovableClock
) -> None:
    shelter, police = await network.office(), await network.office()
    case = await network.case(shelter.worker, {police: Part.RESPONDER})
    # Moderate calls the leaders first; here the only leader is who raises.
    view = await network.alerts.raise_(shelter.worker, case.core.id, uuid4(), event=Event.DEVICE_LOST)
    assert (await outgoing.rung(database)).keys() == {desk(shelter), desk(police)}
    assert view.alert.step == 1
    assert view.alert.next_step_at == clock.now() + timedelta(hours=2)


async def test_leaders_outside_a_smaller_circle_are_called_in_their_own_rooms(
    database: Database, network: Network, scene: Scene
) -> None:
    circle = await network.cases.open_compartment(scene.deputy, scene.case.id, [scene.member.id])
    await network.alerts.raise_(scene.member, circle.id, uuid4())
    rung = await outgoing.rung(database)
    assert rung[Target(kind=TargetKind.COMPARTMENT, id=circle.id)] == {scene.deputy.id}
    assert rung[direct(scene.coordinator)] == {scene.coordinator.id}
    assert direct(scene.deputy) not in rung


async def test_excluded_people_are_never_called(database: Database, network: Network, scene: Scene) -> None:
    mole = scene.police.officers[0]
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.officer.id)
    alert = await pressed(network, scene, scene.member)
    rung = await outgoing.rung(database)
    assert desk(scene.police) not in rung
    assert rung[direct(scene.police.officers[1])] == {scene.police.officers[1].id}
    everywhere = await outgoing.said(database)
    assert direct(mole) not in {each.target for each in everywhere}
    assert desk(scene.ngo) not in {each.target for each in everywhere}
    assert not any(mole.id in each.mentions for each in everywhere)
    assert not alert.called(mole.id)
    assert not alert.called(scene.ngo.officer.id)


async def test_nobody_is_called_who_is_excluded_at_that_moment(
    database: Database, network: Network, scene: Scene
) -> None:
    """A raise that begins while an exclusion is under way waits for it."""
    mole = scene.police.officers[0]
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await tx.row("SELECT id FROM cases WHERE id = $1 FOR UPDATE", scene.case.id)
        raised = tasks.create_task(network.alerts.raise_(scene.member, scene.case.core.id, uuid4()))
        await until_somebody_waits(tx)
        await tx.run(
            "INSERT INTO exclusions (case_id, person_id, excluded_by, at) VALUES ($1, $2, $3, now())",
            scene.case.id, mole.id, scene.coordinator.id,
        )  # fmt: skip
    assert not raised.result().alert.called(mole.id)
    assert desk(scene.police) not in await outgoing.rung(database)


@pytest.mark.parametrize("who", ["stranger", "excluded", "departed", "other_circle"])
async def test_nobody_raises_where_they_have_no_part(
    database: Database, network: Network, scene: Scene, who: str
) -> None:
    actor, where = scene.stranger, scene.case.core.id
    if who == "excluded":
        actor = scene.ngo.worker
        await network.cases.exclude(scene.coordinator, scene.case.id, actor.id)
    elif who == "departed":
        actor = scene.ngo.worker
        await network.depart(actor)
    elif who == "other_circle":
        actor = scene.ngo.worker
        where = (await network.cases.open_compartment(scene.coordinator, scene.case.id, [])).id
    # Who shared with somebody excluded was told so.
    before = await outgoing.said(database)
    with pytest.raises(NotFound) as refused:
        await network.alerts.raise_(actor, where, uuid4())
    with pytest.raises(NotFound) as absent:
        await network.alerts.raise_(actor, CompartmentId(uuid4()), uuid4())
    assert str(refused.value) == str(absent.value)
    assert await outgoing.said(database) == before


async def test_a_key_of_somebody_elses_alert_shows_nothing(network: Network, scene: Scene) -> None:
    alert = await pressed(network, scene, scene.member)
    with pytest.raises(NotFound):
        await network.alerts.raise_(scene.stranger, scene.case.core.id, UUID(str(alert.id)))


async def test_an_alert_that_ends_while_somebody_presses_makes_way_for_a_new_one(
    database: Database, network: Network, scene: Scene
) -> None:
    first = await pressed(network, scene, scene.member)
    await network.alerts.acknowledge(scene.police.officer, first.id)
    raised: asyncio.Task[AlertView]
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await tx.row("SELECT id FROM alerts WHERE id = $1 FOR UPDATE", first.id)
        raised = tasks.create_task(network.alerts.raise_(scene.member, scene.case.core.id, uuid4()))
        await until_somebody_waits(tx)
        await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL WHERE id = $1", first.id)
    assert raised.result().alert.id != first.id
    assert raised.result().alert.state is State.OPEN
    assert (await network.alerts.see(scene.member, AlertId(raised.result().alert.id))).alert.state is State.OPEN


async def test_a_key_of_a_drill_never_passes_for_a_real_raise(
    database: Database, network: Network, scene: Scene
) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    key = uuid4()
    drill = await network.alerts.raise_(scene.member, scene.case.core.id, key, status=Status.EXERCISE)
    said = await outgoing.count(database)
    for where, status in ((scene.case.core.id, Status.ACTUAL), (circle.id, Status.EXERCISE)):
        with pytest.raises(Conflict, match="NOT raised"):
            await network.alerts.raise_(scene.member, where, key, status=status)
    assert await outgoing.count(database) == said
    again = await network.alerts.raise_(scene.member, scene.case.core.id, key, status=Status.EXERCISE)
    assert again.alert == drill.alert


async def test_a_key_that_comes_for_two_things_at_once_leaves_nothing_of_the_second(
    database: Database, network: Network, scene: Scene
) -> None:
    """Both find an alert open that they join, so that only the key itself tells them apart."""
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    first = await pressed(network, scene, scene.member)
    second = (await network.alerts.raise_(scene.member, circle.id, uuid4())).alert
    key = uuid4()
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await tx.row("SELECT id FROM alerts WHERE id = $1 FOR UPDATE", second.id)
        raised = tasks.create_task(_refused(network.alerts.raise_(scene.member, circle.id, key)))
        await until_somebody_waits(tx)
        await network.alerts.raise_(scene.member, scene.case.core.id, key)
        said = await outgoing.count(database)
    assert raised.result()
    assert await outgoing.count(database) == said
    async with database.transaction() as tx:
        assert await tx.value("SELECT alert_id FROM alert_raises WHERE key = $1", key) == first.id


async def _refused(raising: Awaitable[AlertView]) -> bool:
    try:
        await raising
    except Conflict:
        return True
    return False


async def test_a_wave_that_only_the_informed_hear_takes_the_next_with_it(database: Database, network: Network) -> None:
    shelter = await network.office(workers=2, desk=False)
    ngo = await network.office()
    case = await network.case(shelter.worker, {ngo: Part.INFORMED}, shelter.workers[1:])
    # Severe calls leaders and duty desks first: the only leader raises it, and nobody sits at a desk that rings.
    await network.alerts.raise_(shelter.worker, case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    rung = await outgoing.rung(database)
    assert rung[Target(kind=TargetKind.COMPARTMENT, id=case.core.id)] == {shelter.workers[1].id}


async def test_an_agency_that_responds_since_then_is_called_with_the_next_step(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await pressed(network, scene, scene.member)
    await network.cases.set_part(scene.coordinator, scene.case.id, scene.elsewhere.agency.id, Part.RESPONDER)
    await network.cases.set_part(scene.coordinator, scene.case.id, scene.ngo.agency.id, Part.RESPONDER)
    await network.cases.set_part(scene.coordinator, scene.case.id, scene.police.agency.id, Part.INFORMED)
    for officer in (scene.shelter.officer, scene.police.officer, scene.welfare.officer):
        alert = (await network.alerts.acknowledge(officer, alert.id)).alert
    assert alert.state is State.OPEN
    assert alert.silent_agencies == {scene.elsewhere.agency.id, scene.ngo.agency.id}
    said = await outgoing.count(database)
    clock.move(timedelta(minutes=2))
    await escalate_due(database, clock)
    assert (await outgoing.rung(database, said)).keys() >= {desk(scene.elsewhere), desk(scene.ngo)}
    # A press that begins anew asks it with the others.
    for officer in (scene.elsewhere.officer, scene.ngo.officer):
        alert = (await network.alerts.acknowledge(officer, alert.id)).alert
    assert alert.state is State.ACCEPTED
    clock.move(timedelta(minutes=1))
    again = await pressed(network, scene, scene.coordinator)
    assert scene.elsewhere.agency.id in again.silent_agencies
