"""Named SQL files are read whole, and a name stands once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core import queries


def package(directory: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    name = f"invented_{directory.name.replace('-', '_')}"
    (directory / name).mkdir()
    (directory / name / "__init__.py").touch()
    (directory / name / "queries.sql").write_text(text)
    monkeypatch.syspath_prepend(str(directory))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_statements_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "A note.\n\n-- first --\n-- What it does. $1 id.\nSELECT 1\n\n-- second_one --\n\nSELECT '-- third --'\n"
    assert queries.load(package(tmp_path, monkeypatch, text)) == {
        "first": "-- What it does. $1 id.\nSELECT 1",
        "second_one": "SELECT '-- third --'",
    }


def test_a_name_that_stands_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="twice"):
        queries.load(package(tmp_path, monkeypatch, "-- one --\nSELECT 1\n-- one --\nSELECT 2\n"))


@pytest.mark.parametrize(
    "header", ["-- two2 --", "-- Two --", "--two--", "-- two -- ", " -- two --", "-- two words --"]
)
def test_a_heading_that_is_not_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    """Otherwise the statement below it would silently become part of the one above."""
    with pytest.raises(ValueError, match="heading"):
        queries.load(package(tmp_path, monkeypatch, f"-- one --\nSELECT 1\n{header}\nSELECT 2\n"))
