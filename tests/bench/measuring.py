"""Measuring one row: a round to warm up, where there is something to, then rounds in which all measures take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Spread, percentile, ratio, spread, turns
from tests.bench.row import PERCENTILES, Comparison, Limit, Measure, MeasurementFailed, Row, percentile_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of one row: of the first time, which mostly counts for nothing else, and of each round."""

    row: Row
    first: dict[str, float]
    rounds: dict[str, list[float]]

    def spread(self, figure: str) -> Spread:
        """Return the spread of one figure over the rounds."""
        return spread(self.rounds[figure])

    def ratio(self, comparison: Comparison) -> Spread:
        """Return the spread of a comparison."""
        return ratio(self.rounds[comparison.measure], self.rounds[comparison.floor])

    def met(self, target: Comparison | Limit) -> bool | None:
        """Tell whether something came to what it should; nothing where there is no target."""
        if target.at_most is None:
            return None
        found = self.ratio(target) if isinstance(target, Comparison) else self.spread(target.figure)
        return found.median <= target.at_most


async def measured(
    row: Row, directory: Path, *, rounds: int, tiny: bool = False, told: Callable[[str], None] = lambda _: None
) -> Measured:
    """Measure a row in an empty directory; `told` hears what is being done."""
    told("preparing")
    rounds = min(rounds, row.rounds_at_most or rounds)
    async with row.prepared(directory, tiny) as measures:
        first = await _figures(row, measures, tuple(measures), told, "warming up")
        found = {figure: [value] if row.first_counts else [] for figure, value in first.items()}
        order = list(enumerate(turns(list(measures), rounds), start=1))
        for number, turn in order[1:] if row.first_counts else order:
            came = await _figures(row, measures, turn, told, f"round {number} of {rounds}")
            for figure, value in came.items():
                found[figure].append(value)
        told("checking")
    named = {each.figure for each in row.limits} | set(row.units)
    named |= {name for each in row.comparisons for name in (each.measure, each.floor)}
    if not named <= set(found):
        raise MeasurementFailed("a target names a figure that is not there")
    return Measured(row=row, first=first, rounds=found)


async def _figures(
    row: Row, measures: Mapping[str, Measure], turn: tuple[str, ...], told: Callable[[str], None], when: str
) -> dict[str, float]:
    """Let the measures take their turn; return what came out by name."""
    figures: dict[str, float] = {}
    for name in turn:
        told(f"{when}: {name}")
        try:
            async with asyncio.timeout(row.patience):
                came = await measures[name]()
        except TimeoutError:
            raise MeasurementFailed(f"after {row.patience:.0f} s there was no end of: {name} ({when})") from None
        if isinstance(came, float | int):
            figures[name] = float(came)
        else:
            figures |= {percentile_of(name, percent): percentile(came, percent) for percent in PERCENTILES}
    return figures
