"""A thousand steps fall due at once, among ten thousand that are scheduled and among a million.

The sweeps are those of the engine, on a database that writes to its disk. Both databases stand in one cluster.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alerts import store as alerts
from alerts.sweep import escalate_due
from core.clock import Clock, SystemClock
from core.database import Database
from core.settings import Secret, Settings
from core.sweep import TOGETHER
from safety_plans import store as reviews
from safety_plans.sweep import remind_due
from server.engine import Engine
from tests.bench import bare_sweep, scheduled
from tests.bench.filled import filled
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row

FEW, MANY, DUE = 10_000, 1_000_000, 1_000
TINY_FEW, TINY_MANY, TINY_DUE = 60, 120, 30

REVIEWS_FEW, REVIEWS_MANY = "reviews, of 10 thousand", "reviews, of 1 million"
ALERTS_FEW, ALERTS_MANY = "alerts, of 10 thousand", "alerts, of 1 million"
BARE_REVIEWS, BARE_ALERTS = "bare claim and writes, reviews", "bare claim and writes, alerts"
GROUPED_REVIEWS, GROUPED_ALERTS = "the same in groups, reviews", "the same in groups, alerts"
NOTHING = "an engine's round with nothing due, of 1 million"

Sweep = Callable[[Database, Clock], Awaitable[int]]
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One of the two databases, how much is due in it, and a bare connection to it."""

    database: Database
    bare: Any
    due: int

    def swept(self, sweep: Sweep) -> Measure:
        async def measure() -> float:
            return await self._timed(lambda: sweep(self.database, clock))

        return measure

    def bare_swept(self, step: bare_sweep.Step, together: int = 1) -> Measure:
        async def measure() -> float:
            return await self._timed(lambda: bare_sweep.sweep(self.bare, step, clock.now(), together=together))

        return measure

    async def idle_round(self) -> float:
        """Return how long an engine looks where nothing is due, once everything was looked through at its start."""
        await scheduled.fall_due(self.bare)
        engine = Engine(self.database, clock, Settings(database_url=Secret("")))
        await engine.sweep()
        started_at = time.monotonic()
        await engine.sweep()
        return time.monotonic() - started_at

    async def step_of(self, table: str, act: str, claim: str, sweep: Sweep) -> bare_sweep.Step:
        """Let everything take a real step, and return what one of them wrote."""
        await self._timed(lambda: sweep(self.database, clock))
        async with self.database.transaction() as tx:
            return await bare_sweep.step_of(tx, table, act, claim, await tx.value("SELECT case_id FROM due LIMIT 1"))

    async def _timed(self, sweep: Callable[[], Awaitable[int]]) -> float:
        await scheduled.fall_due(self.bare)
        started_at = time.monotonic()
        swept = await sweep()
        took = time.monotonic() - started_at
        if swept != self.due:
            raise MeasurementFailed(f"{swept} rows were swept, {self.due} were due")
        return took


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    few, many, due = (TINY_FEW, TINY_MANY, TINY_DUE) if tiny else (FEW, MANY, DUE)
    fills = [partial(scheduled.schedule, cases=cases, due=due) for cases in (few, many)]
    async with filled(directory, fills, fast=tiny) as found:
        small, large = [_Place(database=each.database, bare=each.bare, due=due) for each in found]
        review = await large.step_of("reviews", "review_reminded", reviews.SQL["claim_due"], remind_due)
        alert = await large.step_of("alerts", "alert_escalated", alerts.SQL["claim_due"], escalate_due)
        yield {
            REVIEWS_FEW: small.swept(remind_due),
            REVIEWS_MANY: large.swept(remind_due),
            BARE_REVIEWS: large.bare_swept(review),
            GROUPED_REVIEWS: large.bare_swept(review, TOGETHER),
            ALERTS_FEW: small.swept(escalate_due),
            ALERTS_MANY: large.swept(escalate_due),
            BARE_ALERTS: large.bare_swept(alert),
            GROUPED_ALERTS: large.bare_swept(alert, TOGETHER),
            NOTHING: large.idle_round,
        }


ROW = Row(
    name="sweep",
    title="A thousand steps fall due at once: from the claim to the last commit",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=REVIEWS_MANY, floor=REVIEWS_FEW, at_most=1.3),
        Comparison(measure=ALERTS_MANY, floor=ALERTS_FEW, at_most=1.3),
        Comparison(measure=REVIEWS_MANY, floor=BARE_REVIEWS, at_most=1.5),
        Comparison(measure=ALERTS_MANY, floor=BARE_ALERTS, at_most=1.5),
        Comparison(measure=REVIEWS_MANY, floor=GROUPED_REVIEWS),
        Comparison(measure=ALERTS_MANY, floor=GROUPED_ALERTS),
    ),
    rounds_at_most=5,
    notes=(
        "Reviews: each reminds its owner in the channel (2 messages). Alerts: each calls the silent (12 messages).",
        f"{BARE_REVIEWS}: the same claim statement, then for each row the rows that a step writes, in a transaction.",
        f"{GROUPED_REVIEWS}: the same with {TOGETHER} rows in each transaction, as the engine does it.",
        f"{NOTHING}: all of the engine's sweeps, alerts, reviews, ledger and all.",
    ),
)
