"""Somebody without an app is expected to be heard from: a word says that they were, and silence calls people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts.model import State
from alerts.vocabulary import Event, StandDownReason, Through
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from operations.safe_calls.model import SafeCallPlan
from operations.safe_calls.service import SafeCallView
from operations.safe_calls.sweep import call_for_unheard, next_due
from safety_plans.model import Level
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# The day before clocks are put forward.
EVENING = datetime(2026, 3, 28, 19, tzinfo=UTC)


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, found.id)
    return found


@pytest.fixture
def plan(scene: Scene, buddy: Person, clock: MovableClock) -> SafeCallPlan:
    """Return by 20:00 in the network, for three days."""
    clock.set(EVENING - 10 * HOUR)
    listeners = (scene.member.id, scene.deputy.id)
    return SafeCallPlan(listeners=listeners, buddy_id=buddy.id, due_at=EVENING, last_day=date(2026, 3, 30))


@pytest.fixture
async def awaited(network: Network, scene: Scene, plan: SafeCallPlan) -> SafeCallView:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    return await network.safe_calls.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)


async def test_whoever_is_heard_from_is_expected_again_at_the_same_hour_and_in_the_end_no_more(
    database: Database, network: Network, scene: Scene, clock: MovableClock, awaited: SafeCallView
) -> None:
    call = awaited.call.id
    # Too early for the evening: it is noted, and they are still expected.
    early = await network.safe_calls.heard(scene.member, call)
    assert (early.call.due_at, early.call.heard_at, early.known) == (EVENING, clock.now(), False)
    clock.set(EVENING - 5 * MINUTE)
    # Any member hears from them; clocks are put forward in the night, the hour in the network stays.
    second = (await network.safe_calls.heard(scene.ngo.worker, call)).call
    assert second.due_at == EVENING + DAY - HOUR
    assert (await network.safe_calls.heard(scene.member, call, clock.now() - MINUTE)).known
    clock.set(EVENING + DAY - HOUR)
    assert (await network.safe_calls.heard(scene.member, call)).call.due_at == EVENING + 2 * DAY - HOUR
    clock.set(EVENING + 2 * DAY - HOUR)
    last = await network.safe_calls.heard(scene.member, call)
    assert last.call.due_at is None
    assert (await network.safe_calls.heard(scene.member, call)).known
    assert await next_due(database) is None
    assert await call_for_unheard(database, clock) == 0
    assert len(await outgoing.said(database, "safe_call_heard")) == 4
    assert await outgoing.said(database, "safe_call_prompt") == []


async def test_silence_calls_people_until_somebody_accepts_and_again_while_nobody_was_heard_from(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, awaited: SafeCallView
) -> None:
    assert await next_due(database) == EVENING
    clock.set(EVENING)
    before = await outgoing.count(database)
    assert await call_for_unheard(database, clock) == 1
    assert set().union(*(await outgoing.rung(database, before)).values()) == {scene.member.id, scene.deputy.id}
    clock.set(EVENING + 10 * MINUTE)
    assert await call_for_unheard(database, clock) == 1
    assert [each.late for each in await network.safe_calls.see_all(scene.coordinator)] == [True]
    before = await outgoing.count(database)
    clock.set(EVENING + 15 * MINUTE)
    await call_for_unheard(database, clock)
    assert {buddy.id, scene.coordinator.id} <= set().union(*(await outgoing.rung(database, before)).values())
    clock.set(EVENING + 20 * MINUTE)
    await call_for_unheard(database, clock)
    (alert,) = await network.alerts.see_all(scene.coordinator)
    assert (alert.alert.event, alert.alert.raised_through) == (Event.MISSED_CHECK_IN, Through.CLOCK)
    # Ended without a word of them: raised again.
    await network.alerts.acknowledge(scene.coordinator, alert.alert.id)
    await network.alerts.stand_down(scene.coordinator, alert.alert.id, StandDownReason.FALSE_ALARM)
    for _ in range(2):
        clock.move(15 * MINUTE)
        await call_for_unheard(database, clock)
    (again,) = await network.alerts.see_all(scene.coordinator)
    assert (again.alert.id != alert.alert.id, again.alert.state) == (True, State.OPEN)
    # Heard from after all: people end the alert; the next evening they are expected again, from the beginning.
    view = await network.safe_calls.heard(scene.member, awaited.call.id)
    assert (view.call.due_at, view.call.rung, view.late) == (EVENING + DAY - HOUR, 0, False)
    assert [each.alert.id for each in await network.alerts.see_all(scene.coordinator)] == [again.alert.id]
    clock.move(15 * MINUTE)
    assert await call_for_unheard(database, clock) == 0


async def test_after_an_outage_of_hours_nothing_is_hidden(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, awaited: SafeCallView
) -> None:
    clock.set(EVENING + 5 * HOUR)
    before = await outgoing.count(database)
    assert await call_for_unheard(database, clock) == 1
    rung = set().union(*(await outgoing.rung(database, before)).values())
    assert {*awaited.call.listeners, buddy.id} <= rung
    assert [each.alert.event for each in await network.alerts.see_all(scene.coordinator)] == [Event.MISSED_CHECK_IN]
    # Word of an hour before the time, brought late, counts.
    view = await network.safe_calls.heard(scene.member, awaited.call.id, EVENING - HOUR)
    assert view.call.due_at == EVENING + DAY - HOUR


async def test_whoever_was_excluded_is_not_called_and_the_others_are(
    database: Database, network: Network, scene: Scene, clock: MovableClock, awaited: SafeCallView
) -> None:
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.member.id)
    clock.set(EVENING + HOUR)
    before = await outgoing.count(database)
    await call_for_unheard(database, clock)
    rung = set().union(*(await outgoing.rung(database, before)).values())
    assert scene.member.id not in rung
    assert scene.deputy.id in rung
    with pytest.raises(NotFound):
        await network.safe_calls.heard(scene.member, awaited.call.id)


async def test_it_is_called_off_by_who_planned_it_or_leads(
    database: Database, network: Network, scene: Scene, clock: MovableClock, awaited: SafeCallView
) -> None:
    with pytest.raises(Conflict):
        await network.safe_calls.call_off(scene.member, awaited.call.id)
    with pytest.raises(NotFound):
        await network.safe_calls.call_off(scene.stranger, awaited.call.id)
    assert (await network.safe_calls.call_off(scene.deputy, awaited.call.id)).call.due_at is None
    assert (await network.safe_calls.call_off(scene.deputy, awaited.call.id)).known
    clock.set(EVENING + HOUR)
    assert await call_for_unheard(database, clock) == 0
    with pytest.raises(Conflict):
        await network.safe_calls.heard(scene.member, awaited.call.id)


async def test_closing_the_case_is_told_to_whoever_listens(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, awaited: SafeCallView
) -> None:
    with pytest.raises(Conflict):
        await network.closing.close_case(scene.coordinator, scene.case.id)
    await network.close_all_the_same(scene.case)
    clock.set(EVENING)
    assert await call_for_unheard(database, clock) == 1
    told = {each.target.id for each in await outgoing.said(database, "safe_call_case_closed")}
    assert told == {*awaited.call.listeners, buddy.id, scene.coordinator.id}
    assert await next_due(database) is None


async def test_where_the_circle_was_closed_people_are_called_on_and_who_leads_ends_it(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, plan: SafeCallPlan
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    people = [scene.member.id, scene.deputy.id, buddy.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, people)
    call = (await network.safe_calls.plan(scene.coordinator, circle.id, uuid4(), plan)).call.id
    with pytest.raises(Conflict):
        await network.closing.close_compartment(scene.coordinator, circle.id)
    await network.close_all_the_same(scene.case, circle)
    clock.set(EVENING + HOUR)
    await call_for_unheard(database, clock)
    assert [each.alert.event for each in await network.alerts.see_all(scene.coordinator)] == [Event.MISSED_CHECK_IN]
    # Everybody left it, and whoever never was in it does not learn of it.
    with pytest.raises(NotFound):
        await network.safe_calls.heard(scene.ngo.worker, call)
    assert (await network.safe_calls.heard(scene.coordinator, call)).call.due_at == EVENING + DAY - HOUR
    assert (await network.safe_calls.call_off(scene.coordinator, call)).call.due_at is None
    assert await next_due(database) is None


async def test_a_plan_is_kept_once_and_what_is_wrong_with_it_is_said(
    network: Network, scene: Scene, plan: SafeCallPlan, clock: MovableClock
) -> None:
    place, key = scene.case.core.id, uuid4()
    for wrong in (
        replace(plan, due_at=clock.now()), replace(plan, due_at=clock.now() + 4000 * DAY),
        replace(plan, last_day=date(2028, 1, 1)), replace(plan, last_day=date(2026, 3, 27)),
        replace(plan, listeners=[scene.member.id] * 2), replace(plan, buddy_id=scene.member.id),
        replace(plan, buddy_id=scene.stranger.id),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            await network.safe_calls.plan(scene.coordinator, place, key, wrong)
    first = await network.safe_calls.plan(scene.coordinator, place, key, plan)
    again = await network.safe_calls.plan(scene.coordinator, place, key, plan)
    assert (first.known, again.known, again.call.codename) == (False, True, first.call.codename)
    with pytest.raises(InvalidInput):
        await network.safe_calls.heard(scene.member, first.call.id, clock.now() + HOUR)


async def test_in_a_case_that_is_closed_nobody_is_expected(network: Network, scene: Scene, plan: SafeCallPlan) -> None:
    await network.closing.close_case(scene.coordinator, scene.case.id)
    with pytest.raises((Conflict, NotFound)):
        await network.safe_calls.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)
    assert await network.safe_calls.see_all(scene.coordinator) == []
