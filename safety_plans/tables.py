"""Tables (CSV) that somebody has filled in elsewhere, read whole with every problem named by its row.

The first row names the columns; an empty cell is left out. Commas or semicolons part the cells, as the offices'
programs write them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.texts import mark
from safety_plans.forms import LARGEST_BYTES
from safety_plans.problems import Problem, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The filled rows of a table, each with its number in the file and its cells by column; and what is wrong."""

    rows: list[tuple[int, dict[str, str]]]
    problems: list[Problem]


def rows_of(data: bytes, columns: Collection[str], most: int) -> Rows:
    """Read a table of these columns with at most so many filled rows."""
    if len(data) > LARGEST_BYTES:
        return _wrong(problem("", mark("The file is longer than {most} bytes."), most=LARGEST_BYTES))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _wrong(problem("", mark("The file is not UTF-8 text. Save it anew with that encoding.")))
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return _wrong(problem("", mark("The file is no table: look for a quotation mark that is not closed.")))
    names = [each.strip().lower() for each in found[0]] if found else []
    if not names or len(names) != len(set(names)) or not set(names) <= set(columns):
        said = mark("The first row names the columns, each once: {columns}.")
        return _wrong(problem("", said, columns=", ".join(columns)))
    filled = [(number, row) for number, row in enumerate(found[1:], 2) if any(each.strip() for each in row)]
    if len(filled) > most:
        return _wrong(problem("", mark("There are more than {most} of them."), most=most))
    wide = mark("This row has more cells than the first one.")
    return Rows(
        rows=[
            (number, {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip()})
            for number, row in filled if len(row) <= len(names)
        ],
        problems=[problem(f"{number}", wide) for number, row in filled if len(row) > len(names)],
    )  # fmt: skip


def by_row(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in the order of their rows."""
    return sorted(problems, key=lambda each: int(each.where.split(".")[0] or 0))


def _wrong(found: Problem) -> Rows:
    return Rows(rows=[], problems=[found])
