"""Safe-calls in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from core.database import Reading, Row, Transaction
from core.errors import NotFound
from core.texts import mark
from operations.safe_calls.model import SafeCall, SafeCallId
from operations.store import SQL
from safety_plans.model import Level

NO_SAFE_CALL = mark("There is no such safe-call.")


async def add(tx: Transaction, call: SafeCall) -> None:
    """Keep a new safe-call."""
    await tx.run(
        SQL["add_safe_call"], call.id, call.case_id, call.compartment_id, call.codename, call.level, call.planned_by,
        call.planned_at, list(call.listeners), call.buddy_id, call.due_at, call.last_day,
    )  # fmt: skip


async def save(tx: Transaction, call: SafeCall) -> None:
    """Keep a safe-call, held, as it stands now, and free its lease."""
    await tx.run(
        SQL["save_safe_call"], call.id, call.level, call.due_at, call.heard_at, call.heard_by, call.rung,
        call.next_step_at,
    )  # fmt: skip


async def held(tx: Transaction, ids: Collection[UUID]) -> list[SafeCall]:
    """Return these safe-calls, held."""
    await tx.rows(SQL["hold_safe_calls"], list(ids))
    return await safe_calls(tx, ids)


async def safe_call(tx: Reading, call_id: SafeCallId) -> SafeCall:
    """Return a safe-call. Raises NotFound where there is none."""
    found = await safe_calls(tx, [call_id])
    if not found:
        raise NotFound(NO_SAFE_CALL)
    return found[0]


async def safe_calls(tx: Reading, ids: Iterable[UUID]) -> list[SafeCall]:
    """Return these safe-calls, the first that are expected first."""
    return [_safe_call(row) for row in await tx.rows(SQL["safe_calls"], list(ids))]


async def of_compartments(tx: Reading, compartment_ids: Iterable[CompartmentId], since: datetime) -> list[SafeCall]:
    """Return those of these circles that are awaited, or were heard from since a moment."""
    rows = await tx.rows(SQL["safe_calls_of_compartments"], list(compartment_ids), since)
    return [_safe_call(row) for row in rows]


async def cases_of(tx: Reading, ids: Collection[UUID]) -> dict[UUID, CaseId]:
    """Return of which cases these safe-calls are."""
    return {row["id"]: CaseId(row["case_id"]) for row in await tx.rows(SQL["cases_of_safe_calls"], list(ids))}


def _safe_call(row: Row) -> SafeCall:
    return SafeCall(
        id=SafeCallId(row["id"]),
        case_id=CaseId(row["case_id"]),
        compartment_id=CompartmentId(row["compartment_id"]),
        codename=row["codename"],
        level=Level(row["level"]),
        planned_by=PersonId(row["planned_by"]),
        planned_at=row["planned_at"],
        listeners=tuple(PersonId(each) for each in row["listeners"]),
        buddy_id=PersonId(row["buddy_id"]),
        due_at=row["due_at"],
        first_due_at=row["first_due_at"],
        last_day=row["last_day"],
        heard_at=row["heard_at"],
        heard_by=None if row["heard_by"] is None else PersonId(row["heard_by"]),
        rung=row["rung"],
        next_step_at=row["next_step_at"],
    )
