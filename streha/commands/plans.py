"""`streha plan`: safety plans as files, on one's own machine: begun, looked through, filled from a table, printed.

Nothing of that is asked of a server; what is sealed into a case stands in `streha.commands.sealed_plans`. A file holds
what nobody else may read: it is written for its owner alone (mode 0600), and never over one that is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from core import private_files
from core.clock import SystemClock
from core.errors import InvalidInput
from core.texts import mark
from safety_plans.forms import LARGEST_BYTES, schema
from safety_plans.plans import page, reading, table, templates, transitions
from safety_plans.plans.contradictions import contradictions
from safety_plans.plans.model import KINDS, Plan
from streha import terminal
from streha.commands import sealed_plans
from streha.options import Json
from streha.problems import file_read, tell
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Safety plans: files on this machine, and sealed into a case.")))
File = Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("A plan, as the template shows it.")))]
Kind = Annotated[str, typer.Argument(metavar="KIND", help=say(mark("One of: {choices}."), choices=", ".join(KINDS)))]
Out = Annotated[Path, typer.Option("--out", help=say(mark("A file that is not there yet.")))]
clock = SystemClock()


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    sealed_plans.add_to(app)
    commands.add_typer(app, name="plan")


@app.command("template", help=say(mark("Write a plan to begin with, in your language.")))
def _template(kind: Kind, *, out: Out) -> None:
    private_files.write_new(out, reading.written(templates.template(_kind(kind), terminal.language())))


@app.command("schema", help=say(mark("Print the form of a plan, for programs (JSON Schema).")))
def _schema(kind: Kind) -> None:
    terminal.as_json(schema(KINDS[_kind(kind)]))


@app.command("check", help=say(mark("Say everything that is wrong with a plan, or with a table of measures.")))
def _check(
    file: File,
    *,
    before: Annotated[
        Path | None,
        typer.Option("--before", help=say(mark("The version before: also say what the plan lacks in its state."))),
    ] = None,
    json: Json = False,
) -> None:
    data = file_read(file, LARGEST_BYTES)
    if file.suffix.lower() == ".csv":
        problems = table.read(data).problems
    else:
        checked = reading.read(data)
        problems = checked.problems
        if checked.plan is not None and before is not None:
            problems = transitions.problems(checked.plan, _plan(before), clock.now().astimezone().date())
    tell(problems, json=json)
    if not json:
        terminal.line(mark("Nothing is wrong with it."))


@app.command("measures", help=say(mark("Put the measures of a table (CSV) into a plan: after its own.")))
def _measures(
    file: File,
    rows: Annotated[Path, typer.Argument(metavar="TABLE", help=say(mark("A table with a row for each measure.")))],
    *,
    out: Out,
) -> None:
    plan, found = _plan(file), table.read(file_read(rows, LARGEST_BYTES))
    tell(found.problems)
    filled: Plan = msgspec.structs.replace(plan, measures=(*plan.measures, *found.measures))
    tell(contradictions(filled))
    private_files.write_new(out, reading.written(filled))
    terminal.line(mark("{count} measures were put in."), count=len(found.measures))


@app.command("print", help=say(mark("Write a plan as a page to print: what to do under stress, or all of it.")))
def _print(
    file: File,
    *,
    out: Out,
    everything: Annotated[bool, typer.Option("--all", help=say(mark("The whole plan.")))] = False,
) -> None:
    plan = _plan(file)
    make = page.whole if everything else page.short
    private_files.write_new(out, make(plan, terminal.language()).encode())
    terminal.line(mark("Print it, then delete the file."))


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise InvalidInput(mark("There are these plans: {kinds}."), kinds=", ".join(KINDS))
    return kind


def _plan(file: Path) -> Plan:
    checked = reading.read(file_read(file, LARGEST_BYTES))
    if checked.plan is None:
        tell(checked.problems)
        raise typer.Exit(terminal.EXIT_NO)
    return checked.plan
