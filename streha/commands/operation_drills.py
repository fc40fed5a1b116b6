"""`streha operation drill`: a way that a team practises in ten minutes, and how soon everybody answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

import typer

from client.operations import Operation
from core.clock import SystemClock
from core.errors import InvalidInput
from core.ids import new_id
from core.texts import mark
from operations.drills import BEGINS_AFTER, QUICK
from operations.words import STEPS
from streha import terminal
from streha.operations_shown import EXERCISE, found_operation, show_operation, state_of, words_of
from streha.options import Json, Key
from streha.personal import Names, find_compartment, speaking_as
from streha.planners import CONFIRM, Buddy, planner_of
from streha.terminal import say

NO_DRILL = mark("This is no exercise: of what is in earnest nobody is measured.")
Circle = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or circle, by codename or id.")))]
Which = Annotated[str, typer.Argument(metavar="OPERATION", help=say(mark("An operation, by codename or id.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    practise = mark("Practise with a team for ten minutes, as one who leads the case: it is planned and begun at once.")
    commands.command("drill", help=say(practise))(_drill)
    commands.command("drilled", help=say(mark("Show how soon each step of an exercise was answered, and by whom.")))(
        _drilled
    )


def _drill(
    circle: Circle, key: Key, *, confirm: Annotated[list[str], CONFIRM], buddy: Buddy, json: Json = False
) -> None:
    async def act() -> tuple[Operation, Names]:
        async with speaking_as(key) as api:
            place = await find_compartment(api, circle)
            plan = (await planner_of(api, QUICK, confirm, buddy, "", ""))(SystemClock().now() + BEGINS_AFTER)
            planned = await api.operations.plan(place.id, new_id(), replace(plan, drill=True))
            for decision in ("approve", "go"):
                planned = await api.operations.decide(planned.operation, decision)
            return planned, Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    show_operation(found, names, json=json)


def _drilled(which: Which, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[Operation, Names]:
        async with speaking_as(key) as api:
            return await found_operation(api, which), await Names.of(api)

    found, names = asyncio.run(act())
    if not found.drill:
        raise InvalidInput(NO_DRILL)
    if json:
        terminal.as_json(found)
        return
    terminal.line(EXERCISE)
    terminal.table(
        [mark("No."), mark("Step"), mark("Expected"), mark("State"), mark("Minutes until answered"), mark("By whom")],
        [
            (
                str(each.position), words_of(STEPS, each.kind),
                "" if each.due_at is None else terminal.moment(each.due_at), state_of(each),
                _minutes(each.answered_seconds),
                "" if each.confirmed_by is None else names(each.confirmed_by),
            )
            for each in found.steps
        ],
    )  # fmt: skip


def _minutes(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"
