"""Set-up on machines that lack something: what is chosen, and what is said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import node

CHECKOUT = Path(__file__).parents[2]


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a place for programs that are the only ones on the path."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_no_node_means_the_wheel(machine: Path) -> None:
    assert not node.find().program.is_relative_to(machine)


def test_an_old_node_means_the_wheel(machine: Path) -> None:
    program(machine / "bin" / "node", "echo v20.20.2")
    program(machine / "bin" / "npm", "echo 11")
    assert not node.find().program.is_relative_to(machine)


def test_a_broken_node_means_the_wheel(machine: Path) -> None:
    program(machine / "bin" / "node", "exit 1")
    program(machine / "bin" / "npm", "echo 11")
    assert not node.find().program.is_relative_to(machine)


def test_a_new_node_of_the_machine_is_used(machine: Path) -> None:
    own = program(machine / "bin" / "node", "echo v22.1.0")
    script = program(machine / "lib" / "npm-cli.js", "")
    (machine / "bin" / "npm").symlink_to(script)
    assert node.find() == node.Node(program=own, npm=script)


def test_an_old_python_is_told_in_one_line(tmp_path: Path) -> None:
    for part in (
        "scripts",
        "requirements",
        "pyproject.toml",
        "deploy/witness/package-lock.json",
        "deploy/witness/.npmrc",
    ):
        source, copy = CHECKOUT / part, tmp_path / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
    old = program(tmp_path / "python3.9", "exit 1")
    setup = subprocess.run(
        [tmp_path / "scripts" / "setup"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert setup.returncode == 1
    assert setup.stderr == (
        "Streha needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3.11\n"
    )
    assert not (tmp_path / ".venv").exists()
