"""`streha case timeline`: operations and safe-calls of a case in one order of time."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from client.operations import Expected, Happened, Timeline
from core.texts import mark
from operations.words import DESPITE, HAPPENED, REFUSALS, STEPS
from streha import terminal
from streha.operations_shown import words_of
from streha.options import Json, Key
from streha.personal import Names, find_case, speaking_as
from streha.terminal import say

CaseWords = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case, by codename or id.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    told = mark("Show its operations and safe-calls on one time line: what has happened, and what is expected.")
    commands.command("timeline", help=say(told))(_timeline)


def _timeline(
    case: CaseWords,
    key: Key,
    *,
    whole: Annotated[bool, typer.Option("--all", help=say(mark("From the beginning, not only the last 100.")))] = False,
    json: Json = False,
) -> None:
    async def act() -> tuple[list[Timeline], Names]:
        async with speaking_as(key) as api:
            case_id = (await find_case(api, case)).id
            pages = [await api.operations.timeline(case_id)]
            while whole and pages[-1].more is not None:
                pages.append(await api.operations.timeline(case_id, pages[-1].more))
            return pages, Names() if json else await Names.of(api)

    pages, names = asyncio.run(act())
    happened = [each for page in pages for each in page.happened]
    if json:
        terminal.as_json(Timeline(expected=pages[0].expected, happened=happened, more=pages[-1].more))
        return
    if pages[-1].more is not None:
        terminal.line(mark("There is more before this: {command}"), command=f"streha case timeline {case} --all")
    rows = [*(_past(each, names) for each in reversed(happened)), *(_next(each) for each in pages[0].expected)]
    terminal.table([mark("When"), mark("Name"), mark("Circle"), mark("What"), mark("Who")], rows)


def _past(each: Happened, names: Names) -> tuple[str, ...]:
    what = words_of(HAPPENED, each.what)
    step = "" if each.step is None else f"{words_of(STEPS, each.step)}: "
    written = each.written_at
    # Both times are told where they are not the same minute.
    if written is not None and terminal.moment(written) != terminal.moment(each.at):
        what = say(mark("{state}, written {time}"), state=what, time=terminal.moment(written))
    why = "" if each.why is None else f" ({words_of(DESPITE | REFUSALS, each.why)})"
    return terminal.moment(each.at), _name(each), each.circle, f"{step}{what}{why}", names(each.by)


def _next(each: Expected) -> tuple[str, ...]:
    what = say(mark("expected to be heard from")) if each.step is None else words_of(STEPS, each.step)
    state = say(mark("LATE")) if each.late else say(mark("to come"))
    return terminal.moment(each.at), _name(each), each.circle, f"{what}: {state}", ""


def _name(each: Happened | Expected) -> str:
    return f"{say(mark('EXERCISE'))} {each.codename}" if each.drill else each.codename
