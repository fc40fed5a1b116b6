"""The main job as `make demo-check` tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import demo_check

pytestmark = pytest.mark.slow


async def test_every_witness_sees_what_it_should(tmp_path: Path) -> None:
    steps: list[demo_check.Step] = []
    await demo_check.check(tmp_path / "check", steps.append)
    assert steps[-1].what.startswith("ledger verified")
