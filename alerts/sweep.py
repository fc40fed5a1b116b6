"""The alerts' clock: those whose next step is due are taken one step further, each once.

Of an open alert that is the next wave of its ladder, of an accepted one the question to its owner or, where nobody
answers it any more, a ladder that begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from alerts import store
from alerts.audience import Surroundings
from alerts.calling import Wave, all_surroundings, call, followers, wave
from alerts.escalation import owner_step
from alerts.model import Alert, AlertId, State, Step
from alerts.owning import question, reopening
from cases import store as case_store
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.outbox import Delivery
from core.sweep import sweep

# A step that is so late was not taken by an engine at work: those look every few seconds.
LATE = timedelta(minutes=1)

Due = Sequence[tuple[Alert, Surroundings]]
# An alert as it was due, as it is written down, and the act that the ledger tells.
Stepped = tuple[Alert, Wave, ledger.Act]


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
        places = [(cases[each.case_id], each) for each in due]
        around = list(zip(due, await all_surroundings(tx, places, now), strict=True))
        owned = [each for each in around if each[0].state is State.ACCEPTED]
        stepped = [_call_on(*each, now) for each in around if each[0].state is not State.ACCEPTED]
        if owned:
            stepped += await _ask_owners(tx, owned, now)
        await call(tx, [(before, _late(before, after, now)) for before, after, _ in stepped], now)
        await store.save(tx, *(after.alert for _, after, _ in stepped))
        await ledger.record(tx, *(act for *_, act in stepped))

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


def _late(before: Alert, called: Wave, now: datetime) -> Wave:
    """Return a wave that comes late with when it was due: nobody could call meanwhile, and people are told so."""
    due = before.next_step_at
    if due is None or now - due < LATE:
        return called
    return replace(called, messages=[replace(each, late_since=due) for each in called.messages])


def _call_on(alert: Alert, around: Surroundings, now: datetime) -> Stepped:
    """Take an open alert one rung up its ladder. An owner who can act no more owns it no more."""
    owner_id = alert.owner_id if alert.owner_id in around.able else None
    called = wave(replace(alert, step=alert.step + 1, owner_id=owner_id), around, now)
    act = ledger.Act(
        act="alert_escalated", at=now, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
        facts={"step": called.alert.step, "state": called.alert.state},
    )  # fmt: skip
    return alert, called, act


async def _ask_owners(tx: Transaction, owned: Due, now: datetime) -> list[Stepped]:
    """Ask the owners of accepted alerts; where one is silent or gone, forget the answers and call anew."""
    steps = [owner_step(alert, around.able) for alert, around in owned]
    lost = [alert.id for (alert, _), step in zip(owned, steps, strict=True) if step is not Step.OWNER_ASKED]
    said = await outbox.deliveries_of_alerts(tx, lost)
    if lost:
        await store.forget_answers(tx, *lost)
    return [await _owner_stepped(tx, *each, step, said, now) for each, step in zip(owned, steps, strict=True)]


async def _owner_stepped(
    tx: Reading, alert: Alert, around: Surroundings, step: Step, said: Mapping[UUID, Sequence[Delivery]], now: datetime
) -> Stepped:
    if step is Step.OWNER_ASKED:
        act = ledger.Act(
            act="alert_owner_asked", at=now, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
            facts={"owner": str(alert.owner_id)},
        )  # fmt: skip
        return alert, question(alert, around, now), act
    anew = reopening(alert, step, around, await followers(tx, said[alert.id], around), now)
    act = ledger.Act(
        act="alert_reopened", at=now, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
        facts={"owner": str(alert.owner_id), "why": step},
    )  # fmt: skip
    return alert.reopened(step, now), anew, act
