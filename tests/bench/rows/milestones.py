"""Ten thousand ways under way, of eight steps each: what a sweep costs, and how late what is late is noticed.

A thousand steps fall due at once among a thousand ways and among ten thousand, and nothing does; then the engine itself
runs while steps fall due one after the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from agencies.model import AgencyKind
from core.clock import SystemClock
from core.database import Database, connect
from core.migrations import migrate
from core.outbox import Lane
from core.settings import Secret, Settings
from core.sweep import BATCH, LEASE, TOGETHER
from operations.store import SQL
from operations.sweep import call_for_late
from server.engine import Engine
from tests.bench import bare_sweep, scheduled
from tests.bench.filled import filled, loading
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row, p50, p99
from tests.people import Network

FEW, MANY, DUE = 1_000, 10_000, 1_000
TINY_FEW, TINY_MANY, TINY_DUE = 30, 60, 30
# In so many seconds what is due falls due while the engine runs; and so long it is waited for what is left.
WITHIN, TINY_WITHIN, PATIENCE, LOOK = 30.0, 1.0, 60.0, 0.2
# No later than one sweep (network's rules for alerts and operations, *What must never happen*).
ONE_SWEEP = 5.0

AT_ONCE_FEW, AT_ONCE_MANY = "a thousand due, of 1 thousand ways", "a thousand due, of 10 thousand ways"
BARE, GROUPED = "bare claim and writes", "the same in groups"
NOTHING, BARE_NOTHING = "nothing due, of 10 thousand ways", "bare claim, nothing due"
LATE = "due to noticed, the engine running"

# $1 now, $2 coordinator, $3 buddy.
WAYS = """
INSERT INTO operations (id, case_id, compartment_id, codename, level, status, coordinator_id, buddy_id, begins_at,
    ends_at, planned_at)
SELECT id, id, id, 'way-' || codename, 'high', 'in_progress', $2, $3, $1::timestamptz - interval '3 hours',
    $1::timestamptz + interval '2 days', opened_at FROM cases
"""
# Of eight the fourth is awaited, tomorrow; its id is that of its case. $1 now, $2 who confirm.
STEPS = """
INSERT INTO milestones (id, operation_id, position, kind, planned_at, due_at, confirmers, confirmed_at, next_step_at)
SELECT CASE WHEN position = 4 THEN id ELSE gen_random_uuid() END, id, position,
    (ARRAY['ready', 'departed', 'waypoint', 'inside', 'cleared', 'arrived', 'home_safe', 'debriefed'])[position],
    due_at, due_at, $2::uuid[], CASE WHEN position < 4 THEN due_at - interval '1 day' END,
    CASE WHEN position = 4 THEN due_at END
FROM cases, generate_series(1, 8) AS position,
    LATERAL (SELECT $1::timestamptz + interval '1 day' + position * interval '1 hour' AS due_at)
"""
FORGOTTEN = "TRUNCATE outbox CASCADE"
# $1 from when, $2 in how many seconds one after the other.
AGAIN = """
UPDATE milestones SET rung = 0, due_at = moment, next_step_at = moment, lease_until = NULL, attempts = 0
FROM (SELECT case_id, $1::timestamptz + row_number() OVER (ORDER BY case_id) * interval '1 second'
    * $2::double precision / count(*) OVER () AS moment FROM due) AS falling
WHERE falling.case_id = milestones.id
"""
NOTICED = """
SELECT extract(epoch FROM ledger.at - milestones.due_at)::double precision AS late FROM ledger
JOIN milestones ON milestones.id = ledger.object_id WHERE act = 'milestone_late' AND entry > $1
"""
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One of the two databases, how much is due in it, and a bare connection to it."""

    database: Database
    bare: Any
    due: int
    within: float

    def swept(self, *, due: bool = True) -> Measure:
        return self._timed(lambda: call_for_late(self.database, clock), due=due)

    def bare_swept(self, step: bare_sweep.Step, together: int = 1) -> Measure:
        return self._timed(lambda: bare_sweep.sweep(self.bare, step, clock.now(), together=together), due=True)

    def claimed(self) -> Measure:
        async def claim() -> int:
            now = clock.now()
            return len(await self.bare.fetch(SQL["claim_milestones"], now, now + LEASE, BATCH))

        return self._timed(claim, due=False)

    async def step(self) -> bare_sweep.Step:
        """Let everything take a real step, and return what one of them wrote."""
        await self.swept()()
        async with self.database.transaction() as tx:
            row = await tx.value("SELECT case_id FROM due LIMIT 1")
            claim = SQL["claim_milestones"]
            return await bare_sweep.step_of(
                tx, "milestones", "milestone_late", claim, row, lane=Lane.ALERT, counter="rung"
            )

    async def noticed(self) -> list[float]:
        """Let the engine run while steps fall due; return how late each was noticed."""
        await self._fall_due(after=timedelta(seconds=2), within=self.within)
        before = await self.bare.fetchval("SELECT coalesce(max(entry), 0) FROM ledger")
        async with asyncio.TaskGroup() as tasks:
            engine = tasks.create_task(Engine(self.database, clock, Settings(database_url=Secret(""))).run())
            async with asyncio.timeout(self.within + PATIENCE):
                while True:
                    found = await self.bare.fetch(NOTICED, before)
                    if len(found) >= self.due:
                        break
                    await asyncio.sleep(LOOK)
            engine.cancel()
        if len(found) != self.due:
            raise MeasurementFailed(f"{len(found)} steps were noticed, {self.due} were due")
        return [row["late"] for row in found]

    async def _fall_due(self, after: timedelta = timedelta(seconds=-1), within: float = 0) -> None:
        await self.bare.execute(FORGOTTEN)
        await self.bare.execute(AGAIN, clock.now() + after, within)

    def _timed(self, once: Callable[[], Awaitable[int]], *, due: bool) -> Measure:
        async def measure() -> float:
            # Where nothing is to be due, what was due is tomorrow's.
            await self._fall_due(timedelta(seconds=-1) if due else timedelta(days=1))
            began = time.monotonic()
            done = await once()
            took = time.monotonic() - began
            if done != (self.due if due else 0):
                raise MeasurementFailed(f"{done} steps were taken, {self.due if due else 0} were due")
            return took

        return measure


async def _filled(url: str, ways: int, due: int) -> None:
    async with connect(url) as database:
        await migrate(database)
        network = Network(database, clock)
        shelter = await network.office(AgencyKind.SHELTER, workers=4, deputies=1)
        police = await network.office(AgencyKind.POLICE, deputies=1)
    leader, buddy, *goes = [each.id for each in shelter.workers]
    async with loading(url) as load:
        now = clock.now()
        await load.execute(scheduled.CASES, now, leader, ways)
        await load.execute(scheduled.COMPARTMENTS)
        await load.execute(scheduled.REVIEWS, now)
        await load.execute(scheduled.DUE.replace("$1", str(ways // due)))
        await load.execute(scheduled.RESPONDERS, [shelter.agency.id, police.agency.id])
        await load.execute(scheduled.MEMBERS, [leader, buddy, *goes], leader, now)
        await load.execute(WAYS, now, leader, buddy)
        await load.execute(STEPS, now, goes)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    few, many, due = (TINY_FEW, TINY_MANY, TINY_DUE) if tiny else (FEW, MANY, DUE)
    fills = [partial(_filled, ways=ways, due=due) for ways in (few, many)]
    async with filled(directory, fills, fast=tiny) as found:
        within = TINY_WITHIN if tiny else WITHIN
        small, large = [_Place(database=each.database, bare=each.bare, due=due, within=within) for each in found]
        step = await large.step()
        yield {
            AT_ONCE_FEW: small.swept(),
            AT_ONCE_MANY: large.swept(),
            BARE: large.bare_swept(step),
            GROUPED: large.bare_swept(step, TOGETHER),
            NOTHING: large.swept(due=False),
            BARE_NOTHING: large.claimed(),
            LATE: large.noticed,
        }


ROW = Row(
    name="milestones",
    title="Ten thousand ways under way, eight steps each: steps that are late are noticed",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=AT_ONCE_MANY, floor=AT_ONCE_FEW, at_most=1.3),
        Comparison(measure=AT_ONCE_MANY, floor=BARE, at_most=1.5),
        Comparison(measure=AT_ONCE_MANY, floor=GROUPED),
        Comparison(measure=NOTHING, floor=BARE_NOTHING),
    ),
    limits=(Limit(figure=p50(LATE), at_most=ONE_SWEEP), Limit(figure=p99(LATE), at_most=ONE_SWEEP)),
    rounds_at_most=5,
    patience=300.0,
    notes=(
        "Each step that is late asks both who confirm it, in the channel and alone (6 messages).",
        f"{BARE}: the same claim statement, then for each row the rows that a step writes, in a transaction.",
        f"{GROUPED}: the same with {TOGETHER} rows in each transaction, as the engine does it.",
        f"{LATE}: a thousand, one after the other within {WITHIN:.0f} seconds; from its time to the moment of the act.",
    ),
)
