"""One signed save: a sealed version and what the server is told of it stand together or not at all; measures remind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from cases import ledger
from client.vault.telling import Tells
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.outbox import Target, TargetKind
from safety_plans.events import take_up_events
from safety_plans.measures import store
from safety_plans.measures.rules import DutyId, step_at
from safety_plans.measures.sweep import next_due, remind_due
from safety_plans.model import Level, Reason
from tests import outgoing
from tests.clock import SERBIA, ZONE, MovableClock
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_machines import Machine, Machines

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault", "tests.fixtures_machines")


async def records_of(database: Database) -> int:
    async with database.reading() as look:
        found: int = await look.value("SELECT count(*) FROM vault_contents")
    return found


def working_day(day: date) -> date:
    """Return this day, or the next on which people work."""
    return day if SERBIA.working(day) else working_day(day + timedelta(days=1))


async def owed(database: Database) -> list[tuple[UUID, date, int]]:
    async with database.reading() as look:
        rows = await look.rows("SELECT owner_id, deadline, step FROM owed_measures ORDER BY deadline, owner_id")
    return [(row["owner_id"], row["deadline"], row["step"]) for row in rows]


async def test_a_version_its_level_and_the_review_are_one(
    ana: Machine, machines: Machines, cast: Scene, api: ServedApi
) -> None:
    core, reviews = cast.case.core.id.bytes, api.services.reviews
    put = await ana.records.put(core, b"assessed", kind="assessment", tells=Tells(level=Level.HIGH))
    (review,) = await reviews.due(cast.coordinator)
    assert (review.review.level, review.lowering) == (Level.HIGH, None)
    lower = Tells(level=Level.LOW)
    await ana.records.put(core, b"assessed again", kind="assessment", record=put.record.bytes, tells=lower)
    assert [each.lowering for each in await reviews.due(cast.coordinator)] == [Level.LOW]
    boris = await machines.of(cast.member)
    await boris.records.get(core, put.record.bytes)
    await boris.records.put(core, b"seen by two", kind="assessment", record=put.record.bytes, tells=lower)
    assert [(each.review.level, each.lowering) for each in await reviews.due(cast.coordinator)] == [(Level.LOW, None)]


async def test_what_may_not_be_told_leaves_no_version(
    ana: Machine, machines: Machines, cast: Scene, api: ServedApi
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    await ana.records.put(core, b"assessed", tells=Tells(level=Level.HIGH))
    boris = await machines.of(cast.member)
    stored = await records_of(database)
    with pytest.raises(Conflict, match="Ask them"):
        await boris.records.put(core, b"alone", tells=Tells(level=Level.LOW))
    tomorrow = api.network.clock.now().date() + timedelta(days=1)
    with pytest.raises(InvalidInput, match="no member of this compartment"):
        await boris.records.put(core, b"plan", kind="plan", tells=Tells(measures=[(cast.stranger.id, tomorrow)]))
    assert await records_of(database) == stored
    assert await owed(database) == []
    view = await boris.reader.refresh(core)
    assert len(view.compartment.records.versions) == stored


async def test_owners_are_reminded_and_what_is_not_done_is_assessed_again(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    channel = Target(kind=TargetKind.COMPARTMENT, id=cast.case.core.id)
    await ana.records.put(core, b"assessed", tells=Tells(level=Level.LOW))
    first, second = (working_day(clock.now().date() + timedelta(days=each)) for each in (2, 9))
    member = cast.member.id
    plan = await ana.records.put(
        core, b"plan", kind="plan", tells=Tells(measures=[(member, first), (member, first), (member, second)])
    )
    assert await owed(database) == [(member, first, 0), (member, second, 0)]
    assert await next_due(database) == datetime(first.year, first.month, first.day, 10, tzinfo=ZONE)

    clock.set(step_at(first, 0, SERBIA) - timedelta(seconds=1))
    assert await remind_due(database, clock, ZONE) == 0
    clock.move(timedelta(seconds=1))
    assert await remind_due(database, clock, ZONE) == 1
    assert await remind_due(database, clock, ZONE) == 0
    assert await outgoing.rung(database) == {channel: {member}}
    assert len(await outgoing.said(database, "measure_due")) == 1
    # A sweep that slept while another took it further has nothing left to do.
    async with database.transaction() as tx:
        ids = [DutyId(row["id"]) for row in await tx.rows("SELECT id FROM owed_measures WHERE deadline = $1", first)]
        assert ids
        assert await store.duties(tx, ids, clock.now()) == []

    clock.set(step_at(first, 1, SERBIA))
    assert await remind_due(database, clock, ZONE) == 1
    assert await outgoing.rung(database) == {channel: {member, cast.coordinator.id, cast.deputy.id}}
    assert len(await outgoing.said(database, "measure_overdue")) == 1
    assert await next_due(database) == step_at(second, 0, SERBIA)
    await ledger.sequence_all(database)
    await take_up_events(database, clock, ZONE)
    (review,) = await api.services.reviews.due(cast.coordinator)
    assert (review.review.reason, review.review.due_at) == (
        Reason.MEASURE, SERBIA.due(clock.now(), timedelta(hours=72)),
    )  # fmt: skip

    # Done and written down: nothing more is owed, and what was reminded is not begun anew.
    await ana.records.put(
        core, b"plan 2", kind="plan", record=plan.record.bytes, tells=Tells(measures=[(member, first)])
    )
    assert await owed(database) == [(member, first, 2)]
    assert await next_due(database) is None
    await ana.records.put(core, b"plan 3", kind="plan", record=plan.record.bytes, tells=Tells(measures=[]))
    assert await owed(database) == []


async def test_of_two_plans_beside_each_other_both_remind_until_one_follows_both(
    ana: Machine, machines: Machines, cast: Scene, api: ServedApi
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    day = working_day(api.network.clock.now().date() + timedelta(days=5))
    mine, his = (cast.coordinator.id, day), (cast.member.id, day)
    boris = await machines.of(cast.member)
    plan = await ana.records.put(core, b"plan", kind="plan", tells=Tells(measures=[]))
    record = plan.record.bytes
    await boris.records.get(core, record)
    await boris.records.put(core, b"his", kind="plan", record=record, tells=Tells(measures=[his]))
    await ana.records.put(core, b"mine", kind="plan", record=record, beside=True, tells=Tells(measures=[mine]))
    assert {each[:2] for each in await owed(database)} == {mine, his}
    await ana.records.get(core, record)
    await ana.records.put(core, b"both", kind="plan", record=record, tells=Tells(measures=[mine]))
    assert {each[:2] for each in await owed(database)} == {mine}


async def test_who_left_owes_nothing_and_an_erased_plan_reminds_nobody(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    day = working_day(clock.now().date() + timedelta(days=1))
    kept = await ana.records.put(core, b"plan", kind="plan", tells=Tells(measures=[(cast.member.id, day)]))
    gone = await ana.records.put(core, b"other", kind="plan", tells=Tells(measures=[(cast.coordinator.id, day)]))
    await ana.records.erase(core, gone.record.bytes)
    await api.services.cases.remove_member(cast.coordinator, cast.case.core.id, cast.member.id)
    clock.set(step_at(day, 0, SERBIA))
    await remind_due(database, clock, ZONE)
    assert [each.parameters["person"] for each in await outgoing.said(database, "measure_due")] == [
        str(cast.coordinator.id)
    ]
    async with database.reading() as look:
        assert [row["record"] for row in await look.rows("SELECT record FROM owed_measures")] == [kept.record]


async def test_what_is_late_already_is_overdue_at_once_and_summer_time_moves_no_morning(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    yesterday = clock.now().date() - timedelta(days=1)
    await ana.records.put(core, b"plan", kind="plan", tells=Tells(measures=[(cast.member.id, yesterday)]))
    clock.set(max(clock.now(), step_at(yesterday, 1, SERBIA)))
    assert await remind_due(database, clock, ZONE) == 1
    assert len(await outgoing.said(database, "measure_overdue")) == 1
    assert await outgoing.said(database, "measure_due") == []
    for day, hour in ((date(2031, 3, 28), 9), (date(2031, 3, 31), 8), (date(2028, 2, 29), 9)):
        assert step_at(day, 0, SERBIA) == datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    # Of a Sunday somebody is reminded on Friday; that it was not done is seen on Monday.
    assert step_at(date(2031, 3, 30), 0, SERBIA) == datetime(2031, 3, 28, 9, tzinfo=UTC)
    assert step_at(date(2031, 3, 30), 1, SERBIA) == datetime(2031, 3, 31, 8, tzinfo=UTC)


async def test_in_a_closed_case_nobody_is_reminded(
    ana: Machine, cast: Scene, api: ServedApi, clock: MovableClock
) -> None:
    core, database = cast.case.core.id.bytes, api.network.database
    day = working_day(clock.now().date() + timedelta(days=1))
    await ana.records.put(core, b"plan", kind="plan", tells=Tells(measures=[(cast.member.id, day)]))
    async with database.transaction() as tx:
        await tx.run("UPDATE cases SET closed_at = $1", clock.now())
    clock.set(step_at(day, 0, SERBIA))
    await remind_due(database, clock, ZONE)
    assert await outgoing.said(database, "measure_due") == []
    assert await owed(database) == []
