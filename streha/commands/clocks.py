"""`streha clock`: what must be looked at again and again in a case, and the days that everything turns on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from client.answers import CaseClocks
from client.api import ApiClient
from core.texts import mark
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.words import CLOCKS
from streha import terminal
from streha.moments import whole_moment
from streha.options import Json, Key
from streha.personal import Names, find_case, find_person, speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(mark("Custody, contact, plans, placements: who looks again by when. Days at court and of transfers.")),
)
Case = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case, by codename or id.")))]
What = Annotated[ClockKind, typer.Argument(help=say(mark("What is looked at.")))]
When = Annotated[str, typer.Argument(metavar="TIME", help=say(mark("For example 2031-05-14T09:30:00Z.")))]
Act = Callable[[ApiClient, UUID], Awaitable[CaseClocks]]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="clock")


@app.command("list", help=say(mark("Show what must be looked at by when, and the days ahead.")))
def _list(case: Case, key: Key, *, json: Json = False) -> None:
    _do(key, case, lambda api, case_id: api.clocks(case_id), json=json)


@app.command(
    "done",
    help=say(
        mark(
            "Record that it is so now: still in custody, contact was made, the plans were gone through. A clock that "
            "did not run begins.\n\n\b\nExamples:\n"
            "  streha clock done quiet-heron contact\n"
            '  streha clock done quiet-heron custody --owner "Ana Anić"'
        )
    ),
)
def _done(
    case: Case,
    what: What,
    key: Key,
    *,
    at: Annotated[str | None, typer.Option(metavar="TIME", help=say(mark("When it was so; else now.")))] = None,
    owner: Annotated[
        str | None, typer.Option(help=say(mark("Who looks after it from now on, a member of the case's channel.")))
    ] = None,
    json: Json = False,
) -> None:
    moment = None if at is None else whole_moment(at)

    async def act(api: ApiClient, case_id: UUID) -> CaseClocks:
        who = None if owner is None else await find_person(api, owner)
        return await api.wind_clock(case_id, what, moment, who)

    _do(key, case, act, json=json)


@app.command("end", help=say(mark("Stop a clock: custody ended, somebody came to visit, the placement is over.")))
def _end(case: Case, what: What, key: Key, *, json: Json = False) -> None:
    _do(key, case, lambda api, case_id: api.wind_clock(case_id, what, ended=True), json=json)


@app.command(
    "date",
    help=say(
        mark(
            "Record when somebody goes to court or is moved, the time alone. The risk is assessed 7 days and 1 day "
            "before, 24 hours and 30 days after."
        )
    ),
)
def _date(
    case: Case,
    when: When,
    key: Key,
    *,
    off: Annotated[bool, typer.Option("--off", help=say(mark("It is off, or was moved.")))] = False,
    json: Json = False,
) -> None:
    moment: datetime = whole_moment(when)
    _do(key, case, lambda api, case_id: api.set_date(case_id, moment, off=off), json=json)


def _do(key: Key, case: str, act: Act, *, json: bool) -> None:
    async def done() -> tuple[CaseClocks, Names]:
        async with speaking_as(key) as api:
            found = await act(api, (await find_case(api, case)).id)
            return found, Names() if json else await Names.of(api)

    found, names = asyncio.run(done())
    if json:
        terminal.as_json(found)
        return
    terminal.table(
        [mark("What"), mark("Due"), mark("State"), mark("Owner")],
        [
            (
                _words(each.kind), terminal.moment(each.due_at),
                say(mark("OVERDUE")) if each.stale_since else say(mark("open")), names(each.owner),
            )
            for each in found.clocks
        ],
    )  # fmt: skip
    if any(each.kind == ClockKind.CUSTODY and each.stale_since for each in found.clocks):
        terminal.line(mark("Nobody has confirmed custody in time: treat the suspect as released."))
    for each in found.dates:
        terminal.line(mark("At court or on the way: {time}"), time=terminal.moment(each))


def _words(kind: str) -> str:
    return say(CLOCKS[ClockKind(kind)]) if kind in list(ClockKind) else kind
