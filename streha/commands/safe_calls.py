"""`streha safe-call`: by when somebody without an app is heard from; who that is stands in a sealed record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from agencies.model import PersonId
from client.api import ApiClient
from client.safe_calls import SafeCall
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.texts import mark
from operations.safe_calls.model import SafeCallPlan
from streha import terminal
from streha.moments import whole_moment
from streha.options import Json, Key
from streha.personal import Names, as_id, find_compartment, find_person, speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Somebody without an app is expected to be heard from by a time; else people are called.\n\n\b\n"
            "Most used:\n"
            "  streha safe-call plan CASE              by when, and who listens for it\n"
            "  streha safe-call heard NAME             they were heard from\n"
            "  streha safe-call list                   who is expected next"
        )
    ),
)
NO_SAFE_CALL = mark("No safe-call has this name for you. See: {command}")
LIST = "streha safe-call list"
NO_DAY = mark("A day is written like 2031-05-14.")
Circle = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or circle, by codename or id.")))]
Which = Annotated[str, typer.Argument(metavar="NAME", help=say(mark("A safe-call, by codename or id.")))]
Act = Callable[[ApiClient, UUID], Awaitable[SafeCall]]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="safe-call")


@app.command(
    "plan",
    help=say(
        mark(
            "Say by when somebody is heard from. Two people listen for it; the buddy is rung next. Who it is write "
            "into a sealed record.\n\n\b\nExample:\n"
            "  streha safe-call plan quiet-heron --by 2031-05-14T20:00:00+02:00 --until 2031-06-14"
        )
    ),
)
def _plan(
    circle: Circle,
    key: Key,
    *,
    by: Annotated[str, typer.Option("--by", metavar="TIME", help=say(mark("By when they are heard from.")))],
    listen: Annotated[
        list[str], typer.Option("--listen", metavar="PERSON", help=say(mark("Who listens for it; name two.")))
    ],
    buddy: Annotated[str, typer.Option("--buddy", metavar="PERSON", help=say(mark("Who is rung next.")))],
    until: Annotated[
        str, typer.Option("--until", metavar="DAY", help=say(mark("Every day at this hour, up to this day.")))
    ] = "",
    json: Json = False,
) -> None:
    moment, last_day = whole_moment(by), _day(until)

    async def act() -> tuple[SafeCall, Names]:
        async with speaking_as(key) as api:
            place = await find_compartment(api, circle)
            plan = SafeCallPlan(
                listeners=[PersonId(await find_person(api, each)) for each in listen],
                buddy_id=PersonId(await find_person(api, buddy)), due_at=moment, last_day=last_day,
            )  # fmt: skip
            planned = await api.safe_calls.plan(place.id, new_id(), plan)
            return planned, Names() if json else await Names.of(api)

    _print(*asyncio.run(act()), json=json)


@app.command("list", help=say(mark("Show who is expected next in one's circles.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[Sequence[SafeCall], Names]:
        async with speaking_as(key) as api:
            return await api.safe_calls.list_all(), Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
        return
    terminal.table(
        [mark("Codename"), mark("Circle"), mark("By"), mark("State"), mark("Last heard"), mark("Who listens")],
        [
            (
                each.codename, each.circle, "" if each.due_at is None else terminal.moment(each.due_at), _state(each),
                "" if each.heard_at is None else terminal.moment(each.heard_at),
                ", ".join(names(one) for one in each.listeners),
            )
            for each in found
        ],
    )  # fmt: skip


@app.command("heard", help=say(mark("Say that they were heard from.")))
def _heard(
    which: Which,
    key: Key,
    *,
    at: Annotated[str | None, typer.Option(metavar="TIME", help=say(mark("When it was so; else now.")))] = None,
    json: Json = False,
) -> None:
    moment = None if at is None else whole_moment(at)
    _do(key, which, lambda api, call_id: api.safe_calls.heard(call_id, moment), json=json)


@app.command("off", help=say(mark("Say that nobody is expected to be heard from any more.")))
def _off(which: Which, key: Key, *, json: Json = False) -> None:
    _do(key, which, lambda api, call_id: api.safe_calls.call_off(call_id), json=json)


def _do(key: Key, which: str, act: Act, *, json: bool) -> None:
    async def done() -> tuple[SafeCall, Names]:
        async with speaking_as(key) as api:
            found = await act(api, await _found(api, which))
            return found, Names() if json else await Names.of(api)

    _print(*asyncio.run(done()), json=json)


async def _found(api: ApiClient, which: str) -> UUID:
    call_id = as_id(which)
    if call_id is not None:
        return call_id
    for each in await api.safe_calls.list_all():
        if each.codename.casefold() == which.casefold():
            return each.safe_call
    raise NotFound(NO_SAFE_CALL, command=LIST)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(NO_DAY) from None


def _print(found: SafeCall, names: Names, *, json: bool) -> None:
    if json:
        terminal.as_json(found)
        return
    if found.known:
        terminal.line(mark("That was known already; nothing was changed."))
    if found.due_at is None:
        terminal.line(mark("{codename}: nobody is expected to be heard from any more."), codename=found.codename)
        return
    terminal.line(
        mark("{codename}, in {circle}: expected by {time}. Listening: {people}. Rung next: {buddy}."),
        codename=found.codename, circle=found.circle, time=terminal.moment(found.due_at),
        people=", ".join(names(each) for each in found.listeners), buddy=names(found.buddy),
    )  # fmt: skip


def _state(found: SafeCall) -> str:
    if found.due_at is None:
        return say(mark("over"))
    return say(mark("NOT HEARD FROM")) if found.late else say(mark("expected"))
