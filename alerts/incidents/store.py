"""Incident records and what must be done after alerts, in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts.incidents.rules import WITHIN, Duty, Fact, Kind, Noted, Section, next_reminder
from alerts.model import Alert, AlertId
from alerts.store import SQL
from cases.model import CaseId
from core.database import Reading, Row, Transaction
from core.ids import new_id


async def open_duty(tx: Transaction, alert: Alert, kind: Kind, owner_id: PersonId, began_at: datetime) -> bool:
    """Begin a clock of an alert; False where it runs, or has run, already."""
    first = next_reminder(kind, began_at, 0, began_at)
    due = began_at + WITHIN[kind]
    return bool(
        await tx.run(
            SQL["open_incident_duty"], new_id(), alert.id, alert.case_id, kind, owner_id, began_at, due, first
        )
    )  # fmt: skip


async def duties_of(tx: Reading, alert_ids: Collection[AlertId]) -> list[Duty]:
    """Return what must be done after these alerts, or was, the earliest first."""
    return [_duty(row) for row in await tx.rows(SQL["incident_duties_of"], list(alert_ids))]


async def cases_of_duties(tx: Reading, ids: Collection[UUID]) -> frozenset[CaseId]:
    """Return to which cases these duties belong."""
    return frozenset(row["case_id"] for row in await tx.rows(SQL["cases_of_incident_duties"], list(ids)))


async def lock_duties(tx: Transaction, ids: Collection[UUID]) -> list[Duty]:
    """Return these duties, held."""
    return [_duty(row) for row in await tx.rows(SQL["lock_incident_duties"], list(ids))]


async def end_duty(tx: Transaction, alert_id: AlertId, kind: Kind, by: PersonId, now: datetime) -> bool:
    """Record that somebody did it; False where there is nothing to do."""
    return bool(await tx.run(SQL["end_incident_duty"], alert_id, kind, by, now))


async def step_duties(tx: Transaction, duties: Collection[Duty]) -> None:
    """Record that reminders went out, and to whom these duties belong."""
    rows = [(each.id, each.step, each.next_step_at, each.owner_id) for each in duties]
    await tx.run_many(SQL["step_incident_duty"], rows)


async def note(
    tx: Transaction, alert_id: AlertId, section: Section, fact: Fact, by: PersonId, now: datetime
) -> bool:  # fmt: skip
    """Record a fact; False where it stands there already."""
    return bool(await tx.run(SQL["note_incident_fact"], alert_id, section, fact, by, now))


async def noted(tx: Reading, alert_id: AlertId) -> list[Noted]:
    """Return what is recorded of an alert, in its order."""
    return [
        Noted(
            section=Section(row["section"]),
            fact=Fact(row["fact"]),
            noted_by=row["noted_by"],
            noted_at=row["noted_at"],
        )
        for row in await tx.rows(SQL["incident_facts_of"], alert_id)
    ]


def _duty(row: Row) -> Duty:
    return Duty(
        id=row["id"],
        alert_id=row["alert_id"],
        case_id=row["case_id"],
        kind=Kind(row["kind"]),
        owner_id=row["owner_id"],
        began_at=row["began_at"],
        due_at=row["due_at"],
        step=row["step"],
        next_step_at=row["next_step_at"],
        done_by=row["done_by"],
        done_at=row["done_at"],
    )
