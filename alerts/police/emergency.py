"""Whether the police or an ambulance was called for an alert, as people say it: pure rules.

Nobody but a person calls either. Whoever accepts an Extreme alert first is asked; what somebody says is their word. A
later word of the same person takes the place of their earlier one; where words differ, one call suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agencies.model import PersonId

# After the first question it is asked once more, and then the raiser is told that nobody knows.
ASKED_AGAIN_AFTER = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(minutes=10)
# How many questions there are; after the last nobody is asked any more.
QUESTIONS = 2


class Service(StrEnum):
    """Whom somebody called."""

    POLICE = "police"
    AMBULANCE = "ambulance"


class Police(StrEnum):
    """What is known of whether the police was called."""

    CALLED = "called"
    NOT_CALLED = "not_called"
    # Nobody has accepted yet, or nobody was asked.
    UNKNOWN = "unknown"
    ASKED = "asked"
    # Asked twice, and nobody has said anything.
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCall:
    """That somebody says a service was called, or was not. Without `called_by` somebody called who takes no part."""

    service: Service
    said_by: PersonId
    said_at: datetime
    called: bool
    called_by: PersonId | None = None
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliceQuestion:
    """The question whether the police was called: whom it was put to, when, and how often since."""

    person_id: PersonId
    asked_at: datetime
    step: int = 0


def police(
    calls: tuple[EmergencyCall, ...], question: PoliceQuestion | None, since: datetime, *, extreme: bool
) -> Police | None:
    """Return what is known since a moment; nothing of an alert for which the police need not be called."""
    words = _last_words(calls, Service.POLICE, since)
    if words:
        return Police.CALLED if any(each.called for each in words) else Police.NOT_CALLED
    if not extreme:
        return None
    if question is None or question.asked_at < since:
        return Police.UNKNOWN
    return Police.ASKED if question.step < QUESTIONS else Police.UNANSWERED


def known_already(calls: tuple[EmergencyCall, ...], said: EmergencyCall, *, timed: bool) -> bool:
    """Whether this person's last word says the same, where it names no other time than now."""
    mine = [each for each in calls if (each.service, each.said_by) == (said.service, said.said_by)]
    if not mine:
        return False
    last = max(mine, key=lambda each: each.said_at)
    same = (last.called, last.called_by) == (said.called, said.called_by)
    return same and (not timed or last.called_at == said.called_at)


def _last_words(calls: tuple[EmergencyCall, ...], service: Service, since: datetime) -> list[EmergencyCall]:
    """Return what each person said last of a service."""
    of_person = {
        each.said_by: each
        for each in sorted(calls, key=lambda each: each.said_at)
        if each.service is service and each.said_at >= since
    }
    return list(of_person.values())
