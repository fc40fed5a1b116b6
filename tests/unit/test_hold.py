"""What is answered as absent leaves at full steps, whatever it took to find out; everything else at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, NotFound, StrehaError
from server.api.hold import Hold

STEP = 0.25


class Seconds:
    """Time that passes while somebody works, and while somebody waits."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


async def refused(error: StrehaError, *, began: float, took: float) -> Seconds:
    """Refuse something after so much work; return the time at which it was said."""
    seconds = Seconds(began)

    async def work() -> None:
        async with Hold(STEP, now=seconds, sleep=seconds.sleep).of_absence():
            seconds.now += took
            raise error

    with pytest.raises(type(error)):
        await work()
    return seconds


@given(took=st.integers(0, 4000).map(lambda each: each / 1000), began=st.sampled_from([0.0, 1024.0, 65536.0]))
async def test_it_leaves_at_the_next_full_step(took: float, began: float) -> None:
    after = await refused(NotFound("It is not there."), began=began, took=took)
    steps = (after.now - began) / STEP
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert after.now - began >= STEP
    # It is the next one: nobody waits a step for nothing.
    assert 0 < after.waited[0] <= STEP + 1e-9


@pytest.mark.parametrize("took", [0.0, 0.001, 0.1, 0.249])
async def test_how_long_it_took_within_a_step_cannot_be_told(took: float) -> None:
    assert (await refused(NotFound("It is not there."), began=8.0, took=took)).now == 8.0 + STEP


async def test_nothing_else_is_kept_back() -> None:
    assert (await refused(Conflict("Look again."), began=8.0, took=0.01)).waited == []
    seconds = Seconds(8.0)
    async with Hold(STEP, now=seconds, sleep=seconds.sleep).of_absence():
        seconds.now += 0.01
    assert seconds.waited == []
