"""A round of the sweeps of everything that is due by time, among ten thousand rows of all kinds and among a million.

Reviews, clocks of cases, measures, organisations' reviews, digests and rings: nearly none is due, as nearly always.
In a round either nothing is, or one of each kind. The floor claims by the same statements and sets what it claimed
further.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import AgencyKind
from cases.model import Part
from core.clock import SystemClock
from core.database import Database, connect
from core.migrations import migrate
from core.sweep import BATCH, LEASE
from safety_plans.clocks import sweep as clocks
from safety_plans.digests import sweep as digests
from safety_plans.measures import sweep as measures
from safety_plans.organisations import sweep as organisations
from safety_plans.rings import sweep as rings
from safety_plans.store import SQL
from safety_plans.sweep import remind_due
from tests.bench.filled import filled, loading
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.people import Network

FEW, MANY = 10_000, 1_000_000
TINY_FEW, TINY_MANY = 100, 200
# Of a hundred rows so many are of each kind.
SHARES = {"reviews": 30, "clocks": 30, "measures": 30, "organisations": 2, "digests": 4, "rings": 4}
ZONE = ZoneInfo("Europe/Belgrade")
# So often in one measure: a round alone is too short to be told from another.
ROUNDS, TINY_ROUNDS = 50, 2

NOTHING_FEW, NOTHING_MANY = "nothing due, of 10 thousand", "nothing due, of 1 million"
EACH_FEW, EACH_MANY = "one of each kind due, of 10 thousand", "one of each kind due, of 1 million"
BARE_NOTHING, BARE_EACH = "bare claims, nothing due", "bare claims, one of each kind due"

# Each kind's rows that wait for the month to come, ten of them to each owner. $1 now, $2 how many.
LATER = """
WITH later AS (
    SELECT lpad(to_hex(number), 32, '0')::uuid AS id, lpad(to_hex(number / 10), 32, '0')::uuid AS owner_id,
        $1::timestamptz + interval '1 day' + random() * interval '30 days' AS due_at
    FROM generate_series(1, $2) AS number)"""
FILL = {
    "reviews": """
INSERT INTO reviews (id, case_id, level, owner_id, opened_at, due_at, state, next_step_at)
SELECT gen_random_uuid(), id, 'medium', owner_id, $1, due_at, 'open', due_at FROM later
""",
    "clocks": """
INSERT INTO case_clocks (id, case_id, kind, owner_id, since, due_at, step, next_step_at)
SELECT gen_random_uuid(), id, 'custody', owner_id, $1, due_at, 0, due_at FROM later
""",
    "measures": """
INSERT INTO owed_measures (id, record, case_id, compartment_id, owner_id, deadline, step, next_step_at)
SELECT gen_random_uuid(), gen_random_uuid(), id, id, owner_id, due_at::date, 0, due_at FROM later
""",
    "organisations": """
INSERT INTO organisation_reviews (agency_id, since, due_at, step, next_step_at)
SELECT id, $1, due_at, 0, due_at FROM later
""",
    "digests": """
INSERT INTO digests (id, kind, told_on, next_step_at)
SELECT id, 'person', $1::timestamptz::date, due_at FROM later
""",
    "rings": """
INSERT INTO reminder_rings (person_id, since, rung, folded, next_step_at) SELECT id, $1, 5, 1, due_at FROM later
""",
}
# What one case of people who are there has, of each kind one.
ONE_OF_EACH = """
WITH mine AS (
    SELECT cases.id AS case_id, coordinator_id, compartments.id AS core_id, people.agency_id,
        now() + interval '1 day' AS later, gen_random_uuid() AS record
    FROM cases JOIN people ON people.id = coordinator_id JOIN compartments ON compartments.case_id = cases.id),
review AS (
    INSERT INTO reviews (id, case_id, level, owner_id, opened_at, due_at, state, next_step_at)
    SELECT gen_random_uuid(), case_id, 'medium', coordinator_id, later, later, 'open', later FROM mine),
clock AS (
    INSERT INTO case_clocks (id, case_id, kind, owner_id, since, due_at, step, next_step_at)
    SELECT gen_random_uuid(), case_id, 'custody', coordinator_id, later, later, 0, later FROM mine),
content AS (
    INSERT INTO vault_contents (compartment_id, version, record, content)
    SELECT core_id, gen_random_uuid(), record, '' FROM mine),
measure AS (
    INSERT INTO owed_measures (id, record, case_id, compartment_id, owner_id, deadline, step, next_step_at)
    SELECT gen_random_uuid(), record, case_id, core_id, coordinator_id, later::date, 0, later FROM mine),
organisation AS (
    INSERT INTO organisation_reviews (agency_id, since, due_at, step, next_step_at)
    SELECT agency_id, later, later, 0, later FROM mine),
digest AS (
    INSERT INTO digests (id, kind, told_on, next_step_at)
    SELECT coordinator_id, 'person', '2000-01-01', later FROM mine),
ring AS (
    INSERT INTO reminder_rings (person_id, since, rung, folded, next_step_at)
    SELECT coordinator_id, later, 5, 1, later FROM mine)
SELECT case_id FROM mine
"""
# Lets one of each be due again. $1 since when, $2 whose: the case, its coordinator, or the coordinator's agency.
AGAIN = {
    "case": (
        "UPDATE reviews SET step = 0, due_at = $1, next_step_at = $1 WHERE case_id = $2",
        "UPDATE case_clocks SET step = 0, due_at = $1, next_step_at = $1 WHERE case_id = $2",
        "UPDATE owed_measures SET step = 0, next_step_at = $1 WHERE case_id = $2",
    ),
    "agency": (
        "UPDATE organisation_reviews SET step = 0, due_at = $1, next_step_at = $1 WHERE agency_id = $2",
    ),
    "coordinator": (
        "UPDATE digests SET told_on = '2000-01-01', next_step_at = $1 WHERE id = $2",
        """
UPDATE reminder_rings SET since = $1::timestamptz - interval '1 hour', rung = 5, folded = 1, next_step_at = $1
WHERE person_id = $2
""",
    ),
}  # fmt: skip
FORGOTTEN = "TRUNCATE outbox CASCADE"
# By which statement each kind is claimed, in which table, by which key it lies there.
CLAIMS = (
    ("claim_due", "reviews", "id"),
    ("claim_clocks", "case_clocks", "id"),
    ("claim_measures", "owed_measures", "id"),
    ("claim_organisation_reviews", "organisation_reviews", "agency_id"),
    ("claim_digests", "digests", "id"),
    ("claim_rings", "reminder_rings", "person_id"),
)
FURTHER = "UPDATE {table} SET next_step_at = $2, lease_until = NULL, attempts = 0 WHERE {key} = ANY($1)"
clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One of the two databases, and what is due in it."""

    database: Database
    bare: Any
    due: Mapping[str, UUID]
    rounds: int

    def swept(self, wanted: int) -> Measure:
        """Return a measure of rounds in which so many are due."""
        return self._measure(self._sweep, wanted)

    def claimed(self, wanted: int) -> Measure:
        """Return the floor of the same."""
        return self._measure(self._claim, wanted)

    def _measure(self, once: Callable[[], Awaitable[int]], wanted: int) -> Measure:
        async def measure() -> float:
            took = 0.0
            for _ in range(self.rounds):
                if wanted:
                    await self.fall_due()
                began = time.monotonic()
                done = await once()
                took += time.monotonic() - began
                if done != wanted:
                    raise MeasurementFailed(f"{done} rows were swept, {wanted} were due")
            return took / self.rounds

        return measure

    async def fall_due(self) -> None:
        """Let one of each kind be due since a moment ago."""
        since = clock.now() - timedelta(seconds=1)
        # What was told of the last time has the same names.
        await self.bare.execute(FORGOTTEN)
        for what, statements in AGAIN.items():
            for statement in statements:
                await self.bare.execute(statement, since, self.due[what])

    async def _sweep(self) -> int:
        return (
            await remind_due(self.database, clock)
            + await clocks.remind_due(self.database, clock)
            + await organisations.remind_due(self.database, clock)
            + await measures.remind_due(self.database, clock, ZONE)
            + await rings.tell_folded(self.database, clock)
            + await digests.tell_due(self.database, clock, ZONE)
        )

    async def _claim(self) -> int:
        done = 0
        for claim, table, key in CLAIMS:
            now = clock.now()
            claimed = [row["id"] for row in await self.bare.fetch(SQL[claim], now, now + LEASE, BATCH)]
            if claimed:
                await self.bare.execute(FURTHER.format(table=table, key=key), claimed, now + timedelta(days=1))
            done += len(claimed)
        return done


async def _filled(url: str, rows: int) -> Mapping[str, UUID]:
    """Fill a database; return the case of which one of each kind will be due, its coordinator, and their agency."""
    async with connect(url) as database:
        await migrate(database)
        network = Network(database, clock)
        shelter = await network.office(AgencyKind.SHELTER, deputies=1)
        police = await network.office(AgencyKind.POLICE)
        case = await network.case(shelter.worker, {police: Part.RESPONDER})
    async with loading(url) as load:
        for kind, statement in FILL.items():
            await load.execute(LATER + statement, clock.now(), rows * SHARES[kind] // 100)
        for table in ("reviews", "case_clocks"):
            # Those with which the case began.
            await load.execute(f"DELETE FROM {table} WHERE case_id = $1", case.id)  # noqa: S608 (named here)
        await load.execute(ONE_OF_EACH)
    return {"case": case.id, "coordinator": shelter.worker.id, "agency": shelter.agency.id}


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    few, many, rounds = (TINY_FEW, TINY_MANY, TINY_ROUNDS) if tiny else (FEW, MANY, ROUNDS)
    async with filled(directory, [partial(_filled, rows=rows) for rows in (few, many)], fast=tiny) as found:
        small, large = [_Place(database=each.database, bare=each.bare, due=each.facts, rounds=rounds) for each in found]
        yield {
            NOTHING_FEW: small.swept(0),
            NOTHING_MANY: large.swept(0),
            BARE_NOTHING: large.claimed(0),
            EACH_FEW: small.swept(len(CLAIMS)),
            EACH_MANY: large.swept(len(CLAIMS)),
            BARE_EACH: large.claimed(len(CLAIMS)),
        }


ROW = Row(
    name="sweep-all-kinds",
    title="A round of the sweeps of all that is due by time, nearly nothing due",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=NOTHING_MANY, floor=NOTHING_FEW, at_most=1.3),
        Comparison(measure=EACH_MANY, floor=EACH_FEW, at_most=1.3),
        Comparison(measure=NOTHING_MANY, floor=BARE_NOTHING),
        Comparison(measure=EACH_MANY, floor=BARE_EACH),
    ),
    rounds_at_most=5,
    patience=300.0,
    notes=(
        f"Of a hundred rows {', '.join(f'{share} {kind}' for kind, share in SHARES.items())}.",
        f"Seconds of one round, the mean of {ROUNDS}: six sweeps, one after the other.",
        "One of each: each is decided and told, in a transaction of its own kind.",
        "The floor claims by the same six statements, each by itself, and sets what it claimed further.",
    ),
)
