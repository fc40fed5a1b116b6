"""Exercises of operations: everything said of them says so, and nothing in earnest follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.contacts import Contact, ContactId, Means
from agencies.model import Person
from alerts.vocabulary import Event, Status
from bots.words.rendering import Names, Renderer
from core.database import Database
from core.errors import Conflict
from core.outbox import Urgency
from core.settings import Secret, Settings
from operations import messages
from operations.acting import OperationView
from operations.drills import QUICK, answered_after
from operations.model import Despite, OperationStatus
from operations.planning import Plan
from operations.sweep import call_for_late, next_task
from safety_plans.calendar import DAY
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def buddy(network: Network, scene: Scene) -> Person:
    """Let somebody else of the coordinator's agency into the case, who stays behind."""
    found = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, found.id)
    return found


def practised(scene: Scene, buddy: Person, clock: MovableClock, begins: timedelta = 2 * MINUTE) -> Plan:
    plan = QUICK.plan(
        clock.now() + begins, scene.coordinator.id, buddy.id, (scene.deputy.id, scene.member.id), scene.member.id
    )
    return replace(plan, drill=True)


@pytest.fixture
async def drill(network: Network, scene: Scene, buddy: Person, clock: MovableClock) -> OperationView:
    """Let a team practise: nobody has assessed anything, and no bot is at work."""
    planned = await network.operations.plan(
        scene.coordinator, scene.case.core.id, uuid4(), practised(scene, buddy, clock)
    )
    await network.operations.approve(scene.coordinator, planned.operation.id)
    return await network.operations.go(scene.coordinator, planned.operation.id)


async def said_of_it(database: Database) -> list[tuple[str, int]]:
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT template, urgency FROM outbox WHERE key LIKE 'operation:%' OR key LIKE 'alert:%'"
        )
    return [(row["template"], row["urgency"]) for row in rows]


async def test_everything_of_an_exercise_says_so_up_to_its_alert(
    database: Database, network: Network, scene: Scene, clock: MovableClock, drill: OperationView
) -> None:
    assert (drill.operation.drill, drill.operation.status) == (True, OperationStatus.GO)
    for _minute in range(45):
        clock.move(MINUTE)
        await call_for_late(database, clock)
    found = await said_of_it(database)
    templates = {template for template, _urgency in found}
    assert {"drill_operation_prompt", "drill_operation_late", "drill_operation_ring", "drill_details_clock",
            "drill_operation_readiness", "drill_ring"} <= templates  # fmt: skip
    assert [each for each in templates if not each.startswith("drill_")] == []
    assert {urgency for _template, urgency in found} == {Urgency.ORDINARY}
    (alert,) = await network.alerts.see_all(scene.coordinator)
    assert (alert.alert.event, alert.alert.status) == (Event.MISSED_MILESTONE, Status.EXERCISE)


async def test_whatever_is_said_of_an_exercise_begins_so(drill: OperationView, scene: Scene) -> None:
    renderer = Renderer(Settings(database_url=Secret("postgresql://"), network="primer"))
    names = Names(people={scene.member.id: "Ana Primer"}, agencies={})
    for template in messages.TEXTS:
        more = {"count": "1", "number": "2", "text": "papers are missing", "other": str(scene.member.id)}
        message = messages.told(drill.operation, template, "tried", scene.member.id, at=drill.now, more=more)
        assert message.urgency is Urgency.ORDINARY
        for language, word in (("en", "exercise"), ("sr-Latn", "vežba"), ("sr-Cyrl", "вежба")):
            told = renderer.text(message, language, names)
            assert word in told.casefold().split(".")[0], (template, told)
            assert told.casefold().startswith(word) or message.template == messages.DRILL_RING


async def test_telephones_ring_for_an_exercise(drill: OperationView, scene: Scene) -> None:
    contact = Contact(
        id=ContactId(uuid4()), person_id=scene.member.id, desk_id=None, means=Means.VOICE, address="+381600000000"
    )
    for operation, template, urgency in (
        (drill.operation, "drill_ring", Urgency.ORDINARY),
        (replace(drill.operation, drill=False), "alert_ring", Urgency.EXTREME),
    ):
        (call,) = messages.calling(operation, "tried", [contact])
        assert (call.template, call.urgency) == (template, urgency)


async def test_what_is_ended_early_is_an_exercise_too(
    database: Database, network: Network, scene: Scene, clock: MovableClock, drill: OperationView
) -> None:
    clock.move(3 * MINUTE)
    await network.under_way.confirm(scene.member, drill.operation.id)
    await network.under_way.abort(scene.member, drill.operation.id)
    (alert,) = await network.alerts.see_all(scene.coordinator)
    assert (alert.alert.event, alert.alert.status) == (Event.OPERATION_ABORTED, Status.EXERCISE)
    assert all(template.startswith("drill_") for template, _urgency in await said_of_it(database))


async def test_nothing_in_earnest_follows(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    async def earnest() -> list[object]:
        async with database.reading() as look:
            return [
                await look.rows(f"SELECT * FROM {table}")  # noqa: S608 - names of tables from here
                for table in ("reviews", "review_duties", "case_clocks", "on_the_way", "key_windows")
            ]

    before = await earnest()
    planned = await network.operations.plan(
        scene.coordinator, scene.case.core.id, uuid4(), practised(scene, buddy, clock)
    )
    await network.operations.approve(scene.coordinator, planned.operation.id)
    await network.operations.go(scene.coordinator, planned.operation.id)
    await network.under_way.delay(scene.member, planned.operation.id, 5, uuid4())
    assert await earnest() == before
    assert await next_task(database) is None


async def test_one_that_is_far_ahead_and_planned_anew_reminds_nobody_and_keeps_nobody_together(
    database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    plans = [practised(scene, buddy, clock, days * DAY) for days in (20, 21)]
    planned = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), plans[0])
    assert await next_task(database) is None
    await network.operations.plan_anew(scene.coordinator, planned.operation.id, plans[1])
    assert await next_task(database) is None
    # Else a real alert for duress would be kept from those who only practised with whoever is forced.
    async with database.reading() as look:
        assert await look.rows("SELECT * FROM on_the_way") == []


async def test_an_exercise_stays_one_and_what_is_in_earnest_too(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock, drill: OperationView
) -> None:
    plan = practised(scene, buddy, clock)
    later = moved(plan, DAY)
    earnest = replace(later, drill=False)
    with pytest.raises(Conflict, match="exercise and stays one"):
        await network.operations.plan_anew(scene.coordinator, drill.operation.id, earnest)
    assert (await network.operations.plan_anew(scene.coordinator, drill.operation.id, later)).operation.drill
    real = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), earnest)
    with pytest.raises(Conflict, match="in earnest and stays so"):
        await network.operations.plan_anew(scene.coordinator, real.operation.id, later)
    with pytest.raises(Conflict, match="in earnest and stays so"):
        await network.operations.plan(scene.coordinator, scene.case.core.id, real.operation.id, later)


async def test_nobody_practises_where_somebody_is_on_the_way(
    network: Network, scene: Scene, buddy: Person, clock: MovableClock
) -> None:
    plan = practised(scene, buddy, clock)
    real = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), replace(plan, drill=False))
    await network.operations.approve(scene.coordinator, real.operation.id)
    await network.operations.go(scene.coordinator, real.operation.id, Despite.SEEN_TO)
    drill = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), plan)
    await network.operations.approve(scene.coordinator, drill.operation.id)
    with pytest.raises(Conflict, match="on the way in earnest"):
        await network.operations.go(scene.coordinator, drill.operation.id)


async def test_how_soon_a_late_step_was_answered(
    database: Database, network: Network, scene: Scene, clock: MovableClock, drill: OperationView
) -> None:
    clock.set(drill.operation.begins_at)
    await call_for_late(database, clock)
    clock.move(95 * timedelta(seconds=1))
    answered = (await network.under_way.confirm(scene.member, drill.operation.id)).operation
    first, second, _home = answered.milestones
    assert answered_after(answered, first) == timedelta(seconds=95)
    assert answered_after(answered, second) is None
    assert answered_after(replace(answered, drill=False), first) is None
    assert await outgoing.said(database, "drill_operation_confirmed")


def moved(plan: Plan, by: timedelta) -> Plan:
    steps = [replace(each, due_at=None if each.due_at is None else each.due_at + by) for each in plan.steps]
    return replace(plan, begins_at=plan.begins_at + by, ends_at=plan.ends_at + by, steps=steps)
