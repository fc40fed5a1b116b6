"""Alerts in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from agencies.model import AgencyId, PersonId
from alerts.model import (
    Accepted,
    AgencyAnswer,
    Alert,
    AlertId,
    Certainty,
    Event,
    Press,
    Recipient,
    Severity,
    StandDownReason,
    State,
    Status,
    Through,
    Tier,
)
from cases.model import CaseId, CompartmentId, Part
from core import queries
from core.database import Transaction
from core.errors import NotFound
from core.outbox import Target, TargetKind
from core.texts import mark

SQL = queries.load("alerts")
NO_ALERT = mark("There is no such alert.")


async def alert_of_key(tx: Transaction, key: UUID) -> Alert | None:
    """Return the alert that a raise with this key became part of."""
    alert_id = await tx.value(SQL["alert_of_key"], key)
    return None if alert_id is None else await alert(tx, AlertId(alert_id))


async def add_alert(tx: Transaction, new: Alert) -> bool:
    """Open an alert; False where the scope has an open one already."""
    return bool(
        await tx.run(
            SQL["add_alert"], new.id, new.case_id, new.compartment_id, new.status, new.event, new.severity,
            new.first_severity, new.certainty, new.raised_by, new.raised_through, new.sent, new.state, new.ladder,
            new.ladder_began_at, new.step, new.next_step_at,
        )
    )  # fmt: skip


async def open_alert(tx: Transaction, compartment_id: CompartmentId, status: Status) -> Alert | None:
    """Return the open alert of a scope, locked."""
    alert_id = await tx.value(SQL["open_alert"], compartment_id, status)
    if alert_id is None:
        return None
    found = await alert(tx, AlertId(alert_id), lock=True)
    return None if found.ended else found


async def add_raise(
    tx: Transaction, key: UUID, alert_id: AlertId, person_id: PersonId | None, event: Event, at: datetime
) -> bool:
    """Record one press of a button; False where its key is known."""
    return bool(await tx.run(SQL["add_raise"], key, alert_id, person_id, event, at))


async def alert(tx: Transaction, alert_id: AlertId, *, lock: bool = False) -> Alert:
    """Return one alert with its agencies and recipients."""
    if lock:
        await tx.row(SQL["lock_alert"], alert_id)
    found = await alerts(tx, [alert_id])
    if not found:
        raise NotFound(NO_ALERT)
    return found[0]


async def alerts_of_person(tx: Transaction, person_id: PersonId, limit: int, *, ended: bool) -> list[Alert]:
    """Return the alerts that a person raised or was called for, newest first."""
    rows = await tx.rows(SQL["alerts_of_person"], person_id, ended, limit)
    return await alerts(tx, [row["id"] for row in rows])


async def alerts(tx: Transaction, ids: Iterable[AlertId]) -> list[Alert]:
    """Return these alerts, newest first."""
    rows = await tx.rows(SQL["alerts_by_id"], list(ids))
    found = [row["id"] for row in rows]
    answers: dict[AlertId, list[AgencyAnswer]] = defaultdict(list)
    for row in await tx.rows(SQL["alert_agencies"], found):
        answers[row["alert_id"]].append(
            AgencyAnswer(
                agency_id=row["agency_id"],
                part=Part(row["part"]),
                acknowledged_by=row["acknowledged_by"],
                acknowledged_at=row["acknowledged_at"],
            )
        )
    recipients: dict[AlertId, list[Recipient]] = defaultdict(list)
    for row in await tx.rows(SQL["alert_recipients"], found):
        recipients[row["alert_id"]].append(
            Recipient(
                person_id=row["person_id"],
                agency_id=row["agency_id"],
                tier=Tier(row["tier"]),
                acknowledged_at=row["acknowledged_at"],
            )
        )
    presses: dict[AlertId, list[Press]] = defaultdict(list)
    for row in await tx.rows(SQL["presses"], found):
        press = Press(person_id=row["person_id"], at=row["at"], cancelled_at=row["cancelled_at"])
        presses[row["alert_id"]].append(press)
    return [
        Alert(
            id=row["id"],
            case_id=row["case_id"],
            compartment_id=row["compartment_id"],
            status=Status(row["status"]),
            event=Event(row["event"]),
            severity=Severity(row["severity"]),
            first_severity=Severity(row["first_severity"]),
            certainty=Certainty(row["certainty"]),
            raised_by=row["raised_by"],
            raised_through=Through(row["raised_through"]),
            sent=row["sent"],
            state=State(row["state"]),
            owner_id=row["owner_id"],
            ladder=row["ladder"],
            ladder_began_at=row["ladder_began_at"],
            step=row["step"],
            exclusions_heeded=row["exclusions_heeded"],
            next_step_at=row["next_step_at"],
            cancel_asked_at=row["cancel_asked_at"],
            stood_down_by=row["stood_down_by"],
            stood_down_at=row["stood_down_at"],
            stand_down_reason=StandDownReason(row["stand_down_reason"]) if row["stand_down_reason"] else None,
            agencies=tuple(answers[row["id"]]),
            recipients=tuple(recipients[row["id"]]),
            presses=tuple(presses[row["id"]]),
        )
        for row in rows
    ]


async def add_agencies(tx: Transaction, alert_id: AlertId, parts: dict[AgencyId, Part]) -> None:
    """Note which agencies must accept as the case stands now; none that had to is let off."""
    await tx.run_many(SQL["add_agency"], [(alert_id, agency_id, part) for agency_id, part in parts.items()])


async def add_recipients(tx: Transaction, alert_id: AlertId, recipients: Iterable[Recipient], now: datetime) -> None:
    """Record who was called, and may therefore act."""
    await tx.run_many(
        SQL["add_recipient"], [(alert_id, each.person_id, each.agency_id, each.tier, now) for each in recipients]
    )


async def save(tx: Transaction, changed: Alert) -> None:
    """Write what may change of an alert, and release its lease."""
    await tx.run(
        SQL["save"], changed.id, changed.event, changed.severity, changed.certainty, changed.raised_through,
        changed.state, changed.owner_id, changed.ladder, changed.ladder_began_at, changed.step,
        changed.next_step_at, changed.cancel_asked_at, changed.stood_down_by, changed.stood_down_at,
        changed.stand_down_reason, changed.exclusions_heeded,
    )  # fmt: skip


async def acknowledge(tx: Transaction, alert_id: AlertId, person_id: PersonId, now: datetime) -> None:
    """Record that a person accepts, for every agency that person was called for."""
    await tx.run(SQL["acknowledge"], alert_id, person_id, now)


async def take_back(tx: Transaction, alert_id: AlertId, person_id: PersonId, now: datetime) -> None:
    """Record that a raiser says it is over."""
    await tx.run(SQL["take_back"], alert_id, person_id, now)


async def forget_answers(tx: Transaction, alert_id: AlertId) -> None:
    """Everybody must answer anew; who had answered before stands in the ledger."""
    await tx.run(SQL["forget_agency_answers"], alert_id)
    await tx.run(SQL["forget_person_answers"], alert_id)


async def last_accepted(tx: Transaction, person_id: PersonId) -> Accepted | None:
    """Return the last acceptance in any alert that a person raised or was called for."""
    row = await tx.row(SQL["last_accepted"], person_id)
    if row is None:
        return None
    return Accepted(status=Status(row["status"]), called_at=row["called_at"], at=row["acknowledged_at"])


async def any_open(tx: Transaction, case_id: CaseId, compartment_id: CompartmentId | None = None) -> bool:
    """Tell whether an alert that is no drill is open in a compartment, or anywhere in a case."""
    return bool(await tx.value(SQL["open_alerts_of_case"], case_id, compartment_id, Status.ACTUAL))


async def rooms(tx: Transaction, alert_id: AlertId) -> list[Target]:
    """Return every room in which something was said for an alert."""
    return [
        Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])
        for row in await tx.rows(SQL["rooms_of_alert"], alert_id)
    ]


async def hold_open(tx: Transaction, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of these alerts that have not ended; none of them ends before this transaction does."""
    return frozenset(row["id"] for row in await tx.rows(SQL["hold_open"], list(ids)))


async def ended(tx: Transaction, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of these alerts that have ended."""
    return frozenset(row["id"] for row in await tx.rows(SQL["ended"], list(ids)))
