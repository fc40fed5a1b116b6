"""Calling people: one wave of an alert from facts to recipient rows and messages, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies import store as directory
from agencies.model import DeskId, PersonId
from alerts import messages, store
from alerts.audience import Surroundings, audience
from alerts.escalation import escalation
from alerts.model import Alert, Step, Tier, after
from cases.model import Case, Compartment, Part
from core import outbox
from core.database import Transaction
from core.outbox import Target, TargetKind


async def call(tx: Transaction, alert: Alert, case: Case, compartment: Compartment, now: datetime) -> Alert:
    """Call the wave of the alert's step, say who is silent, and set when the next is due.

    A wave that rings nobody takes the next one with it: no minutes are lost on it. An agency that was given
    its part in the case since the raise is called with the others.
    """
    alert = await _with_agencies(tx, alert, case)
    silent = alert.silent_agencies
    around = await surroundings(tx, case, compartment)
    step, tiers = alert.step, frozenset[Tier]()
    while True:
        decided = escalation(alert.severity, step, alert.ladder_began_at, now)
        tiers |= decided.wave.tiers
        reached = audience(around, tiers, silent=silent, raiser_ids=alert.raiser_ids, answered=alert.answered)
        if any(each.mentions for each in reached.calls) or decided.repeating:
            break
        step += 1
    called = replace(alert, step=step, next_step_at=decided.next_step_at, exclusions_heeded=len(case.excluded_ids))
    await store.add_recipients(tx, alert.id, reached.recipients, now)
    notices = messages.calling(called, compartment.codename, reached)
    channel = [Target(kind=TargetKind.COMPARTMENT, id=compartment.id)]
    if alert.step > 0 and silent:
        template = "alert_unanswered" if decided.unanswered else "alert_still_silent"
        notices += messages.silence(called, compartment.codename, channel, template, silent)
    if reached.unreachable:
        notices += messages.silence(called, compartment.codename, channel, "alert_unreachable", reached.unreachable)
    await outbox.post(tx, notices, now)
    if decided.unanswered:
        called = replace(called, state=after(alert.state, Step.GAVE_UP_CALLING))
    await store.save(tx, called)
    return called


async def call_again(
    tx: Transaction, alert: Alert, case: Case, compartment: Compartment, press: Alert, now: datetime
) -> None:
    """Ring everybody of the first wave once more because somebody pressed again, who has accepted included."""
    alert = await _with_agencies(tx, alert, case)
    around = await surroundings(tx, case, compartment)
    responders = frozenset(each.agency_id for each in alert.agencies if each.part is Part.RESPONDER)
    tiers = escalation(alert.severity, 0, alert.ladder_began_at, now).wave.tiers
    reached = audience(around, tiers, silent=responders, raiser_ids=alert.raiser_ids)
    await store.add_recipients(tx, alert.id, reached.recipients, now)
    notices = messages.raised_again(alert, compartment.codename, reached, press)
    await outbox.post(tx, notices, now)


async def followers(tx: Transaction, alert: Alert, case: Case) -> tuple[str, list[Target]]:
    """Return the codename, and the rooms that may hear how an alert goes on.

    These are the rooms it was told in, less the duty rooms in which somebody excluded sits, and the rooms of
    those who have no part any more. (The compartment's own room is put right before anything is said in it.)
    """
    around = await surroundings(tx, case, compartment_of(alert, case))
    told = await store.rooms(tx, alert.id)
    desks = await directory.desks(tx, desk_ids=[DeskId(each.id) for each in told if each.kind is TargetKind.DESK])
    barred: set[UUID] = {each.id for each in desks if any(officer.id in case.excluded_ids for officer in each.officers)}
    barred |= {each.id for each in told if each.kind is TargetKind.PERSON and each.id not in around.able}
    return around.compartment.codename, [each for each in told if each.id not in barred]


async def able(tx: Transaction, alert: Alert, case: Case) -> frozenset[PersonId]:
    """Return who may hear of an alert and act on it now: called or not, but with a part in it still."""
    return (await surroundings(tx, case, compartment_of(alert, case))).able


def compartment_of(alert: Alert, case: Case) -> Compartment:
    """Return the compartment in which an alert was raised; compartments are closed, never deleted."""
    compartment = case.compartment(alert.compartment_id)
    if compartment is None:
        raise LookupError("an alert's compartment is gone")
    return compartment


async def surroundings(tx: Transaction, case: Case, compartment: Compartment) -> Surroundings:
    """Gather the facts that decide whom a wave reaches."""
    ids: set[PersonId] = {*compartment.member_ids, *case.leaders}
    desks = await directory.desks(tx, agency_ids=case.agencies)
    covering = await directory.desks(tx, desk_ids=[each.covered_by for each in desks if each.covered_by])
    return Surroundings(
        case=case,
        compartment=compartment,
        people=await directory.people(tx, ids),
        desks={each.agency_id: each for each in desks},
        covering={each.id: each for each in covering},
        deputies=await directory.deputies(tx, case.agencies),
    )


async def _with_agencies(tx: Transaction, alert: Alert, case: Case) -> Alert:
    await store.add_agencies(tx, alert.id, case.agencies)
    return replace(alert, agencies=(await store.alert(tx, alert.id)).agencies)
