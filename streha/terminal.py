"""How the command speaks: its language, tables, JSON, and one calm line when something was not done."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, StrehaError
from core.texts import choose, mark, render

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_FAULT = 4
EXIT_INTERRUPTED = 130

WIDTH_WITHOUT_TERMINAL = 160
_LOCALE_NAMES = ("STREHA_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """Return the language that the environment asks for."""
    return choose(next((os.environ[name] for name in _LOCALE_NAMES if os.environ.get(name)), ""))


def say(text: str, /, **parameters: object) -> str:
    """Return a marked sentence in the person's language."""
    return render(text, language(), **parameters)


def harmless(text: str) -> str:
    """Return what somebody else wrote without what could steer a terminal."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)


def line(text: str, /, **parameters: object) -> None:
    """Print a marked sentence."""
    _console().print(Text(harmless(say(text, **parameters))), soft_wrap=True)


def aside(text: str, /, **parameters: object) -> None:
    """Print a marked sentence beside the result, on standard error."""
    sys.stderr.write(harmless(say(text, **parameters)) + "\n")
    sys.stderr.flush()


def plain(text: str, style: str = "") -> None:
    """Print what is already in the person's words."""
    _console().print(Text(harmless(text), style=style), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under marked headings."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(say(column), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(harmless(cell)) for cell in row))
    _console().print(shown)


def as_json(value: object) -> None:
    """Print a value as JSON, one document."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def as_json_line(value: object) -> None:
    """Print a value as one line of JSON, for what goes on."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def refuse(error: StrehaError) -> int:
    """Print why something was not done on one line of standard error; return the exit code that means it."""
    match error:
        case InvalidInput():
            code = EXIT_USAGE
        case NotFound() | Conflict() | NotAuthenticated():
            code = EXIT_NO
        case _:
            code = EXIT_UNAVAILABLE
    incident = str(error.parameters.get("incident", ""))
    # The number helps an operator find a fault; where the answer is simply no, there is none to find.
    number = f" [{incident}]" if incident and code == EXIT_UNAVAILABLE else ""
    # The server's own words are among them.
    sys.stderr.write(harmless(f"streha: {say(error.reason, **error.parameters)}{number}") + "\n")
    return code


def require_yes(*, yes: bool) -> None:
    """Ask whether to go on with what cannot be taken back, unless the person has said so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(mark("This cannot be taken back. Add --yes to go on."))
    typer.confirm(say(mark("This cannot be taken back. Go on?")), abort=True, err=True)


def asked(question: str, /, **parameters: object) -> bool:
    """Ask somebody at a terminal; nothing but a yes is one."""
    return typer.confirm(harmless(say(question, **parameters)), err=True)


def require_agreed(question: str, /, *, yes: bool, **parameters: object) -> None:
    """Ask whether just this is to be signed, unless the person has said so; raise where they do not say yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(mark("Nothing was done: this is signed only by somebody who has looked. Add --yes."))
    if not asked(question, **parameters):
        raise typer.Abort


def moment(at: datetime | None, zone: str = "") -> str:
    """Return a time as people read it, in the machine's zone or the one named."""
    if at is None:
        return ""
    return at.astimezone(ZoneInfo(zone) if zone else None).strftime("%d.%m.%Y %H:%M")


def _console() -> Console:
    """Return a console on the standard output of this moment; wide where nobody looks."""
    interactive = sys.stdout.isatty()
    return Console(file=sys.stdout, highlight=False, width=None if interactive else WIDTH_WITHOUT_TERMINAL)
