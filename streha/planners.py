"""Who goes, who stays behind, who leads: the options that every way of planning an operation shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

import typer

from agencies.model import PersonId
from client.api import ApiClient
from core.texts import mark
from operations.planning import Plan
from operations.templates import Template
from streha.personal import find_person
from streha.terminal import say

Buddy = Annotated[str, typer.Option("--buddy", metavar="PERSON", help=say(mark("Who stays behind and is rung.")))]
Coordinator = Annotated[
    str, typer.Option("--coordinator", metavar="PERSON", help=say(mark("Who leads the day; else you.")))
]
Liaison = Annotated[str, typer.Option("--liaison", metavar="PERSON", help=say(mark("Who rings the police for them.")))]
Receiver = Annotated[
    str, typer.Option("--receiver", metavar="PERSON", help=say(mark("Who takes over whoever is brought, at the end.")))
]
CONFIRM = typer.Option("--confirm", metavar="PERSON", help=say(mark("Who goes and confirms; name two.")))


async def planner_of(
    api: ApiClient,
    template: Template,
    confirm: Sequence[str],
    buddy: str,
    coordinator: str,
    liaison: str,
    receiver: str = "",
) -> Callable[[datetime], Plan]:
    """Return what makes a plan that begins at a moment, with these people as they were named on the command line."""
    goes = [PersonId(await find_person(api, each)) for each in confirm]
    stays = PersonId(await find_person(api, buddy))
    leads = PersonId(await find_person(api, coordinator) if coordinator else api.key.person_id)
    rings = PersonId(await find_person(api, liaison)) if liaison else None
    receives = PersonId(await find_person(api, receiver)) if receiver else None
    return lambda begins_at: template.plan(begins_at, leads, stays, goes, rings, receives)
