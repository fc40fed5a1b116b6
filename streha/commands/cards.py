"""`streha card`: emergency cards, put by those who lead, shown at a desk to whoever accepted; and the desks' keys."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.trust.directory import Directory
from client import card_page, cards, desk_key_file, desk_vouching, known_keys
from client.answers import Alert
from client.card_answers import CardOfAlert, CardOfCompartment, DeskInCard
from client.cards import CardText
from client.key_file import KeyFile
from client.known_keys import KnownKeys, Met
from core.clock import SystemClock
from core.errors import Conflict, StrehaError
from core.texts import mark
from streha import card_typing, terminal
from streha.card_words import print_card, print_compartment
from streha.commands import card_keys
from streha.commands.card_keys import led_cards
from streha.directory_at_hand import directory_of
from streha.options import AlertWords, Json, Key, Yes
from streha.personal import Names, find_alert, find_compartment, speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Emergency cards: the one page that a woken duty officer opens on accepting an alert.\n\n"
            "\b\nIn this order:\n"
            "  streha card key          somebody of a duty desk makes its key, once\n"
            "  streha card put          whoever leads the case writes the card\n"
            "  streha card show         whoever accepted the alert opens it at the desk\n"
            "  streha card list         which desks have none"
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    card_keys.add_to(app)
    commands.add_typer(app, name="card")


OTHER_AUTHOR_KEY = mark(
    "NOT shown: this card is signed with another key than the cards of {person} before, and may be false. "
    "Ring {person}, by a number you know. To see it nevertheless: --anyway"
)
UNCHECKED = mark(
    "The network's directory could not be asked whose signature this card has: it is compared with what this machine "
    "has met. Ring whoever leads the case, by a number you know, before you rely on it."
)
Codename = Annotated[
    str, typer.Argument(metavar="CASE", help=say(mark("A case or compartment, by codename or id.")))
]  # fmt: skip
DeskFile = Annotated[
    Path,
    typer.Option(
        "--desk-key", metavar="FILE", envvar="STREHA_DESK_KEY_FILE", help=say(mark("The key file of your duty desk."))
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a card is put, and how it stands there."""

    key: KeyFile
    compartment: UUID
    codename: str
    card: CardOfCompartment
    names: Names
    # Verified just before; nothing where the key file trusts no network.
    directory: Directory | None


@app.command(
    "put",
    help=say(
        mark(
            "Write the emergency card of a case or compartment. It is sealed here to the duty desks that answer for "
            "it; Streha cannot read it, nor can you afterwards. The card before it is not kept.\n\n\b\nExamples:\n"
            "  streha card put quiet-heron\n"
            "  streha card put quiet-heron --file card.txt"
        )
    ),
)
def _put(
    where: Codename,
    key: Key,
    *,
    path: Annotated[
        str,
        typer.Option(
            "--file",
            metavar="FILE",
            help=say(mark("The card, in parts begun with who: where: ring: rules: or - to pipe it.")),
        ),
    ] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    place = asyncio.run(_look(key, where))
    # Before anybody writes: what stands in the way of it is said first.
    _require_known(key, place)
    typing = not path and sys.stdin.isatty()
    if place.card.number and not yes:
        _say_card_before(place)
        terminal.require_yes(yes=False)
    text = card_typing.typed() if typing else cards.checked(_written(path))
    while True:
        try:
            put, met = asyncio.run(_seal(key, place, text))
            break
        except StrehaError as refused:
            if not typing:
                raise
            known_number = place.card.number
            place = card_typing.once_possible(refused, lambda: _look_again(key, where))
            if place.card.number != known_number:
                _say_card_before(place)
                card_typing.require_meant()
    if json:
        terminal.as_json(put)
        return
    print_compartment(put, place.codename, place.names)
    for each in met:
        terminal.line(
            mark(
                "Sealed to the desk of {agency} for the first time. Ring the desk and compare its fingerprint: "
                "streha card trust"
            ),
            agency=place.names(each.agency),
        )


@app.command(
    "show",
    help=say(
        mark(
            "Open the emergency card of an alert that you have accepted, with the key file of your duty desk. Every "
            "time is in the ledger.\n\n\b\nExample:\n"
            "  streha card show quiet-heron --desk-key desk.key"
        )
    ),
)
def _show(
    alert: AlertWords,
    key: Key,
    desk_path: DeskFile,
    *,
    anyway: Annotated[
        bool, typer.Option("--anyway", help=say(mark("Show it although it is signed with another key than before.")))
    ] = False,
    json: Json = False,
) -> None:
    desk, known = desk_key_file.load(desk_path), known_keys.beside(key)

    async def act() -> tuple[Alert, CardOfAlert, str, Directory | None]:
        async with speaking_as(key) as api:
            found = await find_alert(api, alert)
            given = await api.card_of_alert(found.id)
            try:
                directory = await directory_of(api, key)
            except StrehaError as refused:
                # It is night, and somebody waits: what can be compared without it is compared.
                terminal.refuse(refused)
                terminal.aside(UNCHECKED)
                directory = None
            return found, given, api.key.network, directory

    found, given, network, directory = asyncio.run(act())
    opened = cards.open_given(given, found.compartment, network, desk, known, directory)
    if opened.met is Met.CHANGED and not anyway:
        raise Conflict(OTHER_AUTHOR_KEY, person=opened.author_name)
    if opened.met is Met.NEW:
        known.meet_author(opened.author, opened.author_key)
        known.save()
    if json:
        terminal.as_json(
            {
                "number": opened.number,
                "written_at": opened.written_at,
                "author": opened.author_name,
                **_plain(opened.text),
            }
        )
    else:
        print_card(opened, found.codename)


@app.command("list", help=say(mark("Which duty desks have the emergency cards of the cases that you lead.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[tuple[str, CardOfCompartment]], Names]:
        async with speaking_as(key) as api:
            return [each async for each in led_cards(api)], Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json([each for _, each in found])
        return
    if not found:
        terminal.line(mark("You lead no case."))
    for codename, each in found:
        print_compartment(each, codename, names)


async def _look(key_path: Path, where: str) -> _Place:
    async with speaking_as(key_path) as api:
        compartment = await find_compartment(api, where)
        return _Place(
            key=api.key,
            compartment=compartment.id,
            codename=compartment.codename,
            card=await api.card(compartment.id),
            names=await Names.of(api),
            directory=await directory_of(api, key_path),
        )


def _look_again(key_path: Path, where: str) -> _Place:
    """Look how it stands now; somebody may have compared a key meanwhile."""
    place = asyncio.run(_look(key_path, where))
    _require_known(key_path, place)
    return place


def _require_known(key_path: Path, place: _Place) -> tuple[KnownKeys, list[DeskInCard]]:
    """Return the desks that can be sealed to, and what this machine has met; refuse where a key has changed."""
    known = known_keys.beside(key_path)
    desks = cards.require_known(
        place.card, known, place.names, network=place.key.network, directory=place.directory
    )  # fmt: skip
    return known, desks


async def _seal(
    key_path: Path, place: _Place, text: CardText
) -> tuple[CardOfCompartment, list[DeskInCard]]:  # fmt: skip
    """Seal a card and store it; return with it the desks that were sealed to for the first time."""
    known, desks = _require_known(key_path, place)
    new = [
        each
        for each in desks
        if place.directory is None and known.desk(each.desk, each.agency, each.key or b"") is Met.NEW
    ]
    before = dict(known.agencies), dict(known.signed)
    for each in desks:
        if place.directory is not None and desk_vouching.vouched(place.directory, place.key.network, each):
            signed_at = 0 if each.signed_at is None else int(each.signed_at.timestamp())
            known.meet_signed(each.desk, each.agency, each.key or b"", signed_at)
        else:
            known.meet(each.desk, each.agency, each.key or b"")
    sealed = cards.seal(place.key, place.card, desks, text, SystemClock().now())
    async with speaking_as(key_path) as api:
        put = await api.put_card(place.compartment, place.card.number + 1, sealed)
    if new or (known.agencies, known.signed) != before:
        known.save()
    return put, new


def _written(path: str) -> list[str]:
    if path in ("", "-"):
        return card_page.read(sys.stdin.read(card_page.LARGEST))
    return card_page.read_file(Path(path))


def _say_card_before(place: _Place) -> None:
    card = place.card
    if card.number and card.written_at is not None:
        text = say(
            mark("There is a card already, number {number}, written {time} by {person}. This takes its place."),
            number=card.number, time=terminal.moment(card.written_at), person=card.author,
        )  # fmt: skip
        sys.stderr.write(text + "\n")


def _plain(text: CardText) -> dict[str, str]:
    return {"who": text.who, "where": text.where, "ring": text.ring, "rules": text.rules}
