"""Every act that the program records has a row in the table of the live stream, and every row is an act."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.live.acts import ACTS, Audience, Concerned, Object

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("core", "agencies", "cases", "alerts", "safety_plans", "operations", "bots", "server", "streha", "deploy")
# Where a service's own `_record` passes on what its callers name.
PASSED_ON = "act"


def acts_in(python: str) -> Iterator[str]:
    """Return every act that a module names where it records one; fail on one that cannot be read off."""
    for call in ast.walk(ast.parse(python)):
        if not isinstance(call, ast.Call):
            continue
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if called in {"Act", "Deed"}:
            yield from _named(next(each.value for each in call.keywords if each.arg == "act"))
        elif called == "_act" and call.args and not isinstance(call.args[0], ast.Name):
            yield from _named(call.args[0])
        elif called == "_record" and len(call.args) > 1 and ast.unparse(call.args[0]) == "tx":
            yield from _named(call.args[1])


def acts_in_sql(statements: str) -> Iterator[str]:
    """Return every act that statements insert into the ledger themselves."""
    for inserted in re.findall(r"INSERT INTO ledger .*?FROM", statements, re.DOTALL):
        yield from re.findall(r"'system', '([a-z_]+)'", inserted)


def _named(act: ast.expr) -> Iterator[str]:
    match act:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp():
            yield from _named(act.body)
            yield from _named(act.orelse)
        case ast.Name(id=name) if name == PASSED_ON:
            return
        case _:
            raise AssertionError(f"which act is this: {ast.unparse(act)}")


def recorded() -> set[str]:
    """Return every act that the program records."""
    files = [file for package in PACKAGES for file in sorted((CHECKOUT / package).rglob("*.py"))]
    statements = [file for package in PACKAGES for file in sorted((CHECKOUT / package).glob("queries.sql"))]
    found = {act for file in files for act in acts_in(file.read_text())}
    return found | {act for file in statements for act in acts_in_sql(file.read_text())}


def test_every_act_has_a_row_and_every_row_an_act() -> None:
    assert recorded() == ACTS.keys()


def test_whatever_way_an_act_is_written_it_is_found() -> None:
    written = """
ledger.record(tx, ledger.Act(act="one", at=now))
Act(at=now, act="two" if late else "three")
self._record(tx, "four", actor)
"""
    assert set(acts_in(written)) == {"one", "two", "three", "four"}
    assert set(acts_in_sql("INSERT INTO ledger (a, b)\n SELECT $3, 'system', 'five', x FROM ended")) == {"five"}
    with pytest.raises(AssertionError):
        list(acts_in("Act(act=names[0], at=now)"))


def test_what_nobody_may_know_of_concerns_nobody() -> None:
    for act, told in ACTS.items():
        if told.audience is Audience.NOBODY:
            assert told.concerned is Concerned.NOBODY, act


def test_every_object_is_told_by_the_rule_of_its_own() -> None:
    rules = {
        Object.ALERT: {Audience.SEES_ALERT},
        Object.REVIEW: {Audience.SEES_REVIEW},
        Object.OPERATION: {Audience.SEES_OPERATION},
        Object.SAFE_CALL: {Audience.SEES_OPERATION},
        Object.DUTY: {Audience.SEES_DUTY, Audience.RUNG_FOR_CALL},
        Object.CASE: {Audience.IN_CASE, Audience.IN_COMPARTMENT, Audience.LEADS_CASE, Audience.NOBODY},
    }
    for act, told in ACTS.items():
        assert told.audience in rules[told.object], act
