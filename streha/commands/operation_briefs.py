"""`streha operation brief`: its headings, and for `ready` which are not filled in, where somebody has the keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from client.operations import Operation
from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from operations import brief
from operations.templates import Template, templates
from streha import terminal
from streha.terminal import say
from streha.vault_place import VaultPlace

NO_KIND = mark("A way is one of these: {kinds}.")
NOTE = mark(
    "Streha was told the times and who confirms, nothing else. Write the rest into the brief and seal it:\n"
    "  {first}\n  {second}"
)
NO_BRIEF = mark("No brief in this circle names {codename}. Write one:\n  {first}\n  {second}")
EMPTY = mark("In the brief nothing stands under: {headings}")
COMPLETE = mark("The brief is filled in.")
NOT_LOOKED = mark("The brief is sealed, and was not looked at. Look: {command}")
Kind = Annotated[
    str, typer.Argument(metavar="KIND", help=say(mark("One of: {choices}."), choices=", ".join(templates())))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFound:
    """What was found of the brief of a way: whether there is one, and under which headings nothing stands."""

    found: bool
    empty: tuple[str, ...]


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    told = mark("Write the headings of a brief, with what each step means on this kind of way.")
    commands.command("brief", help=say(told))(_brief)


def template_of(kind: str) -> Template:
    """Return the template of a kind. Raises InvalidInput for any other."""
    if kind not in templates():
        raise InvalidInput(NO_KIND, kinds=", ".join(templates()))
    return templates()[kind]


def say_how(circle: str, codename: str, kind: str) -> None:
    """Say how the brief of what was planned is written."""
    terminal.line(NOTE, **_commands(circle, codename, kind))


async def looked_at(place: VaultPlace, operation: Operation) -> BriefFound:
    """Open what the circle keeps of kind `brief`, and return what the fullest that names the operation lacks."""
    opened = await place.records.of_kind(await place.view(), "brief")
    texts = [each.text.decode(errors="replace") for each in opened]
    lacking = sorted(
        (
            brief.empty(each, hands_over=operation.receiver is not None)
            for each in texts
            if brief.is_of(each, operation.codename)
        ),
        key=len,
    )
    return BriefFound(found=bool(lacking), empty=tuple(lacking[0]) if lacking else ())


def show(operation: Operation, found: BriefFound | None) -> None:
    """Say what was found of the brief; nothing was where nobody looked."""
    if found is None:
        terminal.line(NOT_LOOKED, command=f"streha operation ready {operation.codename} --brief")
    elif not found.found:
        terminal.line(
            NO_BRIEF, codename=operation.codename, **_commands(operation.circle, operation.codename, "KIND")
        )  # fmt: skip
    elif found.empty:
        terminal.line(EMPTY, headings="; ".join(say(each) for each in found.empty))
    else:
        terminal.line(COMPLETE)


def _commands(circle: str, codename: str, kind: str) -> dict[str, str]:
    return {
        "first": f"streha operation brief {kind} --of {codename} --out brief.txt",
        "second": f"streha record put {circle} --kind brief --file brief.txt",
    }


def _brief(
    kind: Kind,
    *,
    of: Annotated[
        str, typer.Option("--of", metavar="OPERATION", help=say(mark("The codename of what was planned.")))
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help=say(mark("A file that is not there yet.")))] = None,
) -> None:
    text = brief.blank(template_of(kind), terminal.language(), of)
    if out is None:
        terminal.plain(text)
    else:
        private_files.write_new(out, text.encode())
