"""The ladder's clock: alerts whose next step is due are called again, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from alerts import store
from alerts.calling import all_surroundings, call, compartment_of, wave
from alerts.model import Alert, AlertId
from cases import store as case_store
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.sweep import sweep


async def escalate_due(database: Database, clock: Clock) -> int:
    """Take every alert whose next step is due one step further; return how many.

    An exclusion makes it due: with the excluded went the messages that waited for their duty desk.
    """

    async def handle(tx: Transaction, alert_ids: Sequence[UUID], now: datetime) -> None:
        held = await store.alerts(tx, [AlertId(each) for each in alert_ids], lock=True)
        due = [each for each in held if _due(each, now)]
        if not due:
            return
        cases = await case_store.shared_cases(tx, {each.case_id for each in due})
        places = [(cases[each.case_id], compartment_of(each, cases[each.case_id])) for each in due]
        around = await all_surroundings(tx, places)
        waves = [
            (alert, wave(replace(alert, step=alert.step + 1), its, now)) for alert, its in zip(due, around, strict=True)
        ]
        await call(tx, waves, now)
        await store.save(tx, *(each.alert for _, each in waves))
        await ledger.record(tx, *(_escalated(each.alert, now) for _, each in waves))

    async with database.transaction(urgent=True) as tx:
        await tx.run(store.SQL["hasten"], clock.now())
    return await sweep(database, clock, "alerts", store.SQL["claim_due"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next step of any alert is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_due"])
    return moment


def _due(alert: Alert, now: datetime) -> bool:
    return not alert.ended and alert.next_step_at is not None and alert.next_step_at <= now


def _escalated(alert: Alert, now: datetime) -> ledger.Act:
    return ledger.Act(
        act="alert_escalated", at=now, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
        facts={"step": alert.step, "state": alert.state},
    )  # fmt: skip
