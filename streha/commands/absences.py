"""`streha away`: from when until when somebody is away, so that somebody else is asked meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer

from client.answers import Absence
from client.api import ApiClient
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.personal import find_person, speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True, help=say(mark("Say that you are away: whoever leads with you is asked meanwhile."))
)
Person = Annotated[
    str | None, typer.Option(help=say(mark("A colleague of your agency, where you see to its safety; else yourself.")))
]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help=say(mark("A day, for example 2031-05-14.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="away")


@app.command("show", help=say(mark("Show from when until when you are away.")))
def _show(key: Key, *, json: Json = False) -> None:
    _do(key, lambda api: api.absence(), json=json)


@app.command("from", help=say(mark("Record the first and the last day on which you are away.")))
def _from(first: Day, last: Day, key: Key, *, person: Person = None, json: Json = False) -> None:
    async def act(api: ApiClient) -> Absence:
        who = None if person is None else await find_person(api, person)
        return await api.put_absence(first.date(), last.date(), who)

    _do(key, act, json=json)


@app.command("end", help=say(mark("Record that you are there again.")))
def _end(key: Key, *, person: Person = None, json: Json = False) -> None:
    async def act(api: ApiClient) -> Absence:
        return await api.put_absence(person=None if person is None else await find_person(api, person))

    _do(key, act, json=json)


def _do(key: Key, act: Callable[[ApiClient], Awaitable[Absence]], *, json: bool) -> None:
    async def done() -> Absence:
        async with speaking_as(key) as api:
            return await act(api)

    found = asyncio.run(done())
    if json:
        terminal.as_json(found)
    elif found.begins_at is None or found.ends_at is None:
        terminal.line(mark("Nobody is asked in your place."))
    else:
        terminal.line(
            mark("Away from {begins} until {ends}. Meanwhile whoever leads the case is asked."),
            begins=terminal.moment(found.begins_at), ends=terminal.moment(found.ends_at),
        )  # fmt: skip
