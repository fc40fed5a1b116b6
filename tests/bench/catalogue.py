"""All rows there are: one module each in `tests/bench/rows`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from tests.bench import rows
from tests.bench.row import Row


def all_rows() -> list[Row]:
    """Return the row of every module, by name."""
    modules = [import_module(f"{rows.__name__}.{each.name}") for each in pkgutil.iter_modules(rows.__path__)]
    return sorted((module.ROW for module in modules), key=lambda row: str(row.name))
