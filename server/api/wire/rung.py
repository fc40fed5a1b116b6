"""What rings somebody and is no alert, over the wire."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from agencies.duty_ring import DutyRing, DutyRingId, RingState
from agencies.model import AgencyId, DeskId, PersonId
from alerts.rung import RungView
from alerts.telephone.desk_call import DeskCall, DeskCallId
from server.api.wire import Moment, Wire


class WaitingRingAnswer(Wire, frozen=True, kw_only=True):
    """A test ring that waits for the asker: of a person's shift, or without one of whoever sits at the desk.

    It is `ringing`, or nobody answered in time and the `deputies` are asked, nobody has answered (`unanswered`), or a
    deputy has (`stood_in`): whoever has the shift by the roster may answer late and has it again.
    """

    id: DutyRingId
    desk: DeskId
    person: PersonId | None
    shift_begins_at: Moment
    shift_ends_at: Moment
    rung_at: Moment
    state: RingState

    @classmethod
    def of(cls, ring: DutyRing) -> Self:
        """Return a ring as it is sent."""
        return cls(
            id=ring.id,
            desk=ring.desk_id,
            person=ring.person_id,
            shift_begins_at=ring.shift_begins_at,
            shift_ends_at=ring.shift_ends_at,
            rung_at=ring.rung_at,
            state=ring.state,
        )


class DeskCallAnswer(Wire, frozen=True, kw_only=True):
    """A call for help by telephone of which it is not known for which case it is: no alert was raised.

    It came from the number of `person`, or without one from a telephone of `agencies`; numbers can be forged. `times`
    is how often calling was repeated. It waits for somebody to see to it while nothing is in `taken_at`; what the asker
    sees to is shown for an hour.
    """

    id: DeskCallId
    person: PersonId | None
    agencies: list[AgencyId]
    began_at: Moment
    times: Annotated[int, msgspec.Meta(ge=0, examples=[1])]
    taken_at: Moment | None

    @classmethod
    def of(cls, call: DeskCall) -> Self:
        """Return a call as it is sent."""
        return cls(
            id=call.id,
            person=call.person_id,
            agencies=sorted(call.agency_ids),
            began_at=call.began_at,
            times=call.times,
            taken_at=call.taken_at,
        )


class RungAnswer(Wire, frozen=True, kw_only=True):
    """What rings the asker and is no alert: it waits for their answer."""

    rings: list[WaitingRingAnswer]
    calls: list[DeskCallAnswer]

    @classmethod
    def of(cls, view: RungView) -> Self:
        """Return what rings somebody as it is sent."""
        return cls(
            rings=[WaitingRingAnswer.of(each) for each in view.rings],
            calls=[DeskCallAnswer.of(each) for each in view.calls],
        )
