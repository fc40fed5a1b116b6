"""`streha rooms`: the operator sees the rooms, has new ones made, and has somebody invited again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from bots.rooms.room_service import ListedRoom, RoomService
from core.errors import InvalidInput
from core.outbox import TargetKind
from core.texts import mark
from streha import terminal
from streha.installation import installation
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("The bot's rooms at the homeserver (operator).")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="rooms")


KINDS = {
    TargetKind.COMPARTMENT: mark("channel"),
    TargetKind.DESK: mark("duty room"),
    TargetKind.PERSON: mark("one person"),
    TargetKind.PROBE: mark("self-test"),
}


@app.command("list", help=say(mark("List the rooms in use: whether they are as they should be, and who is missing.")))
def _list(*, json: Json = False) -> None:
    async def act() -> Sequence[ListedRoom]:
        async with installation() as opened:
            return await RoomService(opened.database, opened.clock).all()

    found = asyncio.run(act())
    if json:
        terminal.as_json([_plain(each) for each in found])
        return
    terminal.table(
        [mark("Kind"), mark("Codename"), mark("State"), mark("Not there yet"), mark("Looked at"), mark("Room")],
        [
            (
                say(KINDS[each.target.kind]), each.name or "", say(mark("ok")) if each.settled else say(mark("NOT OK")),
                str(each.absent), "" if each.looked_at is None else terminal.moment(each.looked_at),
                each.room_id or "",
            )
            for each in found
        ],
    )  # fmt: skip


@app.command(
    "renew",
    help=say(
        mark(
            "Give rooms up and have new ones made, where the bot or the homeserver was broken into. Everybody is "
            "invited to the new rooms and has to accept; in the old ones a last word is said, then they are left.\n\n"
            "\b\nExamples:\n"
            "  streha rooms renew --all --yes\n"
            "  streha rooms renew --case quiet-heron --yes"
        )
    ),
)
def _renew(
    *,
    everything: Annotated[bool, typer.Option("--all", help=say(mark("Every room of the network.")))] = False,
    case: Annotated[
        str | None, typer.Option("--case", metavar="CASE", help=say(mark("Only the channels of one case.")))
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    if everything == (case is not None):
        raise InvalidInput(mark("Say which rooms: --all, or --case and a codename."))
    terminal.require_yes(yes=yes)

    async def act() -> int:
        async with installation() as opened:
            return await RoomService(opened.database, opened.clock).renew(case)

    count = asyncio.run(act())
    if json:
        terminal.as_json({"renewed": count})
        return
    terminal.line(mark("Rooms given up: {count}. The bot makes new ones now and invites everybody."), count=count)
    terminal.line(mark("Ring people: they have to accept the new invitations. See who has: streha rooms list"))


@app.command(
    "invite",
    help=say(mark("Invite somebody again who declined, left or never answered, wherever they belong and are not.")),
)
def _invite(
    person: Annotated[str, typer.Argument(help=say(mark("A person, by Matrix user, name or id.")))],
    *,
    json: Json = False,
) -> None:
    async def act() -> int:
        async with installation() as opened:
            return await RoomService(opened.database, opened.clock).invite_again(await opened.person(person))

    count = asyncio.run(act())
    if json:
        terminal.as_json({"rooms": count})
    elif count:
        terminal.line(mark("The bot invites this person again now. Rooms: {count}."), count=count)
    else:
        terminal.line(mark("This person is not missing in any room, as far as the bot knows."))


def _plain(room: ListedRoom) -> dict[str, object]:
    return {
        "kind": room.target.kind,
        "target": room.target.id,
        "name": room.name,
        "room": room.room_id,
        "settled": room.settled,
        "absent": room.absent,
        "looked_at": room.looked_at,
    }
