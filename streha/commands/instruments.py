"""`streha instrument`: which questions a risk assessment asks, and whether a file of one's own is right.

Nothing is asked of a server: instruments are data that come with Streha or lie in a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import NotFound
from core.texts import mark
from safety_plans.instruments.model import Instrument, Weight
from safety_plans.instruments.published import shipped
from safety_plans.instruments.reading import LARGEST_BYTES, read
from safety_plans.problems import Problem, problem
from streha import terminal
from streha.options import Json
from streha.problems import file_read, tell
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True, help=say(mark("The questions of risk assessments: lists that come with Streha."))
)
_WEIGHTS = {
    Weight.CRITICAL: mark("critical: a yes makes the level at least high"),
    Weight.ELEVATING: mark("makes it worse"),
    Weight.CONTEXT: mark("to be known"),
    Weight.PROTECTIVE: mark("protects"),
}


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="instrument")


@app.command("list", help=say(mark("List the instruments and their versions.")))
def _list(*, json: Json = False) -> None:
    if json:
        terminal.as_json([_described(each) for each in shipped()])
        return
    terminal.table(
        [mark("Instrument"), mark("Version"), mark("About"), mark("Questions")],
        [
            (each.id, str(each.version), each.title(terminal.language()), str(len(each.indicators)))
            for each in shipped()
        ],
    )


@app.command("show", help=say(mark("Show what an instrument asks.")))
def _show(
    name: Annotated[str, typer.Argument(metavar="INSTRUMENT", help=say(mark("Its name, as in the list.")))],
    *,
    version: Annotated[int | None, typer.Option("--version", help=say(mark("A version. Else the newest.")))] = None,
    json: Json = False,
) -> None:
    found = [each for each in shipped() if each.id == name and version in {None, each.version}]
    if not found:
        raise NotFound(mark("There is no such instrument. Run: streha instrument list"))
    instrument = found[-1]
    if json:
        terminal.as_json(_described(instrument) | {"indicators": _questions(instrument)})
        return
    language = terminal.language()
    terminal.plain(f"{instrument.title(language)} ({instrument.id} {instrument.version})", style="bold")
    for weight in Weight:
        asked = [each for each in instrument.indicators if each.weight is weight]
        if asked:
            terminal.plain("")
            terminal.plain(say(_WEIGHTS[weight]), style="bold")
        for each in asked:
            terminal.plain(f"{each.id}  {each.question(language)}")
    terminal.plain("")
    for name_of_source, title in instrument.sources.items():
        terminal.plain(f"{name_of_source}: {title}")


@app.command("check", help=say(mark("Say everything that is wrong with an instrument's file of your own.")))
def _check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("A TOML file.")))], *, json: Json = False
) -> None:
    checked = read(file_read(file, LARGEST_BYTES))
    problems = list(checked.problems)
    if checked.instrument is not None:
        problems += _taken(checked.instrument)
    if checked.instrument is not None and not problems and not json:
        terminal.line(
            mark("{name} {version} is right: {count} questions."),
            name=checked.instrument.id, version=checked.instrument.version, count=len(checked.instrument.indicators),
        )  # fmt: skip
    tell(problems, json=json)


def _taken(instrument: Instrument) -> list[Problem]:
    """Say that a name is one of Streha's own: theirs never change under it."""
    if instrument.id not in {each.id for each in shipped()} or instrument in shipped():
        return []
    what = mark("{name} is an instrument that comes with Streha and never changes: give yours another name.")
    return [problem("instrument", what, name=instrument.id)]


def _described(instrument: Instrument) -> dict[str, object]:
    return {
        "instrument": instrument.id,
        "version": instrument.version,
        "subject": instrument.subject,
        "title": instrument.title(terminal.language()),
        "fingerprint": instrument.fingerprint.hex(),
    }


def _questions(instrument: Instrument) -> list[dict[str, object]]:
    return [
        {
            "id": each.id,
            "weight": each.weight,
            "sources": list(each.sources),
            "question": each.question(terminal.language()),
        }
        for each in instrument.indicators
    ]
