"""Chaining at once: nobody waits for it, nothing is left by it, and whoever does it may die in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import NoReturn
from uuid import uuid4

import pytest

from cases import ledger as chained
from cases.ledger import Entry, Stretch
from cases.store import SQL
from core import ledger
from core.database import Database, Transaction
from core.errors import Conflict, Unavailable
from core.ledger import Act
from core.settings import Settings
from server.engine import Engine
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.waiting import PATIENCE_SECONDS, until_somebody_waits


async def record(tx: Transaction, clock: MovableClock, act: str = "something") -> None:
    await ledger.record(tx, Act(act=act, at=clock.now(), person_id=uuid4()))


def entries(found: Stretch | None) -> Sequence[Entry]:
    """Return what was chained."""
    assert found is not None
    return found.entries


async def be_sequencer(tx: Transaction) -> None:
    """Hold what a sequencer holds while it works."""
    await tx.row("SELECT pg_advisory_xact_lock($1)", chained.LOCK)


async def test_raising_and_accepting_never_wait_for_the_sequencer(
    database: Database, network: Network, scene: Scene
) -> None:
    async with asyncio.TaskGroup() as tasks:
        async with database.transaction() as tx:
            await be_sequencer(tx)
            await tx.rows("SELECT 1 FROM ledger FOR UPDATE")
            waiting = tasks.create_task(chained.sequence(database))
            await until_somebody_waits(tx)
            raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            accepted = await network.alerts.acknowledge(scene.coordinator, raised.alert.id)
            assert accepted.alert.has_acknowledged(scene.coordinator.id)
            assert not waiting.done()
        assert entries(await waiting)
    assert [each.act for each in entries(await chained.sequence(database))] == ["alert_raised", "alert_acknowledged"]


async def test_what_one_sequencer_could_not_see_the_next_one_chains(database: Database, clock: MovableClock) -> None:
    # The first has looked already when the act is committed, and the second comes while the first still works.
    async with asyncio.TaskGroup() as tasks:
        async with database.transaction() as first:
            await be_sequencer(first)
            assert await first.rows(SQL["unchained"], chained.BATCH) == []
            async with database.transaction() as tx:
                await record(tx, clock, "in between")
            second = tasks.create_task(chained.sequence(database))
            await until_somebody_waits(first)
        assert [each.act for each in entries(await second)] == ["in between"]


async def test_what_others_chained_since_it_looked_is_never_chained_otherwise(
    database: Database, clock: MovableClock
) -> None:
    for act in ("one", "two"):
        async with database.transaction() as tx:
            await record(tx, clock, act)
    async with database.transaction() as first:
        one, two = await first.rows(SQL["unchained"], chained.BATCH)
        assert entries(await chained.sequence(database))
        async with database.transaction() as tx:
            await record(tx, clock, "three")
        three = (await first.rows(SQL["unchained"], chained.BATCH))[0]
        # What has its place already, alone or together with what waits: then none of it is done.
        for late in ([one], [one, two], [two, three]):
            places = range(1, len(late) + 1)
            hashes = [bytes(32)] * len(late)
            counted_on = [each["entry"] for each in late], list(places), hashes
            assert await first.value(SQL["chain"], *counted_on, chained.LOCK) is None
    # And a place that is filled.
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            await tx.value(SQL["chain"], [three["entry"]], [2], [bytes(32)], chained.LOCK)
    assert [each.act for each in entries(await chained.sequence(database))] == ["three"]
    assert (await chained.verify(database)).whole


async def test_a_sequencer_that_is_killed_leaves_its_work_to_the_next(database: Database, clock: MovableClock) -> None:
    async with database.transaction() as tx:
        await record(tx, clock)

    async def chain_and_be_killed(tasks: asyncio.TaskGroup) -> NoReturn:
        async with database.transaction() as tx:
            await be_sequencer(tx)
            waiting = await tx.rows(SQL["unchained"], chained.BATCH)
            await tx.run(SQL["chain"], [waiting[0]["entry"]], [1], [bytes(32)], chained.LOCK)
            others.append(tasks.create_task(chained.sequence(database)))
            await until_somebody_waits(tx)
            async with database.transaction() as killer:
                await killer.value("SELECT pg_terminate_backend($1)", await tx.value("SELECT pg_backend_pid()"))
            await tx.value("SELECT 1")
        raise AssertionError("its connection was ended")

    others: list[asyncio.Task[Stretch | None]] = []
    async with asyncio.TaskGroup() as tasks:
        with pytest.raises(Unavailable):
            await chain_and_be_killed(tasks)
        assert len(entries(await others[0])) == 1
    assert (await chained.verify(database)).whole


@asynccontextmanager
async def woken_by_positions(database: Database) -> AsyncIterator[asyncio.Event]:
    """Listen for new positions; entered once it does listen."""
    heard = asyncio.Event()
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(database.listen_to({chained.CHANNEL: heard.set}))
        while not heard.is_set():
            async with database.transaction() as tx:
                await tx.wake(chained.CHANNEL)
            await asyncio.sleep(0)
        heard.clear()
        yield heard
        listening.cancel()


async def test_followers_are_woken_with_the_positions(database: Database, clock: MovableClock) -> None:
    async with woken_by_positions(database) as woken:
        async with database.transaction() as tx:
            await record(tx, clock)
        assert len(entries(await chained.sequence(database))) == 1
        await woken.wait()


async def test_the_engine_chains_as_soon_as_it_hears(database: Database, settings: Settings) -> None:
    clock = MovableClock()
    async with woken_by_positions(database) as woken, asyncio.TaskGroup() as tasks:
        engine = tasks.create_task(Engine(database, clock, replace(settings, sweep_interval=3600)).run())
        async with database.transaction() as tx:
            await record(tx, clock)
        # Be it the first sweep or a wake: the sweeps are over with it, for an hour.
        await woken.wait()
        woken.clear()
        while not woken.is_set():
            # It may listen only now; nothing but a wake can have it look again.
            async with database.transaction() as tx:
                await record(tx, clock)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await woken.wait()
        engine.cancel()
    assert (await chained.verify(database)).whole
