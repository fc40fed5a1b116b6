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


def tables(measured: Measured) -> RenderableType:
    """Return the tables of one row."""
    seconds = _table("seconds", "first", "median", "least", "most")
    for name, first in measured.first.items():
        spread = measured.spread(name)
        seconds.add_row(name, _number(first), _number(spread.median), _number(spread.low), _number(spread.high))
    ratios = _table("ratio", "median", "least", "most", "target", "")
    for each in measured.row.comparisons:
        spread = measured.ratio(each)
        target = "" if each.at_most is None else f"at most {each.at_most:g}"
        verdict = {True: "met", False: "not met", None: ""}[measured.met(each)]
        what = f"{each.measure} ÷ {each.floor}"
        ratios.add_row(what, _number(spread.median), _number(spread.low), _number(spread.high), target, verdict)
    notes = (Text(each, style="dim") for each in measured.row.notes)
    return Group(Text(measured.row.title, style="bold"), *notes, Text(), seconds, Text(), ratios)


def show(console: Console, measured: Measured) -> None:
    """Print the tables of one row."""
    console.print(tables(measured))
    console.print()


def as_json(rows: Iterable[Measured], failed: Iterable[str]) -> dict[str, Any]:
    """Return everything that was measured, every single time included."""
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
    return {
        "name": measured.row.name,
        "title": measured.row.title,
        "seconds": {
            name: {"first": first, "rounds": measured.seconds[name], **_spread(measured.spread(name))}
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
            for each in measured.row.comparisons
        ],
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "least": spread.low, "most": spread.high}


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first)
    for each in others:
        table.add_column(each, justify="right")
    return table


def _number(value: float) -> str:
    return f"{value:.2f}"
