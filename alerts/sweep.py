"""The ladder's clock: alerts whose next step is due are called again, one step at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from alerts import store
from alerts.calling import call, compartment_of, surroundings, wave
from alerts.model import Alert, AlertId
from cases import store as case_store
from core import ledger
from core.clock import Clock
from core.database import Database
from core.sweep import sweep


async def escalate_due(database: Database, clock: Clock) -> int:
    """Take every alert whose next step is due one step further; return how many.

    An exclusion makes it due: with the excluded went the messages that waited for their duty desk.
    """

    async def handle(alert_id: UUID, now: datetime) -> None:
        async with database.transaction(urgent=True) as tx:
            alert = await store.alert(tx, AlertId(alert_id), lock=True)
            if not _due(alert, now):
                return
            case = await case_store.case(tx, alert.case_id, share=True)
            around = await surroundings(tx, case, compartment_of(alert, case))
            stepped = await call(tx, alert, wave(replace(alert, step=alert.step + 1), around, now), now)
            await store.save(tx, stepped)
            await ledger.record(
                tx,
                ledger.Act(
                    act="alert_escalated", at=now, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
                    facts={"step": stepped.step, "state": stepped.state},
                ),
            )  # fmt: skip

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
