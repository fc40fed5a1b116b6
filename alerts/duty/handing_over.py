"""Handing over open alerts at the end of a shift: found, asked about, and taken, each once (`alerts.duty.hand_over`).

The alert is held before its hand-overs, here and where somebody accepts: two engines and a word never decide at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo
from uuid import UUID

from agencies import contacts
from agencies import store as directory
from agencies.model import DeskId, DutyDesk, PersonId
from agencies.roster import on_duty
from agencies.stints import ended_between
from alerts import messages, store
from alerts.audience import Surroundings
from alerts.calling import followers, surroundings
from alerts.duress.discretion import post
from alerts.duty.hand_over import (
    HandOver,
    HandOverId,
    HandOverState,
    asked,
    leaders_hear,
    next_ask,
    taken_already,
)
from alerts.model import Alert, AlertId
from alerts.waking import beside
from cases import store as case_store
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.errors import Unavailable
from core.ids import new_id
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep

log = logs.get(__name__)


async def open_due(database: Database, clock: Clock, network: tzinfo) -> int:
    """Begin to hand over what people answer for whose shift has ended; return how much that is."""
    now = clock.now()
    async with database.reading() as look:
        rows = await look.rows(store.SQL["may_leave"], now, now - directory.AROUND)
        desk_ids = {DeskId(row["desk_id"]) for row in rows}
        desks = (await directory.duty(look, desk_ids=desk_ids, now=now)).desks if rows else []
    by_id = {each.id: each for each in desks}
    begun = 0
    for row in rows:
        try:
            ended_at = ended_between(by_id[row["desk_id"]], row["person_id"], row["since"], now, network)
            if ended_at is None:
                continue
            async with database.transaction() as tx:
                begun += await _open(tx, row, ended_at, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one alert must not keep the others)
            log.failure("hand_over_failed", error, alert_id=row["alert_id"])
    return begun


async def ask_due(database: Database, clock: Clock) -> int:
    """Ask for every alert that waits to be taken over, where that is due; return how many."""

    async def handle(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        alert_ids = [AlertId(row["alert_id"]) for row in await tx.rows(store.SQL["alerts_of_hand_overs"], list(ids))]
        alerts = {each.id: each for each in await store.alerts(tx, alert_ids, lock=True)}
        for row in await tx.rows(store.SQL["lock_hand_overs"], list(ids)):
            if row["next_step_at"] is not None and row["next_step_at"] <= now:
                await _ask(tx, _hand_over(row), alerts[row["alert_id"]], now)

    return await sweep(database, clock, "hand_overs", store.SQL["claim_due_hand_overs"], handle)


async def take(tx: Transaction, alert: Alert, around: Surroundings, by: PersonId, now: datetime) -> Alert:
    """Let somebody who was called take over what others who left answer for; return the held alert as it is then.

    Their word counts where they may answer for it: of the owner whoever was called, else who was called for the agency.
    """
    # Whoever begins or ends a hand-over holds the alert, so what was read with it is so still.
    if not alert.to_take_over:
        return alert
    rows = await tx.rows(store.SQL["waiting_hand_overs"], alert.id)
    for each in [_hand_over(row) for row in rows]:
        leaving = each.person_id
        mine = {called.agency_id for called in alert.called(by)}
        theirs = {answer.agency_id for answer in alert.agencies if answer.acknowledged_by == leaving}
        if leaving == by or by in alert.raiser_ids or not (alert.owner_id == leaving or mine & theirs):
            continue
        alert = alert.handed_over(leaving, by, now)
        await store.save(tx, alert)
        await tx.run(store.SQL["take_answers"], alert.id, leaving, by, now)
        await _end(tx, each, HandOverState.TAKEN, now, by=by)
        said = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
        rooms = await followers(tx, said, around)
        off_duty = leaving if leaving in around.able else None
        told = messages.taken_over(alert, around.codename, rooms, leaving, by, now, off_duty)
        await post(tx, alert, around, told, now)
        await _record(tx, "alert_taken_over", alert, now, by=by, leaving=str(leaving))
    return alert


async def _open(tx: Transaction, row: Row, ended_at: datetime, now: datetime) -> int:
    alert = await store.alert(tx, row["alert_id"], lock=True)
    if alert.ended or not alert.answers_for_it(row["person_id"]):
        return 0
    case = await case_store.case(tx, alert.case_id)
    around = await surroundings(tx, case, alert, now)
    # Who can act no more owns it no more: that is the owner's clock's.
    if row["person_id"] not in around.able or taken_already(alert, around, row["person_id"], now):
        return 0
    opened = await tx.run(
        store.SQL["open_hand_over"], new_id(), alert.id, row["person_id"], row["desk_id"], ended_at, now
    )  # fmt: skip
    if opened:
        await _record(tx, "alert_hand_over_begun", alert, now, leaving=str(row["person_id"]))
    return opened


async def _ask(tx: Transaction, hand_over: HandOver, alert: Alert, now: datetime) -> None:
    if alert.ended or not alert.answers_for_it(hand_over.person_id):
        await _end(tx, hand_over, HandOverState.OVER, now)
        return
    case = await case_store.case(tx, alert.case_id)
    around = await surroundings(tx, case, alert, now)
    if hand_over.person_id not in around.able:
        await _end(tx, hand_over, HandOverState.OVER, now)
        return
    desks = (await directory.duty(tx, desk_ids=[hand_over.desk_id], now=now)).desks
    if _back(desks, hand_over.person_id, now):
        await _end(tx, hand_over, HandOverState.KEPT, now)
        return
    reached = asked(alert, around, hand_over.person_id, now)
    called = alert.with_recipients(reached.recipients)
    new = [(alert.id, each) for each in called.recipients if each not in alert.recipients]
    if new:
        await store.add_recipients(tx, new, now)
    said = messages.hand_over(alert, around.codename, reached.calls, hand_over.person_id, hand_over.asks)
    tells = leaders_hear(hand_over, now) or not reached.calls
    if tells and hand_over.told_at is None:
        leaders = sorted((around.able & frozenset(around.case.leaders)) - alert.raiser_ids)
        said += messages.hand_over_silent(
            alert, around.codename, leaders, hand_over.person_id, hand_over.shift_ended_at
        )
        said += await _telephones(tx, alert, hand_over, leaders, (), at_once=True)
        log.error("hand_over_not_taken", alert_id=alert.id, desk_id=hand_over.desk_id)
    told_at = hand_over.told_at or (now if tells else None)
    rooms = [each.target for each in reached.calls]
    people = [each for call in reached.calls for each in call.mentions]
    # The room alone first; whoever sleeps or has no room is called by telephone.
    said += await _telephones(tx, alert, hand_over, people, rooms, at_once=hand_over.asks > 0)
    await post(tx, called, around, said, now)
    await tx.run(store.SQL["hand_over_asked"], hand_over.id, next_ask(hand_over.opened_at, now), told_at)
    await _record(tx, "alert_hand_over_asked", alert, now, leaving=str(hand_over.person_id))


async def _telephones(
    tx: Transaction, alert: Alert, hand_over: HandOver, people: Collection[PersonId], rooms: Collection[Target], *,
    at_once: bool,
) -> list[Message]:  # fmt: skip
    """Return calls to telephones of people, and of the desks among the rooms: of all, or of whom no room reaches."""
    desks = [DeskId(each.id) for each in rooms if each.kind is TargetKind.DESK]
    found = contacts.rung(await contacts.contacts_of(tx, people, desks), at_once=at_once)
    key = f"alert:{alert.id}:hand_over_call:{hand_over.id}:{hand_over.asks}:"
    return beside(alert, key, [each for each in found if each.means.wakes], sentence="hand_over_ring")


def _back(desks: Sequence[DutyDesk], person_id: PersonId, now: datetime) -> bool:
    return any(each.id == person_id for desk in desks for each in on_duty(desk, now))


async def _end(
    tx: Transaction, hand_over: HandOver, state: HandOverState, now: datetime, *, by: PersonId | None = None
) -> None:  # fmt: skip
    await tx.run(store.SQL["end_hand_over"], hand_over.id, state, by, now)


async def _record(
    tx: Transaction, act: str, alert: Alert, now: datetime, *, by: PersonId | None = None, **facts: str
) -> None:
    await ledger.record(
        tx,
        ledger.Act(
            act=act,
            at=now,
            person_id=by,
            actor_kind="system",
            case_id=alert.case_id,
            object_id=alert.id,
            facts={**facts},
        ),
    )


def _hand_over(row: Row) -> HandOver:
    return HandOver(
        id=HandOverId(row["id"]),
        alert_id=row["alert_id"],
        person_id=row["person_id"],
        desk_id=row["desk_id"],
        shift_ended_at=row["shift_ended_at"],
        opened_at=row["opened_at"],
        asks=row["asks"],
        told_at=row["told_at"],
    )
