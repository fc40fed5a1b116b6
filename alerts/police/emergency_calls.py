"""The use case of noting whether the police or an ambulance was called: who says so, who called, and when.

A note is its author's word; it is told wherever the alert is told, and of a raiser who must call themselves, loudly.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies.model import Person, PersonId
from alerts import store
from alerts.acting import held, require_called
from alerts.audience import Surroundings
from alerts.calling import followers
from alerts.duress.discretion import post
from alerts.model import Alert, AlertId
from alerts.police import messages as police_messages
from alerts.police.asking import raisers_to_ring
from alerts.police.emergency import EmergencyCall, Police, Service, known_already
from alerts.service import Alerts, AlertView
from core import ledger, once, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import InvalidInput, NotFound
from core.outbox import Target, TargetKind
from core.texts import mark


class EmergencyCalls:
    """Notes what people say of calls to the police and for an ambulance."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._alerts = Alerts(database, clock)

    async def note(
        self,
        actor: Person,
        alert_id: AlertId,
        *,
        called: bool,
        called_by: PersonId | None = None,
        at: datetime | None = None,
        service: Service = Service.POLICE,
        key: UUID | None = None,
        room: Target | None = None,
    ) -> AlertView:
        """Record whether a service was called, by whom (nobody who takes part unless named) and when: now unless said.

        Once per key, where one is given. The rooms of the alert hear of it while it is open, and so does a `room` in
        which its author is alone.
        """
        async with self._database.transaction(urgent=True) as tx:
            before, around = await held(tx, alert_id, self._clock)
            now = self._clock.now()
            require_called(actor, before, around, or_raiser=True)
            said = emergency_call(before, actor.id, called=called, called_by=called_by, at=at, service=service, now=now)
            again = known_already(before.emergency_calls, said, timed=at is not None)
            if (key is None or await once.first(tx, key, now)) and not again:
                await _note(tx, alert_id, said)
                await _tell(tx, await store.alert(tx, alert_id), around, said, room)
        return await self._alerts.see(actor, alert_id)


async def _note(tx: Transaction, alert_id: AlertId, said: EmergencyCall) -> None:
    await tx.run(
        store.SQL["add_emergency_call"], alert_id, said.service, said.said_by, said.said_at, said.called,
        said.called_by, said.called_at,
    )  # fmt: skip


async def _tell(
    tx: Transaction, alert: Alert, around: Surroundings, said: EmergencyCall, room: Target | None
) -> None:  # fmt: skip
    """End the question where it is answered, tell the rooms of an open alert, and write it into the ledger."""
    if alert.police in (Police.CALLED, Police.NOT_CALLED):
        await tx.run(store.SQL["end_police_question"], alert.id)
    if not alert.ended:
        sent = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
        rooms = await followers(tx, sent, around)
        if room is not None and room.kind is TargetKind.PERSON:
            rooms.append(room)
        raisers = (
            [] if said.called else [each for each in raisers_to_ring(alert, around, rooms) if each != said.said_by]
        )
        everywhere = dict.fromkeys([*(Target(kind=TargetKind.PERSON, id=each) for each in raisers), *rooms])
        messages = police_messages.ringing(alert, raisers, said)
        messages += police_messages.told(alert, around.codename, everywhere, said)
        await post(tx, alert, around, messages, said.said_at)
    facts: dict[str, str | int | bool] = {"service": said.service, "called": said.called}
    if said.called_by is not None:
        facts["called_by"] = str(said.called_by)
    await ledger.record(
        tx,
        ledger.Act(
            act="emergency_call_noted", at=said.said_at, person_id=said.said_by, case_id=alert.case_id,
            object_id=alert.id, facts=facts,
        ),
    )  # fmt: skip


def emergency_call(
    alert: Alert, by: PersonId, *, called: bool, called_by: PersonId | None, at: datetime | None, service: Service,
    now: datetime,
) -> EmergencyCall:  # fmt: skip
    """Return what is noted: of somebody who takes part or of nobody, between the raise and now by the minute."""
    if not called and (called_by is not None or at is not None):
        raise InvalidInput(mark("Where nobody called, name neither a person nor a time."))
    if called_by is not None and called_by not in alert.raiser_ids and not alert.called(called_by):
        raise NotFound(mark("This person takes no part in the alert."))
    if at is not None and not alert.sent.replace(second=0, microsecond=0) <= at <= now:
        raise InvalidInput(mark("A call can have been made only after the alert was raised, and not later than now."))
    return EmergencyCall(
        service=service, said_by=by, said_at=now, called=called, called_by=called_by,
        called_at=(at or now) if called else None,
    )  # fmt: skip
