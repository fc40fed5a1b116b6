"""One row of the benchmark: what is measured, against which floor, and what it should come to.

A row is a module in `tests/bench/rows` with a constant `ROW`; nothing else has to know of it. Its measures
are functions that do something once and return how many seconds it took, as they alone can tell which part
of their work counts. There are two more kinds:

- A measure that does something many times returns all its seconds. The harness makes three figures of them in
  each round, named by `p50`, `p95` and `p99`: `Comparison(measure=p99(RAISE), floor=p99(BARE), at_most=2)`.
- A measure that counts something else (bytes, MiB) says so in `units`: `units={SHELL: "bytes"}`.

What should be small by itself, without a floor, has a `Limit`: `Limit(figure=SHELL, at_most=60 * 1024)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

Measure = Callable[[], Awaitable[float | Sequence[float]]]

SECONDS = "seconds"
PERCENTILES = (50, 95, 99)


def percentile_of(measure: str, percent: int) -> str:
    """Return the name of one percentile of a measure that returns many seconds."""
    return f"{measure}, p{percent}"


def p50(measure: str) -> str:
    """Return the name of what half of them stay below."""
    return percentile_of(measure, 50)


def p95(measure: str) -> str:
    """Return the name of what nineteen of twenty stay below."""
    return percentile_of(measure, 95)


def p99(measure: str) -> str:
    """Return the name of what all but one in a hundred stay below."""
    return percentile_of(measure, 99)


class MeasurementFailed(Exception):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure as a multiple of another. Without `at_most` it is for information."""

    measure: str
    floor: str
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one figure should not pass, in its own unit."""

    figure: str
    at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Measures that take turns with each other, and how they compare.

    `prepared` makes what they need in an empty directory; `tiny` asks for the smallest size that still does
    everything, for the test that keeps the row alive. What was wrong with the work itself (a message nobody
    could read) is raised as `MeasurementFailed` when the context ends. A row whose rounds are long asks for
    fewer of them with `rounds_at_most`; one that measures whole processes from their start has nothing to warm up,
    and with `first_counts` its first time is the first round. `patience` is how many seconds one measure may take.
    """

    name: str
    title: str
    prepared: Callable[[Path, bool], AbstractAsyncContextManager[Mapping[str, Measure]]]
    comparisons: tuple[Comparison, ...] = ()
    limits: tuple[Limit, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    rounds_at_most: int | None = None
    first_counts: bool = False
    patience: float = 120.0
    notes: tuple[str, ...] = ()

    def unit(self, figure: str) -> str:
        """Return what a figure is counted in."""
        return self.units.get(figure, SECONDS)
