"""Whom no room reaches is called beside Matrix; and whether a call is wanted still, asked once more before it leaves.

A call is wanted while the alert calls, or somebody is to take it over, for whoever could act on it now and has not
answered. The telephone of somebody who pressed stays silent: they may be hiding. Calls come from `alerts.waking`, and
are carried by `server.carriers`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agencies import contacts
from agencies.contacts import Contact, ContactId
from agencies.duty_ring import DutyRingId
from agencies.model import DeskId, PersonId
from alerts import messages, store
from alerts.audience import Surroundings
from alerts.calling import surroundings
from alerts.duty import messages as duty_messages
from alerts.escalation import paused_until
from alerts.model import Alert, AlertId, Recipient, State
from alerts.proof import proving
from alerts.proof.rules import STATUS, System
from alerts.telephone import desk_calls
from alerts.telephone.desk_call import DeskCallId
from alerts.vocabulary import Status
from alerts.waking import HAND_OVERS, TESTS, beside, heard_at, rings
from cases import store as case_store
from core import logs, once, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Unavailable
from core.outbox import Claimed, Message, Target, TargetKind

log = logs.get(__name__)

# So long a ring may wait for its room: then the homeserver, or every bot, is taken for gone.
PATIENCE = timedelta(minutes=1)
LOOKED_AT = 100
# So long somebody is called because a device could raise no alert.
WITHOUT_ALERT = timedelta(hours=1)
CALLING = frozenset({State.OPEN, State.UNANSWERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be carried: to whom, in which language, of what raised when. Without a status it is only a test."""

    contact: Contact
    language: str
    status: Status | System | None = None
    raised: datetime | None = None
    # How often calling for the alert has begun; None where it is for no alert.
    ladder: int | None = None
    # The test ring that is to be answered, where it is one.
    ring: DutyRingId | None = None
    # The call to a desk that is to be taken, where it is one.
    desk_call: DeskCallId | None = None
    # Calling rests until then, because a raiser said that it is over.
    not_before: datetime | None = None


async def wake_unreached(
    tx: Transaction, alert_id: AlertId, people: Collection[UUID], now: datetime, *, key: str, room: Target | None = None
) -> None:
    """Call people beside Matrix whom a message with this key does not reach, whatever the severity; its desk too.

    Once for each cause, however that comes to be known.
    """
    desks = {DeskId(room.id)} if room is not None and room.kind is TargetKind.DESK else set[DeskId]()
    found = await contacts.contacts_of(tx, {PersonId(each) for each in people}, desks)
    if not found:
        return
    alert, around = await around_alert(tx, alert_id, now)
    kept = await heard_at(tx, alert, now)
    called = [each for each, _linked in found if may_ring(alert, around, each) and each.address not in kept]
    if alert.state not in CALLING or not called:
        return
    if not rings(key):
        key = messages.ring_key(alert, Target(kind=TargetKind.COMPARTMENT, id=alert.compartment_id))
    await outbox.post(tx, beside(alert, key, called), now)


async def wake_waiting(database: Database, clock: Clock) -> int:
    """Call whom a ring has not reached after a minute: the homeserver or the bots are gone. Returns how many waited."""
    async with database.reading(urgent=True) as reading:
        waiting = await reading.rows(store.SQL["rings_that_wait"], clock.now() - PATIENCE, LOOKED_AT)
    for row in waiting:
        try:
            async with database.transaction(urgent=True) as tx:
                if await once.first(tx, row["id"], clock.now()):
                    room = Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])
                    await wake_unreached(
                        tx, AlertId(row["alert_id"]), row["mentions"], clock.now(), key=row["key"], room=room
                    )
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one alert must not keep the others)
            log.failure("waking_failed", error, outbox_id=row["id"], alert_id=row["alert_id"])
    return len(waiting)


async def overtaken(tx: Reading, letter: Claimed) -> bool:
    """Tell whether the same contact is called for the same alert by a later letter: after an outage one is enough."""
    message = letter.message
    return message.alert_id is not None and bool(
        await tx.value(store.SQL["letter_overtaken"], message.alert_id, message.target.id, letter.sequence)
    )


async def wanted(tx: Reading, message: Message, left_at: datetime, now: datetime) -> Wanted | None:
    """Return what is to be carried now, or nothing: it is over, answered, or its person must not hear of it any more.

    Whoever has accepted since it was left is not called any more, nor is anybody when every responder has.
    """
    known = await contacts.contact(tx, ContactId(message.target.id))
    if known is None:
        return None
    contact, language = known
    if message.alert_id is None:
        called = message.parameters.get(desk_calls.CALL_NAMED)
        taken = called is not None and not await tx.value(store.SQL["desk_call_waits"], UUID(called))
        return None if taken else _without_alert(message, contact, language, left_at, now)
    alert, around = await around_alert(tx, AlertId(message.alert_id), now)
    to_take_over = message.template in HAND_OVERS
    waits = await tx.value(store.SQL["hand_over_waits"], alert.id) if to_take_over else alert.state in CALLING
    kept = contact.address in await heard_at(tx, alert, now)
    if not waits or kept or not _carried(alert, around) or not may_ring(alert, around, contact):
        return None
    if to_take_over:
        # No number accepts here: one that was told before may have been used, and would take nothing over.
        return Wanted(contact=contact, language=language, status=alert.status)
    if any(each.acknowledged_at and each.acknowledged_at >= left_at for each in _called(alert, contact.person_id)):
        return None
    return Wanted(
        contact=contact, language=language, status=alert.status, raised=alert.cause.at, ladder=alert.ladder,
        not_before=paused_until(alert),
    )  # fmt: skip


def _without_alert(
    message: Message, contact: Contact, language: str, left_at: datetime, now: datetime
) -> Wanted | None:  # fmt: skip
    """Return what is carried of a test, of a proof that fails, and of a call for which no alert could be raised."""
    if message.template in TESTS:
        ring = duty_messages.ring_called(message)
        return Wanted(contact=contact, language=language, ring=None if ring is None else DutyRingId(ring))
    if message.template in proving.SENTENCES:
        return Wanted(contact=contact, language=language, status=STATUS)
    # It is old after a while, and a call to a desk is repeated before.
    over = now - left_at > WITHOUT_ALERT
    called = message.parameters.get(desk_calls.CALL_NAMED)
    return None if over else Wanted(
        contact=contact, language=language, status=Status.ACTUAL, raised=left_at,
        desk_call=None if called is None else DeskCallId(UUID(called)),
    )  # fmt: skip


def may_ring(alert: Alert, around: Surroundings, whose: Contact) -> bool:
    """Whether this may ring now: of a person who could act on the alert and is not hiding, or of a desk of the case.

    Where everybody who was called has pressed, they may answer each other, and ring.
    """
    if whose.person_id is not None:
        hiding = alert.seems_to_hide
        others = alert.still_called(around.able) - hiding
        return whose.person_id in around.able and not (whose.person_id in hiding and others)
    desks = (*around.desks.values(), *around.covering.values())
    officers = [each for desk in desks if desk.id == whose.desk_id for each in desk.officers]
    return any(each.id in around.able for each in officers) and not any(each.id in around.barred for each in officers)


def _called(alert: Alert, person_id: PersonId | None) -> tuple[Recipient, ...]:
    return () if person_id is None else alert.called(person_id)


def _carried(alert: Alert, around: Surroundings) -> bool:
    # Whoever raised for duress may be made to close the case, which nothing holds up for them.
    return alert.for_duress or (around.case.open and around.compartment.open)


async def around_alert(tx: Reading, alert_id: AlertId, now: datetime) -> tuple[Alert, Surroundings]:
    """Return an alert with the facts that decide who hears of it now."""
    alert = await store.alert(tx, alert_id)
    case = await case_store.case(tx, alert.case_id)
    return alert, await surroundings(tx, case, alert, now)
