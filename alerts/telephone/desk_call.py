"""A call for help by telephone for which no case can be chosen, and how it goes on: pure rules.

It is no alert, for which case is not known; but it calls until a named person takes it, as an alert does: at once the
caller's own desk, after two minutes the desks that are staffed at all hours as well, then all of them every ten minutes
for six hours, then daily. Nobody but a person ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import AgencyId, PersonId
from alerts.escalation import DAILY, PERSISTENT, REPEAT
from core.errors import Conflict
from core.texts import mark

DeskCallId = NewType("DeskCallId", UUID)

# As long as an Extreme alert waits for those who were called first.
WIDER_AFTER = timedelta(minutes=2)
TAKEN_ALREADY = mark("Somebody sees to this call already.")


class DeskCallState(StrEnum):
    """Whether somebody has taken a call."""

    CALLING = "calling"
    TAKEN = "taken"


class DeskCallStep(StrEnum):
    """What may happen to a call."""

    REPEAT = "repeat"
    TAKE = "take"


TRANSITIONS: dict[tuple[DeskCallState, DeskCallStep], DeskCallState] = {
    (DeskCallState.CALLING, DeskCallStep.REPEAT): DeskCallState.CALLING,
    (DeskCallState.CALLING, DeskCallStep.TAKE): DeskCallState.TAKEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCall:
    """Who seems to call, who may be calling, who was rung so far, and how often calling was repeated.

    `contacts` are those of the number that called: it is not rung, for whoever calls may be hiding.
    """

    id: DeskCallId
    caller: UUID
    person_id: PersonId | None
    agency_ids: frozenset[AgencyId]
    contacts: frozenset[UUID]
    maybe: frozenset[PersonId]
    began_at: datetime
    next_step_at: datetime | None
    called: frozenset[PersonId] = frozenset()
    times: int = 0
    state: DeskCallState = DeskCallState.CALLING
    taken_by: PersonId | None = None
    taken_at: datetime | None = None

    @property
    def wide(self) -> bool:
        """Whether the desks that are staffed at all hours are called too."""
        return self.times > 0

    def heard(self, now: datetime) -> bool:
        """Whether it may be that nobody has had time yet to take it."""
        return now - self.began_at < WIDER_AFTER

    def repeated(self, now: datetime) -> DeskCall:
        """Return the call as it is when it calls once more."""
        wait = DAILY if now - self.began_at >= PERSISTENT else REPEAT
        return replace(
            self, state=_after(self.state, DeskCallStep.REPEAT), times=self.times + 1, next_step_at=now + wait
        )

    def taken(self, by: PersonId, at: datetime) -> DeskCall:
        """Return the call as it is once somebody sees to it."""
        state = _after(self.state, DeskCallStep.TAKE)
        return replace(self, state=state, taken_by=by, taken_at=at, next_step_at=None)


def _after(state: DeskCallState, step: DeskCallStep) -> DeskCallState:
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise Conflict(TAKEN_ALREADY) from None
