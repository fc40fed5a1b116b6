"""What was measured, for people and for programs: tables on the terminal, and JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tests.bench.figures import Spread
from tests.bench.measuring import Measured
from tests.bench.row import Comparison, Limit

HUNDREDS = 100


def tables(measured: Measured) -> RenderableType:
    """Return the tables of one row."""
    row = measured.row
    limits = {each.figure: each for each in row.limits}
    figures = _table("measure", "in", "first", "median", "least", "most", "target", "")
    for name, first in measured.first.items():
        spread, limit = measured.spread(name), limits.get(name)
        figures.add_row(name, row.unit(name), _number(first), *_numbers(spread), *_verdict(measured, limit))
    ratios = _table("ratio", "median", "least", "most", "target", "")
    for each in row.comparisons:
        what = f"{each.measure} ÷ {each.floor}"
        ratios.add_row(what, *_numbers(measured.ratio(each)), *_verdict(measured, each))
    notes = (Text(each, style="dim") for each in row.notes)
    shown = [figures, Text(), ratios] if row.comparisons else [figures]
    return Group(Text(row.title, style="bold"), *notes, Text(), *shown)


def show(console: Console, measured: Measured) -> None:
    """Print the tables of one row."""
    console.print(tables(measured))
    console.print()


def as_json(rows: Iterable[Measured], failed: Iterable[str]) -> dict[str, Any]:
    """Return everything that was measured, the figures of every round included."""
    return {"machine": machine(), "rows": [_row(each) for each in rows], "failed": list(failed)}


def machine() -> dict[str, Any]:
    """Return what numbers must not be compared without."""
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "homeserver": version("matrix-synapse"),
        # How busy the machine was with this and everything else in the last minute.
        "load": round(os.getloadavg()[0], 2),
    }


def _row(measured: Measured) -> dict[str, Any]:
    row = measured.row
    return {
        "name": row.name,
        "title": row.title,
        "figures": {
            name: {
                "unit": row.unit(name),
                "first": first,
                "rounds": measured.rounds[name],
                **_spread(measured.spread(name)),
            }
            for name, first in measured.first.items()
        },
        "comparisons": [
            {
                "measure": each.measure,
                "floor": each.floor,
                **_spread(measured.ratio(each)),
                "at_most": each.at_most,
                "met": measured.met(each),
            }
            for each in row.comparisons
        ],
        "limits": [{"figure": each.figure, "at_most": each.at_most, "met": measured.met(each)} for each in row.limits],
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "least": spread.low, "most": spread.high}


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for each in others:
        table.add_column(each, justify="right")
    return table


def _verdict(measured: Measured, target: Comparison | Limit | None) -> tuple[str, str]:
    """Return the two columns that say what a figure should come to and whether it did."""
    if target is None or target.at_most is None:
        return "", ""
    return f"at most {target.at_most:,g}", "met" if measured.met(target) else "not met"


def _numbers(spread: Spread) -> tuple[str, str, str]:
    return _number(spread.median), _number(spread.low), _number(spread.high)


def _number(value: float) -> str:
    """Return a number with about three digits that say something."""
    if abs(value) >= HUNDREDS:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
