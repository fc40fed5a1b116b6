"""`streha taskforce template|check|decide|decisions`: what a monthly meeting decided on a case, sealed into it."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from client.vault.decisions import Decided, Decisions
from client.vault.reading import View
from client.vault.records import Put
from core import private_files
from core.clock import SystemClock
from core.texts import mark
from safety_plans.forms import LARGEST_BYTES
from safety_plans.problems import Problem
from safety_plans.taskforce import decisions
from safety_plans.taskforce.decisions import Meeting
from streha import terminal
from streha.commands.deciding import Where
from streha.options import Json, Key
from streha.problems import file_read, tell
from streha.terminal import say
from streha.vault_names import name_of
from streha.vault_place import say_due, vault_place

File = Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("What was decided, as the template shows it.")))]
STATES = {"open": mark("open"), "done": mark("done"), "dropped": mark("dropped")}
clock = SystemClock()


def add_to(app: typer.Typer) -> None:
    """Attach these commands to those of the task force."""
    app.command(
        "template", help=say(mark("Write a file to fill in, with the members of a case as those who were present."))
    )(_template)
    app.command("check", help=say(mark("Say everything that a file lacks, as far as can be seen without a case.")))(
        _check
    )
    app.command(
        "decide",
        help=say(
            mark(
                "Seal into a case what a meeting decided: by whom, who does it, by which day. Put again for the same "
                "day it is the next version, for example with what is done. Streha reminds who owes something."
            )
        ),
    )(_decide)
    app.command("decisions", help=say(mark("Read what meetings decided on a case, the newest first.")))(_decisions)


def _template(
    where: Where, key: Key, *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=say(mark("A file that is not there yet.")))],
) -> None:  # fmt: skip
    private_files.require_free(out)

    async def act() -> list[str]:
        async with vault_place(key, where) as place:
            return sorted(str(UUID(bytes=each)) for each in (await place.view()).circle.members)

    private_files.write_new(out, decisions.written(decisions.template(_today(), asyncio.run(act()))))


def _check(file: File, *, json: Json = False) -> None:
    checked = decisions.read(file_read(file, LARGEST_BYTES))
    tell(checked.problems if checked.meeting is None else decisions.lacking(checked.meeting, _today()), json=json)
    if not json:
        terminal.line(mark("Nothing is wrong with it."))


def _decide(where: Where, file: File, key: Key, *, json: Json = False) -> None:
    checked = decisions.read(file_read(file, LARGEST_BYTES))
    meeting = checked.meeting
    if meeting is None:
        tell(checked.problems, json=json)
        raise typer.Exit(terminal.EXIT_NO)

    async def act() -> tuple[list[Problem], Put | None]:
        async with vault_place(key, where) as place:
            await say_due(place)
            view, sealed = await place.view(), Decisions(place.records)
            problems = await sealed.check(view, meeting, _today())
            return problems, None if problems else await sealed.put(view, meeting, _today())

    problems, put = asyncio.run(act())
    if put is None:
        tell(problems, json=json)
        return
    if json:
        terminal.as_json({"record": put.record, "version": put.version})
        return
    terminal.line(
        mark("Sealed and stored. Record {record}, version {version}"), record=str(put.record), version=str(put.version)
    )


def _decisions(where: Where, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[View, list[Decided]]:
        async with vault_place(key, where) as place:
            view = await place.view()
            return view, await Decisions(place.records).current(view, _today())

    view, found = asyncio.run(act())
    if json:
        terminal.as_json([{"meeting": each.meeting, "problems": each.problems} for each in found])
    elif not found:
        terminal.line(mark("No meeting has decided anything here."))
    else:
        for each in found:
            _print(view, each)
    if any(each.problems for each in found):
        raise typer.Exit(terminal.EXIT_NO)


def _print(view: View, decided: Decided) -> None:
    if decided.meeting is not None:
        _print_meeting(view, decided.meeting)
    if decided.problems:
        terminal.line(mark("This decision lacks something. Its author went round the rules, or time has passed:"))
        for each in decided.problems:
            terminal.plain(f"  {each.where}: {say(each.what, **each.about)}")


def _print_meeting(view: View, meeting: Meeting) -> None:
    terminal.plain(meeting.day.isoformat(), style="bold")
    terminal.plain(", ".join(_name(view, each.person) for each in meeting.present))
    terminal.table(
        [mark("What"), mark("Decided by"), mark("Owner"), mark("Due"), mark("State")],
        [
            (
                each.what, ", ".join(_name(view, one) for one in each.by), _name(view, each.owner),
                each.deadline.isoformat(), say(STATES[each.status]),
            )
            for each in meeting.decisions
        ],
    )  # fmt: skip


def _name(view: View, person: str) -> str:
    return name_of(view, UUID(person).bytes)


def _today() -> date:
    return clock.now().astimezone().date()
