"""A call to a desk: how it goes on until somebody takes it, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from uuid import uuid4

import pytest

from agencies.model import AgencyId, PersonId
from alerts.escalation import DAILY, PERSISTENT, REPEAT
from alerts.telephone.desk_call import TRANSITIONS, WIDER_AFTER, DeskCall, DeskCallId, DeskCallState, DeskCallStep
from core.errors import Conflict

BEGAN = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
CALL = DeskCall(
    id=DeskCallId(uuid4()), caller=uuid4(), person_id=None, agency_ids=frozenset({AgencyId(uuid4())}),
    contacts=frozenset(), maybe=frozenset(), began_at=BEGAN, next_step_at=BEGAN + WIDER_AFTER,
)  # fmt: skip
WHO = PersonId(uuid4())


def test_it_calls_wider_after_two_minutes_then_every_ten_for_six_hours_then_daily() -> None:
    call = CALL
    moments: list[datetime] = []
    assert not call.wide
    while len(moments) < 45:
        assert call.next_step_at is not None
        moments.append(call.next_step_at)
        call = call.repeated(call.next_step_at)
        assert call.wide
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert moments[0] - BEGAN == WIDER_AFTER
    often = [each for each in waits if each == REPEAT]
    assert waits == often + [DAILY] * (len(waits) - len(often))
    assert timedelta(0) <= moments[len(often)] - BEGAN - PERSISTENT < REPEAT


def test_nobody_is_said_to_be_silent_before_they_had_time() -> None:
    assert CALL.heard(BEGAN + WIDER_AFTER - timedelta(seconds=1))
    assert not CALL.heard(BEGAN + WIDER_AFTER)


@pytest.mark.parametrize(("state", "step"), list(product(DeskCallState, DeskCallStep)))
def test_every_state_and_step(state: DeskCallState, step: DeskCallStep) -> None:
    call = CALL if state is DeskCallState.CALLING else CALL.taken(WHO, BEGAN)

    def act() -> DeskCall:
        return call.taken(WHO, BEGAN) if step is DeskCallStep.TAKE else call.repeated(BEGAN)

    if (state, step) not in TRANSITIONS:
        with pytest.raises(Conflict):
            act()
        return
    after = act()
    assert after.state is TRANSITIONS[state, step]
    assert (after.next_step_at is None) is (after.state is DeskCallState.TAKEN)
