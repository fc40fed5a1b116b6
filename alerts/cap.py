"""What follows, in the words of OASIS CAP 1.2, from the type of an alert and from when it was raised. Pure rules.

Nobody is asked for any of it: no field is mandatory where somebody calls for help. How soon others are called follows
from severity alone (`alerts.escalation`); urgency is told, and drives nothing that severity does not drive already.

- `urgency` (3.2.2): Immediate where somebody is in danger while it is raised, else Expected, within the hour.
- `onset`: of an Immediate one when it was raised; of what was only learnt of, when it began is not known.
- `expires`: none until somebody ends it: an alert never lapses by itself.
- `instruction`: what to do first, one short text for each type. An exercise has none: it sends nobody anywhere.
- Of severity and certainty the first values are kept beside the revised ones.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from alerts.model import Alert
from alerts.vocabulary import Certainty, Event, Status, Through
from core.texts import mark


class Urgency(StrEnum):
    """CAP `urgency`, as far as it is used here: act at once, or within the hour."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"


URGENCY_OF_EVENT = dict.fromkeys(Event, Urgency.IMMEDIATE) | {
    Event.THREAT_RECEIVED: Urgency.EXPECTED,
    Event.INTIMIDATION_OR_BRIBE: Urgency.EXPECTED,
    Event.DEFENDANT_RELEASED: Urgency.EXPECTED,
    Event.CONFIDENTIALITY_BREACH: Urgency.EXPECTED,
    Event.DEVICE_LOST: Urgency.EXPECTED,
    Event.REVIEW_MISSED: Urgency.EXPECTED,
}

# Said to everybody who was called, perhaps in a room that others read: of places and people nothing.
INSTRUCTIONS: dict[Event, str] = {
    Event.PANIC: mark("First: find out where they are expected to be. Agree who goes and who stays reachable."),
    Event.DURESS: mark("First: no call and no word that whoever is forced could be made to explain."),
    Event.BEING_FOLLOWED: mark(
        "First: they go where there are people, not home and not to the shelter. Nobody confronts who follows."
    ),
    Event.TRAFFICKER_SIGHTED: mark(
        "First: keep everybody who is protected away from there. Nobody approaches. Remember place and time."
    ),
    Event.THREAT_RECEIVED: mark("First: do not answer the threat, delete nothing, and leave nobody alone with it."),
    Event.INTIMIDATION_OR_BRIBE: mark("First: accept nothing, promise nothing, delete nothing."),
    Event.DEFENDANT_RELEASED: mark(
        "First: tell whoever is protected, in person. Look at ways and times before anybody goes out."
    ),
    Event.HOSTILE_PRESENCE: mark("First: nobody goes in or out there. Warn whoever is on the way. Nobody approaches."),
    Event.MISSING_PERSON: mark(
        "First: report them missing to the police. Agree who searches and who stays where they may come back."
    ),
    Event.LOCATION_COMPROMISED: mark(
        "First: bring whoever is protected to another place, by another way than usual. Say where only to who must "
        "know."
    ),
    Event.PREMISES_INCIDENT: mark("First: stay inside, lock the doors, keep away from windows. Count who is there."),
    Event.CONFIDENTIALITY_BREACH: mark(
        "First: stop what leaks, delete nothing. Find out what became known, and who is in danger by it."
    ),
    Event.DEVICE_LOST: mark(
        "First: have the device signed out everywhere. Until then believe nothing that comes from it."
    ),
    Event.HEALTH: mark("First: somebody stays with them. Have medication and papers at hand."),
    Event.MISSED_MILESTONE: mark(
        "First: ring those who are on the way, then each other: who was last heard, and where were they to be? Nobody "
        "goes there alone."
    ),
    Event.MISSED_CHECK_IN: mark(
        "First: ring them, then whoever saw them last. Who can look where they are? Nobody goes there alone."
    ),
    Event.OPERATION_ABORTED: mark(
        "First: ring those who are on the way. Are they safe, and how do they come home? Nobody waits where they were "
        "expected."
    ),
    Event.REVIEW_MISSED: mark(
        "First: ring whoever owns the review, and assess the risk again together. Until then treat it as high."
    ),
}


def urgency_of(event: Event) -> Urgency:
    """Return how soon something is to be done about an event."""
    return URGENCY_OF_EVENT[event]


def onset_of(alert: Alert) -> datetime | None:
    """Return when what an alert is about began; None where that is not known."""
    return alert.sent if urgency_of(alert.event) is Urgency.IMMEDIATE else None


def expires_of(alert: Alert) -> datetime | None:
    """Return from when on an alert counts no more; None while nobody has ended it."""
    return alert.stood_down_at


def instruction_of(event: Event, status: Status) -> str | None:
    """Return what to do first, as a marked sentence; None of an exercise."""
    return INSTRUCTIONS[event] if status is Status.ACTUAL else None


def first_certainty(alert: Alert) -> Certainty:
    """Return how certain the first raise was: observed where it was known who, what device or what clock raised it."""
    known = alert.raised_by is not None or alert.device is not None or alert.raised_through is Through.CLOCK
    return Certainty.OBSERVED if known else Certainty.UNKNOWN
