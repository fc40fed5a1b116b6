"""After an outage three hundred steps are overdue at once; and how late steps are that fall due one after the other.

Ten thousand alerts are open. A third of the overdue ones are Extreme, and those fell due last: they come first all the
same. The engine is the real one, on a database that writes to its disk. *Called* is the commit that leaves rings in the
outbox, as whoever listens hears of it: how long a bot then needs is the rows of the bot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts import store as alerts
from alerts.sweep import escalate_due
from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.settings import Secret, Settings
from core.sweep import BATCH, LEASE, TOGETHER
from server.engine import Engine
from tests.bench import bare_sweep, scheduled
from tests.bench.filled import connection, filled
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row, p50, p99

OPEN, OVERDUE = 10_000, 300
# A third of them is Extreme: as many as are handled together.
TINY_OPEN, TINY_OVERDUE = 60, 3 * TOGETHER
AWAY = timedelta(minutes=15)
# Over so many seconds the steps fall due whose lateness is measured.
SPREAD, TINY_SPREAD = 10.0, 1.0
# One sweep and a second.
IN_TIME = Settings(database_url=Secret("")).sweep_interval + 1.0

FIRST, ALL = "first Extreme called", "all called"
BARE_FIRST, BARE_ALL = "bare claim and first writes", "bare claim and writes of all, in groups"
LATE = "lateness of a step"

# The worst fell due last. $1 now.
MIXED = """
UPDATE alerts SET severity = (ARRAY['Severe', 'Moderate', 'Extreme'])[1 + number % 3],
    next_step_at = $1::timestamptz + (number % 3) * interval '1 minute'
FROM (SELECT case_id, row_number() OVER (ORDER BY case_id) AS number FROM due) AS due
WHERE due.case_id = alerts.case_id
"""
# $1 from when, $2 over how many seconds.
SPREAD_OUT = """
UPDATE alerts SET severity = 'Extreme', next_step_at = $1::timestamptz + random() * $2 * interval '1 second'
FROM due WHERE due.case_id = alerts.case_id
"""
DUE_AT = "SELECT alerts.id, next_step_at FROM due JOIN alerts USING (case_id)"
LATENESS = """
SELECT extract(epoch FROM acts.at - due_at)::float8 AS seconds
FROM unnest($1::uuid[], $2::timestamptz[]) AS each (id, due_at) JOIN ledger AS acts ON acts.object_id = each.id
WHERE acts.act = 'alert_escalated' AND acts.at >= $3
"""
FIRST_SAID = "SELECT severity FROM outbox JOIN alerts ON alerts.id = alert_id ORDER BY outbox.sequence LIMIT 1"
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The database, a bare connection to it, one that listens, and how much is due in it."""

    database: Database
    bare: Any
    listening: Any
    due: int
    spread: float
    step: bare_sweep.Step

    async def outage_ends(self) -> None:
        """Let all be overdue, as an engine finds it that was away."""
        await scheduled.fall_due(self.bare)
        await self.bare.execute(MIXED, clock.now() - AWAY)

    async def first(self) -> float:
        """Return the seconds from the engine's first round until somebody hears that the first were called."""
        await self.outage_ends()
        heard = asyncio.get_running_loop().create_future()

        def hear(*_: object) -> None:
            if not heard.done():
                heard.set_result(time.monotonic())

        await self.listening.add_listener(outbox.CHANNEL, hear)
        engine = Engine(self.database, clock, Settings(database_url=Secret("")))
        began = time.monotonic()
        sweeping = asyncio.Task(engine.sweep())
        try:
            async with asyncio.timeout(60):
                at: float = await heard
                await sweeping
        finally:
            await self.listening.remove_listener(outbox.CHANNEL, hear)
        if await self.bare.fetchval(FIRST_SAID) != "Extreme":
            raise MeasurementFailed("another than an Extreme alert was called first")
        return at - began

    async def all(self) -> float:
        """Return the seconds until every one was called, one step each."""
        await self.outage_ends()
        began = time.monotonic()
        stepped = await escalate_due(self.database, clock)
        took = time.monotonic() - began
        if stepped != self.due or await escalate_due(self.database, clock):
            raise MeasurementFailed(f"{stepped} steps were taken, {self.due} were due, each once")
        return took

    async def bare_first(self) -> float:
        """Return the seconds for the claim and what the first of them write, with nothing read or decided."""
        await self.outage_ends()
        began = time.monotonic()
        now = clock.now()
        claimed = [row["id"] for row in await self.bare.fetch(self.step.claim, now, now + LEASE, BATCH)]
        async with self.bare.transaction():
            await bare_sweep.write(self.bare, self.step, claimed[:TOGETHER], now)
        return time.monotonic() - began

    async def bare_all(self) -> float:
        """Return the seconds for all of them so."""
        await self.outage_ends()
        began = time.monotonic()
        await bare_sweep.sweep(self.bare, self.step, clock.now(), together=TOGETHER)
        return time.monotonic() - began

    async def lateness(self) -> Sequence[float]:
        """Return how late each of many steps is that fall due while an engine runs."""
        await scheduled.fall_due(self.bare)
        began = clock.now()
        await self.bare.execute(SPREAD_OUT, began + timedelta(seconds=1), self.spread)
        due = await self.bare.fetch(DUE_AT)
        engine = Engine(self.database, clock, Settings(database_url=Secret("")))
        with suppress(TimeoutError):
            async with asyncio.timeout(self.spread + 1 + IN_TIME):
                await engine.run()
        found = await self.bare.fetch(LATENESS, [row["id"] for row in due], [row["next_step_at"] for row in due], began)
        if len(found) != len(due):
            raise MeasurementFailed(f"{len(found)} steps were taken, {len(due)} fell due")
        return [max(row["seconds"], 1e-6) for row in found]


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    cases, due = (TINY_OPEN, TINY_OVERDUE) if tiny else (OPEN, OVERDUE)
    async with AsyncExitStack() as resources:
        (place,) = await resources.enter_async_context(
            filled(directory, [lambda url: scheduled.schedule(url, cases, due)], fast=tiny)
        )
        database, bare = place.database, place.bare
        listening = await resources.enter_async_context(connection(place.url))
        await scheduled.fall_due(bare)
        # As many as there are: cases are not always a multiple of what is due.
        found = await escalate_due(database, clock)
        async with database.transaction() as tx:
            case_id = await tx.value("SELECT case_id FROM due LIMIT 1")
            step = await bare_sweep.step_of(tx, "alerts", "alert_escalated", alerts.SQL["claim_due"], case_id)
        measured = _Place(
            database=database, bare=bare, listening=listening, due=found, step=step,
            spread=TINY_SPREAD if tiny else SPREAD,
        )  # fmt: skip
        yield {
            FIRST: measured.first,
            ALL: measured.all,
            BARE_FIRST: measured.bare_first,
            BARE_ALL: measured.bare_all,
            LATE: measured.lateness,
        }


ROW = Row(
    name="recovery",
    title="An outage ends with three hundred steps overdue; and how late steps are, of 10 thousand open alerts",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=FIRST, floor=BARE_FIRST),
        Comparison(measure=ALL, floor=BARE_ALL),
    ),
    limits=(Limit(figure=FIRST, at_most=2.0), Limit(figure=p99(LATE), at_most=IN_TIME)),
    rounds_at_most=5,
    notes=(
        "Each step calls the silent (12 messages). A third is Extreme, and fell due last.",
        f"{FIRST}: from the engine's first round to the notification of the commit.",
        f"{BARE_FIRST}: the same claim statement and what {TOGETHER} steps write, in one transaction.",
        f"{LATE}: from when it was due to its act in the ledger, while an engine runs; {p50(LATE)} is the middle one.",
    ),
)
