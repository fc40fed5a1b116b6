"""What runs in one process: any of the roles `api`, `engine`, `bots` and `prober`, until it is told to stop.

Shutdown goes in order: no new requests, then the roles are cancelled where they stand. Whatever is cut off
loses nothing: leases expire, and this process started again, or another, goes on.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path

from alerts.tally import TALLY as OF_ALERTS
from bots.tally import TALLY as OF_BOTS
from cases.last_head import LastHead
from cases.tally import TALLY as OF_LEDGER
from core import logs
from core.clock import Clock
from core.database import Database, connect_as_set
from core.errors import StrehaError, Unavailable
from core.migrations import require_compatible
from core.settings import Settings
from core.tally import of_core
from operations.tally import TALLY as OF_OPERATIONS
from safety_plans.tally import TALLY as OF_REVIEWS
from server.metrics import Exposition, keep_serving
from streha.installation import clock_of

log = logs.get(__name__)

DATABASE_RETRY_SECONDS = 2.0
ROLE_RETRY_SECONDS = 10.0


# What a process does that is told nothing else. The prober has to read from outside what these say.
EVERYTHING = ("api", "engine", "bots")


class RoleName(StrEnum):
    """What a process can be."""

    API = "api"
    ENGINE = "engine"
    BOTS = "bots"
    PROBER = "prober"


async def run(settings: Settings, roles: Collection[RoleName], ready: Callable[[int | None], None]) -> None:
    """Run the roles until SIGTERM or SIGINT; raise what ended them otherwise. `ready` gets the API's port."""
    clock = clock_of(settings)
    async with AsyncExitStack() as resources:
        stopped = _stop_signals(resources)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_stop(stopped))
                told = exposition(clock)
                if settings.metrics_port:
                    tasks.create_task(keep_serving(told, settings))
                database = await _database(settings, resources)
                told.reads(database)
                last_head = LastHead(database, clock, remembered_in(settings, roles))
                await _look_first(last_head)
                tasks.create_task(last_head.keep(settings.sweep_interval))
                if RoleName.ENGINE in roles:
                    from server.engine import Engine  # noqa: PLC0415 (a process holds only what it does)

                    tasks.create_task(Engine(database, clock, settings, last_head).run())
                if RoleName.BOTS in roles:
                    alone = set(roles) == {RoleName.BOTS}
                    tasks.create_task(_bots(database, clock, settings, last_head, alone=alone))
                if RoleName.PROBER in roles:
                    from bots import prober  # noqa: PLC0415

                    tasks.create_task(prober.run(database, clock, settings))
                port = None
                if RoleName.API in roles:
                    from server.app import api  # noqa: PLC0415

                    port = await resources.enter_async_context(api(database, clock, settings, tasks))
                ready(port)
        except* _Stopped:
            log.info("stopped")
        except* StrehaError as group:
            raise first_of(group) from None


def exposition(clock: Clock) -> Exposition:
    """Return what a process tells of itself; every one tells of the database, so that any of them may be gone."""
    return Exposition(clock, [of_core(clock), OF_ALERTS, OF_REVIEWS, OF_OPERATIONS, OF_LEDGER, OF_BOTS])


def remembered_in(settings: Settings, roles: Collection[RoleName]) -> Path | None:
    """Return where a process keeps the ledger's head: the bot beside its device, others only where they are told."""
    if settings.state_directory is None and RoleName.BOTS in roles:
        return settings.matrix_state_directory
    return settings.state_directory


async def _look_first(last_head: LastHead) -> None:
    """Compare before any role begins: a restored database must be on hold before the first of them acts."""
    while True:
        try:
            await last_head.look()
        except Unavailable:
            log.warning("waiting_for_database")
            await asyncio.sleep(DATABASE_RETRY_SECONDS)
        else:
            return


def first_of(group: BaseExceptionGroup[StrehaError]) -> StrehaError:
    """Return one error of a group, to be told to a person: the others follow from it or can wait."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, StrehaError)  # noqa: S101 (`except*` selected nothing else)
    return found


async def _bots(database: Database, clock: Clock, settings: Settings, last_head: LastHead, *, alone: bool) -> None:
    """Be the bot, again and again where other roles live in the same process: they must go on without it."""
    from bots import bot  # noqa: PLC0415

    while True:
        try:
            await bot.run(database, clock, settings, last_head)
        except* Exception as group:
            log.failure("role_failed", group, role=RoleName.BOTS)
            if alone:
                raise
        await asyncio.sleep(ROLE_RETRY_SECONDS)


class _Stopped(Exception):
    """Somebody asked the process to stop."""


async def _stop(stopped: asyncio.Event) -> None:
    await stopped.wait()
    raise _Stopped


def _stop_signals(resources: AsyncExitStack) -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
        resources.callback(loop.remove_signal_handler, number)
    return stopped


async def _database(settings: Settings, resources: AsyncExitStack) -> Database:
    """Connect, waiting for a database that is not there yet, and refuse a schema that does not fit."""
    while True:
        async with AsyncExitStack() as attempt:
            try:
                database = await attempt.enter_async_context(connect_as_set(settings))
                await require_compatible(database)
            except Unavailable:
                log.warning("waiting_for_database")
                await asyncio.sleep(DATABASE_RETRY_SECONDS)
                continue
            resources.push_async_exit(attempt.pop_all())
            return database
