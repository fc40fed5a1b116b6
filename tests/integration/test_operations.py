"""Operations on a real database: planned, approved, gone, watched step by step, late, silent, ended, postponed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from agencies.model import Person
from alerts.model import State
from alerts.service import AlertView
from alerts.vocabulary import Event, Severity, StandDownReason, Through
from cases.model import CompartmentId, Part
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from operations.acting import OperationView
from operations.model import Despite, MilestoneKind, OperationId, OperationStatus
from operations.planning import Plan, Step
from operations.sweep import call_for_late, count_down, next_late, next_task
from safety_plans.calendar import DAY
from safety_plans.model import Level
from tests import outgoing
from tests.clock import ZONE, MovableClock
from tests.people import Network, Scene

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    """Let somebody else of the coordinator's agency into the case, who stays behind."""
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, found.id)
    return found


def plan_of(scene: Scene, buddy: Person, begins: datetime, **changes: object) -> Plan:
    two = (scene.deputy.id, scene.member.id)
    plan = Plan(
        coordinator_id=scene.coordinator.id, buddy_id=buddy.id, liaison_id=scene.member.id, begins_at=begins,
        ends_at=begins + 8 * HOUR,
        steps=(
            Step(kind=MilestoneKind.READY, due_at=begins, confirmers=two),
            Step(kind=MilestoneKind.DEPARTED, due_at=begins + 30 * MINUTE, confirmers=two),
            Step(kind=MilestoneKind.INSIDE, due_at=begins + 2 * HOUR, confirmers=two),
            Step(kind=MilestoneKind.HOME_SAFE, due_at=begins + 6 * HOUR, confirmers=two),
            Step(kind=MilestoneKind.DEBRIEFED, due_at=None, confirmers=two),
        ),
    )  # fmt: skip
    return replace(plan, **changes)  # type: ignore[arg-type]


def core(scene: Scene) -> CompartmentId:
    return scene.case.core.id


@pytest.fixture
async def planned(network: Network, scene: Scene, buddy: Person, clock: MovableClock) -> OperationView:
    """Plan a day two days ahead in a case whose risk is high."""
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    plan = plan_of(scene, buddy, clock.now() + 2 * DAY)
    return await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan)


@pytest.fixture
async def gone(network: Network, scene: Scene, planned: OperationView, clock: MovableClock) -> OperationView:
    """Let it be the day, and somebody say go."""
    await network.operations.approve(scene.coordinator, planned.operation.id)
    clock.set(planned.operation.begins_at - HOUR)
    return await network.operations.go(scene.coordinator, planned.operation.id, Despite.SEEN_TO)


async def alerts(network: Network, scene: Scene) -> Sequence[AlertView]:
    return await network.alerts.see_all(scene.coordinator)


def due(view: OperationView, position: int) -> datetime:
    found = view.operation.milestones[position - 1].due_at
    assert found is not None
    return found


async def test_a_day_goes_well_and_nobody_is_called(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_ = gone.operation.id
    assert gone.operation.status is OperationStatus.GO
    for position, status in (
        (1, OperationStatus.IN_PROGRESS),
        (2, OperationStatus.IN_PROGRESS),
        (3, OperationStatus.IN_PROGRESS),
    ):
        clock.set(due(gone, position) - MINUTE)
        assert await call_for_late(database, clock) == 0
        view = await network.under_way.confirm(scene.member, id_)
        assert (view.operation.status, view.known) == (status, False)
    clock.set(due(gone, 4) - MINUTE)
    home = await network.under_way.confirm(scene.deputy, id_, 4)
    assert home.operation.status is OperationStatus.COMPLETED
    assert len(await outgoing.said(database, "operation_completed")) == 1
    # Nothing is watched any more; what is left is that people talk about it.
    assert await next_late(database) is None
    clock.move(HOUR)
    closed = await network.under_way.confirm(scene.coordinator, id_, 5)
    assert closed.operation.status is OperationStatus.CLOSED
    assert await alerts(network, scene) == []
    assert await outgoing.said(database, "operation_prompt") == []


async def test_a_late_step_climbs_the_ladder_until_people_are_called(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, gone: OperationView
) -> None:
    late = due(gone, 1)
    assert await next_late(database) == late
    clock.set(late)
    before = await outgoing.count(database)
    assert await call_for_late(database, clock) == 1
    # Both confirmers are asked, in the channel and alone.
    rung = await outgoing.rung(database, before)
    assert set().union(*rung.values()) == {scene.deputy.id, scene.member.id}
    assert len(rung) == 3
    clock.set(late + 10 * MINUTE)
    assert await call_for_late(database, clock) == 1
    assert (await network.operations.see(scene.member, gone.operation.id)).late == [1]
    assert await alerts(network, scene) == []
    clock.set(late + 15 * MINUTE)
    before = await outgoing.count(database)
    await call_for_late(database, clock)
    assert buddy.id in set().union(*(await outgoing.rung(database, before)).values())
    clock.set(late + 20 * MINUTE)
    await call_for_late(database, clock)
    (alert,) = await alerts(network, scene)
    assert (alert.alert.event, alert.alert.severity, alert.alert.raised_through) == (
        Event.MISSED_MILESTONE, Severity.SEVERE, Through.CLOCK,
    )  # fmt: skip
    clock.set(late + 30 * MINUTE)
    await call_for_late(database, clock)
    # People are called already: no second alert, however long nobody answers.
    for _ in range(3):
        clock.move(15 * MINUTE)
        assert await call_for_late(database, clock) == 1
    assert len(await alerts(network, scene)) == 1
    # Somebody ends it without anybody having been heard from: they are called again.
    await network.alerts.acknowledge(scene.coordinator, alert.alert.id)
    await network.alerts.stand_down(scene.coordinator, alert.alert.id, StandDownReason.FALSE_ALARM)
    clock.move(15 * MINUTE)
    await call_for_late(database, clock)
    (again,) = await alerts(network, scene)
    assert (again.alert.id != alert.alert.id, again.alert.state) == (True, State.OPEN)
    # They are heard from: they are asked for the next step, and nobody is called; the alert is ended by people alone.
    await network.under_way.confirm(scene.coordinator, gone.operation.id, 1, heard_from=scene.member.id)
    assert await next_late(database) == clock.now() > due(gone, 2)
    await call_for_late(database, clock)
    assert await next_late(database) == clock.now() + 5 * MINUTE
    assert [each.alert.id for each in await alerts(network, scene)] == [again.alert.id]


async def test_an_alert_that_is_open_for_something_else_keeps_nobody_from_hearing_of_it(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    lost = await network.alerts.raise_(scene.member, core(scene), uuid4(), event=Event.DEVICE_LOST)
    await network.alerts.acknowledge(scene.coordinator, lost.alert.id)
    clock.set(due(gone, 1) + 20 * MINUTE)
    before = await outgoing.count(database)
    await call_for_late(database, clock)
    (alert,) = await alerts(network, scene)
    assert (alert.alert.id, alert.alert.event, alert.alert.state) == (
        lost.alert.id, Event.MISSED_MILESTONE, State.OPEN,
    )  # fmt: skip
    assert len(await outgoing.said(database, "alert_ring", after=before)) > 0


async def test_after_an_outage_no_rung_is_left_out(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, gone: OperationView
) -> None:
    clock.set(due(gone, 1) + 3 * HOUR)
    before = await outgoing.count(database)
    assert await call_for_late(database, clock) == 1
    rung = set().union(*(await outgoing.rung(database, before)).values())
    assert {scene.deputy.id, scene.member.id, buddy.id} <= rung
    assert [each.alert.event for each in await alerts(network, scene)] == [Event.MISSED_MILESTONE]


async def test_dark_ends_in_a_question_and_hides_nothing_that_is_late(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_ = gone.operation.id
    clock.set(due(gone, 1))
    await network.under_way.confirm(scene.member, id_, 1)
    clock.set(due(gone, 2))
    await call_for_late(database, clock)
    dark = await network.under_way.dark(scene.deputy, id_, 120, uuid4())
    until = clock.now() + 2 * HOUR
    assert (dark.operation.dark_until, await next_late(database)) == (until, until)
    clock.set(until)
    await call_for_late(database, clock)
    assert len(await outgoing.said(database, "operation_prompt")) == 2 * 3
    assert await alerts(network, scene) == []
    # Nobody answers the question: now it is late, and a further silence hides nothing.
    clock.set(until + 10 * MINUTE)
    await network.under_way.dark(scene.deputy, id_, 480, uuid4())
    clock.set(until + 20 * MINUTE)
    await call_for_late(database, clock)
    assert [each.alert.event for each in await alerts(network, scene)] == [Event.MISSED_MILESTONE]


async def test_a_telephone_that_comes_back_sends_five_words_at_once(
    network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_, began = gone.operation.id, due(gone, 1)
    clock.set(began + 2 * HOUR)
    # Both wrote it, the second a minute later; then the next, an hour on.
    words = [0, 1, 30, 31, 100]
    views = [
        await network.under_way.confirm(scene.member, id_, written_at=began + each * MINUTE) for each in words
    ]  # fmt: skip
    assert [each.known for each in views] == [False, True, False, True, False]
    steps = views[-1].operation.milestones
    assert [each.written_at for each in steps[:3]] == [began, began + 30 * MINUTE, began + 100 * MINUTE]
    assert {each.confirmed_at for each in steps[:3]} == {clock.now()}
    assert steps[3].waits


async def test_a_delay_moves_what_is_to_come_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_, key = gone.operation.id, uuid4()
    clock.set(due(gone, 1))
    await network.under_way.confirm(scene.member, id_, 1)
    clock.set(due(gone, 2) + 10 * MINUTE)
    later = await network.under_way.delay(scene.member, id_, 40, key)
    assert await network.under_way.delay(scene.member, id_, 40, key) == replace(later, known=True)
    # From now, not from when it should have been.
    assert due(later, 2) == clock.now() + 40 * MINUTE
    assert due(later, 4) == due(gone, 4) + 50 * MINUTE
    assert later.operation.delayed_minutes == 50
    assert await next_late(database) == due(later, 2)
    for minutes in (0, -5, 241):
        with pytest.raises(InvalidInput):
            await network.under_way.delay(scene.member, id_, minutes, uuid4())


async def test_ended_early_whoever_is_out_is_awaited_at_home(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_ = gone.operation.id
    clock.set(due(gone, 1))
    await network.under_way.confirm(scene.member, id_, 1)
    await network.under_way.divert(scene.member, id_)
    assert (await network.under_way.divert(scene.deputy, id_)).known
    ended = await network.under_way.abort(scene.deputy, id_)
    assert ended.operation.status is OperationStatus.ABORTED
    assert await next_late(database) == due(gone, 4)
    assert (await network.under_way.abort(scene.deputy, id_)).known
    # Somebody is out: whoever is on duty is called at once, and knows from whom it comes.
    [called] = await alerts(network, scene)
    assert (called.alert.event, called.alert.state) == (Event.OPERATION_ABORTED, State.OPEN)
    assert [each.person_id for each in called.alert.presses] == [scene.deputy.id]
    clock.set(due(gone, 4) + 20 * MINUTE)
    await call_for_late(database, clock)
    # That nobody has come home becomes part of it.
    [called] = await alerts(network, scene)
    assert (called.alert.event, len(called.alert.presses)) == (Event.OPERATION_ABORTED, 2)
    await network.under_way.confirm(scene.member, id_)
    await network.under_way.confirm(scene.member, id_, 5)
    assert (await network.operations.see(scene.member, id_)).operation.status is OperationStatus.CLOSED


async def test_whoever_may_have_left_without_a_word_is_not_dropped(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    id_ = gone.operation.id
    clock.set(due(gone, 1))
    await call_for_late(database, clock)
    # After go, once the first step is due, somebody may be out whose telephone is dead.
    with pytest.raises(Conflict):
        await network.operations.postpone(scene.coordinator, id_)
    ended = await network.under_way.abort(scene.deputy, id_)
    assert ended.operation.status is OperationStatus.ABORTED
    assert await next_late(database) == due(gone, 4)
    [called] = await alerts(network, scene)
    assert called.alert.event is Event.OPERATION_ABORTED


async def test_before_the_first_step_is_due_nobody_is_out(
    database: Database, network: Network, scene: Scene, clock: MovableClock, gone: OperationView
) -> None:
    clock.set(due(gone, 1) - MINUTE)
    await network.under_way.abort(scene.deputy, gone.operation.id)
    assert await next_late(database) is None
    assert await alerts(network, scene) == []


async def test_the_countdown_asks_what_is_to_be_done_and_stops_when_it_was(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    begins = clock.now() + 30 * DAY
    view = await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan_of(scene, buddy, begins))
    asked = []
    while (moment := await next_task(database)) is not None and moment < begins:
        clock.set(moment)
        assert await count_down(database, clock, ZONE) == 1
        asked.append(begins - moment)
    names = ("confirm", "assess", "freeze", "go_no_go", "not_gone")
    assert [len(await outgoing.said(database, f"operation_{each}")) for each in names] == [1] * 5
    assert [each >= days * DAY for each, days in zip(asked, (14, 7, 3, 1), strict=False)] == [True] * 4
    # Nobody has said go, and it begins: the buddy and who leads the case are rung too.
    clock.set(begins)
    before = await outgoing.count(database)
    await count_down(database, clock, ZONE)
    rung = set().union(*(await outgoing.rung(database, before)).values())
    assert rung == {scene.coordinator.id, scene.deputy.id, buddy.id}
    # Put off for years: what was for that day is told no more.
    await network.operations.postpone(scene.coordinator, view.operation.id)
    assert await next_task(database) is None
    anew = plan_of(scene, buddy, begins + 700 * DAY)
    again = await network.operations.plan_anew(scene.coordinator, view.operation.id, anew)
    assert (again.operation.status, again.operation.codename) == (OperationStatus.PLANNED, view.operation.codename)
    moment = await next_task(database)
    assert moment is not None
    assert moment <= anew.begins_at - 14 * DAY
    dates = (await network.clocks.see(scene.coordinator, scene.case.id)).dates
    assert [each.at for each in dates] == [anew.begins_at]


async def test_in_the_night_in_which_clocks_go_back_and_across_a_border_nothing_is_an_hour_off(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    # As programs send them: half past two comes twice, and beyond the border it is an hour later.
    written = (
        "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
        "2026-10-25T04:00:00+02:00",
    )  # fmt: skip
    moments = [datetime.fromisoformat(each) for each in written]
    apart = [30 * MINUTE, HOUR, 30 * MINUTE]
    assert [later - earlier for earlier, later in pairwise(moments)] == apart
    two = (scene.deputy.id, scene.member.id)
    kinds = (MilestoneKind.READY, MilestoneKind.DEPARTED, MilestoneKind.INSIDE, MilestoneKind.HOME_SAFE)
    steps = [
        Step(kind=kind, due_at=moment, confirmers=two) for kind, moment in zip(kinds, moments, strict=True)
    ]  # fmt: skip
    clock.set(moments[0] - 10 * DAY)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    plan = plan_of(scene, buddy, moments[0], ends_at=moments[-1] + HOUR, steps=steps)
    way = (await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan)).operation.id
    await network.operations.approve(scene.coordinator, way)
    # Whether they go is asked a day before or earlier, on a morning of work by the clock on the wall.
    asked = None
    while (moment := await next_task(database)) is not None and moment < moments[0] - 3 * HOUR:
        clock.set(moment)
        await count_down(database, clock, ZONE)
        asked = moment
    assert asked is not None
    assert asked <= moments[0] - DAY
    assert 7 <= asked.astimezone(ZONE).hour <= 10
    clock.set(moments[0] - HOUR)
    await network.operations.go(scene.coordinator, way, Despite.SEEN_TO)
    for position, moment in enumerate(moments, start=1):
        assert await next_late(database) == moment
        clock.set(moment - timedelta(seconds=1))
        assert await call_for_late(database, clock) == 0
        clock.set(moment)
        assert await call_for_late(database, clock) == 1
        # Within the grace nothing is late, and not before it is over.
        clock.set(moment + 9 * MINUTE)
        assert (await network.operations.see(scene.member, way)).late == []
        clock.set(moment + 10 * MINUTE)
        assert (await network.operations.see(scene.member, way)).late == [position]
        await network.under_way.confirm(scene.member, way, position)
    assert await next_late(database) is None


async def test_two_at_the_same_place_are_told_to_ring_each_other_and_nothing_more(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    other = await network.cases.open(
        scene.police.worker, language="sr-Latn", agencies={scene.police.agency.id: Part.RESPONDER}, member_ids=[]
    )
    third = await network.person(scene.police.agency)
    fourth = await network.person(scene.police.agency)
    for each in (third, fourth):
        await network.cases.add_member(scene.police.worker, other.core.id, each.id)
    begins, token = clock.now() + 3 * DAY, b"same place, same day".ljust(32, b".")
    mine = plan_of(scene, buddy, begins, place_token=token)
    await network.operations.plan(scene.coordinator, core(scene), uuid4(), mine)
    assert await outgoing.said(database, "operation_same_place") == []
    two = (scene.police.worker.id, third.id)
    steps = tuple(replace(each, confirmers=two) for each in mine.steps)
    theirs = replace(
        mine, coordinator_id=scene.police.worker.id, buddy_id=fourth.id, liaison_id=None, steps=steps
    )  # fmt: skip
    await network.operations.plan(scene.police.worker, other.core.id, uuid4(), theirs)
    told = await outgoing.said(database, "operation_same_place")
    assert {each.parameters["other"] for each in told} == {str(scene.coordinator.id), str(scene.police.worker.id)}
    assert {name for each in told for name in each.parameters} == {"other"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"begins": -DAY}, "in the past"),
        ({"begins": 4000 * DAY}, "ten years"),
        ({"ends": 4 * DAY}, "within three days"),
        ({"drop": {MilestoneKind.HOME_SAFE}}, "home_safe"),
        ({"turn": True}, "follow each other"),
        ({"alone": True}, "two different people"),
        ({"buddy_goes": True}, "stays behind"),
        ({"stranger": True}, "member of the circle"),
    ],
)
async def test_a_plan_that_lacks_something_is_refused_with_what_it_lacks(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock, changes: dict[str, object], words: str
) -> None:
    begins = clock.now() + changes.get("begins", 2 * DAY)  # type: ignore[operator]
    plan = plan_of(scene, buddy, begins)
    steps = [each for each in plan.steps if each.kind not in changes.get("drop", ())]  # type: ignore[operator]
    if changes.get("turn"):
        steps[0], steps[1] = steps[1], steps[0]
    if changes.get("alone"):
        steps[0] = replace(steps[0], confirmers=(scene.member.id, scene.member.id))
    if changes.get("buddy_goes"):
        steps[0] = replace(steps[0], confirmers=(scene.member.id, buddy.id))
    coordinator = scene.stranger.id if changes.get("stranger") else plan.coordinator_id
    ends = begins + changes.get("ends", 8 * HOUR)  # type: ignore[operator]
    wrong = replace(plan, steps=steps, coordinator_id=coordinator, ends_at=ends)
    with pytest.raises(InvalidInput, match=words):
        await network.operations.plan(scene.coordinator, core(scene), uuid4(), wrong)
    assert await network.operations.see_all(scene.coordinator) == []


async def test_who_is_not_in_the_circle_learns_nothing_and_who_has_no_part_changes_nothing(
    network: Network, scene: Scene, gone: OperationView
) -> None:
    id_ = gone.operation.id
    onlooker = await network.person(scene.police.agency)
    await network.cases.add_member(scene.coordinator, core(scene), onlooker.id)
    assert (await network.operations.see(onlooker, id_)).operation == gone.operation
    with pytest.raises(Conflict):
        await network.under_way.confirm(onlooker, id_)
    with pytest.raises(NotFound) as hidden:
        await network.operations.see(scene.stranger, id_)
    with pytest.raises(NotFound) as absent:
        await network.operations.see(scene.stranger, OperationId(UUID(int=1)))
    assert str(hidden.value) == str(absent.value)
    assert await network.operations.see_all(scene.stranger) == []


async def test_a_case_that_is_closed_meanwhile_is_said_to_those_who_look_after_the_day(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, gone: OperationView
) -> None:
    await network.close_all_the_same(scene.case)
    clock.set(due(gone, 1))
    before = await outgoing.count(database)
    await call_for_late(database, clock)
    assert set().union(*(await outgoing.rung(database, before)).values()) == {scene.coordinator.id, buddy.id}
    assert await next_late(database) is None


async def test_a_case_is_not_closed_while_somebody_is_out_or_goes_soon_and_a_drill_holds_nothing_up(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    people = [scene.coordinator.id, scene.deputy.id, scene.member.id, buddy.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, people)
    quiet = await network.cases.open_compartment(scene.coordinator, scene.case.id, people)
    plan = plan_of(scene, buddy, clock.now() + HOUR)
    drill = await network.operations.plan(scene.coordinator, quiet.id, uuid4(), replace(plan, drill=True))
    await network.operations.approve(scene.coordinator, drill.operation.id)
    await network.operations.go(scene.coordinator, drill.operation.id)
    way = (await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan)).operation.id

    async def refused() -> None:
        for closing in (
            network.closing.close_case(scene.coordinator, scene.case.id),
            network.closing.close_compartment(scene.coordinator, circle.id),
        ):
            with pytest.raises(Conflict) as said:
                await closing
            assert "streha operation list" in str(said.value)

    await refused()
    await network.operations.approve(scene.coordinator, way)
    await network.operations.go(scene.coordinator, way, Despite.SEEN_TO)
    await network.under_way.confirm(scene.member, way)
    await refused()
    await network.under_way.abort(scene.member, way)
    # Ended early, they are awaited at home still.
    for alert in await network.alerts.see_all(scene.coordinator):
        await network.alerts.acknowledge(scene.coordinator, alert.alert.id)
        await network.alerts.stand_down(scene.coordinator, alert.alert.id, StandDownReason.SAFE)
    await refused()
    await network.under_way.confirm(scene.coordinator, way, 4, heard_from=scene.member.id)
    await network.closing.close_compartment(scene.coordinator, quiet.id)
    await network.closing.close_compartment(scene.coordinator, circle.id)
    await network.closing.close_case(scene.coordinator, scene.case.id)


async def test_what_may_have_begun_is_not_planned_anew_so_that_nobody_awaits_it(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock, gone: OperationView
) -> None:
    clock.set(due(gone, 1))
    plan = plan_of(scene, buddy, clock.now() + 2 * DAY)
    with pytest.raises(Conflict):
        await network.operations.plan_anew(scene.coordinator, gone.operation.id, plan)
    assert not (await network.operations.see(scene.coordinator, gone.operation.id)).plans_anew
    # They are called on as if nobody had tried.
    assert await call_for_late(database, clock) == 1
    assert await next_late(database) is not None


async def test_a_way_can_be_planned_twice_only_with_its_own_key(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    key, plan = uuid4(), plan_of(scene, buddy, clock.now() + 2 * DAY)
    first = await network.operations.plan(scene.coordinator, core(scene), key, plan)
    assert await network.operations.plan(scene.coordinator, core(scene), key, plan) == replace(first, known=True)
    assert len(await network.operations.see_all(scene.coordinator)) == 1


async def test_where_the_circle_was_closed_people_are_called_on_and_who_leads_ends_it(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    people = [scene.coordinator.id, scene.deputy.id, scene.member.id, buddy.id]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, people)
    ways = []
    for _ in range(2):
        plan = plan_of(scene, buddy, clock.now() + HOUR)
        ways.append((await network.operations.plan(scene.coordinator, circle.id, uuid4(), plan)).operation.id)
        await network.operations.approve(scene.coordinator, ways[-1])
    out, ahead = ways
    await network.operations.go(scene.coordinator, out, Despite.SEEN_TO)
    await network.close_all_the_same(scene.case, circle)
    clock.move(3 * HOUR)
    before = await outgoing.count(database)
    await call_for_late(database, clock)
    # Those of them who are in the case's own circle are called on.
    assert set().union(*(await outgoing.rung(database, before)).values()) >= {*people}
    assert {each.alert.event for each in await alerts(network, scene)} == {Event.MISSED_MILESTONE}
    with pytest.raises(NotFound):
        await network.under_way.confirm(scene.member, out)
    assert (await network.under_way.confirm(scene.coordinator, out, 4)).operation.status is OperationStatus.COMPLETED
    assert await next_late(database) is None
    # What nobody has begun exists no more.
    with pytest.raises(NotFound):
        await network.operations.go(scene.coordinator, ahead, Despite.SEEN_TO)
