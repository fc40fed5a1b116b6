"""Levels and reviews on a real database: due, overdue, daily; one open review per case; never orphaned."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agencies.model import DeskId
from agencies.rosters import Rosters
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.outbox import Target, TargetKind
from safety_plans.clocks.rules import Spans
from safety_plans.levels import SECOND_WITHIN
from safety_plans.model import Level, ReviewState
from safety_plans.rules import REVIEW_AT_LEAST_EVERY
from safety_plans.sweep import next_due, open_missing, remind_due
from safety_plans.triggers import Within
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.outgoing import desk, direct
from tests.people import Network, Scene


def channel(scene: Scene) -> Target:
    return Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)


async def rows(database: Database, state: ReviewState) -> list[UUID]:
    async with database.transaction() as tx:
        return [row["id"] for row in await tx.rows("SELECT id FROM reviews WHERE state = $1", state)]


@pytest.mark.parametrize("level", [each for each in Level if each is not Level.NOT_YET_ASSESSED])
async def test_a_level_gives_the_next_review_its_time(
    database: Database, network: Network, scene: Scene, clock: MovableClock, level: Level
) -> None:
    view = await network.reviews.set_level(scene.deputy, scene.case.id, level)
    assert view.codename == scene.case.codename
    assert view.review.owner_id == scene.coordinator.id
    assert view.review.due_at == SERBIA.due(clock.now(), REVIEW_AT_LEAST_EVERY[level])
    assert await next_due(database) == view.review.due_at
    for actor in (scene.coordinator, scene.member, scene.ngo.worker):
        assert [each.review.id for each in await network.reviews.due(actor)] == [view.review.id]


async def test_due_reminds_the_owner_and_overdue_the_duty_desk_daily(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    clock.set(view.review.due_at - timedelta(seconds=1))
    assert await remind_due(database, clock) == 0
    clock.move(timedelta(seconds=1))
    assert await remind_due(database, clock) == 1
    assert await outgoing.rung(database) == {channel(scene): {scene.coordinator.id}}
    assert [each.parameters["person"] for each in await outgoing.said(database, "review_due")] == [
        str(scene.coordinator.id)
    ]
    assert await remind_due(database, clock) == 0

    said = await outgoing.count(database)
    clock.move(timedelta(hours=2) - timedelta(seconds=1))
    assert await remind_due(database, clock) == 0
    clock.move(timedelta(seconds=1))
    assert await remind_due(database, clock) == 1
    assert await outgoing.rung(database, said) == {
        channel(scene): {scene.coordinator.id},
        desk(scene.shelter): {scene.shelter.officer.id},
    }
    for _ in range(3):
        said = await outgoing.count(database)
        clock.move(timedelta(days=1) - timedelta(seconds=1))
        assert await remind_due(database, clock) == 0
        clock.move(timedelta(seconds=1))
        assert await remind_due(database, clock) == 1
        # A day after the duty desk, and daily from then on: both who lead the case too.
        assert await outgoing.rung(database, said) == {
            channel(scene): {scene.coordinator.id, scene.deputy.id},
            desk(scene.shelter): {scene.shelter.officer.id},
        }
    assert {each.template for each in await outgoing.said(database)} == {"review_ring", "review_due", "review_overdue"}


async def test_from_its_due_time_on_a_level_is_shown_as_stale_until_it_is_assessed_again(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    due = view.review.due_at
    clock.set(due - timedelta(seconds=1))
    assert [view.stale_since, *[each.stale_since for each in await network.reviews.due(scene.member)]] == [None, None]
    clock.set(due + timedelta(days=3))
    assert [each.stale_since for each in await network.reviews.due(scene.member)] == [due]
    # Something further that happened does not make it fresh.
    assert (await network.reviews.note_event(scene.member, scene.case.id, Within.ONE_DAY)).stale_since == due
    # Neither does an assessment that was made too long ago.
    old = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH, due - timedelta(days=5))
    assert old.stale_since == old.review.due_at
    assert (await network.reviews.complete(scene.coordinator, old.review.id)).stale_since is None


async def test_after_an_outage_due_and_overdue_come_one_after_the_other(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    clock.move(timedelta(days=30))
    assert await remind_due(database, clock) == 1
    assert await remind_due(database, clock) == 1
    assert await remind_due(database, clock) == 0
    assert len(await outgoing.said(database, "review_due")) == 1
    assert len(await outgoing.said(database, "review_overdue")) == 2


async def test_a_desk_with_somebody_excluded_is_told_one_by_one(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.agencies.seat(desk(scene.shelter).id, scene.shelter.workers[1].id)  # type: ignore[arg-type]
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.shelter.officer.id)
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    clock.set(view.review.due_at + timedelta(hours=24))
    await remind_due(database, clock)
    await remind_due(database, clock)
    rooms = {each.target for each in await outgoing.said(database)}
    assert rooms == {channel(scene), direct(scene.shelter.workers[1])}


async def test_who_is_on_duty_is_reminded_and_everybody_where_nobody_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    desk_id, day = DeskId(desk(scene.shelter).id), timedelta(days=1)
    officer, second = scene.shelter.officer, scene.shelter.workers[1]
    await network.agencies.seat(desk_id, second.id)
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    clock.set(view.review.due_at)
    await remind_due(database, clock)
    overdue = view.review.due_at + timedelta(hours=2)
    await Rosters(database, clock, "Europe/Belgrade").add(desk_id, second.id, overdue, overdue + day)
    for moment, rung in ((overdue, {second.id}), (overdue + day, {officer.id, second.id})):
        said = await outgoing.count(database)
        clock.set(moment)
        assert await remind_due(database, clock) == 1
        assert (await outgoing.rung(database, said))[desk(scene.shelter)] == rung


async def test_a_desk_with_somebody_excluded_is_told_one_by_one_and_who_is_on_duty_is_rung(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    desk_id, day = DeskId(desk(scene.shelter).id), timedelta(days=1)
    mole, second = scene.shelter.officer, scene.shelter.workers[1]
    third = await network.person(scene.shelter.agency)
    for each in (second, third):
        await network.agencies.seat(desk_id, each.id)
    await network.cases.exclude(scene.coordinator, scene.case.id, mole.id)
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    clock.set(view.review.due_at)
    await remind_due(database, clock)
    overdue = view.review.due_at + timedelta(hours=2)
    rosters = Rosters(database, clock, "Europe/Belgrade")
    await rosters.add(desk_id, second.id, overdue, overdue + day)
    await rosters.add(desk_id, mole.id, overdue + day, overdue + 2 * day)
    for moment, rung in ((overdue, {second.id}), (overdue + day, {second.id, third.id, scene.deputy.id})):
        said = await outgoing.count(database)
        clock.set(moment)
        assert await remind_due(database, clock) == 1
        told = (await outgoing.said(database))[said:]
        assert {each.target for each in told} == {channel(scene), direct(second), direct(third)}
        mentioned = {person for each in told for person in each.mentions}
        assert mentioned == {scene.coordinator.id, *rung}


async def test_doing_a_review_opens_the_next(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    first = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.MEDIUM)
    with pytest.raises(Conflict):
        await network.reviews.complete(scene.member, first.review.id)
    clock.move(timedelta(days=20))
    await remind_due(database, clock)
    following = await network.reviews.complete(scene.deputy, first.review.id)
    assert following.review.level is Level.MEDIUM
    assert following.review.due_at == SERBIA.due(clock.now(), timedelta(days=14))
    assert await rows(database, ReviewState.OPEN) == [following.review.id]
    assert await rows(database, ReviewState.DONE) == [first.review.id]
    with pytest.raises(Conflict):
        await network.reviews.complete(scene.coordinator, first.review.id)
    assert await remind_due(database, clock) == 0


async def test_many_at_once_leave_one_open_review(database: Database, network: Network, scene: Scene) -> None:
    first = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)

    async def complete() -> int:
        try:
            await network.reviews.complete(scene.coordinator, first.review.id)
        except Conflict:
            return 0
        return 1

    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(complete()) for _ in range(8)]
        for level in (Level.HIGH, Level.VERY_HIGH):
            tasks.create_task(network.reviews.set_level(scene.deputy, scene.case.id, level))
    assert sum(each.result() for each in done) <= 1
    assert len(await rows(database, ReviewState.OPEN)) == 1


async def test_sweeps_and_people_at_once_neither_repeat_nor_stand_in_each_others_way(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    clock.set(view.review.due_at)
    async with asyncio.TaskGroup() as tasks:
        sweeps = [tasks.create_task(remind_due(database, clock)) for _ in range(4)]
        tasks.create_task(network.reviews.complete(scene.coordinator, view.review.id))
    assert sum(each.result() for each in sweeps) <= 1
    assert len(await outgoing.said(database, "review_due")) <= 1
    assert len(await rows(database, ReviewState.OPEN)) == 1


async def test_an_assessment_has_a_sensible_time(network: Network, scene: Scene, clock: MovableClock) -> None:
    for moment in (
        clock.now() + timedelta(seconds=1),
        clock.now().replace(tzinfo=None),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ):
        with pytest.raises(InvalidInput):
            await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW, moment)
    assessed_at = clock.now() - timedelta(days=10)
    earlier = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW, assessed_at)
    assert earlier.review.due_at == SERBIA.due(assessed_at, timedelta(days=30))


async def test_whoever_does_not_assess_raises_a_level_and_lowers_none(network: Network, scene: Scene) -> None:
    with pytest.raises(Conflict):
        await network.reviews.set_level(scene.member, scene.case.id, Level.LOW)
    with pytest.raises(InvalidInput):
        await network.reviews.set_level(scene.coordinator, scene.case.id, Level.NOT_YET_ASSESSED)
    raised = await network.reviews.set_level(scene.member, scene.case.id, Level.VERY_HIGH)
    assert (raised.review.level, raised.lowering) == (Level.VERY_HIGH, None)
    with pytest.raises(Conflict):
        await network.reviews.set_level(scene.member, scene.case.id, Level.VERY_HIGH)


async def test_a_lower_level_counts_once_a_second_person_tells_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    assessed_at = clock.now()
    waits = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    assert (waits.review.level, waits.lowering) == (Level.HIGH, Level.LOW)
    assert waits.review.due_at == SERBIA.due(assessed_at, REVIEW_AT_LEAST_EVERY[Level.HIGH])
    assert await outgoing.rung(database) == {channel(scene): {scene.deputy.id}}
    assert [each.lowering for each in await network.reviews.due(scene.member)] == [Level.LOW]

    alone = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    assert (alone.review.level, alone.lowering) == (Level.HIGH, Level.LOW)
    clock.move(timedelta(hours=3))
    lowered = await network.reviews.set_level(scene.member, scene.case.id, Level.LOW)
    assert (lowered.review.level, lowered.lowering) == (Level.LOW, None)
    assert lowered.review.due_at == SERBIA.due(assessed_at, REVIEW_AT_LEAST_EVERY[Level.LOW])
    assert [each.lowering for each in await network.reviews.due(scene.member)] == [None]
    assert len(await rows(database, ReviewState.OPEN)) == 1


async def test_what_waited_too_long_or_was_overtaken_lowers_nothing(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    reviews, case = network.reviews, scene.case.id
    await reviews.set_level(scene.coordinator, case, Level.HIGH)
    await reviews.set_level(scene.coordinator, case, Level.LOW)
    clock.move(SECOND_WITHIN + timedelta(seconds=1))
    assert [each.lowering for each in await reviews.due(scene.member)] == [None]
    late = await reviews.set_level(scene.deputy, case, Level.LOW)
    assert (late.review.level, late.lowering) == (Level.HIGH, Level.LOW)

    clock.move(timedelta(minutes=1))
    await reviews.note_event(scene.member, case, Within.ONE_DAY)
    overtaken = await reviews.set_level(scene.coordinator, case, Level.LOW)
    assert (overtaken.review.level, overtaken.lowering) == (Level.HIGH, Level.LOW)

    raised = await reviews.set_level(scene.member, case, Level.VERY_HIGH)
    assert (raised.review.level, raised.lowering) == (Level.VERY_HIGH, None)
    again = await reviews.set_level(scene.deputy, case, Level.LOW)
    assert (again.review.level, again.lowering) == (Level.VERY_HIGH, Level.LOW)


async def test_after_a_review_that_left_the_level_nothing_waits_any_more(
    network: Network, scene: Scene, clock: MovableClock
) -> None:
    reviews = network.reviews
    await reviews.set_level(scene.coordinator, scene.case.id, Level.VERY_HIGH)
    await reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    clock.move(timedelta(hours=1))
    await reviews.note_event(scene.member, scene.case.id, Within.TWO_HOURS)
    (due,) = await reviews.due(scene.coordinator)
    assert due.lowering is Level.LOW
    clock.move(timedelta(hours=1))
    # Whoever assessed what happened left the level as it is: what was told before that is no more to be confirmed.
    await reviews.complete(scene.coordinator, due.review.id)
    assert [each.lowering for each in await reviews.due(scene.member)] == [None]
    with pytest.raises(Conflict):
        await reviews.set_level(scene.member, scene.case.id, Level.LOW)
    anew = await reviews.set_level(scene.deputy, scene.case.id, Level.LOW)
    assert (anew.review.level, anew.lowering) == (Level.VERY_HIGH, Level.LOW)


async def test_two_people_at_once_never_lower_by_chance(network: Network, scene: Scene) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    async with asyncio.TaskGroup() as tasks:
        told = [
            tasks.create_task(network.reviews.set_level(who, scene.case.id, level))
            for who, level in ((scene.coordinator, Level.LOW), (scene.deputy, Level.MEDIUM))
        ]
    assert {each.result().review.level for each in told} == {Level.HIGH}


async def test_a_closed_case_reminds_nobody(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    await network.closing.close_case(scene.coordinator, scene.case.id)
    assert await network.reviews.due(scene.coordinator) == []
    with pytest.raises(Conflict):
        await network.reviews.complete(scene.coordinator, view.review.id)
    clock.set(view.review.due_at)
    await remind_due(database, clock)
    assert await rows(database, ReviewState.CANCELLED) == [view.review.id]
    assert await outgoing.count(database) == 0
    assert await next_due(database) is None


async def test_a_review_whose_owner_has_gone_goes_to_the_coordinator(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    view = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    await network.depart(scene.coordinator)
    clock.set(view.review.due_at)
    await remind_due(database, clock)
    assert await outgoing.rung(database) == {channel(scene): {scene.deputy.id}}
    clock.move(timedelta(hours=24))
    said = await outgoing.count(database)
    await remind_due(database, clock)
    assert desk(scene.welfare) in await outgoing.rung(database, said)


async def test_a_review_that_cannot_be_handled_does_not_stop_its_neighbours(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    broken = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    other = await network.case(scene.stranger, {})
    sound = await network.reviews.set_level(scene.stranger, other.id, Level.HIGH)
    async with database.transaction() as tx:
        await tx.run("UPDATE reviews SET level = 'unheard of' WHERE id = $1", broken.review.id)
    clock.set(sound.review.due_at)
    assert await remind_due(database, clock) == 1
    assert {each.target.id for each in await outgoing.said(database)} == {other.core.id}


async def test_a_case_that_nobody_has_assessed_gets_an_owner_and_a_time(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    assert await open_missing(database, clock, ZONE, Spans()) == 1
    assert await open_missing(database, clock, ZONE, Spans()) == 0
    (view,) = await network.reviews.due(scene.coordinator)
    assert (view.review.level, view.review.owner_id) == (Level.NOT_YET_ASSESSED, scene.coordinator.id)
    assert view.review.due_at == SERBIA.due(scene.case.opened_at, timedelta(hours=24))
    clock.set(view.review.due_at)
    assert await remind_due(database, clock) == 1
    assert await outgoing.rung(database) == {channel(scene): {scene.coordinator.id}}

    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    assert await open_missing(database, clock, ZONE, Spans()) == 0
    await network.closing.close_case(scene.coordinator, scene.case.id)
    clock.move(timedelta(days=40))
    await remind_due(database, clock)
    assert await open_missing(database, clock, ZONE, Spans()) == 0
    assert not await rows(database, ReviewState.OPEN)


async def test_an_old_case_that_was_missed_is_found_where_all_are_looked_at(
    database: Database, scene: Scene, clock: MovableClock
) -> None:
    clock.set(scene.case.opened_at + timedelta(days=1))
    assert await open_missing(database, clock, ZONE, Spans(), everywhere=False) == 0
    assert await open_missing(database, clock, ZONE, Spans()) == 1


async def test_a_new_case_is_found_in_every_round(database: Database, scene: Scene, clock: MovableClock) -> None:
    clock.set(scene.case.opened_at + timedelta(hours=23))
    assert await open_missing(database, clock, ZONE, Spans(), everywhere=False) == 1


@pytest.mark.usefixtures("scene")
async def test_two_engines_open_one_first_review(database: Database, clock: MovableClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        opened = [tasks.create_task(open_missing(database, clock, ZONE, Spans())) for _ in range(4)]
    assert sum(each.result() for each in opened) == 1
    assert len(await rows(database, ReviewState.OPEN)) == 1
