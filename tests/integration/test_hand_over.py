"""Somebody is brought to somebody: whoever receives says so, and nobody else; until then they are awaited, loudly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import Person, Role
from alerts.vocabulary import Event
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.outbox import TargetKind
from operations.acting import OperationView
from operations.model import Despite, HandOver, MilestoneKind, OperationStatus, Refusal
from operations.planning import Plan, Step
from operations.sweep import call_for_late
from safety_plans.model import Level
from tests import outgoing
from tests.clock import MovableClock
from tests.integration.test_operations import HOUR, MINUTE, core, due, plan_of
from tests.people import Network, Scene

DAY = timedelta(days=1)
ARRIVED, HOME = 3, 4


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, core(scene), found.id)
    return found


@pytest.fixture
def receiver(scene: Scene) -> Person:
    """Return who receives, at another agency than that of who leads."""
    return scene.ngo.worker


def brought(scene: Scene, buddy: Person, receiver: Person, clock: MovableClock) -> Plan:
    """Return the plan of a way at whose third step somebody is taken over."""
    plan = plan_of(scene, buddy, clock.now() + 2 * DAY, liaison_id=None)
    steps = [
        replace(each, kind=MilestoneKind.ARRIVED) if number == ARRIVED else each
        for number, each in enumerate(plan.steps, 1)
    ]
    return replace(plan, steps=steps, receiver_id=receiver.id)


@pytest.fixture
async def gone(network: Network, scene: Scene, buddy: Person, receiver: Person, clock: MovableClock) -> OperationView:
    """Let it be the day, and two of the three steps before the hand-over reached."""
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    planned = await network.operations.plan(
        scene.coordinator, core(scene), uuid4(), brought(scene, buddy, receiver, clock)
    )
    await network.operations.approve(scene.coordinator, planned.operation.id)
    clock.set(planned.operation.begins_at - HOUR)
    view = await network.operations.go(scene.coordinator, planned.operation.id, Despite.SEEN_TO)
    for position in (1, 2):
        clock.set(due(view, position))
        view = await network.under_way.confirm(scene.member, view.operation.id)
    assert view.operation.handed_over is HandOver.AWAITED
    return view


async def test_only_who_receives_says_that_somebody_was_taken_over(
    database: Database, network: Network, scene: Scene, receiver: Person, clock: MovableClock, gone: OperationView
) -> None:
    way = gone.operation.id
    clock.set(due(gone, ARRIVED) - MINUTE)
    for giver in (scene.member, scene.deputy):
        with pytest.raises(Conflict):
            await network.under_way.confirm(giver, way)
        with pytest.raises(Conflict):
            await network.under_way.confirm(giver, way, ARRIVED)
        with pytest.raises(Conflict):
            await network.handing_over.receive(giver, way)
        with pytest.raises(Conflict):
            await network.handing_over.refuse(giver, way, Refusal.NO_PLACE)
    with pytest.raises(Conflict):
        # Nor by telephone in the ordinary way.
        await network.under_way.confirm(scene.coordinator, way, ARRIVED, heard_from=scene.member.id)
    with pytest.raises(NotFound):
        await network.handing_over.receive(scene.stranger, way)
    accepted = await network.handing_over.receive(receiver, way)
    assert accepted.operation.handed_over is HandOver.ACCEPTED
    (said,) = await outgoing.said(database, "operation_received")
    assert said.parameters["person"] == str(receiver.id)
    # Said twice it changes nothing; what was accepted is not refused any more.
    assert (await network.handing_over.receive(receiver, way)).known
    with pytest.raises(Conflict):
        await network.handing_over.refuse(receiver, way, Refusal.NO_PLACE)
    with pytest.raises(Conflict):
        await network.handing_over.name(scene.coordinator, way, receiver.id)
    clock.set(due(gone, HOME))
    assert (await network.under_way.confirm(scene.member, way)).operation.status is OperationStatus.COMPLETED


async def test_who_leads_writes_what_who_receives_told_by_telephone(
    database: Database, network: Network, buddy: Person, receiver: Person, gone: OperationView
) -> None:
    view = await network.handing_over.receive(buddy, gone.operation.id)
    step = view.operation.hand_over
    assert step is not None
    assert (step.confirmed_by, step.heard_from) == (buddy.id, receiver.id)
    (said,) = await outgoing.said(database, "operation_received_for")
    assert (said.parameters["other"], said.parameters["person"]) == (str(receiver.id), str(buddy.id))


async def test_as_long_as_nobody_took_them_over_they_are_awaited_though_everybody_else_is_home(
    database: Database, network: Network, scene: Scene, receiver: Person, clock: MovableClock, gone: OperationView
) -> None:
    way = gone.operation.id
    clock.set(due(gone, HOME))
    home = await network.under_way.confirm(scene.member, way, HOME)
    assert home.operation.status is OperationStatus.IN_PROGRESS
    assert home.operation.watched is not None
    assert home.operation.watched.position == ARRIVED
    with pytest.raises(Conflict):
        await network.operations.close(scene.coordinator, way)
    before = await outgoing.count(database)
    clock.move(30 * MINUTE)
    await call_for_late(database, clock)
    # Who receives is asked, and those who brought them; then people are called.
    assert receiver.id in set().union(*(await outgoing.rung(database, before)).values())
    asked = await outgoing.said(database, "operation_prompt_hand_over")
    assert {each.parameters["person"] for each in asked} == {str(receiver.id)}
    assert {each.alert.event for each in await network.alerts.see_all(scene.coordinator)} == {Event.MISSED_MILESTONE}
    done = await network.handing_over.receive(receiver, way)
    assert done.operation.status is OperationStatus.COMPLETED


async def test_a_refusal_reaches_both_supervisors_and_nothing_of_it_is_told_them(
    database: Database,
    network: Network,
    scene: Scene,
    buddy: Person,
    receiver: Person,
    clock: MovableClock,
    gone: OperationView,
) -> None:
    way = gone.operation.id
    administrator = await network.person(scene.ngo.agency, Role.ADMINISTRATOR)
    barred = await network.person(scene.shelter.agency, Role.SECURITY_OFFICER)
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    before = await outgoing.count(database)
    refused = await network.handing_over.refuse(receiver, way, Refusal.NO_PLACE)
    assert (refused.operation.handed_over, refused.operation.refusal) == (HandOver.REFUSED, Refusal.NO_PLACE)
    rung = set().union(*(await outgoing.rung(database, before)).values())
    supervisors = {scene.shelter.deputies[0].id, administrator.id}
    assert rung == {scene.coordinator.id, scene.deputy.id, scene.member.id, buddy.id, receiver.id} | supervisors
    told = {row.target.id: row for row in await outgoing.said(database, "operation_refused_supervisor")}
    # Each rings one of their own: the shelter who leads, the other agency who receives.
    assert {person: row.parameters for person, row in told.items()} == {
        scene.shelter.deputies[0].id: {"person": str(scene.coordinator.id)},
        administrator.id: {"person": str(receiver.id)},
    }
    # Once; another reason is told.
    count = await outgoing.count(database)
    assert (await network.handing_over.refuse(receiver, way, Refusal.NO_PLACE)).known
    assert await outgoing.count(database) == count
    assert not (await network.handing_over.refuse(receiver, way, Refusal.PAPERS)).known
    # They are awaited still, and lateness calls people.
    clock.set(due(gone, ARRIVED) + HOUR)
    assert await call_for_late(database, clock) == 1
    # A way is found after all.
    done = await network.handing_over.receive(receiver, way)
    assert done.operation.handed_over is HandOver.ACCEPTED


async def test_somebody_else_receives(
    network: Network, scene: Scene, buddy: Person, receiver: Person, gone: OperationView
) -> None:
    way = gone.operation.id
    await network.handing_over.refuse(receiver, way, Refusal.OTHER_CARE)
    await network.under_way.divert(scene.member, way)
    other = await network.person(scene.welfare.agency)
    for wrong in (other, scene.member, buddy):
        # Not in the circle, goes along, stays behind.
        with pytest.raises(InvalidInput):
            await network.handing_over.name(scene.coordinator, way, wrong.id)
    await network.cases.add_member(scene.coordinator, core(scene), other.id)
    with pytest.raises(Conflict):
        await network.handing_over.name(scene.member, way, other.id)
    named = await network.handing_over.name(scene.coordinator, way, other.id)
    assert (named.operation.handed_over, named.operation.refusal) == (HandOver.AWAITED, None)
    assert (await network.handing_over.name(scene.coordinator, way, other.id)).known
    with pytest.raises(Conflict):
        await network.handing_over.receive(receiver, way)
    assert (await network.handing_over.receive(other, way)).operation.handed_over is HandOver.ACCEPTED


async def test_a_refusal_rings_telephones_too(
    database: Database, network: Network, scene: Scene, receiver: Person, gone: OperationView
) -> None:
    supervisor = scene.shelter.deputies[0]
    async with database.transaction() as tx:
        for number, person in enumerate((scene.coordinator, supervisor)):
            await tx.run(
                "INSERT INTO contacts (id, person_id, means, address, added_at) "
                "VALUES (gen_random_uuid(), $1, 'voice', $2, now())",
                person.id, f"+381110000{number}",
            )  # fmt: skip
    before = await outgoing.count(database)
    await network.handing_over.refuse(receiver, gone.operation.id, Refusal.NO_PLACE)
    calls = [each for each in await outgoing.said(database, after=before) if each.target.kind is TargetKind.CONTACT]
    assert len(calls) == 2


async def test_whoever_has_left_the_circle_hears_of_no_refusal(
    database: Database, network: Network, scene: Scene, buddy: Person, receiver: Person, gone: OperationView
) -> None:
    await network.cases.remove_member(scene.coordinator, core(scene), buddy.id)
    before = await outgoing.count(database)
    await network.handing_over.refuse(receiver, gone.operation.id, Refusal.NO_PLACE)
    said = await outgoing.said(database, after=before)
    assert said
    assert buddy.id not in {each.target.id for each in said} | {one for each in said for one in each.mentions}


async def test_who_receives_is_not_named_after_those_who_go_have_arrived(
    network: Network, scene: Scene, buddy: Person, receiver: Person, clock: MovableClock
) -> None:
    plan = replace(brought(scene, buddy, receiver, clock), receiver_id=None)
    planned = await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan)
    way = planned.operation.id
    await network.operations.approve(scene.coordinator, way)
    clock.set(planned.operation.begins_at)
    await network.operations.go(scene.coordinator, way, Despite.SEEN_TO)
    await network.under_way.confirm(scene.member, way, ARRIVED)
    with pytest.raises(Conflict):
        await network.handing_over.name(scene.coordinator, way, receiver.id)
    assert (await network.operations.see(scene.coordinator, way)).operation.receiver_id is None


async def test_ended_early_they_stay_with_who_brought_them(
    network: Network, scene: Scene, receiver: Person, gone: OperationView
) -> None:
    way = gone.operation.id
    ended = await network.under_way.abort(scene.member, way)
    assert ended.operation.handed_over is HandOver.OVER
    assert ended.operation.watched is not None
    assert ended.operation.watched.position == HOME
    with pytest.raises(Conflict):
        await network.handing_over.refuse(receiver, way, Refusal.NO_PLACE)
    with pytest.raises(Conflict):
        await network.handing_over.name(scene.coordinator, way, scene.welfare.worker.id)
    # Late word that they were taken over all the same is kept.
    assert (await network.handing_over.receive(receiver, way)).operation.handed_over is HandOver.ACCEPTED


async def test_a_receiver_who_was_excluded_hears_and_says_nothing_and_another_is_named(
    database: Database, network: Network, scene: Scene, receiver: Person, clock: MovableClock, gone: OperationView
) -> None:
    way = gone.operation.id
    await network.cases.exclude(scene.coordinator, scene.case.id, receiver.id)
    with pytest.raises(NotFound):
        await network.handing_over.receive(receiver, way)
    before = await outgoing.count(database)
    clock.set(due(gone, ARRIVED) + HOUR)
    await call_for_late(database, clock)
    assert receiver.id not in set().union(*(await outgoing.rung(database, before)).values())
    other = await network.person(scene.welfare.agency)
    await network.cases.add_member(scene.coordinator, core(scene), other.id)
    await network.handing_over.name(scene.coordinator, way, other.id)
    assert (await network.handing_over.receive(other, way)).operation.handed_over is HandOver.ACCEPTED


async def test_a_plan_names_somebody_who_can_receive(
    network: Network, scene: Scene, buddy: Person, receiver: Person, clock: MovableClock
) -> None:
    plan = brought(scene, buddy, receiver, clock)
    without = [each for each in plan.steps if each.kind is not MilestoneKind.ARRIVED]
    untimed = [*plan.steps[:2], Step(kind=MilestoneKind.ARRIVED, due_at=None), *plan.steps[3:]]
    for wrong in (
        replace(plan, receiver_id=scene.member.id), replace(plan, receiver_id=buddy.id),
        replace(plan, receiver_id=scene.stranger.id), replace(plan, steps=without), replace(plan, steps=untimed),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            await network.operations.plan(scene.coordinator, core(scene), uuid4(), wrong)


async def test_where_nobody_receives_the_words_are_refused(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    plan = plan_of(scene, buddy, clock.now() + 2 * DAY)
    planned = await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan)
    assert planned.operation.handed_over is None
    with pytest.raises(Conflict):
        await network.handing_over.receive(scene.member, planned.operation.id)
