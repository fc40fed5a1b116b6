"""Raising for duress: what a person's own sentence brings about beside what it seems to.

It is raised where the person is, as far as that can be told: in the channel in which it was written, else where an
alert of theirs is open and in the core of every case they have a part in: rather too many hear of it than nobody.
Where there is no case, or nobody in it who may know, whoever answers for the agency hears of it, each alone.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies import contacts
from agencies import store as directory
from agencies.model import Person, PersonId
from alerts import store, waking
from alerts.duress.rooms import without_case
from alerts.model import Press
from alerts.pressing import new_alert, take_up
from alerts.vocabulary import Event, Status, Through
from cases import rules
from cases import store as case_store
from cases.model import Case, Compartment, CompartmentId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.ids import derived_id

log = logs.get(__name__)

MOST_OPEN = 200


class Duress:
    """Raises for duress."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def raise_(
        self, actor: Person, cause: str, here: CompartmentId | None, *, through: Through = Through.CHANNEL
    ) -> None:
        """Raise wherever the actor seems to be, once for each cause, and tell whoever else must know."""
        async with self._database.reading(urgent=True) as look:
            places = await _places(look, actor, here)
        heard = False
        for each in places:
            key = derived_id("duress", f"{cause}:{each.id}")
            async with self._database.transaction(urgent=True) as tx:
                heard |= await self._raise_in(tx, actor, each.id, key, through)
        if not heard:
            async with self._database.transaction(urgent=True) as tx:
                await _tell_elsewhere(tx, actor, cause, self._clock.now())

    async def _raise_in(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, key: UUID, through: Through
    ) -> bool:
        """Raise in one compartment; False where nobody hears of it."""
        now = self._clock.now()
        found = await store.alert_of_key(tx, key, compartment_id, Status.ACTUAL, duress_of=actor.id)
        if found.raised is not None:
            return bool((await store.alert(tx, found.raised)).recipients)
        case = await case_store.case_of_compartment(tx, compartment_id)
        compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
        press = Press(
            person_id=actor.id if through.verified else None, at=now,
            claimed_by=None if through.verified else actor.id,
        )  # fmt: skip
        alert = new_alert(
            key, case, compartment, press, Event.DURESS, Status.ACTUAL, through, duress_of=actor.id,
            kept_from=kept_from(actor.id, await store.forced_in(tx, case.id)),
        )  # fmt: skip
        seen = await take_up(
            tx, alert, case, compartment, found.open, claimed_by=None if through.verified else actor.id
        )
        return bool(seen.alert.recipients)


def kept_from(raiser: PersonId, forced: frozenset[PersonId]) -> frozenset[PersonId]:
    """Return who must know nothing of an alert for duress: who raised it, and whoever else is `forced` in that case.

    This is the one place for whoever is on the scene with the raiser; as long as no operation says who that is, nobody
    is. Everything that shows or says an alert asks for this set.
    """
    return forced | {raiser}


async def _places(look: Reading, actor: Person, here: CompartmentId | None) -> list[Compartment]:
    cases = await case_store.cases_of_person(look, actor.id)
    mine = {each.id: each for case in cases for each in _open_to(case, actor)}
    if here is not None and here in mine:
        return [mine[here]]
    raised = {
        each.compartment_id
        for each in await store.alerts_of_person(look, actor.id, MOST_OPEN, ended=False)
        if each.status is Status.ACTUAL and actor.id in each.raiser_ids
    }
    return [each for each in mine.values() if each.core or each.id in raised]


def _open_to(case: Case, actor: Person) -> list[Compartment]:
    return [each for each in rules.as_seen_by(case, actor.id).compartments if each.open]


async def _tell_elsewhere(tx: Transaction, actor: Person, cause: str, now: datetime) -> None:
    """Ring, each alone, who answers for the person's agency, and whoever never sleeps."""
    desks = await directory.desks_at_all_hours(tx)
    duty = await directory.duty(tx, agency_ids=[actor.agency_id], desk_ids=desks, now=now)
    barred = {actor.id}
    for case in await case_store.cases_of_person(tx, actor.id):
        barred |= case.excluded_ids
    officers = [each for desk in duty.desks for each in desk.officers]
    people = {each.id for each in (*duty.deputies.get(actor.agency_id, ()), *officers) if each.active} - barred
    if not people:
        log.error("duress_heard_by_nobody", person_id=actor.id)
    key = f"duress:{derived_id('duress', cause)}"
    if await outbox.post(tx, without_case(key, actor.id, sorted(people), now), now):
        found = await contacts.contacts_of(tx, people, [])
        # Nor where the person's own desk is called.
        shared = {row["address"] for row in await tx.rows(store.SQL["addresses_of"], [actor.id])}
        letters = [each for each in contacts.rung(found, at_once=True) if each.address not in shared]
        await outbox.post(tx, waking.beside(None, f"{key}:ring:", letters), now)
    elif people:
        return
    await ledger.record(
        tx, ledger.Act(act="duress_without_case", at=now, person_id=actor.id, facts={"called": len(people)})
    )
