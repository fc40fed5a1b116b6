"""Looks up what is known of an operation's readiness; what follows from it is judged in `operations.readiness`."""

from __future__ import annotations

from datetime import datetime

from agencies import contacts
from agencies import store as agency_store
from agencies.absences import away_between
from agencies.model import PersonId
from alerts.calling import surroundings_without_alert
from alerts.cards import store as card_store
from alerts.cards.rules import CardState, cards_of
from cases.model import Case, Compartment
from core import key_holders
from core.database import Reading, Transaction
from operations.model import Operation
from operations.readiness import AFTERWARDS, Facts, Readiness, always_on_duty, judged
from operations.store import SQL
from safety_plans import store as plan_store
from safety_plans.clocks import store as clock_store
from safety_plans.clocks.rules import ClockKind
from safety_plans.model import Level
from safety_plans.rules import stale_since


async def readiness(
    look: Transaction, case: Case, circle: Compartment, operation: Operation, now: datetime
) -> Readiness:
    """Return what is missing before somebody goes, as things are now."""
    people = sorted(operation.people)
    held = (await key_holders.holdings(look, [circle.id], now)).get(circle.id, {})
    rung = {each.person_id for each, _ in await contacts.contacts_of(look, people, []) if each.means.wakes}
    custody = [
        each.stale_since(max(now, operation.begins_at))
        for each in await clock_store.of_cases(look, [case.id])
        if each.kind is ClockKind.CUSTODY
    ]  # fmt: skip
    facts = Facts(
        people=people,
        holdings={PersonId(person): each for person, each in held.items()},
        away=await away_between(look, people, operation.begins_at, operation.ends_at),
        without_telephone=[each for each in people if each not in rung],
        on_duty=await _on_duty(look, case, operation),
        custody_stale=any(custody),
        level_stale=await _level_stale(look, case, now),
        without_card=await _without_card(look, case, circle, now),
        exposed=int(await look.value(SQL["could_know"], circle.id, operation.planned_at)),
    )
    return judged(facts, now)


async def _on_duty(look: Reading, case: Case, operation: Operation) -> bool:
    """Whether at every moment a desk answers that an alert in this case would call, until the last are home late."""
    until = operation.ends_at + AFTERWARDS
    duty = await agency_store.duty(
        look, agency_ids=case.agencies, now=operation.begins_at, ahead=until - operation.begins_at
    )  # fmt: skip
    return always_on_duty(duty.desks, operation.begins_at, until, case.excluded_ids)


async def _without_card(look: Transaction, case: Case, circle: Compartment, now: datetime) -> bool:
    """Whether a desk that a card is for has none of this circle, or one sealed to a key that it has no more."""
    around = await surroundings_without_alert(look, case, circle, now)
    states = (await card_store.states(look, [circle.id])).get(circle.id, {})
    return any(each.state is not CardState.SEALED for each in cards_of(around, states))


async def _level_stale(look: Transaction, case: Case, now: datetime) -> bool:
    reviews = await plan_store.open_reviews(look, [case.id])
    unassessed = await plan_store.level(look, case.id) is Level.NOT_YET_ASSESSED
    return unassessed or any(stale_since(each.due_at, now) for each in reviews)
