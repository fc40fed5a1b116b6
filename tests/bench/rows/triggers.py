"""Ten thousand things happen at once in two thousand cases: from the ledger to the last review that is due earlier.

Two engines take them up beside each other, as two processes do. Afterwards every one of them is accounted for: none
waits, each had its effect once, and each case's review is due as the strictest of what happened in it demands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cases.ledger import sequence_all
from core.clock import SystemClock
from core.database import Database
from core.sweep import BATCH, LEASE, TOGETHER
from safety_plans import store
from safety_plans.events import take_up_events
from safety_plans.model import Reason
from safety_plans.triggers import WITHIN
from tests.bench import scheduled
from tests.bench.filled import filled
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row

CASES, TINY_CASES = 2_000, 20
ZONE = ZoneInfo("Europe/Belgrade")
ACTS = ("agency_part_set", "measure_overdue", "member_removed", "leaders_named", "alert_stood_down")
STRICTEST = WITHIN[Reason.AFTER_ALERT]

TAKEN_UP, BARE = "ten thousand triggers taken up", "bare claim and writes, in groups"

# In the order in which they come the strictest one is the last. $1 now, $2 acts.
HAPPENED = """
INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
SELECT $1, 'system', act, id, gen_random_uuid(), '{}'
FROM unnest($2::text[]) WITH ORDINALITY AS each (act, place), cases ORDER BY place, id
"""
# $1 now.
AGAIN = (
    "TRUNCATE outbox, review_duties, case_events CASCADE",
    """
UPDATE reviews SET step = 0, reason = 'interval', due_at = $1::timestamptz + interval '20 days',
    next_step_at = $1::timestamptz + interval '20 days'
""",
)
# What the floor writes for the claimed ones: what taking up writes, with nothing read or decided. $1 ids, $2 now.
WRITES = (
    """
INSERT INTO review_duties (case_id, reason, since, due_at)
SELECT DISTINCT ON (case_id, act) case_id, act, $2::timestamptz, $2 FROM case_events WHERE id = ANY($1)
ON CONFLICT (case_id, reason) DO UPDATE SET since = EXCLUDED.since, due_at = EXCLUDED.due_at
""",
    """
UPDATE reviews SET due_at = $2, next_step_at = $2, step = 0 FROM case_events
WHERE case_events.id = ANY($1) AND reviews.case_id = case_events.case_id
""",
    """
INSERT INTO ledger (at, actor_kind, act, case_id, object_id, facts)
SELECT $2, 'system', 'review_pulled', case_id, case_id, '{"reason": "alert"}' FROM case_events WHERE id = ANY($1)
""",
    """
INSERT INTO outbox (id, key, lane, target_kind, target_id, template, parameters, mentions, case_id, created_at, due_at)
SELECT gen_random_uuid(), id || part, 1, 'compartment', case_id, 'review_pulled', '{}', '{}', case_id, $2, $2
FROM case_events, unnest(ARRAY[':ring', ':words']) AS part WHERE id = ANY($1) AND act = 'alert_stood_down'
""",
)
FORGET = "DELETE FROM case_events WHERE id = ANY($1)"
PULLED = "SELECT count(*) FROM ledger WHERE act = 'review_pulled' AND entry > $1"
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Triggers:
    """The measures."""

    database: Database
    bare: Any
    cases: int

    async def taken_up(self) -> float:
        before = await self._happen()
        began = time.monotonic()
        async with asyncio.TaskGroup() as engines:
            for _ in range(2):
                engines.create_task(self._engine())
        took = time.monotonic() - began
        await self._require_all(before)
        return took

    async def bare_taken_up(self) -> float:
        """Return how long plain statements take."""
        before = await self._happen()
        now = clock.now()
        began = time.monotonic()
        await self.bare.fetchval(store.SQL["read_events"], list(ACTS), self.cases * len(ACTS) + BATCH)
        while rows := await self.bare.fetch(store.SQL["claim_events"], now, now + LEASE, BATCH):
            claimed = [row["id"] for row in rows]
            for start in range(0, len(claimed), TOGETHER):
                ids = claimed[start : start + TOGETHER]
                async with self.bare.transaction():
                    for statement in WRITES:
                        await self.bare.execute(statement, ids, now)
                    await self.bare.execute(FORGET, ids)
        took = time.monotonic() - began
        await self._require_count(before)
        return took

    async def _engine(self) -> None:
        # As long as another one holds some of them there is nothing to claim, and something left.
        while await take_up_events(self.database, clock, ZONE) or await self._waiting():
            pass

    async def _waiting(self) -> int:
        """Return how many still wait."""
        async with self.database.reading() as look:
            row = await look.row("SELECT count(*) AS left FROM case_events WHERE lease_until IS NULL")
        return 0 if row is None else int(row["left"])

    async def _happen(self) -> int:
        """Let it all happen, chained, with nothing of the last time left; return the ledger's last entry."""
        now = clock.now()
        # What taking up itself left in the ledger is looked through now, and counts for nothing.
        await sequence_all(self.database)
        await take_up_events(self.database, clock, ZONE)
        for statement in AGAIN:
            await self.bare.execute(statement, *([now] if "$1" in statement else []))
        await self.bare.execute(HAPPENED, now, list(ACTS))
        await sequence_all(self.database)
        await self.bare.execute("VACUUM ANALYZE reviews, review_duties, case_events, ledger")
        return int(await self.bare.fetchval("SELECT max(entry) FROM ledger"))

    async def _require_count(self, before: int) -> None:
        left = await self.bare.fetchval("SELECT count(*) FROM case_events")
        pulled = await self.bare.fetchval(PULLED, before)
        if left or pulled != self.cases * len(ACTS):
            raise MeasurementFailed(f"{left} triggers were left and {pulled} had an effect")

    async def _require_all(self, before: int) -> None:
        await self._require_count(before)
        right = await self.bare.fetchval(
            """
            SELECT count(*) FROM reviews JOIN review_duties USING (case_id)
            WHERE reviews.reason = 'after_alert' AND review_duties.reason = 'after_alert'
              AND reviews.due_at = review_duties.due_at AND reviews.due_at = review_duties.since + $1::interval
              AND (SELECT count(*) FROM outbox WHERE outbox.case_id = reviews.case_id AND mentions <> '{}') = 1
            """,
            STRICTEST,
        )
        if right != self.cases:
            raise MeasurementFailed(f"the strictest stands in {right} of {self.cases} cases")


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    cases = TINY_CASES if tiny else CASES
    async with filled(directory, [lambda url: scheduled.schedule(url, cases, cases)], fast=tiny) as (found,):
        triggers = _Triggers(database=found.database, bare=found.bare, cases=cases)
        yield {TAKEN_UP: triggers.taken_up, BARE: triggers.bare_taken_up}


ROW = Row(
    name="triggers",
    title="Ten thousand triggers at once, five in each of two thousand cases, taken up by two engines",
    prepared=_prepared,
    comparisons=(Comparison(measure=TAKEN_UP, floor=BARE),),
    rounds_at_most=5,
    notes=(
        "Five acts: four due within 24 or 72 hours and, the last, an alert's end, within 2; it is told in the channel.",
        "Checked in every round: none is left, each had its effect once, the strictest stands, each case rang once.",
        "The floor claims in the same batches and writes in the same groups, on one connection; it reads nothing.",
    ),
)
