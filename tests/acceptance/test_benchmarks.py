"""Every row of the benchmark at its smallest size: it measures something, whatever the time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import report
from tests.bench.catalogue import all_rows
from tests.bench.measuring import measured
from tests.bench.row import Row

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
async def test_a_tiny_version_of_every_row_is_measured(row: Row, tmp_path: Path) -> None:
    done = await measured(row, tmp_path / "network", rounds=1, tiny=True)
    assert done.first.keys() == done.rounds.keys()
    assert all(value > 0 for rounds in done.rounds.values() for value in rounds)

    console = Console(record=True, width=200)
    report.show(console, done)
    shown = console.export_text()
    for figure in done.first:
        assert figure in shown
    for comparison in row.comparisons:
        assert done.ratio(comparison).median > 0
        assert f"{comparison.measure} ÷ {comparison.floor}" in shown
    (written,) = json.loads(json.dumps(report.as_json([done], [])))["rows"]
    assert written["name"] == row.name
    assert written["figures"].keys() == done.first.keys()
