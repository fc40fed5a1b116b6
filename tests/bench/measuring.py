"""Measuring one row: a round to warm up, then rounds in which all measures take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Spread, ratio, spread, turns
from tests.bench.row import Comparison, MeasurementFailed, Row

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The seconds of one row: of the first time, which counts for nothing else, and of each round."""

    row: Row
    first: dict[str, float]
    seconds: dict[str, list[float]]

    def spread(self, measure: str) -> Spread:
        """Return the spread of one measure in seconds."""
        return spread(self.seconds[measure])

    def ratio(self, comparison: Comparison) -> Spread:
        """Return the spread of a comparison."""
        return ratio(self.seconds[comparison.measure], self.seconds[comparison.floor])

    def met(self, comparison: Comparison) -> bool | None:
        """Tell whether a comparison came to what it should; nothing where there is no target."""
        return None if comparison.at_most is None else self.ratio(comparison).median <= comparison.at_most


async def measured(
    row: Row, directory: Path, *, rounds: int, tiny: bool = False, told: Callable[[str], None] = lambda _: None
) -> Measured:
    """Measure a row in an empty directory; `told` hears what is being done."""
    told("preparing")
    async with row.prepared(directory, tiny) as measures:
        first = {}
        for name, measure in measures.items():
            told(f"warming up: {name}")
            async with asyncio.timeout(PATIENCE_SECONDS):
                first[name] = await measure()
        seconds: dict[str, list[float]] = {name: [] for name in measures}
        for number, turn in enumerate(turns(list(measures), rounds), start=1):
            for name in turn:
                told(f"round {number} of {rounds}: {name}")
                async with asyncio.timeout(PATIENCE_SECONDS):
                    seconds[name].append(await measures[name]())
        told("checking")
    known = set(seconds)
    for comparison in row.comparisons:
        if not {comparison.measure, comparison.floor} <= known:
            raise MeasurementFailed("a comparison names a measure that is not there")
    return Measured(row=row, first=first, seconds=seconds)
