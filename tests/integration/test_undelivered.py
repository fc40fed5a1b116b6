"""A call that could not be delivered is told in the channel, once, and never for an alert that has ended."""

from __future__ import annotations

from collections import defaultdict

import pytest

from alerts.model import StandDownReason, Status
from bots.outcomes import Outcomes
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


async def test_what_fails_in_the_channel_itself_or_after_the_end_tells_nobody(
    network: Network, scene: Scene, database: Database, clock: MovableClock
) -> None:
    view = await network.alerts.raise_(scene.member, scene.case.core.id, new_id())
    outcomes = Outcomes(database, clock)
    calls = await claimed_calls(database, clock)
    assert calls[TargetKind.COMPARTMENT]
    assert calls[TargetKind.DESK]
    for each in calls[TargetKind.COMPARTMENT]:
        await outcomes.give_up(each, "quarantined", "KeyError")
    await network.alerts.acknowledge(scene.coordinator, view.alert.id)
    await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    for each in calls[TargetKind.DESK]:
        await outcomes.give_up(each, "quarantined", "KeyError")
    assert await told(database) == []
