"""`streha person`: the operator adds people with their key files, lists them, and lets them leave."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agencies.attestation import EndReason
from agencies.linking import end_by_operator
from agencies.model import Agency, AgencyId, Person, Role
from cases.departure import depart
from client import key_file
from core import private_files
from core.texts import mark
from crypto import signing
from streha import terminal
from streha.installation import Installation, installation
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("People of the agencies and their keys (operator).")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="person")


@app.command(
    "add",
    help=say(
        mark(
            "Add a person and write the person's key file.\n\n\b\nExample:\n"
            '  streha person add "Ana Primer" --agency "Shelter Lipa" --matrix @ana:streha.example '
            "--key-file ana.key"
        )
    ),
)
def _add(
    name: Annotated[str, typer.Argument(help=say(mark("The person's name.")))],
    *,
    agency: Annotated[str, typer.Option(help=say(mark("The person's agency, by name or id.")))],
    matrix: Annotated[str, typer.Option(metavar="USER", help=say(mark("The person's Matrix user.")))],
    key_path: Annotated[
        Path, typer.Option("--key-file", metavar="FILE", help=say(mark("Where to write the new key file.")))
    ],
    role: Annotated[Role, typer.Option(help=say(mark("What the person is in the agency.")))] = Role.PRACTITIONER,
    json: Json = False,
) -> None:
    async def act() -> Person:
        async with installation() as opened:
            return await _add_with_key(opened, name, agency, matrix, role, key_path)

    person = asyncio.run(act())
    if json:
        terminal.as_json(_plain(person) | {"key_file": str(key_path)})
        return
    terminal.line(mark("{name} is on the staff. The key is in {path}."), name=person.name, path=key_path)
    terminal.line(
        mark(
            "Hand the file over in person or on a medium only the two of you touch, then delete your copy: "
            "whoever holds it can act as {name}."
        ),
        name=person.name,
    )
    terminal.line(mark("{name} tries it with: streha case list --key FILE"), name=person.name)
    terminal.line(
        mark("Then {name} signs in to Matrix and says which device it is: streha matrix link"), name=person.name
    )


@app.command("list", help=say(mark("List the people of the network, or of one agency.")))
def _list(
    *,
    agency: Annotated[str | None, typer.Option(help=say(mark("Only this agency, by name or id.")))] = None,
    json: Json = False,
) -> None:
    async def act() -> tuple[dict[AgencyId, Agency], list[Person]]:
        async with installation() as opened:
            only = None if agency is None else (await opened.agency(agency)).id
            staff = [each for each in await opened.agencies.all_staff() if only in (None, each.agency_id)]
            return {each.id: each for each in await opened.agencies.all_agencies()}, staff

    agencies, staff = asyncio.run(act())
    if json:
        terminal.as_json([_plain(each) for each in staff])
        return
    terminal.table(
        [mark("Name"), mark("Agency"), mark("Role"), mark("Matrix user"), mark("Id")],
        [
            (each.name, agencies[each.agency_id].name, each.role, each.matrix_user, str(each.id))
            for each in sorted(staff, key=lambda each: (agencies[each.agency_id].name, each.name))
        ],
    )


@app.command(
    "leave",
    help=say(
        mark(
            "Let a person leave. Sessions, duty and every membership end at once. "
            "A case the person leads goes to its other leader."
        )
    ),
)
def _leave(
    person: Annotated[str, typer.Argument(help=say(mark("A person, by Matrix user, name or id.")))],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> Person:
        async with installation() as opened:
            found = await opened.person(person)
            await depart(opened.database, opened.clock, found.id)
            return found

    found = asyncio.run(act())
    if json:
        terminal.as_json({"left": found.id})
    else:
        terminal.line(mark("{name} has left. The channels are being closed to this person now."), name=found.name)


@app.command(
    "unlink",
    help=say(
        mark(
            "End a person's link to a Matrix account where no administrator is at hand, for a stolen device at night. "
            "It only closes: no keys go to that account, and no word of it is obeyed."
        )
    ),
)
def _unlink(
    person: Annotated[str, typer.Argument(help=say(mark("A person, by Matrix user, name or id.")))],
    *,
    reason: Annotated[EndReason, typer.Option(help=say(mark("Why it ends.")))],
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> Person:
        async with installation() as opened:
            found = await opened.person(person)
            async with opened.database.transaction() as tx:
                await end_by_operator(tx, found.id, reason, opened.clock.now())
            return found

    found = asyncio.run(act())
    if json:
        terminal.as_json({"ended": found.id})
    else:
        terminal.line(
            mark("{name} is not linked any more. Ring {name}, and say how to link again: streha matrix --help"),
            name=found.name,
        )


async def _add_with_key(opened: Installation, name: str, agency: str, matrix: str, role: Role, path: Path) -> Person:
    """Make the key here and let only its public half into the database."""
    private_files.require_free(path)
    api_url = key_file.checked_address(opened.settings.public_origin)
    seed = signing.new_seed()
    person = await opened.agencies.add_person(
        agency_id=(await opened.agency(agency)).id,
        name=name,
        role=role,
        matrix_user=matrix,
        signing_key=signing.public_key(seed),
    )
    key_file.create(
        path,
        person_id=person.id,
        network=opened.settings.network,
        api_url=api_url,
        seed=seed,
        police_number=opened.settings.police_number,
    )
    return person


def _plain(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "agency": person.agency_id,
        "name": person.name,
        "role": person.role,
        "matrix_user": person.matrix_user,
    }
