"""What the benchmarks make of measured numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.bench import report
from tests.bench.figures import Spread, percentile, ratio, spread, turns
from tests.bench.measuring import measured
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row, p50, p99

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


def test_a_percentile_is_one_of_the_numbers() -> None:
    hundred = [float(each) for each in range(100, 0, -1)]
    assert percentile(hundred, 50) == 50.0
    assert percentile(hundred, 99) == 99.0
    assert percentile([3.0], 99) == 3.0
    with pytest.raises(ValueError, match="no numbers"):
        percentile([], 50)


@asynccontextmanager
async def _prepared(_directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    size = 10 if tiny else 1000

    async def subject() -> list[float]:
        return [2.0] * (size - 1) + [9.0]

    async def floor() -> list[float]:
        return [1.0] * (size - 1) + [3.0]

    async def shell() -> int:
        return 70_000

    yield {"subject": subject, "floor": floor, "shell": shell}


def _row(*limits: Limit) -> Row:
    return Row(
        name="invented",
        title="Invented",
        prepared=_prepared,
        comparisons=(
            Comparison(measure=p50("subject"), floor=p50("floor"), at_most=2),
            Comparison(measure=p99("subject"), floor=p99("floor"), at_most=2),
            Comparison(measure=p99("subject"), floor=p50("floor")),
        ),
        limits=limits,
        units={"shell": "bytes"},
        rounds_at_most=2,
    )


async def test_many_seconds_become_three_figures_and_every_target_has_its_verdict(tmp_path: Path) -> None:
    done = await measured(_row(Limit(figure="shell", at_most=61_440)), tmp_path, rounds=5, tiny=True)
    assert done.rounds == {
        "subject, p50": [2.0, 2.0],
        "subject, p95": [9.0, 9.0],
        "subject, p99": [9.0, 9.0],
        "floor, p50": [1.0, 1.0],
        "floor, p95": [3.0, 3.0],
        "floor, p99": [3.0, 3.0],
        "shell": [70_000.0, 70_000.0],
    }
    assert [done.met(each) for each in done.row.comparisons] == [True, False, None]
    assert [done.met(each) for each in done.row.limits] == [False]
    (written,) = report.as_json([done], [])["rows"]
    assert written["figures"]["shell"]["unit"] == "bytes"
    assert written["limits"] == [{"figure": "shell", "at_most": 61_440, "met": False}]
    console = Console(record=True, width=100)
    report.show(console, done)
    lines = console.export_text().splitlines()
    (shell,) = [line for line in lines if line.startswith("shell")]
    assert " ".join(shell.split()) == "shell bytes 70,000 70,000 70,000 70,000 at most 61,440 not met"


async def test_a_target_for_a_figure_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementFailed, match="not there"):
        await measured(_row(Limit(figure="shells", at_most=1)), tmp_path, rounds=1, tiny=True)
