"""The clock of what must be done after an alert: owners are reminded, and those who lead, until it is done by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts import store
from alerts.acting import around_of
from alerts.audience import Surroundings
from alerts.duress.discretion import post
from alerts.incidents import store as incident_store
from alerts.incidents.messages import alone, reminders
from alerts.incidents.rules import Duty, Kind, next_reminder, overdue
from cases import store as case_store
from core import ledger, logs
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep

log = logs.get(__name__)

NAME = "incidents"


async def remind_due(database: Database, clock: Clock) -> int:
    """Take every duty whose next reminder is due one step further; return how many."""

    async def handle(tx: Transaction, duty_ids: Sequence[UUID], now: datetime) -> None:
        # The cases first, then the duties: the order in which the services take them.
        await case_store.shared_cases(tx, await incident_store.cases_of_duties(tx, duty_ids))
        for duty in await incident_store.lock_duties(tx, duty_ids):
            if duty.next_step_at is not None and duty.next_step_at <= now:
                await _remind(tx, duty, now)

    return await sweep(database, clock, NAME, store.SQL["claim_incident_duties"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next reminder of any duty is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_incident_duty"])
    return moment


async def _remind(tx: Transaction, duty: Duty, now: datetime) -> None:
    alert = await store.alert(tx, duty.alert_id)
    around = await around_of(tx, alert, now)
    late = overdue(duty, now)
    # Whoever has left hears nothing: then whoever leads, and where nobody does any more, the agency's deputies.
    candidates = (duty.owner_id, *around.case.leaders)
    deputies = [each.id for agency in sorted(around.deputies) for each in around.deputies[agency]]
    able = [each for each in (*candidates, *deputies) if each in around.able]
    if not able:
        log.error("incident_duty_without_owner", case_id=duty.case_id)
    owner_id = able[0] if able else duty.owner_id
    step = duty.step + 1
    stepped = replace(
        duty, owner_id=owner_id, step=step, next_step_at=next_reminder(duty.kind, duty.began_at, step, now)
    )
    await post(tx, alert, around, _said(stepped, around, late=late), now)
    await incident_store.step_duty(tx, stepped)
    await ledger.record(
        tx,
        ledger.Act(
            act="incident_overdue" if late else "incident_reminded", at=now, actor_kind="system", case_id=duty.case_id,
            object_id=alert.id, facts={"kind": duty.kind.value, "step": step},
        ),
    )  # fmt: skip


def _said(duty: Duty, around: Surroundings, *, late: bool) -> list[Message]:
    """Ring the owner; of a leak, and of whatever is late, those who lead too. The channel reads it unrung."""
    rung = [duty.owner_id]
    if late or duty.kind is Kind.BREACH:
        rung += [each for each in around.case.leaders if each in around.able and each != duty.owner_id]
    rooms: list[tuple[Target, Iterable[PersonId]]] = alone(rung)
    if around.compartment.open:
        rooms.append((Target(kind=TargetKind.COMPARTMENT, id=around.compartment.id), ()))
    return reminders(duty, around.codename, "overdue" if late else "due", rooms)
