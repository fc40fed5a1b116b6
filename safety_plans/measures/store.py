"""What is owed in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from core.database import Row, Transaction
from core.ids import new_id
from safety_plans.calendar import Calendar
from safety_plans.measures.rules import Duty, DutyId, Owed, first_step, step_at
from safety_plans.store import SQL


async def put(
    tx: Transaction, compartment: tuple[CaseId, CompartmentId], record: UUID, owed: Collection[Owed], now: datetime,
    calendar: Calendar,
) -> None:  # fmt: skip
    """Let this be owed of a record; what was owed before stays at its step."""
    case_id, compartment_id = compartment
    wanted = sorted(set(owed))
    steps = [first_step(each.deadline, now, calendar) for each in wanted]
    owners, days = [each.owner_id for each in wanted], [each.deadline for each in wanted]
    await tx.run(
        SQL["put_measures"], [new_id() for _ in wanted], record, case_id, compartment_id, owners, days, steps,
        [step_at(each.deadline, step, calendar) for each, step in zip(wanted, steps, strict=True)],
    )  # fmt: skip


async def forget_others(
    tx: Transaction, compartment: tuple[CaseId, CompartmentId], record: UUID, owed: Collection[Owed]
) -> None:  # fmt: skip
    """Forget what was owed of a record but for this."""
    wanted = sorted(set(owed))
    owners, days = [each.owner_id for each in wanted], [each.deadline for each in wanted]
    await tx.run(SQL["forget_measures"], compartment[1], record, owners, days)


async def cases(tx: Transaction, ids: Collection[DutyId]) -> list[CaseId]:
    """Return the cases in which this is owed."""
    return [CaseId(row["case_id"]) for row in await tx.rows(SQL["cases_of_measures"], list(ids))]


async def duties(tx: Transaction, ids: Collection[DutyId], now: datetime) -> list[Duty]:
    """Return what is owed and due, held; without what a record was erased of meanwhile, which is forgotten."""
    await tx.run(SQL["forget_measures_without_record"], list(ids))
    return [_duty(row) for row in await tx.rows(SQL["measures"], list(ids), now)]


async def stepped(tx: Transaction, duty: Duty, step: int, next_step_at: datetime | None) -> None:
    """Record that somebody was reminded, and release the lease."""
    await tx.run(SQL["step_measure"], duty.id, step, next_step_at)


async def forget(tx: Transaction, duty: Duty) -> None:
    """Forget what nobody owes any more."""
    await tx.run(SQL["forget_measure"], duty.id)


def _duty(row: Row) -> Duty:
    return Duty(
        id=DutyId(row["id"]),
        record=row["record"],
        case_id=CaseId(row["case_id"]),
        compartment_id=CompartmentId(row["compartment_id"]),
        owed=Owed(deadline=row["deadline"], owner_id=PersonId(row["owner_id"])),
        step=row["step"],
    )
