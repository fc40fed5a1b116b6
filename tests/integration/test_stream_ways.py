"""Of a way and a safe-call hears in the live stream who may see it, and nobody else: its circle, and the leaders."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import PersonId
from cases import ledger
from core.errors import NotFound
from operations.model import Despite, OperationId
from operations.safe_calls.model import SafeCallPlan
from operations.sweep import call_for_late
from operations.templates import templates
from server.live.acts import Object
from server.live.audience import hearings, told_of
from tests.clock import MovableClock
from tests.people import Network, Scene


class Listening:
    """Everybody of a scene, listening."""

    def __init__(self, network: Network, scene: Scene) -> None:
        self._network = network
        offices = (scene.shelter, scene.police, scene.welfare, scene.ngo, scene.elsewhere)
        self.people = [each for its in offices for each in (*its.workers, *its.officers, *its.deputies)]
        self._position = 0

    async def news(self) -> dict[str, set[PersonId]]:
        """Return who hears of each act since the last look that is told of a way or a safe-call."""
        await ledger.sequence_all(self._network.database)
        entries = await ledger.entries(self._network.database, self._position, 1000)
        self._position += len(entries)
        async with self._network.database.reading() as reading:
            heard = await hearings(reading, entries, [each.id for each in self.people])
        shown = {Object.OPERATION, Object.SAFE_CALL}
        return {
            entry.act: set(hearing.change)
            for entry, hearing in zip(entries, heard, strict=True)
            if told_of(entry).object in shown
        }

    async def who_sees(self, operation_id: OperationId) -> set[PersonId]:
        """Return to whom the operation exists."""
        found = set()
        for each in self.people:
            try:
                await self._network.operations.see(each, operation_id)
            except NotFound:
                continue
            found.add(each.id)
        return found


@pytest.fixture
async def listening(network: Network, scene: Scene) -> Listening:
    found = Listening(network, scene)
    await found.news()
    return found


async def test_who_hears_of_a_way_is_who_may_see_it(
    network: Network, scene: Scene, clock: MovableClock, listening: Listening
) -> None:
    goes = [scene.member.id, scene.ngo.worker.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [*goes, scene.police.officer.id])
    begins = clock.now() + timedelta(minutes=10)
    plan = templates()["court_testimony"].plan(begins, scene.coordinator.id, scene.police.officer.id, goes)
    way = (await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan)).operation
    assert await listening.news() == {"operation_planned": await listening.who_sees(way.id)}
    await network.operations.approve(scene.coordinator, way.id)
    await network.operations.go(scene.coordinator, way.id, Despite.SEEN_TO)
    await network.under_way.confirm(scene.member, way.id)
    await network.under_way.delay(scene.member, way.id, 20, uuid4())
    awaited = (await network.operations.see(scene.member, way.id)).operation.watched
    assert awaited is not None
    assert awaited.due_at is not None
    clock.set(awaited.due_at + timedelta(minutes=1))
    await call_for_late(network.database, clock)
    sees = await listening.who_sees(way.id)
    heard = await listening.news()
    acts = {"operation_approved", "operation_gone", "milestone_confirmed", "operation_delayed", "milestone_late"}
    assert heard == dict.fromkeys(acts, sees)
    assert sees == {*goes, scene.coordinator.id, scene.deputy.id, scene.police.officer.id}
    # Who is excluded hears nothing more; where the circle is closed, those who can end it.
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.worker.id)
    await network.under_way.dark(scene.member, way.id, 30, uuid4())
    assert (await listening.news())["operation_dark"] == sees - {scene.ngo.worker.id}
    await network.close_all_the_same(scene.case, circle)
    await network.under_way.abort(scene.coordinator, way.id)
    assert (await listening.news())["operation_aborted"] == {scene.coordinator.id, scene.deputy.id}
    assert await listening.who_sees(way.id) == {scene.coordinator.id, scene.deputy.id}


async def test_of_what_is_planned_in_a_closed_circle_nobody_hears_or_sees(
    network: Network, scene: Scene, clock: MovableClock, listening: Listening
) -> None:
    goes = [scene.member.id, scene.ngo.worker.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [*goes, scene.police.officer.id])
    begins = clock.now() + timedelta(days=20)
    plan = templates()["court_testimony"].plan(begins, scene.coordinator.id, scene.police.officer.id, goes)
    way = (await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan)).operation
    assert [each.operation.id for each in await network.operations.see_all(scene.member)] == [way.id]
    await network.close_all_the_same(scene.case, circle)
    assert (await listening.news())["operation_planned"] == set()
    assert await listening.who_sees(way.id) == set()
    for each in listening.people:
        assert await network.operations.see_all(each, ended=True) == []


async def test_of_a_safe_call_hears_its_circle_alone(
    network: Network, scene: Scene, clock: MovableClock, listening: Listening
) -> None:
    members = [scene.member.id, scene.ngo.worker.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, members)
    plan = SafeCallPlan(
        listeners=members, buddy_id=scene.coordinator.id, due_at=clock.now() + timedelta(hours=3), last_day=None
    )
    call = (await network.safe_calls.plan(scene.coordinator, circle.id, uuid4(), plan)).call
    await network.safe_calls.heard(scene.member, call.id)
    hears = {*members, scene.coordinator.id, scene.deputy.id}
    assert await listening.news() == {"safe_call_planned": hears, "safe_call_heard": hears}
    sees = {each.id for each in listening.people if await network.safe_calls.see_all(each)}
    assert sees == hears


async def test_what_is_over_is_listed_where_asked_for_alone(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    goes = [scene.member.id, scene.deputy.id]
    plan = templates()["court_testimony"].plan(
        clock.now() + timedelta(minutes=10), scene.coordinator.id, scene.ngo.worker.id, goes
    )
    way = (await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)).operation
    await network.operations.approve(scene.coordinator, way.id)
    await network.operations.go(scene.coordinator, way.id, Despite.SEEN_TO)

    async def listed(*, ended: bool = False) -> list[OperationId]:
        return [each.operation.id for each in await network.operations.see_all(scene.member, ended=ended)]

    await network.under_way.abort(scene.member, way.id)
    # Somebody is awaited at home.
    assert await listed() == [way.id]
    await network.operations.close(scene.coordinator, way.id)
    assert await listed() == []
    assert await listed(ended=True) == [way.id]
