"""The watchdog's judgement of an answer; looking and telling are tested against a real API process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.watchdog import OLD_BEAT, OLD_PROOF, judged

WELL: dict[str, Any] = {"proof": OLD_PROOF, "failing": False, "engine": OLD_BEAT, "bots": 0}


def test_what_is_young_enough_is_well() -> None:
    assert judged(WELL).wrong == ()


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"proof": OLD_PROOF + 1}, "proof is too old"),
        ({"proof": None}, "proof was never seen"),
        ({"proof": "young"}, "proof was never seen"),
        ({"proof": True}, "proof was never seen"),
        ({"proof": float("nan")}, "proof is too old"),
        ({"engine": OLD_BEAT + 1}, "engine is too old"),
        ({"bots": -6}, "bots is too old"),
        ({"failing": True}, "the proof fails"),
        ({"failing": None}, "the proof fails"),
    ],
)
def test_anything_else_is_wrong(changed: dict[str, Any], wrong: str) -> None:
    assert judged({**WELL, **changed}).wrong == (wrong,)


def test_an_empty_answer_is_all_wrong() -> None:
    assert len(judged({}).wrong) == len(WELL)


def test_it_starts_on_a_machine_where_nothing_is_installed() -> None:
    ran = subprocess.run(
        [sys.executable, "-S", "-m", "deploy.watchdog", "--help"], cwd=Path(__file__).parents[2], env={},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
