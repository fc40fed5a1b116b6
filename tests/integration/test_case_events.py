"""What happens in cases opens reviews: taken from the ledger, once, wherever a process dies; stricter wins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agencies.model import Person
from alerts.incidents.rules import Fact, Kind, Section
from alerts.model import Alert
from alerts.vocabulary import Event, StandDownReason, Status
from cases.ledger import sequence_all
from cases.model import Part
from core.database import Database
from core.errors import Conflict, NotFound
from safety_plans.events import take_up_events
from safety_plans.model import Level, Reason, Review
from safety_plans.store import SQL
from safety_plans.sweep import remind_due
from safety_plans.triggers import ACTS, Within
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.outgoing import desk
from tests.people import Network, Scene

hour = timedelta(hours=1)


async def taken(database: Database, clock: MovableClock) -> int:
    """Chain what was recorded, and take it up."""
    await sequence_all(database)
    return await take_up_events(database, clock, ZONE)


async def review(network: Network, scene: Scene) -> Review:
    (view,) = await network.reviews.due(scene.coordinator)
    return view.review


@pytest.fixture
async def low(database: Database, network: Network, scene: Scene, clock: MovableClock) -> Review:
    """Let the case be assessed as low: nothing is due for a month."""
    await taken(database, clock)
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    clock.move(hour)
    assert await taken(database, clock) == 0
    return view.review


async def raised(network: Network, scene: Scene, event: Event = Event.PANIC, status: Status = Status.ACTUAL) -> Alert:
    return (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=event, status=status)).alert


async def end(network: Network, officer: Person, alert: Alert) -> None:
    await network.alerts.acknowledge(officer, alert.id)
    await network.alerts.stand_down(officer, alert.id, StandDownReason.SAFE)


async def test_an_alert_and_its_end_open_a_review_within_two_hours_and_both_who_lead_are_rung(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    alert = await raised(network, scene)
    began = clock.now()
    assert await taken(database, clock) == 1
    pulled = await review(network, scene)
    assert (pulled.id, pulled.due_at, pulled.reason) == (low.id, began + 2 * hour, Reason.ALERT)
    # Nobody is told while the alert runs.
    assert not await outgoing.said(database, "review_pulled")
    clock.move(hour)
    await end(network, scene.police.officer, alert)
    assert await taken(database, clock) == 1
    assert await review(network, scene) == pulled
    (told,) = await outgoing.said(database, "review_pulled")
    assert told.target.id == scene.case.core.id
    assert told.parameters["time"] == pulled.due_at.isoformat()

    clock.set(pulled.due_at)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 1
    leaders = frozenset({scene.coordinator.id, scene.deputy.id})
    assert leaders in {each.mentions for each in (await outgoing.said(database))[count:]}
    # Nobody assessed it in two hours: that raises an alert of its own.
    assert {each.template for each in (await outgoing.said(database))[count:] if each.alert_id} == {
        "alert_ring", "alert_details_clock",
    }  # fmt: skip
    # What brooks no delay is overdue after two hours.
    clock.move(2 * hour)
    count = await outgoing.count(database)
    assert await remind_due(database, clock) == 1
    assert desk(scene.shelter) in await outgoing.rung(database, count)


async def test_an_end_after_an_assessment_opens_another(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    alert = await raised(network, scene)
    await taken(database, clock)
    clock.move(hour)
    await network.reviews.complete(scene.coordinator, low.id)
    following = await review(network, scene)
    assert (following.due_at, following.reason) == (SERBIA.due(clock.now(), timedelta(days=30)), Reason.INTERVAL)
    clock.move(hour)
    await end(network, scene.police.officer, alert)
    await taken(database, clock)
    again = await review(network, scene)
    assert (again.id, again.due_at, again.reason) == (following.id, clock.now() + 2 * hour, Reason.AFTER_ALERT)


async def test_exercises_open_none(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    drill = await raised(network, scene, Event.LOCATION_COMPROMISED, Status.EXERCISE)
    await end(network, scene.police.officer, drill)
    assert await taken(database, clock) == 2
    assert await review(network, scene) == low
    assert not (await network.incidents.see(scene.coordinator, drill.id)).duties


async def exclude(network: Network, scene: Scene) -> None:
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.worker.id)


async def remove(network: Network, scene: Scene) -> None:
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)


async def depart(network: Network, scene: Scene) -> None:
    await network.depart(scene.deputy)


async def join(network: Network, scene: Scene) -> None:
    await network.cases.set_part(scene.coordinator, scene.case.id, scene.elsewhere.agency.id, Part.INFORMED)


async def leak(network: Network, scene: Scene) -> None:
    alert = await raised(network, scene, Event.HEALTH)
    await network.incidents.add(scene.coordinator, alert.id, Section.UPDATE, Fact.DATA_MAY_HAVE_LEAKED)


async def fall_ill(network: Network, scene: Scene) -> None:
    await raised(network, scene, Event.HEALTH)


async def say_so(network: Network, scene: Scene) -> None:
    await network.reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)


@pytest.mark.parametrize(
    ("happens", "reason", "hours"),
    [
        (exclude, Reason.STAFF_CHANGED, 24),
        (remove, Reason.STAFF_CHANGED, 24),
        (depart, Reason.STAFF_CHANGED, 24),
        (join, Reason.AGENCY_CHANGED, 72),
        (leak, Reason.LEAK, 2),
        (fall_ill, Reason.HEALTH, 24),
        (say_so, Reason.EVENT_2H, 2),
    ],
)
async def test_what_happens_in_a_case_pulls_its_review_earlier(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review,
    happens: Callable[[Network, Scene], Awaitable[None]], reason: Reason, hours: int,
) -> None:  # fmt: skip
    await happens(network, scene)
    await taken(database, clock)
    found = await review(network, scene)
    assert (found.id, found.reason, found.due_at) == (low.id, reason, SERBIA.due(clock.now(), hours * hour))
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM case_events") == 0


async def test_an_exclusion_that_takes_nobody_out_shows_nowhere(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.workers[1].id)
    assert await taken(database, clock) == 0
    assert await review(network, scene) == low


async def test_an_assessment_satisfies_what_is_due_within_a_day_and_leaves_what_is_due_later(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    happened = clock.now()
    await join(network, scene)
    await exclude(network, scene)
    await taken(database, clock)
    assert (await review(network, scene)).due_at == SERBIA.due(happened, 24 * hour)
    clock.move(hour)
    await network.reviews.complete(scene.coordinator, low.id)
    left = await review(network, scene)
    assert (left.due_at, left.reason) == (SERBIA.due(happened, 72 * hour), Reason.AGENCY_CHANGED)
    clock.move(60 * hour)
    await network.reviews.complete(scene.coordinator, left.id)
    assert (await review(network, scene)).reason is Reason.INTERVAL


async def test_an_assessment_that_was_made_before_it_happened_satisfies_nothing(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    assert low.reason is Reason.INTERVAL
    await raised(network, scene)
    await taken(database, clock)
    due = (await review(network, scene)).due_at
    clock.move(hour)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW, clock.now() - 2 * hour)
    assert (await review(network, scene)).due_at == due


async def test_an_alert_of_a_leak_starts_the_clock_from_the_moment_it_was_raised(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    assert low.due_at
    alert = await raised(network, scene, Event.DEVICE_LOST)
    clock.move(3 * hour)
    await taken(database, clock)
    (duty,) = (await network.incidents.see(scene.coordinator, alert.id)).duties
    assert (duty.kind, duty.owner_id) == (Kind.BREACH, scene.coordinator.id)
    assert duty.due_at == alert.sent + 72 * hour
    # Raised again, and ended: one clock.
    await raised(network, scene, Event.DEVICE_LOST)
    await end(network, scene.coordinator, alert)
    await taken(database, clock)
    assert len((await network.incidents.see(scene.coordinator, alert.id)).duties) == 2


async def test_what_was_read_of_the_ledger_is_not_read_again(database: Database, clock: MovableClock) -> None:
    few, many = 5, 20_000
    async with database.transaction() as tx:
        await tx.run("UPDATE case_events_read SET position = $1", many - few)
        await tx.run(
            "INSERT INTO ledger (at, actor_kind, act, facts, position, hash) "
            "SELECT $1, 'system', 'invented', '{}', number, '' FROM generate_series(1, $2) AS number",
            clock.now(), many,
        )  # fmt: skip
        await tx.run("ANALYZE ledger")
        told = await tx.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {SQL['read_events']}", list(ACTS), 1000)
    looks = list(looks_at(json.loads(told)[0]["Plan"], "ledger"))
    assert len(looks) == 2
    for each in looks:
        assert each["Actual Rows"] + each.get("Rows Removed by Filter", 0) <= few, each


def looks_at(plan: dict[str, Any], table: str) -> Iterator[dict[str, Any]]:
    """Return where a plan reads a table."""
    for each in plan.get("Plans", ()):
        yield from looks_at(each, table)
    if plan.get("Relation Name") == table:
        yield plan


async def test_many_engines_take_up_each_event_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    assert low.due_at
    for _ in range(3):
        alert = await raised(network, scene)
        await end(network, scene.police.officer, alert)
    await sequence_all(database)
    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(take_up_events(database, clock, ZONE)) for _ in range(5)]
    handled = sum(each.result() for each in done) + await take_up_events(database, clock, ZONE)
    assert handled == 6
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'review_pulled'") == 6


async def test_of_many_presses_the_first_and_the_last_are_taken_up_and_none_twice(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    assert low.due_at
    for _ in range(7):
        await raised(network, scene)
    assert await taken(database, clock) == 2
    # What was read is never read again, wherever the reader is.
    assert await taken(database, clock) == 0
    await raised(network, scene)
    assert await taken(database, clock) == 1


async def test_an_event_that_cannot_be_handled_keeps_no_other_back_and_is_not_lost(
    database: Database, network: Network, scene: Scene, clock: MovableClock, low: Review
) -> None:
    other = await network.case(scene.stranger, {})
    await network.reviews.set_level(scene.stranger, other.id, Level.LOW)
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET level = 'unheard of' WHERE id = $1", low.id)
    await raised(network, scene)
    await network.alerts.raise_(scene.stranger, other.core.id, uuid4())
    assert await taken(database, clock) == 1
    (view,) = await network.reviews.due(scene.stranger)
    assert view.review.reason is Reason.ALERT
    # What died over it begins again when its lease is over.
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET level = 'low' WHERE id = $1", low.id)
    clock.move(timedelta(minutes=1))
    assert await take_up_events(database, clock, ZONE) == 1
    assert (await review(network, scene)).reason is Reason.ALERT


async def test_a_case_without_a_review_gets_one_and_a_closed_one_none(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    alert = await raised(network, scene)
    await taken(database, clock)
    found = await review(network, scene)
    assert (found.level, found.reason, found.due_at) == (Level.NOT_YET_ASSESSED, Reason.ALERT, clock.now() + 2 * hour)
    await end(network, scene.police.officer, alert)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    await taken(database, clock)
    assert not await outgoing.said(database, "review_pulled")


async def test_only_the_core_of_an_open_case_records_an_event(network: Network, scene: Scene) -> None:
    helper = scene.police.workers[1]
    await network.cases.open_compartment(scene.coordinator, scene.case.id, [helper.id])
    with pytest.raises(NotFound):
        await network.reviews.note_event(helper, scene.case.id, Within.ONE_DAY)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    with pytest.raises(Conflict):
        await network.reviews.note_event(scene.coordinator, scene.case.id, Within.ONE_DAY)
