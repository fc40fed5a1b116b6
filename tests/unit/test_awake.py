"""By what time it is nothing is erased unless engines were at work for a day since time last leaped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.awake import APART, ENOUGH, LEAP, STRETCH, Awake, noted

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEAR = timedelta(days=365)

# Rounds, pauses, steps back and leaps.
gaps = st.one_of(
    st.timedeltas(timedelta(), STRETCH),
    st.timedeltas(STRETCH, LEAP),
    st.timedeltas(LEAP, 10 * YEAR),
    st.timedeltas(-10 * YEAR, timedelta()),
)


def moments_of(steps: Iterable[timedelta]) -> list[datetime]:
    """Return the moments of a first round and of these after it."""
    moments = [NOON]
    for each in steps:
        moments.append(moments[-1] + each)
    return moments


def after(*steps: timedelta) -> Awake:
    """Return what is known after a first round and these."""
    known = noted(None, NOON)
    for moment in moments_of(steps):
        known = noted(known, moment)
    return known


def a_day() -> list[timedelta]:
    """Return the rounds of a day at work."""
    return [STRETCH] * (ENOUGH // STRETCH)


@given(st.lists(gaps, max_size=30))
@example([YEAR, YEAR, -YEAR])
def test_only_short_stretches_since_the_last_leap_count(steps: list[timedelta]) -> None:
    moments = [NOON, *moments_of(steps)]
    # Where time leaped, by the moments alone: from there on stretches are added up.
    leaps = [
        number for number, (last, now) in enumerate(pairwise(moments), start=1) if now - last > LEAP or now < last
    ]  # fmt: skip
    since = moments[max(leaps, default=0) :]
    stretches = [now - last for last, now in pairwise(since) if now - last <= STRETCH]
    known = after(*steps)
    if all(not -APART <= each < timedelta() for each in steps):
        assert known.steady == min(sum(stretches, timedelta()), ENOUGH)
        assert known.at == moments[-1]
        assert (known.leaped_at is None) == (not leaps)
    assert known.reliable == (known.steady >= ENOUGH)


def test_a_day_at_work_is_enough_and_less_is_not() -> None:
    assert after(*a_day()).reliable
    assert not after(*a_day()[:-1], STRETCH - SECOND).reliable
    assert after(*a_day()[:-1]).waits == STRETCH


@pytest.mark.parametrize("leap", [LEAP + SECOND, YEAR, -APART - SECOND, -YEAR])
def test_after_a_leap_a_day_at_work_begins_anew(leap: timedelta) -> None:
    known = after(*a_day(), leap)
    assert (known.reliable, known.waits, known.leaped_at) == (False, ENOUGH, known.at)
    assert not after(*a_day(), leap, *a_day()[:-1]).reliable
    assert after(*a_day(), leap, *a_day()).reliable


@pytest.mark.parametrize("further", [YEAR, LEAP, ENOUGH, STRETCH + SECOND])
def test_no_further_leap_makes_up_for_a_day_at_work(further: timedelta) -> None:
    assert after(*a_day(), YEAR, *[further] * 50).steady == timedelta()


def test_a_machine_that_is_off_by_night_gets_there() -> None:
    evening = [STRETCH] * 60
    known = after(YEAR, *[*evening, timedelta(hours=14)] * 3)
    assert known.reliable
    # And a weekend in between, being no leap, takes nothing away.
    assert after(*a_day(), LEAP).reliable


def test_engines_whose_clocks_differ_a_little_neither_leap_nor_count_twice() -> None:
    ahead, behind = timedelta(seconds=4), timedelta(seconds=-4)
    known = after(*[ahead, behind] * 100)
    assert (known.steady, known.leaped_at, known.at) == (ahead, None, NOON + ahead)
