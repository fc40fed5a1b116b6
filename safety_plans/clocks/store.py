"""Clocks and dates of cases in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from agencies.model import PersonId
from cases.model import CaseId
from core.database import Reading, Row, Transaction
from safety_plans.clocks.rules import CaseClock, CaseClockId, CaseDate, ClockKind
from safety_plans.store import SQL


async def put(tx: Transaction, clock: CaseClock) -> None:
    """Wind a clock up, or begin it."""
    await tx.run(
        SQL["put_clock"], clock.id, clock.case_id, clock.kind, clock.owner_id, clock.since, clock.due_at,
        clock.step, clock.next_step_at,
    )  # fmt: skip


async def of_cases(tx: Reading, case_ids: Iterable[CaseId]) -> list[CaseClock]:
    """Return the clocks of these cases, the earliest first."""
    return [_clock(row) for row in await tx.rows(SQL["clocks_of_cases"], list(case_ids))]


async def cases(tx: Transaction, ids: Collection[CaseClockId]) -> list[CaseId]:
    """Return the cases in which these run."""
    return [CaseId(row["case_id"]) for row in await tx.rows(SQL["cases_of_clocks"], list(ids))]


async def held(tx: Transaction, ids: Collection[CaseClockId]) -> list[CaseClock]:
    """Return these, held."""
    return [_clock(row) for row in await tx.rows(SQL["clocks"], list(ids))]


async def stepped(tx: Transaction, clock: CaseClock, next_step_at: datetime, owner_id: PersonId) -> None:
    """Record that somebody was reminded and whose it is, and release the lease."""
    await tx.run(SQL["step_clock"], clock.id, clock.step + 1, next_step_at, owner_id)


async def wait(tx: Transaction, clock: CaseClock, until: datetime) -> None:
    """Let the present step wait, and release the lease."""
    await tx.run(SQL["step_clock"], clock.id, clock.step, until, clock.owner_id)


async def end(tx: Transaction, case_id: CaseId, kind: ClockKind) -> bool:
    """Stop a clock; tell whether it ran."""
    return await tx.value(SQL["end_clock"], case_id, kind) is not None


async def dates(tx: Reading, case_id: CaseId) -> list[CaseDate]:
    """Return the dates of a case, the first first."""
    return [CaseDate(at=row["at"], told_at=row["told_at"]) for row in await tx.rows(SQL["case_dates"], case_id)]


async def add_date(tx: Transaction, case_id: CaseId, date: CaseDate) -> bool:
    """Record a date; tell whether it was not known."""
    return await tx.value(SQL["add_case_date"], case_id, date.at, date.told_at) is not None


async def take_date(tx: Transaction, case_id: CaseId, at: datetime) -> bool:
    """Forget a date; tell whether there was one."""
    return await tx.value(SQL["take_case_date"], case_id, at) is not None


def _clock(row: Row) -> CaseClock:
    return CaseClock(
        id=CaseClockId(row["id"]),
        case_id=CaseId(row["case_id"]),
        kind=ClockKind(row["kind"]),
        owner_id=PersonId(row["owner_id"]),
        since=row["since"],
        due_at=row["due_at"],
        step=row["step"],
        next_step_at=row["next_step_at"],
    )
