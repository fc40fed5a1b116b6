"""Whoever owns an accepted alert: asked whether they still see to it, and replaced where they do not.

What a step comes to is decided here by pure functions, as in `alerts.calling`; the sweep reads before and writes after.
"""

from __future__ import annotations

from datetime import datetime

from agencies.model import PersonId
from alerts import messages
from alerts.audience import Call, Surroundings
from alerts.calling import Wave, wave
from alerts.model import Alert, Step
from core.outbox import Target, TargetKind


def owner_calls(alert: Alert, around: Surroundings) -> list[Call]:
    """Return where the owner is asked: alone, and in the alert's channel, which rings only for its members."""
    if alert.owner_id is None:
        return []
    member = alert.owner_id in around.compartment.member_ids
    return [
        Call(target=Target(kind=TargetKind.PERSON, id=alert.owner_id), mentions=(alert.owner_id,)),
        Call(
            target=Target(kind=TargetKind.COMPARTMENT, id=around.compartment.id),
            mentions=(alert.owner_id,) if member else (),
        ),
    ]


def question(alert: Alert, around: Surroundings, now: datetime) -> Wave:
    """Return the alert as it is once its owner was asked, and what is said."""
    asked = alert.asking_owner(now)
    if alert.owner_id is None or alert.next_step_at is None:
        raise LookupError("nobody is to be asked about this alert")
    calls = owner_calls(alert, around)
    return Wave(
        alert=asked,
        messages=messages.asking_owner(asked, around.codename, alert.owner_id, calls, alert.next_step_at),
        around=around,
    )


def reopening(alert: Alert, why: Step, around: Surroundings, told: list[Target], now: datetime) -> Wave:
    """Return the first wave of an alert that is open again; everybody who was `told` of it hears why."""
    unheard = frozenset({alert.owner_id}) if alert.owner_id is not None else frozenset[PersonId]()
    first = wave(alert.reopened(why, now), around, now, unheard=unheard)
    notices = messages.reopened(alert, first.alert, around.codename, told, why)
    return Wave(alert=first.alert, messages=[*first.messages, *notices], around=around)
