"""Every named statement is one statement, fits the schema, and is used."""

from __future__ import annotations

import ast
from pathlib import Path

import asyncpg
import pytest

from core import queries

CHECKOUT = Path(__file__).parents[2]
PACKAGES = sorted(each.parent.name for each in CHECKOUT.glob("*/queries.sql"))


def used_names(package: str) -> set[str]:
    """Return every text in the package's code; a statement is used by writing its name."""
    return {
        node.value
        for file in (CHECKOUT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_all_packages_are_looked_at() -> None:
    assert {"core", "agencies", "cases", "alerts", "safety_plans"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_statement_fits_the_schema(package: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for name, statement in queries.load(package).items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                pytest.fail(f"{package}: {name}: {error}")
    finally:
        await connection.close()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_statement_is_described_and_used(package: str) -> None:
    statements = queries.load(package)
    lost = statements.keys() - used_names(package)
    if package in {"agencies", "cases"}:
        # Their stores give the statements to neighbours that reach into them.
        lost -= set().union(*(used_names(other) for other in ("agencies", "cases")))
    assert not lost
    for name, statement in statements.items():
        assert "$1" not in statement or statement.startswith("--"), f"{package}: {name} does not say what $1 is"
