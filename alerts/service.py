"""Use cases of alerts: raise, look, acknowledge, stand down. Each is one transaction of its own lane.

A raise is idempotent by key, never refused for lack of detail, and merges into the open alert of its
scope. Whether somebody may act on an alert is decided by the recipient row, not by membership.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies.model import Person, PersonId
from alerts import messages, store
from alerts.acting import around_of, held, require_called, require_sight
from alerts.audience import Surroundings
from alerts.calling import all_surroundings, followers, note_agencies
from alerts.cards import rules as card_rules
from alerts.cards.messages import card_told
from alerts.duress.discretion import post
from alerts.duty import handing_over
from alerts.escalation import CANCEL_PAUSE
from alerts.incidents import records as incidents
from alerts.model import (
    Accepted,
    Alert,
    AlertId,
    Press,
    State,
    Step,
    after,
)
from alerts.owning import owner_calls
from alerts.police import asking as police_asking
from alerts.pressing import new_alert, take_up
from alerts.speaking import conversation
from alerts.viewing import AlertView, view, views
from alerts.vocabulary import RAISED_BY_CLOCKS, Event, StandDownReason, Status, Through
from cases import rules
from cases import store as case_store
from cases.model import CompartmentId
from core import metrics, once, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ledger import Act
from core.outbox import Delivery, Target
from core.texts import mark

LISTED = 200
ACCEPT_FIRST = mark("Accept it first. End it when you know for certain that nobody is forced any more.")
BY_A_CLOCK = mark("Nobody raises this alert: it comes when something was not done in time. Raise another.")
DURESS_BY_SENTENCE = mark(
    "NOT raised: duress is raised only by the sentence that you have set for it. Raise a panic instead."
)

__all__ = ["LISTED", "AlertView", "Alerts"]


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
        child: bool = False,
    ) -> AlertView:
        """Raise an alert in a compartment, once per key, or make it part of the one that is open there.

        `child` says that it is a child who is missing; of whom else Streha keeps no record.
        """
        if event is Event.DURESS:
            raise InvalidInput(DURESS_BY_SENTENCE)
        if event in RAISED_BY_CLOCKS:
            raise InvalidInput(BY_A_CLOCK)
        async with self._database.transaction(urgent=True) as tx:
            found = await store.alert_of_key(tx, key, compartment_id, status)
            if found.raised is not None:
                return await self._known(tx, actor, await store.alert(tx, found.raised), compartment_id, status)
            case = await case_store.case_of_compartment(tx, compartment_id)
            compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
            verified = through.verified
            claimed_by = actor.id if through is Through.TELEPHONE else None
            by = Press(person_id=actor.id if verified else None, at=self._clock.now(), claimed_by=claimed_by)
            grave = event is Event.MISSING_PERSON and (child or not await store.known_at_less_risk(tx, case.id))
            press = new_alert(key, case, compartment, by, event, status, through, grave=grave)
            return await take_up(tx, press, case, compartment, found.open, claimed_by=None if verified else actor.id)

    async def see(self, actor: Person, alert_id: AlertId) -> AlertView:
        """Return one alert to whoever raised it, was called for it, or sees its compartment."""
        async with self._database.reading() as tx:
            return await self._seen(tx, actor, await store.alert(tx, alert_id))

    async def see_all(self, actor: Person, *, ended: bool = False) -> list[AlertView]:
        """Return the alerts that the actor may see (see `see`), and has a part in still, newest first."""
        async with self._database.reading() as tx:
            found = await store.alerts_of_person(tx, actor.id, LISTED, ended=ended)
            cases = {each.id: each for each in await case_store.cases(tx, {each.case_id for each in found})}
            places = [(cases[each.case_id], each) for each in found]
            around = await all_surroundings(tx, places, self._clock.now())
            return await views(
                tx, [(alert, its) for alert, its in zip(found, around, strict=True) if actor.id in its.able]
            )

    async def last_accepted(self, actor: Person) -> Accepted | None:
        """Return when calling people last worked, as far as the actor may know: a drill counts."""
        async with self._database.reading() as tx:
            return await store.last_accepted(tx, actor.id)

    async def open_for(self, actor: Person, compartment_ids: Sequence[CompartmentId]) -> list[AlertView]:
        """Return the open alerts that the actor may answer, in these compartments where any are named."""
        return [
            each
            for each in await self.see_all(actor)
            if (not compartment_ids or each.alert.compartment_id in compartment_ids)
            and (each.alert.called(actor.id) or actor.id in each.alert.raiser_ids)
        ]

    async def acknowledge(
        self, actor: Person, alert_id: AlertId, *, key: UUID | None = None, room: Target | None = None,
        by_telephone: bool = False,
    ) -> AlertView:  # fmt: skip
        """Record that a named person accepts the alert; silent agencies are still called.

        Said by the owner, who was asked, it says that they still see to it; then the room where it was said hears so
        too. Once per key, where one is given: a word that comes a second time must not answer what was called for
        since.
        """
        async with self._database.transaction(urgent=True) as tx:
            before, around = await held(tx, alert_id, self._clock)
            require_called(actor, before, around)
            if key is not None and not await once.first(tx, key, self._clock.now()):
                return await self._view(tx, before, around)
            if before.ended:
                raise Conflict(mark("This alert has ended. Nothing is left to accept."))
            if actor.id in before.raiser_ids and before.others_called(around.able):
                raise Conflict(mark("You raised this alert yourself. Somebody else accepts it."))
            now = self._clock.now()
            before = await handing_over.take(tx, before, around, actor.id, now)
            if before.awaits_owner(actor.id):
                return await self._confirm_owner(tx, before, around, actor, room, now)
            if not before.may_acknowledge(actor.id):
                return await self._view(tx, before, around)
            if before.state is not State.ACCEPTED:
                # Whoever has become a responder meanwhile must accept too, and is called with the next step.
                known, before = before, before.with_parts(around.case.agencies)
                await note_agencies(tx, [(known, before)])
                if before.owner_id not in around.able:
                    before = replace(before, owner_id=None)
            alert = before.acknowledged(actor.id, now, by_telephone=by_telephone)
            await store.acknowledge(tx, alert, actor.id, now, by_telephone=by_telephone)
            said = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
            rooms = await followers(tx, said, around)
            told = messages.accepted(alert, around.codename, rooms, actor.id, now, by_telephone=by_telephone)
            asked_in = room if room in rooms else None
            alert, asking = await police_asking.ask_first(tx, before, alert, around, actor.id, asked_in, now)
            facts = {"through": Through.TELEPHONE.value} if by_telephone else {}
            done = self._act("alert_acknowledged", actor, alert, **facts)
            said += await post(tx, alert, around, [*told, *asking], now, done)
            seconds = (now - alert.ladder_began_at).total_seconds()
            tx.afterwards(lambda: metrics.ACKNOWLEDGEMENT.observe(seconds, alert.status, alert.severity))
            seen = await self._view(tx, alert, around, said)
            state = card_rules.best(seen.cards, card_rules.desks_of(around, actor))
            if asked_in is not None and state is not None:
                await post(tx, alert, around, [card_told(alert, around.codename, asked_in, actor.id, state)], now)
            return seen

    async def stand_down(
        self, actor: Person, alert_id: AlertId, reason: StandDownReason, *, key: UUID | None = None
    ) -> AlertView:
        """End an alert, once per key. A raiser's own word only pauses the ladder, once, until somebody has rung back.

        Where nobody else was called, nobody can ring back: then it ends the alert.
        """
        async with self._database.transaction(urgent=True) as tx:
            alert, around = await held(tx, alert_id, self._clock)
            require_called(actor, alert, around, or_raiser=True)
            now = self._clock.now()
            if (key is not None and not await once.first(tx, key, now)) or alert.ended:
                return await self._view(tx, alert, around)
            said = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
            rooms = await followers(tx, said, around)
            if actor.id in alert.raiser_ids and alert.others_called(around.able):
                await store.take_back(tx, alert.id, actor.id, now)
                alert = await store.alert(tx, alert.id)
                pauses = alert.pauses(actor.id)
                if pauses:
                    alert = replace(alert, cancel_asked_at=now, next_step_at=now + CANCEL_PAUSE)
                notices = messages.cancel_asked(alert, around.codename, rooms, actor.id, now, pauses=pauses)
                await post(tx, alert, around, notices, now, self._act("alert_cancel_asked", actor, alert))
            else:
                if alert.still_called(around.able) and not alert.has_acknowledged(actor.id):
                    if alert.for_duress:
                        raise Conflict(ACCEPT_FIRST)
                    raise Conflict(mark("Accept the alert first, ring back, and then end it."))
                alert = self._ended(alert, actor, now, reason)
                await outbox.withdraw_alert(tx, alert_id, now)
                told = messages.ended(alert, around.codename, rooms, actor.id, now, reason)
                done = self._act("alert_stood_down", actor, alert, reason=reason)
                await post(tx, alert, around, told, now, done)
                await incidents.open_record(tx, alert, actor.id, now)
                tx.afterwards(lambda: metrics.ALERTS_ENDED.count(alert.status))
            await store.save(tx, alert)
            return await self._view(tx, alert, around)

    async def note_conversation(
        self, actor: Person, alert_id: AlertId, person_id: PersonId, at: datetime | None = None
    ) -> AlertView:
        """Record that the actor spoke with somebody who takes part, now or at a moment; it is nobody's acceptance.

        The channel hears of it while the alert is open.
        """
        async with self._database.transaction(urgent=True) as tx:
            before, around = await held(tx, alert_id, self._clock)
            require_called(actor, before, around, or_raiser=True)
            now = self._clock.now()
            noted = conversation(before, actor.id, person_id, at or now, now)
            if not await store.add_conversation(tx, alert_id, noted, now):
                return await self._view(tx, before, around)
            alert = await store.alert(tx, alert_id)
            told = [] if alert.ended else [messages.spoken(alert, around.codename, noted)]
            done = self._act(
                "alert_conversation_noted", actor, alert, spoken_with=str(person_id),
                spoken_at=noted.spoken_at.isoformat(),
            )  # fmt: skip
            await post(tx, alert, around, told, now, done)
            return await self._view(tx, alert, around)

    async def _confirm_owner(
        self, tx: Transaction, before: Alert, around: Surroundings, actor: Person, room: Target | None, now: datetime
    ) -> AlertView:
        """Record that the owner still sees to it, and say so where they were asked and where they answered."""
        alert = before.confirmed_by_owner(now)
        await store.save(tx, alert)
        said = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
        heard_in = {room, *(each.target for each in owner_calls(alert, around))}
        rooms = [each for each in await followers(tx, said, around) if each in heard_in]
        told = messages.owner_confirmed(alert, around.codename, rooms, actor.id, now)
        said += await post(tx, alert, around, told, now, self._act("alert_owner_confirmed", actor, alert))
        return await self._view(tx, alert, around, said)

    def _ended(self, alert: Alert, actor: Person, now: datetime, reason: StandDownReason) -> Alert:
        return replace(
            alert,
            state=after(alert.state, Step.STAND_DOWN),
            next_step_at=None,
            stood_down_by=actor.id,
            stood_down_at=now,
            stand_down_reason=reason,
        )

    async def _known(
        self, tx: Reading, actor: Person, known: Alert, compartment_id: CompartmentId, status: Status
    ) -> AlertView:
        """Return the alert that a repeated key raised; a key of a drill never passes for a real raise."""
        try:
            seen = await self._seen(tx, actor, known)
        except NotFound:
            # In the words for a raise where nobody has pressed yet: nobody may learn that somebody has.
            raise NotFound(rules.NO_COMPARTMENT) from None
        if (known.compartment_id, known.status) != (compartment_id, status):
            raise Conflict(mark("NOT raised: this key was used for something else. Raise again with a new key."))
        return seen

    async def _seen(self, tx: Reading, actor: Person, alert: Alert) -> AlertView:
        around = await around_of(tx, alert, self._clock.now(), acts=False)
        require_sight(actor, alert, around)
        return await self._view(tx, alert, around)

    async def _view(
        self, tx: Reading, alert: Alert, around: Surroundings, said: Sequence[Delivery] | None = None
    ) -> AlertView:
        return await view(tx, alert, around, said)

    def _act(self, act: str, actor: Person, alert: Alert, **facts: str) -> Act:
        return Act(
            act=act, at=self._clock.now(), person_id=actor.id, case_id=alert.case_id, object_id=alert.id,
            facts=dict(facts),
        )  # fmt: skip
