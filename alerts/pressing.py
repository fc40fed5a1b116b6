"""A press of the button: the alert that it makes, and how it opens that or becomes part of the one that is open.

Whether somebody may press there is decided before, by the services. From here on it is the same for a person at the
API or in a channel, and for a device that can only raise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies import store as directory
from agencies.model import PersonId
from alerts import messages, store
from alerts.audience import Surroundings
from alerts.calling import call, ringing_again, say, surroundings, wave
from alerts.duress.discretion import kept_from_now
from alerts.escalation import escalation
from alerts.model import Alert, AlertId, Press, State, Step
from alerts.viewing import AlertView, view
from alerts.vocabulary import Certainty, Event, Severity, Status, Through, severity_of
from cases.model import Case, Compartment
from core import ledger, metrics, outbox
from core.database import MOVED_ON, Transaction
from core.errors import Conflict


def new_alert(
    key: UUID, case: Case, compartment: Compartment, press: Press, event: Event, status: Status, through: Through, *,
    grave: bool = False,
    duress_of: PersonId | None = None, kept_from: frozenset[PersonId] = frozenset(),
) -> Alert:  # fmt: skip
    """Return the alert that a press opens where none is open: not called for yet, due at its first step.

    A device that can only raise is known by its token: what it raises is as bad as what a person raises. `grave` is
    that of `severity_of`.
    """
    verified = through.verified
    severity, now = severity_of(event, grave=grave) if verified else Severity.SEVERE, press.at
    return Alert(
        id=AlertId(key),
        case_id=case.id,
        compartment_id=compartment.id,
        status=status,
        event=event,
        severity=severity,
        first_severity=severity,
        certainty=Certainty.OBSERVED if verified else Certainty.UNKNOWN,
        raised_by=press.person_id,
        raised_through=through,
        sent=now,
        state=State.OPEN,
        owner_id=None,
        ladder=1,
        ladder_began_at=now,
        step=0,
        next_step_at=escalation(severity, 0, now, now).next_step_at,
        exclusions_heeded=len(case.excluded_ids),
        presses=(press,),
        device=press.device,
        duress_of=duress_of,
        kept_from=kept_from,
    )


async def take_up(
    tx: Transaction, press: Alert, case: Case, compartment: Compartment, open_id: AlertId | None, *,
    claimed_by: PersonId | None = None,
) -> AlertView:  # fmt: skip
    """Open the alert that a press makes, or make the press part of the one that is open (`open_id`, as it was found).

    The press's id is its key. `claimed_by` is whose account an unverified press came from.
    """
    key, now = press.id, press.sent
    # What is raised for duress is always told: who raises it must be kept from what was told before.
    quietly = open_id is not None and not press.for_duress
    seen = await _press_quietly(tx, press, open_id, compartment) if open_id is not None and quietly else None
    if seen is None:
        # Read and decided before any alert is held: whoever presses at the same moment hardly waits.
        around = await surroundings(tx, case, press, now)
        first = wave(press, around, now)
        joined = await _open_or_join(tx, first.alert)
        if joined is None:
            said = await say(tx, [first], now, _act(press, first.alert.id, claimed_by))
            return _counted(tx, press, await view(tx, first.alert, around, said))
        if await store.add_raise(tx, joined.id, press):
            joined = replace(joined, kept_from=kept_from_now(joined, press, around))
            await store.keep_from(tx, joined.id, joined.kept_from)
            around = replace(around, kept_from=joined.kept_from)
            seen = await view(tx, await _raise_again(tx, joined, around, press, now), around)
        elif (
            await store.alert_of_key(tx, key, compartment.id, press.status, duress_of=press.duress_of)
        ).raised == joined.id:
            return await view(tx, joined, around)
        else:
            # The same key came at this very moment for something else: nothing of this raise is kept.
            raise Conflict(MOVED_ON)
    await ledger.record(tx, _act(press, seen.alert.id, claimed_by))
    return _counted(tx, press, seen)


async def _press_quietly(
    tx: Transaction, press: Alert, alert_id: AlertId, compartment: Compartment
) -> AlertView | None:  # fmt: skip
    """Make a press part of an open alert whose rooms were rung for the same within this minute; None otherwise.

    Somebody in fear presses again and again. Each press counts, but only what is new has to hold the alert, and
    that for as short as can be.
    """
    alert = await store.alert(tx, alert_id)
    if alert.begins_anew(press):
        return None
    alert = replace(alert, presses=(*alert.presses, *press.presses))
    people = await directory.people(tx, alert.people)
    said = await outbox.deliveries_of_alerts(tx, [alert.id])
    if not await store.add_quiet_raise(tx, alert, press, messages.raised_again_key(alert, press)):
        return None
    return AlertView(
        alert=alert, codename=compartment.codename, people=list(people.values()), deliveries=said[alert.id]
    )


async def _open_or_join(tx: Transaction, press: Alert) -> Alert | None:
    """Open a new alert, or return the one that is open in its scope, locked."""
    while not await store.open_alert(tx, press):
        found = await store.lock_open_alert(tx, press.compartment_id, press.status, duress_of=press.duress_of)
        if found is not None:
            return found
        # Where it ended between the two statements, the way is free; unless its key was used for something else.
        if await store.raised(tx, [press.id]):
            raise Conflict(MOVED_ON)
    return None


async def _raise_again(tx: Transaction, alert: Alert, around: Surroundings, press: Alert, now: datetime) -> Alert:
    """Make a further press part of the open alert; call anew where it must be answered anew."""
    anew = alert.begins_anew(press)
    alert = replace(alert, presses=(*alert.presses, *press.presses))
    if not anew:
        again = ringing_again(alert, around, press)
        await call(tx, [(alert, again)], now)
        return again.alert
    await store.forget_answers(tx, alert.id)
    unanswered = replace(
        alert.reopened(Step.RAISED_AGAIN, now),
        # What is less grave does not stand in the place of what everybody was called for.
        event=press.event if press.severity.rank >= alert.severity.rank else alert.event,
        severity=max(alert.severity, press.severity, key=lambda each: each.rank),
        certainty=press.certainty,
        raised_through=press.raised_through,
        cause_at=None,
    )
    called = wave(unanswered, around, now, accepted=[each for each, _ in alert.answered])
    await call(tx, [(unanswered, called)], now)
    await store.save(tx, called.alert)
    return called.alert


def _counted(tx: Transaction, press: Alert, seen: AlertView) -> AlertView:
    tx.afterwards(lambda: metrics.ALERT_RAISES.count(press.status, press.severity, press.raised_through))
    return seen


def _act(press: Alert, alert_id: AlertId, claimed_by: PersonId | None) -> ledger.Act:
    """Return a raise as it is recorded: the person's; a device's where it is nobody's in particular, else nobody's."""
    facts: dict[str, str | int | bool] = {
        "event": press.event, "status": press.status, "through": press.raised_through,
    }  # fmt: skip
    if press.device is not None:
        facts["device"] = str(press.device.id)
    if claimed_by is not None:
        facts["claimed_to_be"] = str(claimed_by)
    kind = "unverified" if press.device is None else "device"
    return ledger.Act(
        act="alert_raised", at=press.sent, person_id=press.raised_by,
        actor_kind="system" if press.raised_through is Through.CLOCK else kind,
        case_id=press.case_id, object_id=alert_id, facts=facts,
    )  # fmt: skip
