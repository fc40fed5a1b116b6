"""Few rings on a real database: of many reminders at once some ring, all are said, and a number follows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cases.model import Case, Part
from core.database import Database
from safety_plans.model import Level
from safety_plans.quiet import Quiet
from safety_plans.rings.rules import HOUR, MOST
from safety_plans.rings.sweep import next_due, tell_folded
from safety_plans.sweep import remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import direct
from tests.people import Network, Scene

NIGHT = Quiet.read("22:00-07:00", "Europe/Belgrade")
# More than one transaction of the sweep takes together.
CASES = 26


@pytest.fixture
async def cases(network: Network, scene: Scene) -> Sequence[Case]:
    """Open many cases that one person leads."""
    return [await network.case(scene.coordinator, {scene.police: Part.RESPONDER}) for _ in range(CASES)]


async def rings(database: Database, scene: Scene, *, since: int = 0) -> int:
    """Return how often the coordinator is rung in channels."""
    said = (await outgoing.said(database))[since:]
    return sum(scene.coordinator.id in each.mentions for each in said if each.target != direct(scene.coordinator))


async def fall_due(network: Network, scene: Scene, cases: Sequence[Case], clock: MovableClock, level: Level) -> None:
    """Let all be assessed, and let all fall due again at once."""
    for case in cases:
        due_at = (await network.reviews.set_level(scene.coordinator, case.id, level)).review.due_at
    clock.set(due_at)


async def test_of_many_reminders_at_once_a_few_ring_all_are_said_and_a_number_follows(
    database: Database, network: Network, scene: Scene, cases: Sequence[Case], clock: MovableClock
) -> None:
    await fall_due(network, scene, cases, clock, Level.HIGH)
    assert await remind_due(database, clock) == CASES
    assert await rings(database, scene) == MOST
    said = await outgoing.said(database, "review_due")
    assert {each.target.id for each in said} == {each.core.id for each in cases}
    assert await outgoing.said(database, "reminders_folded") == []
    assert await next_due(database) == clock.now() + HOUR
    assert await tell_folded(database, clock) == 0
    clock.move(HOUR)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(tell_folded(database, clock))
    (told,) = await outgoing.said(database, "reminders_folded")
    assert (told.target, told.parameters) == (direct(scene.coordinator), {"count": str(CASES - MOST)})
    rung = [each for each in await outgoing.said(database, "review_ring") if each.target == direct(scene.coordinator)]
    assert [each.mentions for each in rung] == [{scene.coordinator.id}]
    assert await next_due(database) is None


async def test_what_is_urgent_or_of_very_high_risk_always_rings(
    database: Database, network: Network, scene: Scene, cases: Sequence[Case], clock: MovableClock
) -> None:
    await fall_due(network, scene, cases, clock, Level.VERY_HIGH)
    assert await remind_due(database, clock) == CASES
    assert await rings(database, scene) == CASES
    for case in cases:
        await network.reviews.set_level(scene.coordinator, case.id, Level.VERY_HIGH)
        await network.reviews.note_event(scene.coordinator, case.id, Within.TWO_HOURS)
    before = await outgoing.count(database)
    clock.move(timedelta(hours=2))
    assert await remind_due(database, clock) == CASES
    assert await rings(database, scene, since=before) == CASES
    assert await next_due(database) is None


async def test_the_number_waits_for_the_end_of_the_night_and_who_left_hears_none(
    database: Database, network: Network, scene: Scene, cases: Sequence[Case], clock: MovableClock
) -> None:
    evening = datetime(2026, 3, 9, 21, 30, tzinfo=ZoneInfo("Europe/Belgrade")).astimezone(UTC)
    await fall_due(network, scene, cases, clock, Level.HIGH)
    # No engine ran until the evening.
    clock.set(evening)
    await remind_due(database, clock, quiet=NIGHT)
    clock.move(HOUR)
    await tell_folded(database, clock, NIGHT)
    assert await outgoing.said(database, "reminders_folded") == []
    morning = datetime(2026, 3, 10, 7, tzinfo=ZoneInfo("Europe/Belgrade")).astimezone(UTC)
    assert await next_due(database) == morning
    async with database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = $1 WHERE id = $2", clock.now(), scene.coordinator.id)
    clock.set(morning)
    await tell_folded(database, clock, NIGHT)
    assert await outgoing.said(database, "reminders_folded") == []
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM reminder_rings") == 0
    assert morning.date() == date(2026, 3, 10)


async def test_a_reminder_that_could_not_be_left_counts_for_nothing(
    database: Database, network: Network, scene: Scene, cases: Sequence[Case], clock: MovableClock
) -> None:
    await fall_due(network, scene, cases[: MOST - 1], clock, Level.HIGH)
    async with database.transaction() as tx:
        await tx.script("ALTER TABLE outbox ADD CONSTRAINT full_disk CHECK (template <> 'review_due') NOT VALID")
    await remind_due(database, clock)
    assert await rings(database, scene) == 0
    async with database.transaction() as tx:
        await tx.script("ALTER TABLE outbox DROP CONSTRAINT full_disk")
    clock.move(timedelta(minutes=1))
    assert await remind_due(database, clock) == MOST - 1
    assert await rings(database, scene) == MOST - 1
    assert await next_due(database) is None
