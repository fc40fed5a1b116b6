"""How a command tells what is wrong with a file that a person has written, and ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from core.errors import InvalidInput
from core.texts import mark
from safety_plans.problems import Problem
from streha import terminal
from streha.terminal import say


def file_read(path: Path, largest: int) -> bytes:
    """Return what stands in somebody's own file, and one byte more of one that is too long."""
    try:
        with path.open("rb") as opened:
            return opened.read(largest + 1)
    except OSError:
        raise InvalidInput(mark("{path} cannot be read."), path=str(path)) from None


def tell(problems: Sequence[Problem], *, json: bool = False) -> None:
    """Say every problem, a line each; end with "no" where there is one."""
    if json:
        terminal.as_json([{"where": each.where, "what": say(each.what, **each.about)} for each in problems])
    else:
        for each in problems:
            terminal.plain(": ".join(filter(None, (each.where, say(each.what, **each.about)))))
    if problems:
        raise typer.Exit(terminal.EXIT_NO)
