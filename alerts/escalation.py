"""Who is called when: the ladder, as pure rules of an alert's facts and the moment.

First wave and waiting times are those of the network's rules for alerts: Extreme calls leaders, duty
desks and the compartment at once and goes on after 2 minutes, Severe calls leaders and desks (10
minutes), Moderate the leaders (2 hours). Then silent agencies are called every 10 minutes for 6 hours;
after that the alert stands as unanswered and is repeated daily until a person ends it.

Once every responder has accepted, one person owns the alert, and its clock asks that person: every 30 minutes
whether they still see to it. Silent for 10 minutes, or no longer able to act, they own it no more, and the ladder
begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.model import PersonId
from alerts.model import Alert, State, Step, Tier
from alerts.vocabulary import Severity

REPEAT = timedelta(minutes=10)
PERSISTENT = timedelta(hours=6)
DAILY = timedelta(days=1)
# After the raiser's own cancel somebody rings back within this time, or the ladder goes on.
CANCEL_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The tiers called together, and how long they have to answer."""

    tiers: frozenset[Tier]
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What happens at a step of the ladder."""

    wave: Wave
    next_step_at: datetime
    repeating: bool
    unanswered: bool


_EVERYBODY_SILENT = frozenset({Tier.DESKS, Tier.DEPUTIES})

LADDERS: dict[Severity, tuple[Wave, ...]] = {
    Severity.EXTREME: (
        Wave(tiers=frozenset({Tier.LEADERS, Tier.DESKS, Tier.COMPARTMENT}), wait=timedelta(minutes=2)),
        Wave(tiers=_EVERYBODY_SILENT, wait=REPEAT),
    ),
    Severity.SEVERE: (
        Wave(tiers=frozenset({Tier.LEADERS, Tier.DESKS}), wait=timedelta(minutes=10)),
        Wave(tiers=_EVERYBODY_SILENT | {Tier.COMPARTMENT}, wait=REPEAT),
        Wave(tiers=_EVERYBODY_SILENT, wait=REPEAT),
    ),
    Severity.MODERATE: (
        Wave(tiers=frozenset({Tier.LEADERS}), wait=timedelta(hours=2)),
        Wave(tiers=frozenset({Tier.DESKS}), wait=timedelta(hours=2)),
        Wave(tiers=_EVERYBODY_SILENT | {Tier.COMPARTMENT}, wait=REPEAT),
        Wave(tiers=_EVERYBODY_SILENT, wait=REPEAT),
    ),
}


def escalation(severity: Severity, step: int, began_at: datetime, now: datetime) -> Escalation:
    """Return the wave of a step (0 is the raise itself) and when the next one is due.

    The wait counts from `now`, not from when the step was due: after an outage nobody is called for every
    step that was missed, one after the other.
    """
    ladder = LADDERS[severity]
    wave = ladder[min(step, len(ladder) - 1)]
    repeating = step >= len(ladder) - 1
    unanswered = repeating and now - began_at >= PERSISTENT
    return Escalation(
        wave=wave,
        next_step_at=now + (DAILY if unanswered else wave.wait),
        repeating=repeating,
        unanswered=unanswered,
    )


def owner_step(alert: Alert, able: frozenset[PersonId]) -> Step:
    """Return what is due of an accepted alert: to ask its owner, or to open it again.

    It counts neither how late it is nor how often it would have asked meanwhile: after an outage it asks once.
    """
    if alert.owner_id not in able:
        return Step.OWNER_GONE
    return Step.OWNER_ASKED if alert.owner_asked_at is None else Step.OWNER_SILENT


def paused_until(alert: Alert) -> datetime | None:
    """Return until when calling rests because a raiser said that it is over; nothing once it goes on."""
    if alert.state is State.ACCEPTED or alert.ended or alert.cancel_asked_at is None:
        return None
    until = alert.cancel_asked_at + CANCEL_PAUSE
    return until if alert.next_step_at == until else None
