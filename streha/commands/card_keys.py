"""`streha card key` and `streha card trust`: the key of a duty desk, and that somebody compared its fingerprint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from agencies.desk_keys import NO_DESK
from client import desk_key_file, known_keys
from client.api import ApiClient
from client.card_answers import CardOfCompartment, DeskInCard, DeskKey
from client.desk_key_file import DeskKeyFile
from core import private_files
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto import desk_key
from streha import terminal
from streha.options import Json, Key
from streha.personal import find_agency, speaking_as
from streha.terminal import say

KEY_THERE = mark(
    "This desk has a key already, which this file does not hold. Bring the desk's file from one of its machines; where "
    "it is lost, make a new one: --new"
)
MORE_DESKS = mark("You belong to several duty desks. Name the agency: --desk NAME")
OTHER_FINGERPRINT = mark(
    "NOT the same: Streha shows {fingerprint} for this desk. Ring the desk again, by a number you know. If it reads "
    "otherwise still, seal nothing and tell the operator."
)


def add_to(commands: typer.Typer) -> None:
    """Add both commands."""
    commands.command(
        "key",
        help=say(
            mark(
                "Make the key of your duty desk, or show its fingerprint. The file is for the machines of those who "
                "sit there: bring it to each on a medium only you touch.\n\n\b\nExamples:\n"
                "  streha card key desk.key\n"
                "  streha card key desk.key --new"
            )
        ),
    )(_key)
    commands.command(
        "trust",
        help=say(
            mark(
                "Say that you compared the fingerprint of a duty desk's key by telephone. From then on cards are "
                'sealed to it.\n\n\b\nExample:\n  streha card trust "Shelter Lipa" "JAEK4 DBF34 DH3JH 0XXQF"'
            )
        ),
    )(_trust)


async def led_cards(api: ApiClient) -> AsyncIterator[tuple[str, CardOfCompartment]]:
    """Give the cards of all open compartments of the cases that somebody leads."""
    own = api.key.person_id
    for case in await api.cases():
        if own in (case.coordinator, case.deputy):
            for each in case.compartments:
                if each.closed_at is None:
                    yield each.codename, await api.card(each.id)


def _key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("The desk's key file.")))],
    key: Key,
    *,
    agency: Annotated[str, typer.Option("--desk", metavar="NAME", help=say(mark("Whose desk, by name or id.")))] = "",
    new: Annotated[
        bool, typer.Option("--new", help=say(mark("A new key: somebody has left the desk, or a file was lost.")))
    ] = False,
    json: Json = False,
) -> None:
    async def act() -> DeskKeyFile:
        async with speaking_as(key) as api:
            desk = await _own_desk(api, agency)
            held = _held(path, desk, api.key.network, new=new)
            # Also where the desk has it: whoever gave it may be gone, and somebody must stand by it.
            await api.give_desk_key(desk.desk, held.key, SystemClock().now())
            return held

    held = asyncio.run(act())
    shown = desk_key.fingerprint(held.key)
    if json:
        terminal.as_json({"desk": held.desk_id, "fingerprint": shown, "file": str(path)})
        return
    terminal.line(mark("Fingerprint of the desk's key: {fingerprint}"), fingerprint=shown)
    terminal.line(
        mark(
            "Read it to whoever leads a case and asks. Bring {path} to the desk's other machines on a medium only you "
            "touch. Where the key is new, the cards have to be put again: streha card put"
        ),
        path=path,
    )


def _trust(
    agency: Annotated[str, typer.Argument(metavar="NAME", help=say(mark("Whose desk, by name or id.")))],
    typed: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help=say(mark("The fingerprint as the desk read it to you.")))
    ],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> DeskInCard:
        async with speaking_as(key) as api:
            agency_id = await find_agency(api, agency)
            async for _, card in led_cards(api):
                for each in card.desks:
                    if each.agency == agency_id and each.key is not None:
                        return each
        raise NotFound(NO_DESK)

    desk, known = asyncio.run(act()), known_keys.beside(key)
    public = desk.key or b""
    if not desk_key.same_fingerprint(public, typed):
        raise Conflict(OTHER_FINGERPRINT, fingerprint=desk_key.fingerprint(public))
    known.trust(desk.desk, desk.agency, public)
    known.save()
    if json:
        terminal.as_json({"desk": desk.desk, "fingerprint": desk_key.fingerprint(public)})
    else:
        terminal.line(mark("Compared. Cards are sealed to this key of {agency}."), agency=agency)


async def _own_desk(api: ApiClient, agency: str) -> DeskKey:
    """Return the desk that somebody belongs to, of the agency named where there are several."""
    mine = await api.desk_keys()
    if agency:
        agency_id = await find_agency(api, agency)
        mine = [each for each in mine if each.agency == agency_id]
    if not mine:
        raise NotFound(NO_DESK)
    if len(mine) > 1:
        raise InvalidInput(MORE_DESKS)
    return mine[0]


def _held(path: Path, desk: DeskKey, network: str, *, new: bool) -> DeskKeyFile:
    """Return the desk's file with the key that is to be the desk's: made now where there is none, or a new is due."""
    try:
        held = desk_key_file.load(path)
    except NotFound:
        if desk.key is not None and not new:
            raise Conflict(KEY_THERE) from None
        private_files.require_free(path)
        return desk_key_file.add_key(path, desk_id=desk.desk, network=network)
    if (held.desk_id, held.network) != (desk.desk, network):
        raise InvalidInput(desk_key_file.OTHER_DESK, path=str(path))
    if new:
        return desk_key_file.add_key(path, desk_id=desk.desk, network=network)
    if desk.key is not None and held.secret_of(desk.key) is None:
        raise Conflict(KEY_THERE)
    return held
