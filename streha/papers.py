"""Seeds on paper: shown at a terminal once, typed back, written to a medium, read again.

Owns how a person is asked. What a paper says is `crypto.paper`'s. A seed never comes from the command line and never
goes where nobody looks: without a terminal it is only written to a file that was asked for.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import typer

from core import private_files
from core.errors import Conflict, InvalidInput
from core.texts import mark
from crypto import paper
from crypto.paper import Kind, PaperWrong, RowWrong
from streha import terminal
from streha.terminal import say

NAMES = {Kind.MASTER: mark("MASTER PAPER of the bot"), Kind.SIGNING: mark("SIGNING PAPER of the bot")}
NO_TERMINAL = mark(
    "Papers are shown at a terminal only. To write them to a medium that you take away: --file DIRECTORY"
)
ROW_WRONG = mark("Row {row} of the paper is not right. Look at it again, letter by letter.")
PAPER_WRONG = mark("Each row may be one of a paper, but together they are none. Do they come from the same one?")
# Clears what is seen and what can be scrolled back to.
_CLEAR = "\033[H\033[2J\033[3J"


def require_terminal() -> None:
    """Refuse to show a paper where what is shown is written down by a machine."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(NO_TERMINAL)


def have_copied(kind: Kind, seed: bytes) -> None:
    """Show a paper until the person has copied it, and have the whole copy typed back.

    Two rows would leave five in which one slip of the pen makes the paper worthless.
    """
    rows, right = paper.rows(seed, kind), 0
    while True:
        clear()
        _show(kind, rows)
        typer.prompt(
            say(mark("Copy it by hand. Then press Enter; the screen is cleared")), default="", show_default=False
        )
        clear()
        terminal.line(mark("Now type your copy, row by row, as you wrote it."))
        right += _typed_back(kind, rows, right)
        if right == len(rows):
            return
        terminal.line(
            mark("Row {row} is not what the paper said. It is shown once more: mend your copy."), row=right + 1
        )
        typer.prompt(say(mark("Press Enter")), default="", show_default=False)


def write_down(directory: Path, kind: Kind, seed: bytes) -> Path:
    """Write a paper to a file of a medium, and read it back from there."""
    path = directory / f"streha-{kind}-paper.txt"
    if path.exists():
        raise Conflict(mark("{path} exists already, and is not overwritten."), path=str(path))
    lines = [say(NAMES[kind]), *(f"{number}: {row}" for number, row in enumerate(paper.rows(seed, kind), start=1))]
    try:
        private_files.write(path, "\n".join([*lines, ""]).encode())
        whole = paper.read(_rows_in(path.read_text(encoding="utf-8")), kind) == seed
    except (OSError, ValueError, RowWrong, PaperWrong):
        whole = False
    if not whole:
        raise InvalidInput(mark("{path} cannot be written or read back."), path=str(path))
    return path


def ask(kind: Kind) -> bytes:
    """Return the seed of a paper that the person types, row by row; from a pipe, all of it at once."""
    if not sys.stdin.isatty():
        try:
            return paper.read(_rows_in(sys.stdin.read()), kind)
        except RowWrong as wrong:
            raise InvalidInput(ROW_WRONG, row=wrong.row) from wrong
        except PaperWrong as wrong:
            raise InvalidInput(PAPER_WRONG) from wrong
    terminal.line(NAMES[kind])
    rows = [_ask_row(number, kind) for number in range(1, paper.ROWS + 1)]
    clear()
    try:
        return paper.read(rows, kind)
    except PaperWrong as wrong:
        raise InvalidInput(PAPER_WRONG) from wrong


def clear() -> None:
    """Take what was shown off the screen."""
    if sys.stdout.isatty():
        sys.stdout.write(_CLEAR)
        sys.stdout.flush()


def _show(kind: Kind, rows: list[str]) -> None:
    terminal.plain(f"\n  {say(NAMES[kind])}\n", style="bold")
    for number, row in enumerate(rows, start=1):
        terminal.plain(f"  {number}: {row}")
    terminal.plain("")


def _typed_back(kind: Kind, rows: list[str], right: int) -> int:
    """Ask for the rows that were not right yet; return how many are, up to the first that is not."""
    for number, row in enumerate(rows[right:], start=right + 1):
        try:
            same = paper.read_row(typer.prompt(say(mark("Row {row}"), row=number)), number, kind) == row
        except RowWrong:
            same = False
        if not same:
            return number - 1 - right
    return len(rows) - right


def _ask_row(number: int, kind: Kind) -> str:
    while True:
        try:
            return paper.read_row(typer.prompt(say(mark("Row {row}"), row=number)), number, kind)
        except RowWrong:
            terminal.line(ROW_WRONG, row=number)


def _rows_in(text: str) -> list[str]:
    """Return the numbered rows of a text, or all its lines where none is numbered."""
    numbered = re.findall(r"^\s*\d:\s*(.+)$", text, re.MULTILINE)
    return numbered or [line for line in text.splitlines() if line.strip()]
