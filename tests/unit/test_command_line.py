"""The command line: each command is where its table says, and alone it is called as among all the others."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from typer.main import get_command

from client.errors import refusal
from streha import terminal
from streha.cli import COMMANDS, application

OF_OPERATORS = ("nio", "icalendar", "deploy")


def names(*arguments: str) -> list[str]:
    command: object = get_command(application(arguments))
    return list(getattr(command, "commands", {}))


def test_the_table_names_every_command_and_no_other() -> None:
    assert sorted(names()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_asked_for_is_there(name: str) -> None:
    assert name in names(name)


def test_whoever_raises_an_alert_does_not_wait_for_what_operators_need() -> None:
    look = "import sys; from streha.cli import application; application(['alert']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert "client.raising" in loaded
    assert not {each.partition(".")[0] for each in loaded} & set(OF_OPERATORS)


@pytest.mark.parametrize("module", ["server.app", "server.engine"])
def test_who_serves_people_holds_no_matrix_client(module: str) -> None:
    look = f"import sys, streha.processes, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert "nio" not in loaded


def test_no_word_of_a_server_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Its refusals and names are shown as they are, but for what would move the cursor or hide what stands there."""
    said = "\x1b[2J\x9b1AAna\u202e\rPrimer"
    error = refusal(400, msgspec.json.encode({"title": "", "detail": said}), "https://streha.example")
    terminal.refuse(error)
    terminal.plain(said)
    terminal.table(["Name"], [[said]])
    terminal.aside("{name}", name=said)
    shown = capsys.readouterr()
    for each in (shown.out, shown.err):
        assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(each)
        assert "Ana" in each
    endless = refusal(400, msgspec.json.encode({"title": "", "detail": "x" * 100_000}), "https://streha.example")
    assert len(str(endless)) < 3_000
