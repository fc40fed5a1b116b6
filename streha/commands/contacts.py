"""`streha contact`: the operator notes where people and desks are called beside Matrix, and tries it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid4

import typer

from agencies.contacts import NO_CONTACT, Contact, ContactId, Contacts, ListedContact, Means
from agencies.model import DeskId, PersonId
from alerts import waking
from core import outbox
from core.errors import InvalidInput, NotFound
from core.texts import mark
from crypto import webhook_signature
from streha import terminal
from streha.installation import Installation, installation
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True, help=say(mark("Telephone numbers and mail addresses to call people at (operator)."))
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="contact")


ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help=say(mark("The contact's id.")))]


@app.command(
    "add",
    help=say(
        mark(
            "Note where somebody is called beside Matrix. Extreme alerts ring there at once.\n\n\b\nExamples:\n"
            '  streha contact add voice +381600000000 --person "Ana Primer"\n'
            '  streha contact add voice +381600000001 --desk "Shelter Lipa"\n'
            '  streha contact add email duty@lipa.example --desk "Shelter Lipa"'
        )
    ),
)
def _add(
    means: Annotated[Means, typer.Argument(help=say(mark("How: voice and text wake people, mail is a record.")))],
    address: Annotated[str, typer.Argument(help=say(mark("The number, with + and the country, or the mail address.")))],
    *,
    person: Annotated[str | None, typer.Option(help=say(mark("Whose it is, by name or id.")))] = None,
    desk: Annotated[
        str | None, typer.Option(metavar="AGENCY", help=say(mark("The agency whose duty desk it is.")))
    ] = None,
    json: Json = False,
) -> None:
    if (person is None) == (desk is None):
        raise InvalidInput(mark("Name either --person or --desk."))

    async def act() -> ContactId:
        async with installation() as opened:
            owner = await _person(opened, person) if desk is None else await _desk(opened, desk)
            return await _contacts(opened).add(owner, means, address, of_desk=desk is not None)

    contact_id = asyncio.run(act())
    if json:
        terminal.as_json({"contact_id": str(contact_id)})
    else:
        terminal.line(mark("Noted. Now try it: streha contact test {contact}"), contact=str(contact_id))


@app.command("list", help=say(mark("List where people and desks are called beside Matrix.")))
def _list(*, json: Json = False) -> None:
    async def act() -> Sequence[ListedContact]:
        async with installation() as opened:
            return await _contacts(opened).all()

    found = asyncio.run(act())
    if json:
        terminal.as_json([_plain(each) for each in found])
        return
    terminal.table(
        [mark("Agency"), mark("Person"), mark("Means"), mark("Address"), mark("Contact")],
        [
            (
                each.agency,
                each.person or say(mark("duty desk")),
                each.contact.means.value,
                each.contact.address,
                str(each.contact.id),
            )
            for each in found
        ],
    )


@app.command("remove", help=say(mark("Call nobody there any more.")))
def _remove(contact: ContactArgument, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with installation() as opened:
            await _contacts(opened).remove(_id(contact))

    asyncio.run(act())
    if json:
        terminal.as_json({"removed": contact})
    else:
        terminal.line(mark("Removed. Nobody is called there any more."))


@app.command("test", help=say(mark("Call once, to see whether it arrives: it says that it is a test.")))
def _test(contact: ContactArgument, *, json: Json = False) -> None:
    async def act() -> Contact:
        async with installation() as opened:
            known = {each.contact.id: each.contact for each in await _contacts(opened).all()}
            if _id(contact) not in known:
                raise NotFound(NO_CONTACT)
            async with opened.database.transaction() as tx:
                await outbox.post(tx, [waking.test_of(_id(contact), uuid4())], opened.clock.now())
            return known[_id(contact)]

    tried = asyncio.run(act())
    if json:
        terminal.as_json({"contact_id": str(tried.id), "means": tried.means})
    else:
        terminal.line(mark("The test is on its way. If nothing comes within a minute, see: streha doctor"))


@app.command(
    "new-key", help=say(mark("Make a key: for STREHA_GATEWAY_KEY or STREHA_GATEWAY_INWARD_KEY. It is shown once."))
)
def _new_key() -> None:
    terminal.plain(webhook_signature.new_key())


def _contacts(opened: Installation) -> Contacts:
    return Contacts(opened.database, opened.clock)


async def _person(opened: Installation, words: str | None) -> PersonId:
    return (await opened.person(words or "")).id


async def _desk(opened: Installation, agency: str) -> DeskId:
    found = await opened.agency(agency)
    for each in await opened.agencies.all_desks():
        if each.agency_id == found.id:
            return each.id
    raise NotFound(mark("This agency has no duty desk. Open one: streha agency desk"))


def _id(written: str) -> ContactId:
    try:
        return ContactId(UUID(written))
    except ValueError:
        raise NotFound(NO_CONTACT) from None


def _plain(each: ListedContact) -> dict[str, object]:
    contact = each.contact
    return {
        "contact_id": str(contact.id),
        "agency": each.agency,
        "person": each.person,
        "means": contact.means,
        "address": contact.address,
    }
