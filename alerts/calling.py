"""Calling people: one wave of an alert, from facts to recipients and messages, and how it is written down.

What a wave comes to is decided by pure functions; everything is read before, and written after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies import store as directory
from agencies.model import DeskId, Person, PersonId
from agencies.store import Duty
from alerts import messages, store, waking
from alerts.audience import Surroundings, also_ringing, audience
from alerts.duress.discretion import discreetly
from alerts.escalation import escalation
from alerts.model import Alert, Step, Tier, after
from cases.model import Case, Compartment, Part
from core import outbox
from core.database import Reading, Transaction
from core.ledger import Act
from core.outbox import Delivery, Message, Target, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """What one wave comes to: the alert as it then stands, with everybody called, and what is said."""

    alert: Alert
    messages: list[Message]
    around: Surroundings


def wave(
    alert: Alert, around: Surroundings, now: datetime, *,
    accepted: Iterable[PersonId] = (), unheard: frozenset[PersonId] = frozenset(),
) -> Wave:  # fmt: skip
    """Return the wave of the alert's step: who is called, who is silent, and when the next step is due.

    A wave that rings nobody takes the next one with it: no minutes are lost on it. An agency that was given
    its part in the case since the raise is called with the others. Of an alert that begins anew, whoever had
    `accepted` before is rung too, and whoever was asked in vain (`unheard`), or may be forced, is not relied upon.
    """
    alert = alert.with_parts(around.case.agencies)
    silent = alert.silent_agencies
    step, tiers = alert.step, frozenset[Tier]()
    while True:
        decided = escalation(alert.severity, step, alert.ladder_began_at, now)
        tiers |= decided.wave.tiers
        reached = audience(
            around, tiers, at=now, silent=silent, raiser_ids=alert.raiser_ids, answered=alert.answered,
            unheard=unheard | frozenset(around.wrote_at),
        )  # fmt: skip
        if any(each.mentions for each in reached.calls) or decided.repeating:
            break
        step += 1
    reached = also_ringing(reached, around, accepted, alert.raiser_ids)
    called = replace(
        alert.with_recipients(reached.recipients),
        step=step,
        next_step_at=decided.next_step_at,
        exclusions_heeded=len(around.case.excluded_ids),
    )
    notices = messages.calling(called, around.codename, reached)
    channel = [Target(kind=TargetKind.COMPARTMENT, id=around.compartment.id)]
    if alert.step > 0 and silent:
        template = "alert_unanswered" if decided.unanswered else "alert_still_silent"
        notices += messages.silence(called, around.codename, channel, template, silent)
    if reached.unreachable:
        notices += messages.silence(called, around.codename, channel, "alert_unreachable", reached.unreachable)
    if decided.unanswered:
        called = replace(called, state=after(alert.state, Step.GAVE_UP_CALLING))
    return Wave(alert=called, messages=notices, around=around)


def ringing_again(alert: Alert, around: Surroundings, press: Alert) -> Wave:
    """Ring everybody of the first wave once more because somebody pressed again, who has accepted included.

    Of a desk with a roster that is whoever is on duty by now, beside those who have accepted.
    """
    alert = alert.with_parts(around.case.agencies)
    responders = frozenset(each.agency_id for each in alert.agencies if each.part is Part.RESPONDER)
    tiers = escalation(alert.severity, 0, alert.ladder_began_at, press.sent).wave.tiers
    reached = audience(around, tiers, at=press.sent, silent=responders, raiser_ids=alert.raiser_ids)
    reached = also_ringing(reached, around, (each for each, _ in alert.answered), alert.raiser_ids)
    return Wave(
        alert=alert.with_recipients(reached.recipients),
        messages=messages.raised_again(alert, around.codename, reached, press),
        around=around,
    )


async def call(tx: Transaction, waves: Sequence[tuple[Alert, Wave]], now: datetime) -> None:
    """Write down whom waves of held alerts call, each with the alert as it was, and leave their messages.

    The alerts themselves are left to be saved.
    """
    await note_agencies(tx, [(alert, wave.alert) for alert, wave in waves])
    called = [
        (alert.id, each) for alert, wave in waves for each in wave.alert.recipients if each not in alert.recipients
    ]
    if called:
        await store.add_recipients(tx, called, now)
    await say(tx, [wave for _, wave in waves], now)


async def say(tx: Transaction, waves: Sequence[Wave], now: datetime, *acts: Act) -> list[Delivery]:
    """Leave what waves say in rooms, and with it the calls beside Matrix: neither ever without the other.

    Record with it what was done.
    """
    messages = [each for wave in waves for each in discreetly(wave.alert, wave.around, wave.messages)]
    said = await outbox.post(tx, messages, now, acts=acts)
    await waking.wake(tx, [(wave.alert, wave.messages) for wave in waves], now)
    return said


async def note_agencies(tx: Transaction, alerts: Sequence[tuple[Alert, Alert]]) -> None:
    """Write down which agencies must accept that did not have to before; each alert as it was, and as it is."""
    news = [(alert.id, each) for before, alert in alerts for each in alert.agencies if each not in before.agencies]
    if news:
        await store.put_agencies(tx, news)


async def followers(tx: Reading, said: Sequence[Delivery], around: Surroundings) -> list[Target]:
    """Return the rooms that may hear how an alert goes on for which this was said.

    These are the rooms it was told in, less the duty rooms in which somebody excluded sits, and the rooms of
    those who have no part any more. (The compartment's own room is put right before anything is said in it.)
    """
    told = list(dict.fromkeys(each.target for each in said))
    known = {each.id: each for each in (*around.desks.values(), *around.covering.values())}
    strange = {DeskId(each.id) for each in told if each.kind is TargetKind.DESK} - known.keys()
    if strange:
        # Of a desk that covered for somebody when it was called.
        known |= {each.id: each for each in (await directory.duty(tx, desk_ids=strange)).desks}
    barred: set[UUID] = {desk.id for desk in known.values() if any(each.id in around.barred for each in desk.officers)}
    barred |= {each.id for each in told if each.kind is TargetKind.PERSON and each.id not in around.able}
    return [each for each in told if each.id not in barred]


def compartment_of(alert: Alert, case: Case) -> Compartment:
    """Return the compartment in which an alert was raised; compartments are closed, never deleted."""
    compartment = case.compartment(alert.compartment_id)
    if compartment is None:
        raise LookupError("an alert's compartment is gone")
    return compartment


async def surroundings(tx: Reading, case: Case, alert: Alert, now: datetime) -> Surroundings:
    """Gather the facts that decide whom a wave reaches, and who may hear of an alert and act on it now."""
    return (await all_surroundings(tx, [(case, alert)], now))[0]


async def all_surroundings(
    tx: Reading, alerts: Sequence[tuple[Case, Alert]], now: datetime
) -> list[Surroundings]:  # fmt: skip
    """Gather the same for several alerts at once. Of rosters only what is around this moment is read."""
    places = [(case, compartment_of(alert, case)) for case, alert in alerts]
    agency_ids = {each for case, _ in places for each in case.agencies}
    members = {each for place in places for each in _members(*place)}
    members |= {each for _, alert in alerts for each in _called_all_the_same(alert)}
    members |= {case.opened_for for case, _ in places if case.opened_for is not None}
    forced = any(alert.for_duress for _, alert in alerts)
    lonely = forced and any(case.opened_for is not None for case, _ in places)
    administrators = await store.administrators(tx) if lonely else ()
    wrote_at = await store.wrote_since(tx, now - store.RESTING) if forced else {}
    duty = await directory.duty(tx, agency_ids=agency_ids, person_ids=members, now=now)
    return [
        _with_administrators(
            replace(
                _around(*place, duty, _called_all_the_same(alert)),
                kept_from=alert.kept_from,
                wrote_at=wrote_at if alert.for_duress else {},
            ),
            duty,
            administrators if alert.for_duress else (),
        )
        for place, (_, alert) in zip(places, alerts, strict=True)
    ]


async def surroundings_without_alert(
    tx: Reading, case: Case, compartment: Compartment, now: datetime
) -> Surroundings:  # fmt: skip
    """Gather what would decide whom an alert reaches in a compartment."""
    duty = await directory.duty(tx, agency_ids=set(case.agencies), person_ids=_members(case, compartment), now=now)
    return _around(case, compartment, duty)


def _around(
    case: Case, compartment: Compartment, duty: Duty, called: frozenset[PersonId] = frozenset()
) -> Surroundings:  # fmt: skip
    members = _members(case, compartment) | called
    desks = {each.agency_id: each for each in duty.desks if each.agency_id in case.agencies}
    covered_by = {each.covered_by for each in desks.values()}
    return Surroundings(
        case=case,
        compartment=compartment,
        people={person_id: each for person_id, each in duty.people.items() if person_id in members},
        desks=desks,
        covering={each.id: each for each in duty.desks if each.id in covered_by},
        deputies={agency_id: people for agency_id, people in duty.deputies.items() if agency_id in case.agencies},
    )


def _with_administrators(around: Surroundings, duty: Duty, administrators: Sequence[Person]) -> Surroundings:
    """Add who is called after the deputies for whoever is forced and had no case: the network's administrators."""
    forced = duty.people.get(around.case.opened_for) if around.case.opened_for is not None else None
    if forced is None or not administrators:
        return around
    known = around.deputies.get(forced.agency_id, ())
    more = [each for each in administrators if each.id not in {deputy.id for deputy in known}]
    return replace(around, deputies={**around.deputies, forced.agency_id: (*known, *more)})


def _called_all_the_same(alert: Alert) -> frozenset[PersonId]:
    """Return who may go on with an alert for duress when its compartment is closed: whoever is forced may close it."""
    return frozenset(each.person_id for each in alert.recipients) if alert.for_duress else frozenset()


def _members(case: Case, compartment: Compartment) -> frozenset[PersonId]:
    return compartment.member_ids | frozenset(case.leaders)
