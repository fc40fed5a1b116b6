"""Whose shift ends while they answer for an open alert: pure rules of how it is handed over.

A shift ends only when the next one has accepted its open alerts. Until then whoever leaves keeps them: nothing about
the alert changes because a clock passed a time. The next on duty is asked at once and every ten minutes; after half an
hour those who lead the case hear that nobody has taken it. After six hours it is asked once a day, as alerts are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import AgencyId, DeskId, PersonId
from alerts.audience import Audience, Surroundings, audience
from alerts.escalation import DAILY, PERSISTENT, REPEAT
from alerts.model import Alert, AlertId, Tier

HandOverId = NewType("HandOverId", UUID)

LEADERS_HEAR_AFTER = timedelta(minutes=30)


class HandOverState(StrEnum):
    """How a hand-over stands: it waits, was taken, is needless for its person is on duty again, or is over."""

    WAITING = "waiting"
    TAKEN = "taken"
    KEPT = "kept"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """One alert that somebody answers for whose shift has ended. `asks` is how often others were asked."""

    id: HandOverId
    alert_id: AlertId
    person_id: PersonId
    desk_id: DeskId
    shift_ended_at: datetime
    opened_at: datetime
    asks: int = 0
    told_at: datetime | None = None


def agencies_of(alert: Alert, leaving: PersonId) -> frozenset[AgencyId]:
    """Return the agencies that somebody has accepted for."""
    return frozenset(each.agency_id for each in alert.called(leaving) if each.acknowledged_at)


def asked(alert: Alert, around: Surroundings, leaving: PersonId, at: datetime) -> Audience:
    """Return who is asked to take an alert over: whom it would ring first now, but for whoever leaves.

    These are those on duty at the desk, else deputies and the desk that covers, else whoever sits there. Excluded
    people are not asked, and no room in which one sits hears of it.
    """
    agency_ids = agencies_of(alert, leaving)
    reached = audience(
        around, {Tier.DESKS}, at=at, silent=agency_ids, raiser_ids=alert.raiser_ids,
        answered=frozenset((leaving, each) for each in agency_ids), unheard=frozenset({leaving}),
    )  # fmt: skip
    return Audience(
        recipients=tuple(each for each in reached.recipients if each.agency_id in agency_ids),
        calls=tuple(each for each in reached.calls if each.mentions),
        informed=(),
        unreachable=reached.unreachable,
    )


def taken_already(alert: Alert, around: Surroundings, leaving: PersonId, at: datetime) -> bool:
    """Whether nothing is to be asked: the alert is another's, and who is on duty for the agency has accepted too."""
    if alert.owner_id == leaving:
        return False
    on_duty = {each for call in asked(alert, around, leaving, at).calls for each in call.mentions}
    return any((each, agency_id) in alert.answered for each in on_duty for agency_id in agencies_of(alert, leaving))


def next_ask(opened_at: datetime, now: datetime) -> datetime:
    """Return when to ask again."""
    return now + (DAILY if now - opened_at >= PERSISTENT else REPEAT)


def leaders_hear(hand_over: HandOver, now: datetime) -> bool:
    """Whether those who lead the case are to hear now that nobody has taken it."""
    return hand_over.told_at is None and now - hand_over.opened_at >= LEADERS_HEAR_AFTER
