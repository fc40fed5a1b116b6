"""Use cases of incident records: what is known after an alert, as codes, and the clocks that run until it is done.

Every alert that was no exercise has a record from its end on, owned by who owned the alert; facts may be noted before.
A record with something in every section is complete. Where personal data may have leaked another clock runs beside it,
until somebody who answers for it notes that it was told, or that nobody has to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies import store as directory
from agencies.model import Person, PersonId
from alerts import store
from alerts.acting import around_of, held, require_sight
from alerts.audience import Surroundings
from alerts.duress.discretion import post
from alerts.incidents import store as incident_store
from alerts.incidents.messages import alone, reminders
from alerts.incidents.rules import ENDS_BREACH, Duty, Fact, Kind, Noted, Section, missing
from alerts.model import Alert, AlertId
from alerts.vocabulary import Status
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict
from core.texts import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident record with its alert, the codename people know it by, and the names of everybody in it."""

    alert: Alert
    codename: str
    noted: Sequence[Noted]
    duties: Sequence[Duty]
    people: Sequence[Person]

    @property
    def missing(self) -> list[Section]:
        """The sections in which nothing stands yet."""
        return missing(self.noted)


class Incidents:
    """Keeps incident records, for whoever may see their alert."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def see(self, actor: Person, alert_id: AlertId) -> IncidentView:
        """Return the record of an alert that the actor may see."""
        async with self._database.reading() as tx:
            alert = await store.alert(tx, alert_id)
            around = await around_of(tx, alert, self._clock.now(), acts=False)
            require_sight(actor, alert, around)
            return await _view(tx, alert, around)

    async def add(self, actor: Person, alert_id: AlertId, section: Section, fact: Fact) -> IncidentView:
        """Note a fact in a section, once; the first who noted it stays. It may begin a clock, or end one."""
        async with self._database.transaction() as tx:
            alert, around = await held(tx, alert_id, self._clock)
            now = self._clock.now()
            require_sight(actor, alert, around)
            duties = await incident_store.duties_of(tx, [alert_id])
            _require_fitting(actor, alert, around, duties, section, fact)
            if await incident_store.note(tx, alert_id, section, fact, actor.id, now):
                await _record(tx, "incident_fact_noted", actor.id, alert, now, section=section.value, fact=fact.value)
                if fact is Fact.DATA_MAY_HAVE_LEAKED:
                    await begin_breach(tx, alert, around, now, now)
                if not missing(await incident_store.noted(tx, alert_id)):
                    await _done(tx, alert, Kind.RECORD, actor.id, now)
            if fact in ENDS_BREACH:
                # Also where it was noted before: the clock may have begun since.
                await _done(tx, alert, Kind.BREACH, actor.id, now)
            return await _view(tx, alert, around)


async def open_record(tx: Transaction, ended: Alert, by: PersonId, now: datetime) -> None:
    """Begin the record of an alert that somebody ends, unless it is an exercise; who owned the alert owns it."""
    if ended.status is Status.ACTUAL and await incident_store.open_duty(
        tx, ended, Kind.RECORD, ended.owner_id or by, now
    ):
        await _record(tx, "incident_opened", by, ended, now)


async def begin_breach(tx: Transaction, alert: Alert, around: Surroundings, began_at: datetime, now: datetime) -> None:
    """Begin the clock of a leak, once, or anew where an earlier one had been dealt with; those who lead are told."""
    coordinator_id = around.case.coordinator_id
    if alert.status is not Status.ACTUAL or not await incident_store.open_duty(
        tx, alert, Kind.BREACH, coordinator_id, began_at
    ):
        return
    duties = await incident_store.duties_of(tx, [alert.id])
    (duty,) = (each for each in duties if each.kind is Kind.BREACH)
    told = reminders([duty], around.codename, "begun", alone(around.case.leaders))
    await post(tx, alert, around, told, now)
    await _record(tx, "breach_clock_began", None, alert, now)


async def _done(tx: Transaction, alert: Alert, kind: Kind, by: PersonId, now: datetime) -> None:
    if await incident_store.end_duty(tx, alert.id, kind, by, now):
        await _record(tx, "incident_duty_done", by, alert, now, kind=kind.value)


def _require_fitting(
    actor: Person, alert: Alert, around: Surroundings, duties: Sequence[Duty], section: Section, fact: Fact
) -> None:  # fmt: skip
    if alert.status is not Status.ACTUAL:
        raise Conflict(mark("An exercise has no incident record."))
    if section is Section.POST_INCIDENT and not alert.ended:
        raise Conflict(mark("The alert has not ended yet. What is known so far belongs in another section."))
    answerable = {*around.case.leaders, *(each.owner_id for each in duties if each.kind is Kind.BREACH)}
    if fact in ENDS_BREACH and actor.id not in answerable:
        raise Conflict(mark("Only whoever leads the case can note this. Ask them."))


async def _view(tx: Reading, alert: Alert, around: Surroundings) -> IncidentView:
    noted = await incident_store.noted(tx, alert.id)
    duties = await incident_store.duties_of(tx, [alert.id])
    named = {each.noted_by for each in noted} | alert.people
    named |= {each for duty in duties for each in (duty.owner_id, duty.done_by) if each is not None}
    people = await directory.people(tx, named)
    return IncidentView(
        alert=alert,
        codename=around.codename,
        noted=noted,
        duties=duties,
        people=[people[each] for each in sorted(people)],
    )


async def _record(
    tx: Transaction, act: str, by: PersonId | None, alert: Alert, now: datetime, **facts: str
) -> None:  # fmt: skip
    await ledger.record(
        tx,
        ledger.Act(
            act=act, at=now, person_id=by, actor_kind="system", case_id=alert.case_id, object_id=alert.id,
            facts={**facts},
        ),
    )  # fmt: skip
