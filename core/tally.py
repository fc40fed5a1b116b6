"""What stands in the database, counted into the gauges when somebody asks for the metrics.

Each package counts its own with statements that stay cheap however much has happened before: what has ended is
counted where it ends. One tally that fails leaves its gauges without a value and its neighbours alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from core import heartbeat, logs, metrics, queries
from core.clock import Clock
from core.database import Database, Reading
from core.errors import Unavailable
from core.metrics.kinds import Gauge
from core.outbox import Lane

log = logs.get(__name__)
_SQL = queries.load("core")

COLLECT_SECONDS = 4.0
# Rows are counted up to here, so that the worst night does not make the questions slow as well.
AT_MOST = 10_000
# Roles that beat by themselves; `readiness` beats when it is asked.
BEATING = ("engine", "bots")
NEVER = float("inf")
# What `count_overdue` tells.
OF_STEPS = (metrics.ROWS_OVERDUE, metrics.OLDEST_OVERDUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How some gauges get their values; without an answer they have none. `name` is what a failure is told by."""

    name: str
    gauges: Sequence[Gauge]
    count: Callable[[Reading, datetime], Awaitable[None]]


async def collect(database: Database | None, clock: Clock, tallies: Sequence[Tally]) -> None:
    """Count everything anew, in bounded time; tell whether the database answered."""
    for gauge in (gauge for each in tallies for gauge in each.gauges):
        gauge.forget()
    answered = False
    if database is not None:
        database.tell_pool_use()
        try:
            async with asyncio.timeout(COLLECT_SECONDS):
                answered = await _collected(database, clock, tallies)
        except TimeoutError:
            log.warning("tallies_interrupted")
    metrics.SCRAPE_DATABASE_UP.set(answered)


async def _collected(database: Database, clock: Clock, tallies: Sequence[Tally]) -> bool:
    for each in tallies:
        try:
            async with database.reading() as reading:
                await each.count(reading, clock.now())
        except Unavailable:
            return False
        except Exception as error:  # noqa: BLE001 (one tally that fails must not hide the others)
            log.failure("tally_failed", error, action=each.name)
            metrics.TALLY_FAILURES.count(each.name)
    return True


def age(since: datetime | None, now: datetime) -> float:
    """Return how many seconds ago a moment was; 0 where there is none."""
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)


async def count_overdue(reading: Reading, statement: str, name: str, now: datetime) -> None:
    """Tell how many rows are due and not done, by a statement ($1 now, $2 limit → rows, oldest)."""
    due = await reading.row(statement, now, AT_MOST)
    assert due is not None  # noqa: S101 (it counts, so there is always a row)
    metrics.ROWS_OVERDUE.set(due["rows"], name)
    metrics.OLDEST_OVERDUE.set(age(due["oldest"], now), name)


def of_core(clock: Clock) -> Tally:
    """Return the tally of clocks, signs of life and the outbox."""
    return Tally(
        name="core",
        gauges=(metrics.CLOCK_SKEW, metrics.HEARTBEAT_AGE, metrics.MESSAGES_WAITING, metrics.OLDEST_WAITING),
        count=partial(_count, clock),
    )


async def _count(clock: Clock, reading: Reading, now: datetime) -> None:
    theirs = await reading.value(_SQL["database_clock"])
    metrics.CLOCK_SKEW.set((clock.now() - clock.offset).timestamp() - float(theirs))
    beats: dict[tuple[str, ...], float] = {(role,): NEVER for role in BEATING}
    beats |= {(role,): age(at, now) for role, at in (await heartbeat.beats_in(reading)).items()}
    metrics.HEARTBEAT_AGE.know(beats)
    counted: dict[tuple[str, ...], float] = {}
    oldest: dict[tuple[str, ...], float] = {}
    for row in await reading.rows(_SQL["waiting_messages"], AT_MOST):
        lane, kind = Lane(row["lane"]).name.lower(), row["target_kind"]
        counted[row["state"], lane, kind] = row["messages"]
        oldest[lane, kind] = max(age(row["oldest"], now), oldest.get((lane, kind), 0.0))
    metrics.MESSAGES_WAITING.know(counted, otherwise=0)
    metrics.OLDEST_WAITING.know(oldest, otherwise=0)
