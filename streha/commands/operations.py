"""`streha operation`: ways that are watched step by step; what they are about stands in a sealed brief."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from client.api import ApiClient
from client.operations import Operation, OperationReadiness
from core.ids import new_id
from core.texts import mark
from operations.model import Despite, Refusal
from operations.words import MISSING
from streha import terminal
from streha.commands import operation_briefs, operation_drills, operation_imports, operation_places
from streha.commands.operation_briefs import BriefFound, Kind, say_how, template_of
from streha.commands.operation_places import PlaceFile, Places, place_token, place_written
from streha.moments import whole_moment
from streha.operations_shown import found_operation, next_of, show_operation, standing, words_of
from streha.options import Json, Key
from streha.personal import Names, find_compartment, find_person, speaking_as
from streha.planners import CONFIRM, Buddy, Coordinator, Liaison, Receiver, planner_of
from streha.terminal import say
from streha.vault_place import perhaps_vault_places

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Days at court, transfers and other ways, watched step by step until everybody is home.\n\n\b\nMost used:\n"
            "  streha operation plan CASE KIND         plan a way by what is usual\n"
            "  streha operation import CASE FILE       take court dates from a calendar file\n"
            "  streha operation list                   what is ahead and under way\n"
            "  streha operation go OPERATION           it begins: now lateness calls people\n"
            "  streha operation ok OPERATION           the next step is reached"
        )
    ),
)
NOBODY_RECEIVES = mark(
    "Nobody is named who takes them over: that they arrived, those who go confirm themselves. Plan it again with "
    "--receiver if somebody does."
)
Circle = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or circle, by codename or id.")))]
Which = Annotated[str, typer.Argument(metavar="OPERATION", help=say(mark("An operation, by codename or id.")))]
Minutes = Annotated[int, typer.Argument(metavar="MINUTES", min=1, max=480, help=say(mark("How many minutes.")))]
At = Annotated[str | None, typer.Option(metavar="TIME", help=say(mark("When it was so; else now.")))]
Why = Annotated[
    Refusal, typer.Argument(metavar="WHY", help=say(mark("One of: {choices}."), choices=", ".join(Refusal)))
]
Act = Callable[[ApiClient, UUID], Awaitable[Operation]]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    operation_imports.add_to(app)
    operation_drills.add_to(app)
    operation_places.add_to(app)
    operation_briefs.add_to(app)
    commands.add_typer(app, name="operation")


@app.command(
    "plan",
    help=say(
        mark(
            "Plan a way by what is usual for its kind. Two people confirm each step; the buddy stays behind and looks "
            "after them. The kind stays on this machine.\n\n\b\nExample:\n"
            "  streha operation plan quiet-heron court_testimony --begins 2031-05-14T07:30:00Z"
        )
    ),
)
def _plan(
    circle: Circle,
    kind: Kind,
    key: Key,
    *,
    begins: Annotated[str, typer.Option("--begins", metavar="TIME", help=say(mark("When the first step is due.")))],
    confirm: Annotated[list[str], CONFIRM],
    buddy: Buddy,
    coordinator: Coordinator = "",
    liaison: Liaison = "",
    receiver: Receiver = "",
    again: Annotated[
        str, typer.Option("--again", metavar="OPERATION", help=say(mark("Plan this one anew, that was put off.")))
    ] = "",
    drill: Annotated[
        bool, typer.Option("--drill", help=say(mark("Only practise it: an exercise, which never becomes real.")))
    ] = False,
    places: Places = "",
    place_file: PlaceFile = None,
    json: Json = False,
) -> None:
    found, moment = template_of(kind), whole_moment(begins)
    written = place_written(places, place_file)

    async def act() -> tuple[Operation, Names, str]:
        async with perhaps_vault_places(key, wanted=bool(places)) as (api, vault):
            token = None if vault is None else await place_token(vault.of(places), written, moment)
            place = await find_compartment(api, circle)
            plan = (await planner_of(api, found, confirm, buddy, coordinator, liaison, receiver))(moment)
            plan = replace(plan, drill=drill, place_token=token)
            if again:
                planned = await api.operations.plan_anew((await found_operation(api, again)).operation, plan)
            else:
                planned = await api.operations.plan(place.id, new_id(), plan)
            return planned, await Names.of(api), place.codename

    planned, names, codename = asyncio.run(act())
    show_operation(planned, names, json=json)
    if not json:
        if found.hands_over and planned.receiver is None:
            terminal.line(NOBODY_RECEIVES)
        say_how(codename, planned.codename, kind)


@app.command("list", help=say(mark("Show what is ahead and under way in one's circles.")))
def _list(
    key: Key,
    *,
    ended: Annotated[
        bool, typer.Option("--ended", help=say(mark("Those too of which nothing is left to do.")))
    ] = False,
    json: Json = False,
) -> None:
    async def act() -> list[Operation]:
        async with speaking_as(key) as api:
            return await api.operations.list_all(ended=ended)

    found = asyncio.run(act())
    if json:
        terminal.as_json(found)
        return
    terminal.table(
        [mark("Codename"), mark("Circle"), mark("State"), mark("Begins"), mark("Next")],
        [
            (each.codename, each.circle, standing(each), terminal.moment(each.begins_at), next_of(each))
            for each in found
        ],
    )  # fmt: skip


@app.command("show", help=say(mark("Show an operation with its steps.")))
def _show(which: Which, key: Key, *, json: Json = False) -> None:
    _do(key, which, lambda api, operation_id: api.operations.show(operation_id), json=json)


@app.command("approve", help=say(mark("Agree to the plan as it is, as one who leads the case.")))
def _approve(which: Which, key: Key, *, json: Json = False) -> None:
    _do(key, which, lambda api, operation_id: api.operations.decide(operation_id, "approve"), json=json)


@app.command("go", help=say(mark("Say that it begins: from now on lateness calls people.")))
def _go(
    which: Which,
    key: Key,
    *,
    despite: Annotated[
        Despite | None,
        typer.Option("--despite", help=say(mark("Go although something is missing, and take it upon yourself: why."))),
    ] = None,
    json: Json = False,
) -> None:
    _do(key, which, lambda api, operation_id: api.operations.decide(operation_id, "go", despite), json=json)


@app.command("ready", help=say(mark("Show what is missing before somebody goes, and how many know of it.")))
def _ready(
    which: Which,
    key: Key,
    *,
    brief: Annotated[
        bool, typer.Option("--brief", help=say(mark("Open the brief here, and see which headings are empty.")))
    ] = False,
    json: Json = False,
) -> None:
    async def done() -> tuple[Operation, OperationReadiness, Names, BriefFound | None]:
        async with perhaps_vault_places(key, wanted=brief) as (api, vault):
            operation = await found_operation(api, which)
            ready = await api.operations.readiness(operation.operation)
            names = Names() if json else await Names.of(api)
            looked = None
            if vault is not None:
                looked = await operation_briefs.looked_at(vault.of(str(operation.compartment)), operation)
            return operation, ready, names, looked

    operation, found, names, of_brief = asyncio.run(done())
    if json:
        terminal.as_json({"exposed": found.exposed, "missing": found.missing, "brief": of_brief})
        return
    terminal.line(mark("So many people can know time and place: {count}."), count=found.exposed)
    operation_briefs.show(operation, of_brief)
    if not found.missing:
        terminal.line(mark("Nothing is missing that can be looked up."))
        return
    terminal.table(
        [mark("Missing"), mark("Of whom"), mark("Needed before go")],
        [
            (
                words_of(MISSING, each.what), ", ".join(names(one) for one in each.people),
                say(mark("yes")) if each.hard else "",
            )
            for each in found.missing
        ],
    )  # fmt: skip


@app.command("postpone", help=say(mark("Say that nobody goes on the day that was set.")))
def _postpone(which: Which, key: Key, *, json: Json = False) -> None:
    _do(key, which, lambda api, operation_id: api.operations.decide(operation_id, "postpone"), json=json)


@app.command("close", help=say(mark("Say that nothing of it is left to do.")))
def _close(which: Which, key: Key, *, json: Json = False) -> None:
    _do(key, which, lambda api, operation_id: api.operations.decide(operation_id, "close"), json=json)


@app.command("ok", help=say(mark("Say that the next step is reached, or the one that you name.")))
def _ok(
    which: Which,
    key: Key,
    *,
    step: Annotated[int | None, typer.Option(min=1, max=20, help=say(mark("Which, by its number.")))] = None,
    at: At = None,
    heard_from: Annotated[
        str, typer.Option("--heard-from", metavar="PERSON", help=say(mark("Who told you by telephone.")))
    ] = "",
    json: Json = False,
) -> None:
    moment = None if at is None else whole_moment(at)

    async def act(api: ApiClient, operation_id: UUID) -> Operation:
        person = await find_person(api, heard_from) if heard_from else None
        return await api.operations.tell(
            operation_id, new_id(), "reached", position=step, written_at=moment, heard_from=person
        )

    _do(key, which, act, json=json)


@app.command("delayed", help=say(mark("Say that everything that is to come is so many minutes later.")))
def _delayed(which: Which, minutes: Minutes, key: Key, *, json: Json = False) -> None:
    _tell(key, which, "delayed", minutes, json=json)


@app.command("dark", help=say(mark("Say that telephones are off for so many minutes: nobody is called meanwhile.")))
def _dark(which: Which, minutes: Minutes, key: Key, *, json: Json = False) -> None:
    _tell(key, which, "dark", minutes, json=json)


@app.command("divert", help=say(mark("Say that they go to the other place of the brief.")))
def _divert(which: Which, key: Key, *, json: Json = False) -> None:
    _tell(key, which, "diverted", None, json=json)


@app.command("abort", help=say(mark("End it early. Whoever is out is still awaited at home.")))
def _abort(which: Which, key: Key, *, json: Json = False) -> None:
    _tell(key, which, "aborted", None, json=json)


@app.command(
    "received",
    help=say(mark("Say that you took over who was brought; or that who receives told you so by telephone.")),
)
def _received(which: Which, key: Key, *, at: At = None, json: Json = False) -> None:
    moment = None if at is None else whole_moment(at)

    async def act(api: ApiClient, operation_id: UUID) -> Operation:
        return await api.operations.tell(operation_id, new_id(), "received", written_at=moment)

    _do(key, which, act, json=json)


@app.command("refused", help=say(mark("Say that who was brought is not taken over, and why.")))
def _refused(
    which: Which,
    why: Why,
    key: Key,
    *,
    json: Json = False,
) -> None:
    _do(
        key, which, lambda api, operation_id: api.operations.tell(operation_id, new_id(), "refused", why=why), json=json
    )


@app.command("receiver", help=say(mark("Say who receives instead, as one who leads.")))
def _receiver(
    which: Which,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("Who takes over whoever is brought.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act(api: ApiClient, operation_id: UUID) -> Operation:
        return await api.operations.name_receiver(operation_id, await find_person(api, person))

    _do(key, which, act, json=json)


def _tell(key: Key, which: str, word: str, minutes: int | None, *, json: bool) -> None:
    _do(
        key, which, lambda api, operation_id: api.operations.tell(operation_id, new_id(), word, minutes=minutes),
        json=json,
    )  # fmt: skip


def _do(key: Key, which: str, act: Act, *, json: bool) -> None:
    async def done() -> tuple[Operation, Names]:
        async with speaking_as(key) as api:
            found = await act(api, (await found_operation(api, which)).operation)
            return found, Names() if json else await Names.of(api)

    found, names = asyncio.run(done())
    show_operation(found, names, json=json)
