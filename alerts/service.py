"""Use cases of alerts: raise, look, acknowledge, stand down. Each is one transaction of its own lane.

A raise is idempotent by key, never refused for lack of detail, and merges into the open alert of its
scope. Whether somebody may act on an alert is decided by the recipient row, not by membership.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies import store as directory
from agencies.model import Person, PersonId
from alerts import messages, store
from alerts.calling import able, call, call_again, compartment_of, followers
from alerts.escalation import CANCEL_PAUSE, escalation
from alerts.model import (
    SEVERITY_OF_EVENT,
    Accepted,
    Alert,
    AlertId,
    Certainty,
    Event,
    Severity,
    StandDownReason,
    State,
    Status,
    Step,
    Through,
    after,
)
from cases import rules
from cases import store as case_store
from cases.model import Case, Compartment, CompartmentId
from core import ledger, outbox
from core.clock import Clock
from core.database import MOVED_ON, Database, Transaction
from core.errors import Conflict, NotFound
from core.outbox import Delivery
from core.texts import mark

LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert with the codename people know it by, who takes part in it, and how far its messages came.

    Whoever is woken by an alert must see names, also of people whose agency shares no case with theirs.
    """

    alert: Alert
    codename: str
    people: Sequence[Person]
    deliveries: Sequence[Delivery]


class Alerts:
    """Raises alerts and records who answers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def raise_(
        self,
        actor: Person,
        compartment_id: CompartmentId,
        key: UUID,
        *,
        event: Event = Event.PANIC,
        status: Status = Status.ACTUAL,
        through: Through = Through.API,
    ) -> AlertView:
        """Raise an alert in a compartment, once per key, or make it part of the one that is open there."""
        async with self._database.transaction(urgent=True) as tx:
            known = await store.alert_of_key(tx, key)
            if known is not None:
                return await self._known(tx, actor, known, compartment_id, status)
            case = await case_store.case_of_compartment(tx, compartment_id, share=True)
            compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
            now = self._clock.now()
            press = self._new(key, case, compartment, actor, event, status, through, now)
            joined = await self._open_or_join(tx, press)
            alert_id = press.id if joined is None else joined.id
            if await store.add_raise(tx, key, alert_id, press.raised_by, event, now):
                if joined is None:
                    await call(tx, await store.alert(tx, alert_id), case, compartment, now)
                else:
                    await self._raise_again(tx, case, compartment, joined, press, now)
                await self._record(
                    tx, "alert_raised", actor, press, alert_id, event=event, status=status, through=through
                )
            elif (known := await store.alert_of_key(tx, key)) is None or known.id != alert_id:
                # The same key came at this very moment for something else: nothing of this raise is kept.
                raise Conflict(MOVED_ON)
            return await self._view(tx, await store.alert(tx, alert_id))

    async def see(self, actor: Person, alert_id: AlertId) -> AlertView:
        """Return one alert to whoever raised it, was called for it, or sees its compartment."""
        async with self._database.transaction() as tx:
            return await self._seen(tx, actor, await store.alert(tx, alert_id))

    async def see_all(self, actor: Person, *, ended: bool = False) -> list[AlertView]:
        """Return the alerts that the actor raised or was called for, and has a part in still, newest first."""
        async with self._database.transaction() as tx:
            found = await store.alerts_of_person(tx, actor.id, LISTED, ended=ended)
            may_act: dict[CompartmentId, frozenset[PersonId]] = {}
            for each in found:
                if each.compartment_id not in may_act:
                    case = await case_store.case(tx, each.case_id)
                    may_act[each.compartment_id] = await able(tx, each, case)
            return [await self._view(tx, each) for each in found if actor.id in may_act[each.compartment_id]]

    async def last_accepted(self, actor: Person) -> Accepted | None:
        """Return when calling people last worked, as far as the actor may know: a drill counts."""
        async with self._database.transaction() as tx:
            return await store.last_accepted(tx, actor.id)

    async def open_for(self, actor: Person, compartment_ids: Sequence[CompartmentId]) -> list[AlertView]:
        """Return the open alerts that the actor may answer, in these compartments where any are named."""
        return [
            each
            for each in await self.see_all(actor)
            if not compartment_ids or each.alert.compartment_id in compartment_ids
        ]

    async def acknowledge(self, actor: Person, alert_id: AlertId) -> AlertView:
        """Record that a named person accepts the alert; silent agencies are still called."""
        async with self._database.transaction(urgent=True) as tx:
            before = await store.alert(tx, alert_id, lock=True)
            case = await self._require_part(tx, actor, before)
            may_act = await self._require_called(tx, actor, before, case)
            if before.ended:
                raise Conflict(mark("This alert has ended. Nothing is left to accept."))
            if actor.id in before.raiser_ids and before.others_called(may_act):
                raise Conflict(mark("You raised this alert yourself. Somebody else accepts it."))
            if not before.may_acknowledge(actor.id):
                return await self._view(tx, before)
            now = self._clock.now()
            if before.state is not State.ACCEPTED:
                # Whoever has become a responder meanwhile must accept too, and is called with the next step.
                await store.add_agencies(tx, alert_id, case.agencies)
            await store.acknowledge(tx, alert_id, actor.id, now)
            alert = await store.alert(tx, alert_id)
            alert = replace(alert, owner_id=alert.owner_id or actor.id)
            if not alert.silent_agencies and alert.state is not State.ACCEPTED:
                alert = replace(alert, state=after(alert.state, Step.ALL_ACCEPTED), next_step_at=None)
            await store.save(tx, alert)
            codename, rooms = await followers(tx, alert, case)
            await outbox.post(tx, messages.accepted(alert, codename, rooms, actor.id, now), now)
            await self._record(tx, "alert_acknowledged", actor, alert, alert.id)
            return await self._view(tx, alert)

    async def stand_down(self, actor: Person, alert_id: AlertId, reason: StandDownReason) -> AlertView:
        """End an alert. A raiser's own word only pauses the ladder, once, until somebody has rung back.

        Where nobody else was called, nobody can ring back: then it ends the alert.
        """
        async with self._database.transaction(urgent=True) as tx:
            alert = await store.alert(tx, alert_id, lock=True)
            case = await self._require_part(tx, actor, alert)
            may_act = await self._require_called(tx, actor, alert, case, or_raiser=True)
            if alert.ended:
                return await self._view(tx, alert)
            now = self._clock.now()
            codename, rooms = await followers(tx, alert, case)
            if actor.id in alert.raiser_ids and alert.others_called(may_act):
                await store.take_back(tx, alert.id, actor.id, now)
                alert = await store.alert(tx, alert.id)
                pauses = alert.pauses(actor.id)
                if pauses:
                    alert = replace(alert, cancel_asked_at=now, next_step_at=now + CANCEL_PAUSE)
                notices = messages.cancel_asked(alert, codename, rooms, actor.id, now, pauses=pauses)
                await outbox.post(tx, notices, now)
                await self._record(tx, "alert_cancel_asked", actor, alert, alert.id)
            else:
                if alert.still_called(may_act) and not alert.has_acknowledged(actor.id):
                    raise Conflict(mark("Accept the alert first, ring back, and then end it."))
                alert = self._ended(alert, actor, now, reason)
                await outbox.withdraw_alert(tx, alert_id, now)
                await outbox.post(tx, messages.ended(alert, codename, rooms, actor.id, now, reason), now)
                await self._record(tx, "alert_stood_down", actor, alert, alert.id, reason=reason)
            await store.save(tx, alert)
            return await self._view(tx, alert)

    def _new(
        self, key: UUID, case: Case, compartment: Compartment, actor: Person, event: Event, status: Status,
        through: Through, now: datetime,
    ) -> Alert:  # fmt: skip
        verified = through is not Through.UNVERIFIED
        severity = SEVERITY_OF_EVENT[event] if verified else Severity.SEVERE
        return Alert(
            id=AlertId(key),
            case_id=case.id,
            compartment_id=compartment.id,
            status=status,
            event=event,
            severity=severity,
            first_severity=severity,
            certainty=Certainty.OBSERVED if verified else Certainty.UNKNOWN,
            raised_by=actor.id if verified else None,
            raised_through=through,
            sent=now,
            state=State.OPEN,
            owner_id=None,
            ladder=1,
            ladder_began_at=now,
            step=0,
            next_step_at=escalation(severity, 0, now, now).next_step_at,
        )

    async def _open_or_join(self, tx: Transaction, press: Alert) -> Alert | None:
        """Open a new alert, or return the one that is open in its scope, locked."""
        while not await store.add_alert(tx, press):
            found = await store.open_alert(tx, press.compartment_id, press.status)
            # Where it ended between the two statements, the way is free.
            if found is not None:
                return found
        return None

    async def _raise_again(
        self, tx: Transaction, case: Case, compartment: Compartment, joined: Alert, press: Alert, now: datetime
    ) -> None:
        """Make a further press part of the open alert; call anew where it must be answered anew."""
        if not joined.begins_anew(press):
            await call_again(tx, await store.alert(tx, joined.id), case, compartment, press, now)
            return
        await store.forget_answers(tx, joined.id)
        anew = replace(
            await store.alert(tx, joined.id),
            event=press.event,
            severity=max(joined.severity, press.severity, key=lambda each: each.rank),
            certainty=press.certainty,
            raised_through=press.raised_through,
            state=after(joined.state, Step.RAISED_AGAIN),
            owner_id=None,
            ladder=joined.ladder + 1,
            ladder_began_at=now,
            step=0,
            cancel_asked_at=None,
        )
        await call(tx, anew, case, compartment, now)

    def _ended(self, alert: Alert, actor: Person, now: datetime, reason: StandDownReason) -> Alert:
        return replace(
            alert,
            state=after(alert.state, Step.STAND_DOWN),
            next_step_at=None,
            stood_down_by=actor.id,
            stood_down_at=now,
            stand_down_reason=reason,
        )

    async def _require_part(self, tx: Transaction, actor: Person, alert: Alert, *, acts: bool = True) -> Case:
        """Refuse whoever is excluded from the case or has left the staff, whatever they were called for before."""
        case = await case_store.case(tx, alert.case_id, share=acts)
        person = (await directory.people(tx, [actor.id])).get(actor.id)
        if actor.id in case.excluded_ids or person is None or not person.active:
            raise NotFound(store.NO_ALERT)
        return case

    async def _require_called(
        self, tx: Transaction, actor: Person, alert: Alert, case: Case, *, or_raiser: bool = False
    ) -> frozenset[PersonId]:
        """Refuse whoever was not called, or has no part any more; return all who may act."""
        may_act = await able(tx, alert, case)
        part = alert.called(actor.id) or (or_raiser and actor.id in alert.raiser_ids)
        if not part or actor.id not in may_act:
            raise NotFound(store.NO_ALERT)
        return may_act

    async def _known(
        self, tx: Transaction, actor: Person, known: Alert, compartment_id: CompartmentId, status: Status
    ) -> AlertView:
        """Return the alert that a repeated key raised; a key of a drill never passes for a real raise."""
        view = await self._seen(tx, actor, known)
        if (known.compartment_id, known.status) != (compartment_id, status):
            raise Conflict(mark("NOT raised: this key was used for something else. Raise again with a new key."))
        return view

    async def _seen(self, tx: Transaction, actor: Person, alert: Alert) -> AlertView:
        case = await self._require_part(tx, actor, alert, acts=False)
        member = actor.id in compartment_of(alert, case).member_ids
        part = member or actor.id in case.leaders or actor.id in alert.raiser_ids or alert.called(actor.id)
        if not part or actor.id not in await able(tx, alert, case):
            raise NotFound(store.NO_ALERT)
        return await self._view(tx, alert)

    async def _view(self, tx: Transaction, alert: Alert) -> AlertView:
        return AlertView(
            alert=alert,
            codename=await self._codename(tx, alert),
            people=list((await directory.people(tx, alert.people)).values()),
            deliveries=await outbox.deliveries_of_alert(tx, alert.id),
        )

    async def _codename(self, tx: Transaction, alert: Alert) -> str:
        return (await case_store.compartments(tx, [alert.compartment_id]))[0].codename

    async def _record(
        self, tx: Transaction, act: str, actor: Person, alert: Alert, alert_id: AlertId, **facts: str
    ) -> None:
        """Record an act as the actor's; as nobody's where it was only claimed to be."""
        verified = act != "alert_raised" or alert.raised_by is not None
        claimed = {} if verified else {"claimed_to_be": str(actor.id)}
        await ledger.record(
            tx,
            ledger.Act(
                act=act, at=self._clock.now(), person_id=actor.id if verified else None, actor_kind="unverified",
                case_id=alert.case_id, object_id=alert_id, facts={**facts, **claimed},
            ),
        )  # fmt: skip
