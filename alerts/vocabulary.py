"""The words of OASIS CAP 1.2 (sections 3.2.1 and 3.2.2) that an alert is told in, and how it was raised and ends."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """CAP `status`: a drill is an Exercise and can never look real, nor the reverse."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"


class Severity(StrEnum):
    """CAP `severity`: decides who is called first and how fast others follow."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return (Severity.MODERATE, Severity.SEVERE, Severity.EXTREME).index(self)


class Certainty(StrEnum):
    """CAP `certainty`: an unverified raise is Unknown."""

    OBSERVED = "Observed"
    UNKNOWN = "Unknown"


class Event(StrEnum):
    """CAP `event`: what is raised."""

    PANIC = "panic"
    # Never raised by its name: only by a sentence that its author chose (`alerts.duress`).
    DURESS = "duress"
    BEING_FOLLOWED = "being_followed"
    TRAFFICKER_SIGHTED = "trafficker_sighted"
    THREAT_RECEIVED = "threat_received"
    INTIMIDATION_OR_BRIBE = "intimidation_or_bribe"
    DEFENDANT_RELEASED = "defendant_released"
    HOSTILE_PRESENCE = "hostile_presence"
    MISSING_PERSON = "missing_person"
    LOCATION_COMPROMISED = "location_compromised"
    PREMISES_INCIDENT = "premises_incident"
    CONFIDENTIALITY_BREACH = "confidentiality_breach"
    DEVICE_LOST = "device_lost"
    HEALTH = "health"
    # Nobody did in time what had to be done within two hours: the clock raises it, and nobody else.
    REVIEW_MISSED = "review_missed"
    # Nobody confirmed in time that somebody who is under way has come to where they were to be.
    MISSED_MILESTONE = "missed_milestone"
    # Nobody was heard from in time who was expected to be.
    MISSED_CHECK_IN = "missed_check_in"
    # A way that somebody was on was ended early: it follows from that word, and nobody says it by itself.
    OPERATION_ABORTED = "operation_aborted"


# Nobody raises these by their names: a clock does, or they follow from another word (`alerts.clocked`).
RAISED_BY_CLOCKS = frozenset(
    {Event.REVIEW_MISSED, Event.MISSED_MILESTONE, Event.MISSED_CHECK_IN, Event.OPERATION_ABORTED}
)

SEVERITY_OF_EVENT = dict.fromkeys(Event, Severity.SEVERE) | {
    Event.PANIC: Severity.EXTREME,
    Event.DURESS: Severity.EXTREME,
    Event.LOCATION_COMPROMISED: Severity.EXTREME,
    Event.DEVICE_LOST: Severity.MODERATE,
}


def severity_of(event: Event, *, grave: bool = False) -> Severity:
    """Return how bad an event is: `grave` where a child is missing, or somebody whose risk is not known to be less.

    That only a missing person is worse for it is the network's rule for alerts.
    """
    return Severity.EXTREME if grave and event is Event.MISSING_PERSON else SEVERITY_OF_EVENT[event]


class Category(StrEnum):
    """CAP `category`, as far as it is used here."""

    SECURITY = "Security"
    SAFETY = "Safety"
    HEALTH = "Health"
    RESCUE = "Rescue"


CATEGORY_OF_EVENT = dict.fromkeys(Event, Category.SECURITY) | {
    Event.MISSING_PERSON: Category.RESCUE,
    Event.LOCATION_COMPROMISED: Category.SAFETY,
    Event.PREMISES_INCIDENT: Category.SAFETY,
    Event.HEALTH: Category.HEALTH,
    Event.REVIEW_MISSED: Category.SAFETY,
    Event.MISSED_MILESTONE: Category.RESCUE,
    Event.MISSED_CHECK_IN: Category.RESCUE,
}


class Response(StrEnum):
    """CAP `responseType`, as far as it is used here: what kind of action an event calls for before any other."""

    # Take shelter in place.
    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    # Do what was agreed for it.
    EXECUTE = "Execute"
    # Keep away from it.
    AVOID = "Avoid"
    ASSESS = "Assess"


RESPONSE_TO_EVENT: dict[Event, Response] = {
    Event.PANIC: Response.EXECUTE,
    Event.DURESS: Response.EXECUTE,
    Event.BEING_FOLLOWED: Response.AVOID,
    Event.TRAFFICKER_SIGHTED: Response.AVOID,
    Event.THREAT_RECEIVED: Response.ASSESS,
    Event.INTIMIDATION_OR_BRIBE: Response.ASSESS,
    Event.DEFENDANT_RELEASED: Response.PREPARE,
    Event.HOSTILE_PRESENCE: Response.AVOID,
    Event.MISSING_PERSON: Response.EXECUTE,
    Event.LOCATION_COMPROMISED: Response.EVACUATE,
    Event.PREMISES_INCIDENT: Response.SHELTER,
    Event.CONFIDENTIALITY_BREACH: Response.ASSESS,
    Event.DEVICE_LOST: Response.EXECUTE,
    Event.HEALTH: Response.ASSESS,
    Event.REVIEW_MISSED: Response.ASSESS,
    Event.MISSED_MILESTONE: Response.EXECUTE,
    Event.MISSED_CHECK_IN: Response.EXECUTE,
    Event.OPERATION_ABORTED: Response.EXECUTE,
}


class Through(StrEnum):
    """How an alert was raised."""

    API = "api"
    CHANNEL = "channel"
    DEVICE = "device"
    UNVERIFIED = "unverified"
    TELEPHONE = "telephone"
    # By nobody: something was not done in time.
    CLOCK = "clock"

    @property
    def verified(self) -> bool:
        """Whether it is known who raised it: a telephone's number can be forged."""
        return self not in {Through.UNVERIFIED, Through.TELEPHONE}


class StandDownReason(StrEnum):
    """Why an alert ends."""

    SAFE = "safe"
    FALSE_ALARM = "false_alarm"
    DRILL_OVER = "drill_over"
    HANDED_OVER = "handed_over"
