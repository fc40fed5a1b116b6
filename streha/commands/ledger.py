"""`streha ledger`: the operator reads who did what, and proves that nobody changed it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cases import ledger
from core.texts import mark
from streha import terminal
from streha.installation import installation
from streha.options import Json
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("The tamper-evident log of every act (operator).")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="ledger")


@app.command(
    "verify",
    help=say(
        mark(
            "Recompute the whole chain and compare. Write the head down somewhere else, and give it back with --head "
            "next time: only that shows that entries were cut off at the end, or that the whole chain was made anew."
        )
    ),
)
def _verify(
    *,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="POSITION:HASH", help=say(mark("A head that was written down earlier."))),
    ] = None,
    json: Json = False,
) -> None:
    known = None if head is None else ledger.Head.read(head)

    async def act() -> ledger.Verified:
        async with installation() as opened:
            return await ledger.verify(opened.database, known)

    found = asyncio.run(act())
    if json:
        terminal.as_json(
            {
                "whole": found.whole,
                "entries": found.entries,
                "head": str(found.head),
                "waiting": found.waiting,
                "broken_at": found.broken_at,
                "hidden": found.hidden,
                "lost_head": None if found.lost is None else str(found.lost),
            }
        )
    else:
        _tell(found)
    if not found.whole:
        raise typer.Exit(terminal.EXIT_NO)


def _tell(found: ledger.Verified) -> None:
    if found.broken_at is not None:
        terminal.line(
            mark(
                "The ledger is BROKEN: entry {position} was changed, taken away or put in. Everything before it fits."
            ),
            position=found.broken_at,
        )
    if found.hidden:
        terminal.line(mark("The ledger is BROKEN: {count} entries were put in outside the chain."), count=found.hidden)
    if found.lost is not None:
        terminal.line(
            mark(
                "The head {head} is NOT in this ledger: entries up to it were changed, put in, or cut off since it was "
                "written down."
            ),
            head=str(found.lost),
        )
    if found.whole:
        terminal.line(mark("The ledger is whole: {entries} entries. Waiting to be chained: {waiting}."),
                      entries=found.entries, waiting=found.waiting)  # fmt: skip
        terminal.line(mark("Head, to be written down somewhere else: {head}"), head=str(found.head))
    else:
        terminal.line(mark("Stop, keep a copy of the database, and find out who had access."))


@app.command("list", help=say(mark("List acts in order, oldest first.")))
def _list(
    *,
    after: Annotated[int, typer.Option(min=0, help=say(mark("Begin behind this position.")))] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say(mark("How many at most.")))] = 50,
    json: Json = False,
) -> None:
    async def act() -> list[ledger.Entry]:
        async with installation() as opened:
            return await ledger.entries(opened.database, after, limit)

    found = asyncio.run(act())
    if json:
        terminal.as_json([_plain(each) for each in found])
        return
    terminal.table(
        [mark("Position"), mark("Time"), mark("Act"), mark("By"), mark("Case"), mark("Object"), mark("Facts")],
        [
            (
                str(each.position), terminal.moment(each.at), each.act, str(each.actor_id or each.actor_kind),
                str(each.case_id or ""), str(each.object_id or ""),
                " ".join(f"{name}={value}" for name, value in each.facts.items()),
            )
            for each in found
        ],
    )  # fmt: skip


def _plain(entry: ledger.Entry) -> dict[str, object]:
    return {
        "position": entry.position,
        "at": entry.at,
        "act": entry.act,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor_id,
        "case": entry.case_id,
        "object": entry.object_id,
        "facts": entry.facts,
        "hash": entry.hash.hex(),
    }
