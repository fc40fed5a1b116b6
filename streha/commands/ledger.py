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


@app.command(
    "verify",
    help=say(
        mark(
            "Recompute the whole chain and compare. Write the head down somewhere else: a head that was once "
            "verified proves later that nothing before it was changed or taken away."
        )
    ),
)
def _verify(*, json: Json = False) -> None:
    async def act() -> ledger.Verified:
        async with installation() as opened:
            return await ledger.verify(opened.database)

    found = asyncio.run(act())
    if json:
        terminal.as_json(
            {
                "whole": found.broken_at is None,
                "entries": found.entries,
                "head": found.head.hex(),
                "waiting": found.waiting,
                "broken_at": found.broken_at,
            }
        )
    elif found.broken_at is None:
        terminal.line(mark("The ledger is whole: {entries} entries. Waiting to be chained: {waiting}."),
                      entries=found.entries, waiting=found.waiting)  # fmt: skip
        terminal.line(mark("Head: {head}"), head=found.head.hex())
    else:
        terminal.line(
            mark(
                "The ledger is BROKEN: entry {position} was changed, taken away or put in. "
                "Everything before it is whole. Stop, keep a copy of the database, and find out who had access."
            ),
            position=found.broken_at,
        )
    if found.broken_at is not None:
        raise typer.Exit(terminal.EXIT_NO)


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
