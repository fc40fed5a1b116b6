"""The ring at the begin of a shift, and how it goes on: pure rules.

Unanswered in ten minutes, the deputies of the desk's agency stand in until the shift ends, beside whoever has it by the
roster: in doubt both are rung by alerts. They are rung themselves; the first who answers is the stand-in. Where nobody
answers in ten minutes more, or there is no deputy, that is told loudly. A late answer gives the shift back. Of a shift
that is over meanwhile, or another's, nothing is asked any more; who was told to stand in does so until its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import DeskId, PersonId

DutyRingId = NewType("DutyRingId", UUID)

ANSWERED_WITHIN = timedelta(minutes=10)


class RingState(StrEnum):
    """How far a ring is."""

    RINGING = "ringing"
    DEPUTIES = "deputies"
    ANSWERED = "answered"
    STOOD_IN = "stood_in"
    UNANSWERED = "unanswered"
    OVER = "over"


class RingStep(StrEnum):
    """What changes a ring's state."""

    ANSWER = "answer"
    DEPUTY_ANSWER = "deputy_answer"
    SILENCE = "silence"
    NO_DEPUTY = "no_deputy"
    MOOT = "moot"


TRANSITIONS: dict[tuple[RingState, RingStep], RingState] = {
    (RingState.RINGING, RingStep.ANSWER): RingState.ANSWERED,
    (RingState.RINGING, RingStep.SILENCE): RingState.DEPUTIES,
    (RingState.RINGING, RingStep.NO_DEPUTY): RingState.UNANSWERED,
    (RingState.RINGING, RingStep.MOOT): RingState.OVER,
    (RingState.DEPUTIES, RingStep.ANSWER): RingState.ANSWERED,
    (RingState.DEPUTIES, RingStep.DEPUTY_ANSWER): RingState.STOOD_IN,
    (RingState.DEPUTIES, RingStep.SILENCE): RingState.UNANSWERED,
    (RingState.DEPUTIES, RingStep.MOOT): RingState.OVER,
    (RingState.STOOD_IN, RingStep.ANSWER): RingState.ANSWERED,
    (RingState.UNANSWERED, RingStep.ANSWER): RingState.ANSWERED,
    (RingState.UNANSWERED, RingStep.DEPUTY_ANSWER): RingState.STOOD_IN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRing:
    """One ring: of a person, or without one of whoever sits at the desk. The shift is the whole stint."""

    id: DutyRingId
    desk_id: DeskId
    person_id: PersonId | None
    shift_begins_at: datetime
    shift_ends_at: datetime
    rung_at: datetime
    state: RingState = RingState.RINGING
    answered_by: PersonId | None = None
    answered_at: datetime | None = None
    next_step_at: datetime | None = None


def may_follow(ring: DutyRing, step: RingStep) -> bool:
    """Whether a step means anything to a ring as it stands."""
    return (ring.state, step) in TRANSITIONS
