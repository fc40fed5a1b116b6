"""Whoever is to be called now waits for nothing else that an engine does in its rounds, however long that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.clock import SystemClock
from core.database import Database
from core.settings import Settings
from server.engine import Engine
from tests.people import Network, Scene

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
                while not await waits(database):  # noqa: ASYNC110 (the engine is another task)
                    await asyncio.sleep(LOOK)
                await raised(network, scene)
                while await unstepped(database):  # noqa: ASYNC110 (the engine is another task)
                    await asyncio.sleep(LOOK)
            assert await waits(database)
        working.cancel()


async def raised(network: Network, scene: Scene) -> None:
    """Let somebody raise an alert whose next step is due this moment."""
    await network.alerts.raise_(scene.member, scene.case.core.id, scene.case.id)
    async with network.database.transaction() as tx:
        await tx.run("UPDATE alerts SET next_step_at = now()")


async def waits(database: Database) -> bool:
    """Tell whether a round waits for the table that is held."""
    async with database.reading() as look:
        return bool(
            await look.value("SELECT count(*) FROM pg_locks WHERE relation = 'heartbeats'::regclass AND NOT granted")
        )


async def unstepped(database: Database) -> bool:
    async with database.reading() as look:
        return bool(await look.value("SELECT count(*) FROM alerts WHERE step = 0"))
