"""One row of the benchmark: what is measured, against which floor, and what it should come to.

A row is a module in `tests/bench/rows` with a constant `ROW`; nothing else has to know of it. Its measures
are functions that do something once and return how many seconds it took, as they alone can tell which part
of their work counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

Measure = Callable[[], Awaitable[float]]


class MeasurementFailed(Exception):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure as a multiple of another. Without `at_most` it is for information."""

    measure: str
    floor: str
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Measures that take turns with each other, and how they compare.

    `prepared` makes what they need in an empty directory; `tiny` asks for the smallest size that still does
    everything, for the test that keeps the row alive. What was wrong with the work itself (a message nobody
    could read) is raised as `MeasurementFailed` when the context ends.
    """

    name: str
    title: str
    prepared: Callable[[Path, bool], AbstractAsyncContextManager[Mapping[str, Measure]]]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()
