"""A case's operations and safe-calls on one time line: in order, with both times, to each what their circles hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person
from cases.model import Compartment
from core.database import Database
from operations import timeline
from operations.acting import OperationView
from operations.model import Despite, Happening, MilestoneKind, OperationStatus
from operations.planning import Plan, Step
from operations.safe_calls.model import SafeCallPlan
from operations.safe_calls.sweep import call_for_unheard
from operations.sweep import call_for_late
from operations.transitions import Move
from tests.clock import MovableClock
from tests.people import Network, Scene

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, found.id)
    return found


@pytest.fixture
async def circle(network: Network, scene: Scene, buddy: Person) -> Compartment:
    people = [scene.member.id, buddy.id]
    return await network.cases.open_compartment(scene.coordinator, scene.case.id, people)


def plan_of(scene: Scene, buddy: Person, clock: MovableClock) -> Plan:
    """Let two be home in two hours, having set out in one."""
    begins, two = clock.now() + HOUR, (scene.member.id, scene.coordinator.id)
    steps = [
        Step(kind=MilestoneKind.DEPARTED, due_at=begins, confirmers=two),
        Step(kind=MilestoneKind.HOME_SAFE, due_at=begins + HOUR, confirmers=two),
    ]
    return Plan(
        coordinator_id=scene.coordinator.id, buddy_id=buddy.id, liaison_id=None, begins_at=begins,
        ends_at=begins + 2 * HOUR, steps=steps,
    )  # fmt: skip


@pytest.fixture
async def way(network: Network, scene: Scene, buddy: Person, circle: Compartment, clock: MovableClock) -> OperationView:
    planned = await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan_of(scene, buddy, clock))
    await network.operations.approve(scene.coordinator, planned.operation.id)
    return await network.operations.go(scene.coordinator, planned.operation.id, Despite.SUMMONED)


async def test_what_has_happened_and_what_is_expected_stand_in_one_order_with_both_times(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, way: OperationView
) -> None:
    id_ = way.operation.id
    due = clock.now() + 90 * MINUTE
    listeners = [scene.member.id, scene.coordinator.id]
    expecting = SafeCallPlan(listeners=listeners, buddy_id=buddy.id, due_at=due)
    call = await network.safe_calls.plan(scene.coordinator, scene.case.core.id, uuid4(), expecting)
    before = await network.timeline.see(scene.member, scene.case.id)
    assert [(each.about.codename, each.step, each.at) for each in before.expected] == [
        (way.operation.codename, MilestoneKind.DEPARTED, way.operation.begins_at),
        (call.call.codename, None, due),
        (way.operation.codename, MilestoneKind.HOME_SAFE, way.operation.begins_at + HOUR),
    ]
    # A telephone comes back half an hour after somebody wrote.
    clock.move(HOUR + 30 * MINUTE)
    await call_for_late(database, clock)
    wrote = clock.now() - 30 * MINUTE
    await network.under_way.confirm(scene.member, id_, 1, wrote)
    clock.move(HOUR)
    await call_for_unheard(database, clock)
    found = await network.timeline.see(scene.member, scene.case.id)
    assert [each.what for each in found.happened] == [
        Happening.CALL_LATE, Happening.CONFIRMED, Happening.LATE, Happening.CALL_PLANNED, Happening.GONE,
        Happening.APPROVED, Happening.PLANNED,
    ]  # fmt: skip
    late_call, confirmed, late, _planned, gone, *_ = found.happened
    assert (confirmed.by, confirmed.step, confirmed.written_at) == (scene.member.id, MilestoneKind.DEPARTED, wrote)
    assert confirmed.at == clock.now() - HOUR
    assert late.written_at is None
    assert (late.by, late.step, late_call.by, gone.why) == (None, MilestoneKind.DEPARTED, None, Despite.SUMMONED)
    assert [(each.about.codename, each.late) for each in found.expected] == [
        (call.call.codename, True), (way.operation.codename, True)
    ]  # fmt: skip
    assert found.more is None


async def test_of_a_circle_somebody_is_not_in_nothing_stands_there(
    network: Network, scene: Scene, circle: Compartment, way: OperationView
) -> None:
    # Somebody is a member of the case's core, and not of the circle.
    outside = await network.timeline.see(scene.ngo.worker, scene.case.id)
    assert (list(outside.expected), list(outside.happened)) == ([], [])
    inside = await network.timeline.see(scene.member, scene.case.id)
    assert {each.about.id for each in inside.happened} == {way.operation.id}
    assert len(inside.happened) == 3
    await network.cases.remove_member(scene.coordinator, circle.id, scene.member.id)
    after = await network.timeline.see(scene.member, scene.case.id)
    assert (list(after.expected), list(after.happened)) == ([], [])


async def test_of_a_circle_that_is_closed_only_what_is_under_way_stands_there(
    network: Network, scene: Scene, buddy: Person, circle: Compartment, clock: MovableClock, way: OperationView
) -> None:
    planned = await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan_of(scene, buddy, clock))
    await network.close_all_the_same(scene.case, circle)
    found = await network.timeline.see(scene.coordinator, scene.case.id)
    told = {each.about.id for each in found.expected} | {each.about.id for each in found.happened}
    assert told == {way.operation.id}
    assert planned.operation.id not in told


async def test_exercises_are_told_as_such_and_what_is_put_off_is_expected_no_more(
    network: Network, scene: Scene, buddy: Person, circle: Compartment, clock: MovableClock
) -> None:
    for drill in (True, False):
        plan = replace(plan_of(scene, buddy, clock), drill=drill)
        await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan)
    found = await network.timeline.see(scene.coordinator, scene.case.id)
    assert sorted(each.about.drill for each in found.happened) == [False, True]
    assert sorted(each.about.drill for each in found.expected) == [False, False, True, True]
    real = next(each.about.id for each in found.happened if not each.about.drill)
    await network.operations.postpone(scene.coordinator, next(
        each.operation.id for each in await network.operations.see_all(scene.coordinator) if each.operation.id == real
    ))  # fmt: skip
    found = await network.timeline.see(scene.coordinator, scene.case.id)
    assert [each.about.drill for each in found.expected] == [True, True]
    assert found.happened[0].what is Happening.POSTPONED


async def test_what_somebody_may_decide_is_told_with_what_they_see(
    network: Network, scene: Scene, clock: MovableClock, way: OperationView
) -> None:
    id_ = way.operation.id
    assert way.decisions == [Move.POSTPONE]
    assert (await network.operations.see(scene.member, id_)).decisions == []
    # Somebody may have set out: they are awaited, and nothing is put off or closed over them.
    clock.set(way.operation.begins_at)
    assert (await network.operations.see(scene.coordinator, id_)).decisions == []
    await network.under_way.confirm(scene.member, id_, 1)
    ended = await network.under_way.abort(scene.coordinator, id_)
    assert ended.operation.watched is not None
    assert ended.decisions == []
    clock.move(10 * MINUTE)
    home = await network.under_way.confirm(scene.coordinator, id_, 2)
    # Nothing is left to talk about in this plan: with the last who is home it is closed.
    assert (home.operation.status, home.decisions) == (OperationStatus.CLOSED, [])


async def test_a_long_history_is_told_by_pages_with_nothing_left_out_and_nothing_twice(
    network: Network, scene: Scene, way: OperationView
) -> None:
    for _ in range(timeline.PAGE + 20):
        await network.under_way.delay(scene.member, way.operation.id, 1, uuid4())
    pages = [await network.timeline.see(scene.member, scene.case.id)]
    while pages[-1].more is not None:
        pages.append(await network.timeline.see(scene.member, scene.case.id, pages[-1].more))
    entries = [each.entry for page in pages for each in page.happened]
    assert [len(page.happened) for page in pages] == [timeline.PAGE, 23]
    assert entries == sorted(set(entries), reverse=True)
