"""A call that could not be delivered is told in the channel, once, and never for an alert that has ended."""

from __future__ import annotations

from collections import defaultdict

import pytest

from alerts.vocabulary import StandDownReason, Status
from bots.sending.outcomes import LATE_ATTEMPTS, Outcomes
from core import outbox
from core.database import Database
from core.ids import new_id
from core.outbox import Claimed, Lane, TargetKind
from tests.clock import MovableClock
from tests.people import Network, Scene


async def claimed_calls(database: Database, clock: MovableClock) -> dict[TargetKind, list[Claimed]]:
    calls: dict[TargetKind, list[Claimed]] = defaultdict(list)
    async with database.transaction() as tx:
        for each in await outbox.claim(tx, clock.now(), 200, Lane.ALERT):
            calls[each.message.target.kind].append(each)
    return calls


async def told(database: Database) -> list[tuple[str, str]]:
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT template, target_kind FROM outbox WHERE template LIKE '%not\\_delivered%'")
    return [(row["template"], row["target_kind"]) for row in rows]


@pytest.mark.parametrize(("status", "prefix"), [(Status.ACTUAL, "alert"), (Status.EXERCISE, "drill")])
async def test_the_channel_hears_once_whom_to_ring(
    network: Network, scene: Scene, database: Database, clock: MovableClock, status: Status, prefix: str
) -> None:
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, new_id(), status=status)
    calls = (await claimed_calls(database, clock))[TargetKind.DESK]
    outcomes = Outcomes(database, clock)
    first = [each for each in calls if each.message.target == calls[0].message.target]
    assert len(first) == 2, "the ring and its details"
    for each in first:
        await outcomes.give_up(each, "failed", "M_FORBIDDEN")
    assert await told(database) == [(f"{prefix}_not_delivered_to_desk", "compartment")]


async def test_where_the_channel_fails_the_other_rooms_hear_it_and_nobody_after_the_end(
    network: Network, scene: Scene, database: Database, clock: MovableClock
) -> None:
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    outcomes = Outcomes(database, clock)
    calls = await claimed_calls(database, clock)
    await outcomes.give_up(calls[TargetKind.COMPARTMENT][0], "quarantined", "KeyError")
    heard = await told(database)
    assert {template for template, _room in heard} == {"alert_not_delivered_to_compartment"}
    assert {room for _template, room in heard} == {"desk"}

    await network.alerts.acknowledge(scene.coordinator, view.alert.id)
    await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    for each in calls[TargetKind.DESK]:
        await outcomes.give_up(each, "quarantined", "KeyError")
    assert await told(database) == heard


async def test_a_call_that_cannot_leave_for_a_minute_is_told_and_tried_on(
    network: Network, scene: Scene, database: Database, clock: MovableClock
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    outcomes = Outcomes(database, clock)
    for attempt in range(LATE_ATTEMPTS + 1):
        assert bool(await told(database)) is False, attempt
        ring = (await claimed_calls(database, clock))[TargetKind.DESK][0]
        await outcomes.put_off(ring, "M_FORBIDDEN")
        clock.move(outbox.LEASE)
    assert await told(database) == [("alert_not_delivered_to_desk", "compartment")]
    assert ring.id in {each.id for each in (await claimed_calls(database, clock))[TargetKind.DESK]}
