"""Raising for duress: what a person's own sentence brings about beside what it seems to.

It is raised where the person is, as far as that can be told: in the channel in which it was written, else where an
alert of theirs is open and in the core of every case they have a part in: rather too many hear of it than nobody.
Where there is no case, or nobody in it who may know, a case is opened for it (`alerts.duress.own_case`).
"""

from __future__ import annotations

from uuid import UUID

from agencies.model import Person, PersonId
from alerts import store
from alerts.duress.companions import companions
from alerts.duress.own_case import case_for
from alerts.model import Press
from alerts.pressing import new_alert, take_up
from alerts.vocabulary import Event, Status, Through
from cases import rules
from cases import store as case_store
from cases.model import Case, Compartment, CompartmentId
from core import ledger, logs
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
                heard |= await self._raise_as_member(tx, actor, each.id, key, through)
        if not heard:
            async with self._database.transaction(urgent=True) as tx:
                await self._raise_without_case(tx, actor, cause, through)

    async def _raise_without_case(self, tx: Transaction, actor: Person, cause: str, through: Through) -> None:
        """Raise in the case that is opened for it, or open still; loudly where nobody hears of it there either."""
        key, now = derived_id("duress", cause), self._clock.now()
        if key in await store.raised(tx, [key]):
            return
        case = await case_for(tx, actor, now)
        heard = case is not None and await self._raise_in(tx, actor, case, case.core, key, through)
        if not heard:
            log.error("duress_heard_by_nobody", person_id=actor.id)
        await ledger.record(
            tx,
            ledger.Act(act="duress_without_case", at=now, person_id=actor.id, case_id=case.id if case else None,
                       facts={"called": heard}),
        )  # fmt: skip

    async def _raise_as_member(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, key: UUID, through: Through
    ) -> bool:
        """Raise in one of the actor's compartments, once for each key; False where nobody hears of it."""
        found = await store.alert_of_key(tx, key, compartment_id, Status.ACTUAL, duress_of=actor.id)
        if found.raised is not None:
            return bool((await store.alert(tx, found.raised)).recipients)
        case = await case_store.case_of_compartment(tx, compartment_id)
        compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
        return await self._raise_in(tx, actor, case, compartment, key, through)

    async def _raise_in(
        self, tx: Transaction, actor: Person, case: Case, compartment: Compartment, key: UUID, through: Through
    ) -> bool:
        now = self._clock.now()
        found = await store.alert_of_key(tx, key, compartment.id, Status.ACTUAL, duress_of=actor.id)
        press = Press(
            person_id=actor.id if through.verified else None, at=now,
            claimed_by=None if through.verified else actor.id,
        )  # fmt: skip
        alert = new_alert(
            key, case, compartment, press, Event.DURESS, Status.ACTUAL, through, duress_of=actor.id,
            kept_from=kept_from(
                actor.id, await store.forced_in(tx, case.id), await companions(tx, actor.id, now)
            ),
        )  # fmt: skip
        seen = await take_up(
            tx, alert, case, compartment, found.open, claimed_by=None if through.verified else actor.id
        )
        return bool(seen.alert.recipients)


def kept_from(
    raiser: PersonId, forced: frozenset[PersonId], beside: frozenset[PersonId]
) -> frozenset[PersonId]:  # fmt: skip
    """Return who must know nothing of an alert for duress: who raised it, and whoever else is `forced` in that case.

    So must who is `beside` them, on the way: whoever forces them may be one, or read the others' telephones. Everything
    that shows or says an alert asks for this set.
    """
    return forced | beside | {raiser}


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
