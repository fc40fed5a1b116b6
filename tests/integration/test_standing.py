"""What waits for somebody alone is not said once they have a part in the case no more: nobody need be excluded."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts import standing
from alerts.duress.raising import Duress
from alerts.escalation import CANCEL_PAUSE
from alerts.model import Alert
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.sending.delivery import Delivery
from bots.words.rendering import Renderer
from cases import store as case_store
from core import outbox
from core.outbox import Lane, Message
from tests.house import House
from tests.outgoing import direct, rung, said

pytest_plugins = ("tests.fixtures_house",)


async def ready(house: House) -> Delivery:
    """Let everybody be in their rooms, also alone with the bot, and return a bot that has yet to deliver."""
    for _ in range(2):
        await house.everybody_comes_in()
        await house.sweep(later=LOOKED_AT_EVERY)
    renderer = Renderer(house.settings)
    return Delivery(
        house.database, house.clock, house.device, house.lease, house.housekeeping, house.occupants, renderer
    )


async def deliver(delivery: Delivery, lane: Lane = Lane.ALERT) -> None:
    async with asyncio.TaskGroup() as tasks:
        await delivery.deliver(tasks, lane)


async def no_part_any_more(house: House) -> None:
    """Take the deputy, who was called alone, out of the case: replaced and removed, and not excluded."""
    scene, cases = house.scene, house.network.cases
    await cases.set_leaders(scene.coordinator, scene.case.id, scene.coordinator.id, None)
    await cases.remove_member(scene.coordinator, scene.case.core.id, scene.deputy.id)


async def without_coordinator(house: House) -> None:
    """Take the coordinator out of the case, which the deputy leads from then on."""
    scene, cases = house.scene, house.network.cases
    await cases.set_leaders(scene.coordinator, scene.case.id, scene.deputy.id, None)
    await cases.remove_member(scene.deputy, scene.case.core.id, scene.coordinator.id)


async def hasten(house: House, alert: Alert, whom: Person) -> None:
    async with house.database.transaction() as tx:
        await standing.hasten(tx, alert.id, whom.id, house.clock.now())


@pytest.mark.parametrize("ended", [False, True])
async def test_who_was_taken_out_while_a_call_waited_hears_nothing_of_it(house: House, ended: bool) -> None:  # noqa: FBT001
    scene, delivery = house.scene, await ready(house)
    alert = (
        await house.network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.BEING_FOLLOWED)
    ).alert
    if ended:
        await deliver(delivery)
        await house.network.alerts.acknowledge(scene.police.officer, alert.id)
        await house.network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    waiting = [each for each in await said(house.database) if each.state == "pending"]
    assert {direct(scene.deputy), direct(scene.coordinator)} <= {each.target for each in waiting}
    await no_part_any_more(house)
    await deliver(delivery)
    after = {each.id: each for each in await said(house.database)}
    states = {target: {after[each.id].state for each in waiting if each.target == target} for target in (
        direct(scene.deputy), direct(scene.coordinator)
    )}  # fmt: skip
    assert states == {direct(scene.deputy): {"withdrawn"}, direct(scene.coordinator): {"sent"}}


@pytest.mark.parametrize("how", ["replaced", "left"])
async def test_where_only_they_were_rung_the_next_step_is_taken_at_once(house: House, how: str) -> None:
    scene, delivery = house.scene, await ready(house)
    # Of what is Moderate only who leads is called, for two hours.
    await house.network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4(), event=Event.DEVICE_LOST)
    assert set(await rung(house.database)) == {direct(scene.coordinator)}
    if how == "left":
        # The room that is theirs alone is closed with that.
        await house.network.depart(scene.coordinator)
    else:
        await without_coordinator(house)
    count = len(await said(house.database))
    assert await escalate_due(house.database, house.clock) == 0
    await deliver(delivery)
    assert await escalate_due(house.database, house.clock) == 1
    called = await rung(house.database, count)
    assert called
    assert direct(scene.coordinator) not in called


async def test_after_a_raisers_pause_the_next_step_is_taken_at_once_and_not_before(house: House) -> None:
    scene, delivery = house.scene, await ready(house)
    alert = (
        await house.network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4(), event=Event.DEVICE_LOST)
    ).alert
    await house.network.alerts.stand_down(scene.deputy, alert.id, StandDownReason.FALSE_ALARM)
    # The ring of before the pause still waits, to be sent in it: nothing is hastened.
    await hasten(house, alert, scene.coordinator)
    assert await escalate_due(house.database, house.clock) == 0
    house.clock.move(CANCEL_PAUSE)
    assert await escalate_due(house.database, house.clock) == 1
    await without_coordinator(house)
    await deliver(delivery)
    assert await escalate_due(house.database, house.clock) == 1


async def test_of_an_accepted_alert_the_next_step_is_taken_at_once_where_its_owner_is_gone(house: House) -> None:
    scene = house.scene
    alert = (await house.network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    for officer in (scene.police.officer, scene.shelter.officer, scene.welfare.officer):
        alert = (await house.network.alerts.acknowledge(officer, alert.id)).alert
    await hasten(house, alert, scene.coordinator)
    assert await escalate_due(house.database, house.clock) == 0
    await hasten(house, alert, scene.police.officer)
    assert await escalate_due(house.database, house.clock) == 1


async def test_who_is_forced_silences_nobody_by_taking_them_out(house: House) -> None:
    scene, delivery = house.scene, await ready(house)
    await Duress(house.database, house.clock).raise_(scene.coordinator, "$invented", scene.case.core.id)
    called = await rung(house.database)
    assert direct(scene.member) in called
    await house.network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    await deliver(delivery)
    rings = [each for each in await said(house.database) if each.target == direct(scene.member) and each.alert_id]
    assert rings
    assert "withdrawn" not in {each.state for each in rings}


async def test_nor_does_a_reminder_reach_who_was_taken_out_and_whoever_still_answers_hears_it(house: House) -> None:
    scene, cases = house.scene, house.network.cases
    officer = scene.police.officer
    await cases.add_member(scene.coordinator, scene.case.core.id, officer.id)
    delivery = await ready(house)
    people = [scene.coordinator, scene.deputy, officer, scene.police.deputies[0]]
    async with house.database.transaction() as tx:
        reminders = [
            Message(key=f"r:{each.id}", target=direct(each), template="review_ring", case_id=scene.case.id)
            for each in people
        ]
        await outbox.post(tx, reminders, house.clock.now())
    await no_part_any_more(house)
    # Of the police's desk the officer answers for the case all the same.
    await cases.remove_member(scene.coordinator, scene.case.core.id, officer.id)
    await deliver(delivery, Lane.ORDINARY)
    # Here nobody has a device that could read it, so that the others' still waits.
    told = {each.target: each.state for each in await said(house.database, "review_ring")}
    withdrawn = {target for target, state in told.items() if state == "withdrawn"}
    assert (len(told), withdrawn) == (len(people), {direct(scene.deputy)})


async def test_who_was_in_a_circle_until_it_was_closed_was_not_taken_out(house: House) -> None:
    scene, cases = house.scene, house.network.cases
    closing, case_id, worker = house.network.closing, scene.case.id, scene.ngo.worker
    circle = await cases.open_compartment(scene.coordinator, case_id, [scene.deputy.id])
    await cases.remove_member(scene.coordinator, scene.case.core.id, worker.id)
    house.clock.move(LOOKED_AT_EVERY)
    await closing.close_compartment(scene.coordinator, circle.id)
    await closing.close_case(scene.coordinator, case_id)
    everybody = [worker.id, scene.deputy.id, scene.member.id, scene.coordinator.id, scene.stranger.id]
    async with house.database.reading() as look:
        assert await case_store.taken_out(look, [case_id], everybody) == {(case_id, worker.id)}
