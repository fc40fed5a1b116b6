"""What the ledger tells of cases, taken up: alerts, their ends, changes of staff open the review or pull it earlier.

Nothing below calls here. The ledger is copied into `case_events` by one statement that also notes how far it got; each
row is then handled under a lease and forgotten in the transaction of its effect. So nothing is lost or done twice
wherever a process dies, and one row that cannot be handled keeps no other back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts import acting
from alerts import store as alert_store
from alerts.incidents import records as incidents
from alerts.incidents.rules import LEAKS
from alerts.model import Alert, AlertId
from alerts.vocabulary import Event, Status
from cases import store as case_store
from cases.model import CaseId
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.sweep import sweep
from safety_plans import messages, store
from safety_plans.handing_on import hand_on
from safety_plans.model import Reason
from safety_plans.opening import take_up
from safety_plans.organisations.service import follow, look_to_their_own
from safety_plans.triggers import ACTS, reason_of

NAME = "case_events"
ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One act of the ledger that may open a review."""

    id: UUID
    position: int
    act: str
    case_id: CaseId
    object_id: UUID | None
    facts: Mapping[str, object]
    at: datetime


async def take_up_events(database: Database, clock: Clock, zone: ZoneInfo) -> int:
    """Look through what is new in the ledger, and handle what waits; return how many events were handled."""

    async def handle(tx: Transaction, event_ids: Sequence[UUID], now: datetime) -> None:
        events = [_event(row) for row in await tx.rows(store.SQL["events"], list(event_ids))]
        # Of the alerts only what never changes is used: held before the case they would stand in the way of a press.
        alert_ids = {AlertId(each.object_id) for each in events if each.object_id and each.act.startswith("alert_")}
        alerts = {each.id: each for each in await alert_store.alerts(tx, alert_ids)}
        acts: list[ledger.Act] = []
        for event in sorted(events, key=lambda each: (each.case_id, each.position)):
            acts += await _handle(tx, event, alerts.get(AlertId(event.object_id or event.id)), now, zone)
        # Of all together, by one statement each: ten thousand may happen at once.
        await ledger.record(tx, *acts)
        await tx.run(store.SQL["forget_events"], list(event_ids))

    await _read_ledger(database)
    return await sweep(database, clock, NAME, store.SQL["claim_events"], handle)


async def _read_ledger(database: Database) -> None:
    while True:
        async with database.reading(urgent=True) as look:
            place = await look.row(store.SQL["events_read"])
        if place is None or place["read"] >= place["head"]:
            return
        async with database.transaction(urgent=True) as tx:
            if await tx.value(store.SQL["read_events"], list(ACTS), ROWS_AT_ONCE) is None:
                # Another process is at it.
                return


async def _handle(
    tx: Transaction, event: CaseEvent, alert: Alert | None, now: datetime, zone: ZoneInfo
) -> list[ledger.Act]:  # fmt: skip
    """Let an event have its effect; return what the ledger is to tell of it."""
    case = await case_store.case(tx, event.case_id, lock=True)
    if alert is not None and (alert.status is Status.EXERCISE or alert.for_duress):
        # Whoever raised for duress sees the reviews of the case: what was pulled earlier would tell them of it.
        return []
    if alert is not None and event.act == "alert_raised" and event.facts.get("event") in LEAKS:
        await incidents.begin_breach(tx, alert, await acting.around_of(tx, alert, now), event.at, now)
    reason = reason_of(event.act, event.facts)
    only_a_clock = alert is not None and alert.event is Event.REVIEW_MISSED and len(alert.presses) == 1
    if reason is None or only_a_clock or not case.open:
        return []
    review = await take_up(tx, case, reason, event.at, now, zone)
    if event.act == "alert_raised":
        await look_to_their_own(tx, case, Event(str(event.facts["event"])), event.at, now, zone)
    if reason is Reason.AGENCY_CHANGED:
        # Who comes into a grave case looks to their own safety as soon as those who were there.
        await follow(tx, case, await store.level(tx, case.id), now, zone)
    if reason is Reason.STAFF_CHANGED:
        await hand_on(tx, case, str(event.position), now)
    if reason in (Reason.AFTER_ALERT, Reason.LEAK):
        await outbox.post(tx, messages.pulled(review, case, f"event:{event.position}", now), now)
    return [
        ledger.Act(
            act="review_pulled", at=now, actor_kind="system", case_id=case.id, object_id=review.id,
            facts={"reason": reason.value},
        )
    ]  # fmt: skip


def _event(row: Row) -> CaseEvent:
    return CaseEvent(
        id=row["id"],
        position=row["position"],
        act=row["act"],
        case_id=row["case_id"],
        object_id=row["object_id"],
        facts=row["facts"],
        at=row["at"],
    )
