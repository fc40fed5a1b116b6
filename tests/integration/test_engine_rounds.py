"""Whoever is to be called now waits for nothing else that an engine does in its rounds, however long that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from core import heartbeat
from core.clock import SystemClock
from core.database import Database
from core.metrics.kinds import exposed
from core.settings import Settings
from server.engine import Engine
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.scraped import read

PATIENCE_SECONDS = 8.0
LOOK = 0.05


async def test_a_round_that_is_held_up_keeps_nobody_from_being_called(
    database: Database, settings: Settings, network: Network, scene: Scene
) -> None:
    running = SystemClock()
    engine = Engine(database, running, replace(settings, sweep_interval=0.2))
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(engine.run())
        async with database.transaction() as held:
            # Every round comes to this, and waits here.
            await held.run("LOCK TABLE heartbeats IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await waits_for(database, "heartbeats") is None:  # noqa: ASYNC110 (the engine is another task)
                    await asyncio.sleep(LOOK)
                await raised(network, scene)
                while await unstepped(database):  # noqa: ASYNC110 (the engine is another task)
                    await asyncio.sleep(LOOK)
            assert await waits_for(database, "heartbeats") is not None
        working.cancel()


async def test_an_engine_whose_calls_stand_still_gives_no_sign_of_life(database: Database, settings: Settings) -> None:
    """Its other rounds go on meanwhile: whoever watches it would believe that people are called."""
    running = MovableClock()
    engine = Engine(database, running, replace(settings, sweep_interval=0.2))
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(engine.run())
        async with database.transaction() as held, asyncio.timeout(PATIENCE_SECONDS * 4):
            await rounds(running, 1)
            await held.run("LOCK TABLE milestones IN ACCESS EXCLUSIVE MODE")
            told, moved = await while_held(database, running)
            # As often as a lock is waited for too long, the round ends after all, and another one begins.
            while told is None:
                told, moved = await while_held(database, running)
            assert told < moved
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await heartbeat.beats(database))["engine"] < moved:  # noqa: ASYNC110 (the engine is another task)
                await asyncio.sleep(LOOK)
        working.cancel()


async def while_held(database: Database, clock: MovableClock) -> tuple[datetime | None, datetime]:
    """Let minutes pass while the calls wait; return the last sign of life, unless that wait has ended meanwhile."""
    while (since := await waits_for(database, "milestones")) is None:  # noqa: ASYNC110 (the engine is another task)
        await asyncio.sleep(LOOK)
    moved = clock.move(timedelta(minutes=5))
    await rounds(clock, 2)
    beat = (await heartbeat.beats(database))["engine"]
    return (beat if await waits_for(database, "milestones") == since else None), moved


async def rounds(clock: MovableClock, count: int) -> None:
    """Wait until the rounds that call nobody were done so often."""
    for _ in range(count):
        begun = clock.now().timestamp()
        while last_done("sign_in") <= begun:  # noqa: ASYNC110 (the engine is another task)
            await asyncio.sleep(LOOK)


def last_done(module: str) -> float:
    """Return when a part of a round last went well."""
    said = read(exposed())("streha_sweep_last_success_timestamp_seconds", module=module)
    return said or 0


async def raised(network: Network, scene: Scene) -> None:
    """Let somebody raise an alert whose next step is due this moment."""
    await network.alerts.raise_(scene.member, scene.case.core.id, scene.case.id)
    async with network.database.transaction() as tx:
        await tx.run("UPDATE alerts SET next_step_at = now()")


async def waits_for(database: Database, table: str) -> datetime | None:
    """Return since when somebody waits for a table that is held; None where nobody does."""
    async with database.reading() as look:
        since: datetime | None = await look.value(
            "SELECT min(waitstart) FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted", table
        )
    return since


async def unstepped(database: Database) -> bool:
    async with database.reading() as look:
        return bool(await look.value("SELECT count(*) FROM alerts WHERE step = 0"))
