"""`streha plan put`, `get`, `due`: plans as sealed records of a case; what is to be done is reminded of by Streha."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from client.vault.plans import NO_PLAN, Plans, Sealed
from client.vault.reading import View
from client.vault.records import Put
from core import private_files
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from core.texts import mark
from safety_plans.forms import LARGEST_BYTES
from safety_plans.plans import reading
from safety_plans.plans.model import KINDS, Plan
from safety_plans.plans.owed import Owed, owed
from safety_plans.problems import Problem
from streha import terminal
from streha.commands.deciding import Where
from streha.options import Json, Key
from streha.problems import file_read, tell
from streha.record_words import handing
from streha.terminal import say
from streha.vault_names import name_of, record_named
from streha.vault_place import VaultPlace, say_due, vault_place

File = Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("A plan, as the template shows it.")))]
Kind = Annotated[str, typer.Argument(metavar="KIND", help=say(mark("One of: {choices}."), choices=", ".join(KINDS)))]
Record = Annotated[
    str, typer.Option("--record", metavar="RECORD", help=say(mark("Which, where there are several of one kind.")))
]
SEVERAL = mark("Two people wrote at once. Read both: streha record get. Then put one that brings them together.")
clock = SystemClock()


def add_to(app: typer.Typer) -> None:
    """Attach these commands to those of plans."""
    app.command(
        "put",
        help=say(
            mark(
                "Seal a plan into a case: new, or the next version of the one that is there. Nothing is stored of a "
                "plan that lacks something. Streha learns who does something by which day, and reminds them.\n\n\b\n"
                "Example:\n"
                "  streha plan put quiet-heron plan.json"
            )
        ),
    )(_put)
    app.command(
        "get", help=say(mark("Read the plan of a case; say what it lacks, should somebody have gone round it."))
    )(_get)
    app.command("due", help=say(mark("What is to be done of the plans of a case: what, who, by which day.")))(_due)


def _put(
    where: Where,
    file: File,
    key: Key,
    *,
    record: Record = "",
    beside: Annotated[
        bool, typer.Option("--beside", help=say(mark("Let it stand beside versions that you have not read.")))
    ] = False,
    json: Json = False,
) -> None:
    checked = reading.read(file_read(file, LARGEST_BYTES))
    plan = checked.plan
    if plan is None:
        tell(checked.problems, json=json)
        raise typer.Exit(terminal.EXIT_NO)

    async def act() -> tuple[list[Problem], Put | None, Sequence[Owed], View]:
        async with vault_place(key, where) as place:
            await say_due(place)
            view, plans = await place.view(), Plans(place.records)
            chosen = await _chosen(plans, view, type(plan), record)
            problems = await plans.check(view, plan, chosen, _today())
            if problems:
                return problems, None, (), view
            put, due = await plans.put(view, plan, chosen, beside=beside)
            return [], put, due, await place.view()

    problems, put, due, view = asyncio.run(act())
    if put is None:
        tell(problems, json=json)
        return
    if json:
        terminal.as_json({"record": put.record, "version": put.version, "due": [_owed_plain(each) for each in due]})
        return
    terminal.line(
        mark("Sealed and stored. Record {record}, version {version}"), record=str(put.record), version=str(put.version)
    )
    if put.beside:
        terminal.line(SEVERAL)
    if due:
        terminal.line(mark("Streha reminds of {count} things, {person} first, on {day}."), count=len(due),
            person=name_of(view, due[0].owner.bytes), day=due[0].deadline.isoformat())  # fmt: skip


def _get(
    where: Where,
    kind: Kind,
    key: Key,
    *,
    record: Record = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=say(mark("Write it to a new file that only you can read."))),
    ] = None,
    json: Json = False,
) -> None:
    wanted = _kind(kind)
    if out is not None:
        private_files.require_free(out)

    hand = handing(out, json=json)

    async def act() -> list[Sealed]:
        async with vault_place(key, where) as place:
            view, plans = await place.view(), Plans(place.records)
            chosen = await _chosen(plans, view, wanted, record)
            if chosen is None:
                raise NotFound(NO_PLAN)
            opened, view = await place.records.get(place.id, chosen, hand)
            return [await plans.judged(view, each, _today()) for each in opened]

    lacks = [each for sealed in asyncio.run(act()) for each in sealed.problems]
    if lacks and not json:
        terminal.line(mark("This plan lacks something. Its author went round the rules, or time has passed:"))
        tell(lacks)


def _due(where: Where, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[Owed], View]:
        async with vault_place(key, where) as place:
            return await _owed_here(place), await place.view()

    found, view = asyncio.run(act())
    if json:
        terminal.as_json([_owed_plain(each) for each in found])
    elif not found:
        terminal.line(mark("Nothing of a plan is to be done here."))
    else:
        today = _today()
        terminal.table(
            [mark("By"), mark("State"), mark("Owner"), mark("What")],
            [
                (
                    each.deadline.isoformat(), say(mark("OVERDUE")) if each.deadline < today else say(mark("open")),
                    name_of(view, each.owner.bytes), each.what,
                )
                for each in found
            ],
        )  # fmt: skip


async def _owed_here(place: VaultPlace) -> list[Owed]:
    view = await place.view()
    coordinator = UUID(bytes=view.circle.coordinator)
    found = [
        each
        for sealed in await Plans(place.records).current(view, _today())
        if sealed.plan is not None
        for each in owed(sealed.plan, coordinator)
    ]
    return sorted(set(found), key=lambda each: (each.deadline, each.where))


async def _chosen(plans: Plans, view: View, kind: type[Plan], words: str) -> bytes | None:
    return record_named(view, words) if words else await plans.record(view, kind)


def _owed_plain(each: Owed) -> dict[str, object]:
    return {"what": each.what, "owner": each.owner, "deadline": each.deadline.isoformat()}


def _kind(kind: str) -> type[Plan]:
    if kind not in KINDS:
        raise InvalidInput(mark("There are these plans: {kinds}."), kinds=", ".join(KINDS))
    return KINDS[kind]


def _today() -> date:
    return clock.now().astimezone().date()
