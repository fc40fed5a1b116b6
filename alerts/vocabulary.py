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


SEVERITY_OF_EVENT = dict.fromkeys(Event, Severity.SEVERE) | {
    Event.PANIC: Severity.EXTREME,
    Event.LOCATION_COMPROMISED: Severity.EXTREME,
    Event.DEVICE_LOST: Severity.MODERATE,
}


class Through(StrEnum):
    """How an alert was raised."""

    API = "api"
    CHANNEL = "channel"
    DEVICE = "device"
    UNVERIFIED = "unverified"
    TELEPHONE = "telephone"

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
