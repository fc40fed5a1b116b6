"""`streha operation places`: coordinators of several agencies find out that they plan the same place and day."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from client import places
from core.errors import Conflict, InvalidInput
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.problems import file_read
from streha.terminal import say
from streha.vault_place import VaultPlace, say_due, vault_place

BEGUN = mark("Places are compared among the members of {codename} from now on. They plan with: {command}")
ANEW = mark(
    "There is a new secret. What was planned with the one before meets nothing that is planned from now on: have it "
    "planned again."
)
THERE_IS_ONE = mark("Places are compared here already. Make another secret where somebody has left: {command}")
Places = Annotated[
    str,
    typer.Option(
        "--places", metavar="CIRCLE", help=say(mark("The circle whose members compare places; the place is asked for."))
    ),
]
PlaceFile = Annotated[
    Path | None,
    typer.Option("--place-file", help=say(mark("A file with the place in it, in one line; else it is asked."))),
]
Circle = Annotated[str, typer.Argument(metavar="CIRCLE", help=say(mark("A case or circle, by codename or id.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    told = mark(
        "Let the members of a circle compare places: each plans with --places, and who plans the same place on the "
        "same day is told whom to ring. No place leaves the machine on which it is written."
    )
    commands.command("places", help=say(told))(_places)


def _places(
    circle: Circle,
    key: Key,
    *,
    anew: Annotated[
        bool, typer.Option("--anew", help=say(mark("Make another secret, where somebody has left the circle.")))
    ] = False,
    json: Json = False,
) -> None:
    async def act() -> str:
        async with vault_place(key, circle) as place:
            await say_due(place)
            known = await places.kept_secret(place.records, await place.view())
            if known.secret is not None and not anew:
                raise Conflict(THERE_IS_ONE, command=f"{places.BEGIN} {circle} --anew")
            await places.make_secret(place.records, place.id, known)
            return place.compartment.codename

    codename = asyncio.run(act())
    if json:
        terminal.as_json({"codename": codename})
        return
    if anew:
        terminal.line(ANEW)
    terminal.line(BEGUN, codename=codename, command=f"streha operation plan … --places {codename}")


def place_written(circle: str, file: Path | None) -> str:
    """Return the place that somebody gives, from a file or hidden at a terminal; nothing where none is compared."""
    if not circle:
        if file is not None:
            raise InvalidInput(mark("With a place belongs the circle that compares it: --places"))
        return ""
    if file is not None:
        return file_read(file, 4 * places.LONGEST).decode(errors="replace").strip()
    return str(typer.prompt(say(mark("Where (it is not shown, and stays on this machine)")), hide_input=True, err=True))


async def place_token(found: VaultPlace, place: str, begins_at: datetime) -> bytes:
    """Return the token of a place by the secret of a circle."""
    known = await places.kept_secret(found.records, await found.view())
    return places.token_of(known, place, begins_at)
