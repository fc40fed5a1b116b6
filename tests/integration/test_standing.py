"""What waits for somebody alone is not said once they have a part in the case no more: nobody need be excluded."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.sending.delivery import Delivery
from bots.words.rendering import Renderer
from core.outbox import Lane
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


async def deliver(delivery: Delivery) -> None:
    async with asyncio.TaskGroup() as tasks:
        await delivery.deliver(tasks, Lane.ALERT)


async def no_part_any_more(house: House) -> None:
    """Take the deputy, who was called alone, out of the case: replaced and removed, and not excluded."""
    scene, cases = house.scene, house.network.cases
    await cases.set_leaders(scene.coordinator, scene.case.id, scene.coordinator.id, None)
    await cases.remove_member(scene.coordinator, scene.case.core.id, scene.deputy.id)


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


async def test_where_only_they_were_rung_the_next_step_is_taken_at_once(house: House) -> None:
    scene, cases = house.scene, house.network.cases
    delivery = await ready(house)
    # Of what is Moderate only who leads is called, for two hours.
    await house.network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4(), event=Event.DEVICE_LOST)
    assert set(await rung(house.database)) == {direct(scene.coordinator)}
    await cases.set_leaders(scene.coordinator, scene.case.id, scene.deputy.id, None)
    await cases.remove_member(scene.deputy, scene.case.core.id, scene.coordinator.id)
    count = len(await said(house.database))
    assert await escalate_due(house.database, house.clock) == 0
    await deliver(delivery)
    assert await escalate_due(house.database, house.clock) == 1
    called = await rung(house.database, count)
    assert called
    assert direct(scene.coordinator) not in called
