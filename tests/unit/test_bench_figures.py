"""What the benchmarks make of measured seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Spread, ratio, spread, turns

SECONDS = st.lists(st.floats(min_value=0.001, max_value=1000), min_size=1, max_size=20)


def test_a_spread_is_the_middle_and_the_ends() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(median=2.0, low=1.0, high=3.0)
    assert spread([4.0, 1.0]) == Spread(median=2.5, low=1.0, high=4.0)


@given(SECONDS)
def test_the_middle_lies_between_the_ends(seconds: list[float]) -> None:
    found = spread(seconds)
    assert found.low <= found.median <= found.high


def test_no_numbers_have_no_spread() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        spread([])


def test_a_ratio_is_taken_within_each_round() -> None:
    # The machine was ten times slower in the last two rounds; the ratio was the same in all.
    assert ratio([2.0, 20.0, 20.0], [1.0, 10.0, 10.0]) == Spread(median=2.0, low=2.0, high=2.0)


def test_a_ratio_needs_as_many_floors_as_measures() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


@given(st.lists(st.text(), min_size=1, max_size=6, unique=True), st.integers(min_value=0, max_value=20))
def test_every_round_has_every_measure_once(names: list[str], rounds: int) -> None:
    orders = turns(names, rounds)
    assert len(orders) == rounds
    assert all(sorted(order) == sorted(names) for order in orders)


def test_each_round_begins_one_measure_later() -> None:
    assert turns(["a", "b", "c"], 4) == [("a", "b", "c"), ("b", "c", "a"), ("c", "a", "b"), ("a", "b", "c")]
