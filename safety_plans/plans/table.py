"""Measures from a table (CSV) that somebody has filled in elsewhere, with every problem named by its row.

The first row names the columns, as the fields of a measure are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from safety_plans.forms import misshapen
from safety_plans.plans.parts import Measure
from safety_plans.problems import Problem
from safety_plans.tables import by_row, rows_of

COLUMNS = tuple(each.name for each in msgspec.structs.fields(Measure))
MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table is: measures, or what is wrong with it."""

    measures: tuple[Measure, ...]
    problems: list[Problem]


def read(data: bytes) -> Table:
    """Read a table; of one that is wrong say everything at once. Nothing is taken of a table with a problem."""
    found = rows_of(data, COLUMNS, MOST_ROWS)
    measures, problems = [], list(found.problems)
    for number, cells in found.rows:
        wrong = [replace(each, where=f"{number}.{each.where}".rstrip(".")) for each in misshapen(Measure, cells)]
        problems += wrong
        if not wrong:
            measures.append(msgspec.convert(cells, Measure))
    return Table(measures=() if problems else tuple(measures), problems=by_row(problems))
