"""Of what tests are given: no two modules of fixtures give different things under one name.

Such a module counts for the whole run once anybody asks for it, and of two the later one wins, whoever asked.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).parent.parent


def given(path: Path) -> list[str]:
    """Return the names of a module's fixtures."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        each.name
        for each in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(each, functions) and any("fixture" in ast.unparse(mark) for mark in each.decorator_list)
    ]


def test_every_fixture_of_these_modules_has_a_name_of_its_own() -> None:
    names = Counter(name for path in FOLDER.glob("fixtures_*.py") for name in given(path))
    assert {"founded", "machines"} <= names.keys()
    assert [name for name, times in names.items() if times > 1] == []
