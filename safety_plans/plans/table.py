"""Measures from a table (CSV) that somebody has filled in elsewhere, with every problem named by its row.

The first row names the columns, as the fields of a measure are named; an empty cell is left out. Commas or semicolons
part the cells, as the offices' programs write them.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from core.texts import mark
from safety_plans.forms import LARGEST_BYTES, misshapen
from safety_plans.plans.parts import Measure
from safety_plans.problems import Problem, problem

COLUMNS = tuple(each.name for each in msgspec.structs.fields(Measure))
MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table is: measures, or what is wrong with it."""

    measures: tuple[Measure, ...]
    problems: list[Problem]


def read(data: bytes) -> Table:
    """Read a table; of one that is wrong say everything at once. Nothing is taken of a table with a problem."""
    if len(data) > LARGEST_BYTES:
        return _wrong(problem("", mark("The file is longer than {most} bytes."), most=LARGEST_BYTES))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _wrong(problem("", mark("The file is not UTF-8 text. Save it anew with that encoding.")))
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return _wrong(problem("", mark("The file is no table: look for a quotation mark that is not closed.")))
    return _read(rows)


def _read(rows: list[list[str]]) -> Table:
    names = [each.strip().lower() for each in rows[0]] if rows else []
    if not names or len(names) != len(set(names)) or not set(names) <= set(COLUMNS):
        said = mark("The first row names the columns, each once: {columns}.")
        return _wrong(problem("", said, columns=", ".join(COLUMNS)))
    filled = [(number, row) for number, row in enumerate(rows[1:], 2) if any(each.strip() for each in row)]
    if len(filled) > MOST_ROWS:
        return _wrong(problem("", mark("There are more than {most} of them."), most=MOST_ROWS))
    measures, problems = [], []
    for number, row in filled:
        if len(row) > len(names):
            problems.append(problem(f"{number}", mark("This row has more cells than the first one.")))
            continue
        cells: dict[str, Any] = {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip()}
        wrong = [replace(each, where=f"{number}.{each.where}".rstrip(".")) for each in misshapen(Measure, cells)]
        problems += wrong
        if not wrong:
            measures.append(msgspec.convert(cells, Measure))
    return Table(measures=() if problems else tuple(measures), problems=problems)


def _wrong(found: Problem) -> Table:
    return Table(measures=(), problems=[found])
