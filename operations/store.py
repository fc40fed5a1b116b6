"""Operations in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from core import queries
from core.database import Reading, Row, Transaction
from core.errors import NotFound
from core.texts import mark
from operations.model import Milestone, MilestoneId, MilestoneKind, Operation, OperationId, OperationStatus, Refusal
from operations.transitions import AHEAD
from safety_plans.model import Level

SQL = queries.load("operations")
NO_OPERATION = mark("There is no such operation.")


async def add(tx: Transaction, operation: Operation) -> None:
    """Keep a new operation with its steps."""
    await tx.run(
        SQL["add_operation"], operation.id, operation.case_id, operation.compartment_id, operation.codename,
        operation.level, operation.status, operation.coordinator_id, operation.buddy_id, operation.liaison_id,
        operation.begins_at, operation.ends_at, operation.planned_at, operation.place_token, operation.task,
        operation.next_task_at, operation.receiver_id, operation.drill,
    )  # fmt: skip
    await _add_steps(tx, operation)


async def replace_steps(tx: Transaction, operation: Operation) -> None:
    """Keep the steps of an operation that was planned anew in the place of what there was."""
    await tx.run(SQL["forget_milestones"], operation.id)
    await _add_steps(tx, operation)


async def save(tx: Transaction, operation: Operation) -> None:
    """Keep an operation, held, as it stands now, and free its leases."""
    await tx.run(
        SQL["save_operation"], operation.id, operation.level, operation.status, operation.coordinator_id,
        operation.buddy_id, operation.liaison_id, operation.begins_at, operation.ends_at, operation.place_token,
        operation.dark_until, operation.delayed_minutes, operation.task, operation.next_task_at, operation.receiver_id,
        operation.refused_at, operation.refusal,
    )  # fmt: skip
    await tx.run(SQL["save_milestones"], [_columns(each) for each in operation.milestones])


async def held(tx: Transaction, ids: Collection[OperationId]) -> dict[OperationId, Operation]:
    """Return these operations, held."""
    await tx.rows(SQL["hold_operations"], list(ids))
    return {each.id: each for each in await operations(tx, ids)}


async def operation(tx: Reading, operation_id: OperationId) -> Operation:
    """Return an operation. Raises NotFound where there is none."""
    found = await operations(tx, [operation_id])
    if not found:
        raise NotFound(NO_OPERATION)
    return found[0]


async def operations(tx: Reading, ids: Iterable[OperationId]) -> list[Operation]:
    """Return these operations, the first first."""
    found = [_operation(row) for row in await tx.rows(SQL["operations"], list(ids))]
    return sorted(found, key=lambda each: (each.begins_at, each.id))


async def of_compartments(
    tx: Reading,
    compartment_ids: Iterable[CompartmentId],
    statuses: Collection[OperationStatus] | None = None,
    *,
    ended: bool = True,
) -> list[Operation]:
    """Return the operations of these compartments, in these states where any are named, the first first."""
    wanted = None if statuses is None else sorted(statuses)
    rows = await tx.rows(SQL["operations_of_compartments"], list(compartment_ids), wanted, ended)
    return await operations(tx, [OperationId(row["id"]) for row in rows])


async def any_awaited(tx: Reading, case_id: CaseId, compartment_id: CompartmentId | None) -> bool:
    """Whether in earnest a way is ahead, or somebody is awaited, in a compartment or anywhere in a case."""
    return bool(await tx.value(SQL["any_awaited"], case_id, compartment_id, sorted(AHEAD)))


async def cases_of_milestones(tx: Reading, ids: Collection[UUID]) -> dict[OperationId, CaseId]:
    """Return of which operations, and of which cases, these steps are."""
    rows = await tx.rows(SQL["cases_of_milestones"], list(ids))
    return {OperationId(row["operation_id"]): CaseId(row["case_id"]) for row in rows}


async def cases_of_operations(tx: Reading, ids: Collection[UUID]) -> dict[OperationId, CaseId]:
    """Return of which cases these operations are."""
    return {OperationId(row["id"]): CaseId(row["case_id"]) for row in await tx.rows(SQL["cases_of_operations"], ids)}


async def codename_taken(tx: Reading, codename: str) -> bool:
    """Tell whether an operation has this codename."""
    return bool(await tx.value(SQL["codename_taken"], codename))


async def at_the_same_place(
    tx: Reading, operation: Operation, statuses: Iterable[OperationStatus]
) -> list[tuple[CaseId, PersonId]]:
    """Return case and coordinator of other operations whose place token is the same."""
    if operation.place_token is None:
        return []
    rows = await tx.rows(SQL["at_the_same_place"], operation.id, operation.place_token, sorted(statuses))
    return [(CaseId(row["case_id"]), PersonId(row["coordinator_id"])) for row in rows]


async def _add_steps(tx: Transaction, operation: Operation) -> None:
    steps = [
        {
            "id": each.id, "position": each.position, "kind": each.kind, "due_at": each.due_at,
            "confirmers": each.confirmers,
        }
        for each in operation.milestones
    ]  # fmt: skip
    await tx.run(SQL["add_milestones"], operation.id, steps)


def _columns(step: Milestone) -> dict[str, object]:
    return {
        "id": step.id, "due_at": step.due_at, "confirmed_at": step.confirmed_at, "confirmed_by": step.confirmed_by,
        "heard_from": step.heard_from, "written_at": step.written_at, "passed": step.passed,
        "silent_until": step.silent_until, "rung": step.rung, "next_step_at": step.next_step_at,
    }  # fmt: skip


def _operation(row: Row) -> Operation:
    return Operation(
        id=OperationId(row["id"]),
        case_id=CaseId(row["case_id"]),
        compartment_id=CompartmentId(row["compartment_id"]),
        codename=row["codename"],
        level=Level(row["level"]),
        status=OperationStatus(row["status"]),
        coordinator_id=PersonId(row["coordinator_id"]),
        buddy_id=PersonId(row["buddy_id"]),
        liaison_id=None if row["liaison_id"] is None else PersonId(row["liaison_id"]),
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        planned_at=row["planned_at"],
        milestones=[_step(each) for each in row["steps"] or []],
        place_token=row["place_token"],
        dark_until=row["dark_until"],
        delayed_minutes=row["delayed_minutes"],
        task=row["task"],
        next_task_at=row["next_task_at"],
        receiver_id=None if row["receiver_id"] is None else PersonId(row["receiver_id"]),
        refused_at=row["refused_at"],
        refusal=None if row["refusal"] is None else Refusal(row["refusal"]),
        drill=row["drill"],
    )


def _step(found: Mapping[str, Any]) -> Milestone:
    return Milestone(
        id=MilestoneId(UUID(found["id"])),
        position=found["position"],
        kind=MilestoneKind(found["kind"]),
        planned_at=_moment(found["planned_at"]),
        due_at=_moment(found["due_at"]),
        confirmers=tuple(PersonId(UUID(each)) for each in found["confirmers"]),
        confirmed_at=_moment(found["confirmed_at"]),
        confirmed_by=_person(found["confirmed_by"]),
        heard_from=_person(found["heard_from"]),
        written_at=_moment(found["written_at"]),
        passed=found["passed"],
        silent_until=_moment(found["silent_until"]),
        rung=found["rung"],
        next_step_at=_moment(found["next_step_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _person(text: str | None) -> PersonId | None:
    return None if text is None else PersonId(UUID(text))
