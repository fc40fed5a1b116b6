"""The clock of what must be done after an alert: owners are reminded, and those who lead, until it is done by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts import store
from alerts.audience import Surroundings
from alerts.calling import all_surroundings
from alerts.duress.discretion import post
from alerts.incidents import store as incident_store
from alerts.incidents.messages import alone, reminders
from alerts.incidents.rules import Duty, Kind, next_reminder, overdue
from alerts.model import Alert
from cases import store as case_store
from core import ledger, logs
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import BATCH, sweep

log = logs.get(__name__)

NAME = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stepped:
    """A duty after its step, with what is around it."""

    duty: Duty
    alert: Alert
    around: Surroundings
    late: bool


async def remind_due(database: Database, clock: Clock) -> int:
    """Take every duty whose next reminder is due one step further; return how many.

    What is told of those of one channel in one round is told together: after an outage hundreds may be due.
    """

    async def handle(tx: Transaction, duty_ids: Sequence[UUID], now: datetime) -> None:
        # The cases first, then the duties: the order in which the services take them.
        cases = await case_store.shared_cases(tx, await incident_store.cases_of_duties(tx, duty_ids))
        held = await incident_store.lock_duties(tx, duty_ids)
        due = [each for each in held if each.next_step_at is not None and each.next_step_at <= now]
        alerts = await store.alerts(tx, {each.alert_id for each in due})
        around = await all_surroundings(tx, [(cases[each.case_id], each) for each in alerts], now)
        places = {alert.id: (alert, each) for alert, each in zip(alerts, around, strict=True)}
        stepped = [_stepped(duty, *places[duty.alert_id], now) for duty in due]
        for together in _told_together(stepped):
            first = together[0]
            await post(tx, first.alert, first.around, _said(together), now)
        await incident_store.step_duties(tx, [each.duty for each in stepped])
        await ledger.record(tx, *(_act(each, now) for each in stepped))

    return await sweep(database, clock, NAME, store.SQL["claim_incident_duties"], handle, together=BATCH)


async def next_due(database: Database) -> datetime | None:
    """Return when the next reminder of any duty is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_incident_duty"])
    return moment


def _stepped(duty: Duty, alert: Alert, around: Surroundings, now: datetime) -> _Stepped:
    # Whoever has left hears nothing: then whoever leads, and where nobody does any more, the agency's deputies.
    candidates = (duty.owner_id, *around.case.leaders)
    deputies = [each.id for agency in sorted(around.deputies) for each in around.deputies[agency]]
    able = [each for each in (*candidates, *deputies) if each in around.able]
    if not able:
        log.error("incident_duty_without_owner", case_id=duty.case_id)
    step = duty.step + 1
    stepped = replace(
        duty, owner_id=able[0] if able else duty.owner_id, step=step,
        next_step_at=next_reminder(duty.kind, duty.began_at, step, now),
    )  # fmt: skip
    return _Stepped(duty=stepped, alert=alert, around=around, late=overdue(duty, now))


def _told_together(stepped: Iterable[_Stepped]) -> Iterable[Sequence[_Stepped]]:
    """Return what is told in one line of each room: one kind, of one compartment, late or not.

    What is kept from some is told of each alert alone: it goes other ways than the rest.
    """
    found: dict[tuple[object, ...], list[_Stepped]] = {}
    for each in stepped:
        alone = each.alert.id if each.alert.for_duress else None
        found.setdefault((each.alert.compartment_id, each.duty.kind, each.late, alone), []).append(each)
    return found.values()


def _said(together: Sequence[_Stepped]) -> list[Message]:
    """Ring the owners; of leaks, and of whatever is late, those who lead too. The channel reads it unrung."""
    first = together[0]
    late = first.late
    rooms: dict[Target, tuple[list[Duty], tuple[PersonId, ...]]] = {}
    for each in together:
        around, rung = each.around, [each.duty.owner_id]
        if late or each.duty.kind is Kind.BREACH:
            rung += [leader for leader in around.case.leaders if leader in around.able and leader not in rung]
        told: list[tuple[Target, Iterable[PersonId]]] = alone(rung)
        if around.compartment.open:
            told.append((Target(kind=TargetKind.COMPARTMENT, id=around.compartment.id), ()))
        for room, mentions in told:
            rooms.setdefault(room, ([], tuple(mentions)))[0].append(each.duty)
    how = "overdue" if late else "due"
    return [
        message
        for room, (duties, mentions) in rooms.items()
        for message in reminders(duties, first.around.codename, how, [(room, mentions)])
    ]


def _act(stepped: _Stepped, now: datetime) -> ledger.Act:
    duty = stepped.duty
    return ledger.Act(
        act="incident_overdue" if stepped.late else "incident_reminded", at=now, actor_kind="system",
        case_id=duty.case_id, object_id=stepped.alert.id, facts={"kind": duty.kind.value, "step": duty.step},
    )  # fmt: skip
