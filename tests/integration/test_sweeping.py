"""One row that cannot be handled never stops its neighbours, whatever is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from agencies.model import AgencyKind
from alerts.model import AlertId
from alerts.sweep import escalate_due
from core import outbox
from core.database import Database, Transaction
from core.outbox import Lane
from core.sweep import BATCH, TOGETHER, sweep
from tests.clock import MovableClock
from tests.people import Network, Scene


async def test_a_case_that_somebody_holds_locked_delays_only_its_own_alert(
    database: Database, database_url: str, network: Network, scene: Scene, clock: MovableClock, logged: io.StringIO
) -> None:
    other = await network.office(AgencyKind.SHELTER, workers=2)
    other_case = await network.case(other.worker, {}, [other.workers[1]])
    held = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    clock.move(timedelta(seconds=1))
    free = (await network.alerts.raise_(other.workers[1], other_case.core.id, uuid4())).alert
    clock.move(timedelta(minutes=3))
    holder = await asyncpg.connect(database_url)
    try:
        async with holder.transaction():
            await holder.execute("SELECT FROM cases WHERE id = $1 FOR UPDATE", scene.case.id)
            assert await escalate_due(database, clock) == 1
    finally:
        await holder.close()
    assert await _step(database, free.id) == 1
    assert await _step(database, held.id) == 0
    assert str(held.id) in logged.getvalue()
    clock.move(timedelta(seconds=31))
    await escalate_due(database, clock)
    assert await _step(database, held.id) == 1


async def test_those_that_are_handled_together_are_parted_from_the_one_that_fails(
    database: Database, network: Network, scene: Scene, clock: MovableClock, logged: io.StringIO
) -> None:
    broken = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert.id
    circles = [await network.cases.open_compartment(scene.coordinator, scene.case.id, []) for _ in range(TOGETHER + 5)]
    sound = [(await network.alerts.raise_(scene.coordinator, each.id, uuid4())).alert.id for each in circles]
    async with database.transaction() as tx:
        # Nobody knows by which press its ladder began.
        await tx.run("UPDATE alerts SET ladder_began_at = ladder_began_at - interval '1 second' WHERE id = $1", broken)
    clock.move(timedelta(minutes=3))
    assert await escalate_due(database, clock) == len(sound)
    assert logged.getvalue().count("sweep_taken_apart") == 1
    assert str(broken) in logged.getvalue()
    assert {await _step(database, each) for each in sound} == {1}
    assert await _step(database, broken) == 0

    # What has failed before keeps no company any more.
    clock.move(timedelta(minutes=12))
    assert await escalate_due(database, clock) == len(sound)
    assert logged.getvalue().count("sweep_taken_apart") == 1
    assert {await _step(database, each) for each in sound} == {2}


async def test_a_large_group_of_which_somebody_holds_one_goes_in_smaller_groups_before_one_by_one(
    database: Database, database_url: str, clock: MovableClock, logged: io.StringIO
) -> None:
    things, handled = [uuid4() for _ in range(3 * TOGETHER)], []
    async with database.transaction() as tx:
        await tx.run(
            "CREATE TABLE things AS SELECT unnest($1::uuid[]) AS id, $2::timestamptz AS due_at, 0 AS attempts,"
            " NULL::timestamptz AS lease_until", things, clock.now(),
        )  # fmt: skip

    async def handle(tx: Transaction, ids: Sequence[UUID], _now: datetime) -> None:
        await tx.run("UPDATE things SET due_at = due_at + interval '1 day' WHERE id = ANY($1)", ids)
        handled.append(len(ids))

    claim = (
        "UPDATE things SET lease_until = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM things"
        " WHERE due_at <= $1 AND lease_until IS NULL LIMIT $3) RETURNING id, attempts, due_at"
    )
    holder = await asyncpg.connect(database_url)

    async def claimed_then_held(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        # Somebody takes one row once they are claimed, and keeps it.
        if not holder.is_in_transaction():
            await holder.execute("BEGIN")
            await holder.execute("SELECT FROM things WHERE id = $1 FOR UPDATE", things[0])
        await handle(tx, ids, now)

    try:
        assert await sweep(database, clock, "incidents", claim, claimed_then_held, together=BATCH) == 3 * TOGETHER - 1
    finally:
        await holder.close()
    assert sorted(handled) == [1] * (TOGETHER - 1) + [TOGETHER, TOGETHER]
    # The whole, and the one small group in which that row was.
    assert logged.getvalue().count("sweep_taken_apart") == 2
    assert logged.getvalue().count("sweep_row_failed") == 1
    assert str(things[0]) in logged.getvalue()


async def test_a_database_that_is_away_ends_the_round_at_once(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    clock.move(timedelta(minutes=3))
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE alerts RENAME TO alerts_elsewhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await escalate_due(database, clock)


async def test_a_message_whose_deliverers_die_is_tried_alone_before_it_is_set_aside(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    for _ in range(3):
        assert not any(each.suspect for each in await _claim_and_die(database, clock))
    suspects = await _claim_and_die(database, clock)
    assert all(each.suspect and not each.poison for each in suspects)
    async with database.transaction() as tx:
        await outbox.suspect(tx, suspects[0].id)
    poisonous = [each.id for each in await _claim_and_die(database, clock) if each.poison]
    assert poisonous == [suspects[0].id]


async def _claim_and_die(database: Database, clock: MovableClock) -> list[outbox.Claimed]:
    async with database.transaction() as tx:
        claimed = await outbox.claim(tx, clock.now(), 200, Lane.ALERT)
    clock.move(outbox.LEASE)
    return claimed


async def _step(database: Database, alert_id: AlertId) -> int:
    async with database.transaction() as tx:
        return int(await tx.value("SELECT step FROM alerts WHERE id = $1", alert_id))
