"""`streha invite`: an administrator makes invitations, on paper and as QR codes, for whoever is to come in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agencies.model import Role
from client.vault import inviting
from client.vault.attesting import Attesting
from client.vault.inviting import Made
from client.vault.memory import Memory
from core import private_files
from core.errors import StrehaError
from core.texts import LANGUAGES, mark, render
from crypto.vault import invitation
from streha import qr_paper, terminal
from streha.options import Json, Key
from streha.personal import find_agency, speaking_unlocked
from streha.terminal import say
from streha.vault_names import ROLES

# What stands on the paper, in every script: nothing that tells a finder what it is for.
SHEET = mark(
    "For whoever it was handed to, and for nobody else. Use it before {time}. Keep it out of sight, and destroy it "
    "afterwards."
)
NEXT = mark(
    "Hand each paper over in person: whoever has it can offer keys, once. Then streha join on the newcomer's machine "
    "shows a code; ring them by a number you know, and have it read to you: streha attest waiting"
)


def add_to(commands: typer.Typer) -> None:
    """Attach the command."""
    commands.command(
        "invite",
        help=say(
            mark(
                "Invite somebody to your agency: a paper or QR code for each name, used once (administrators).\n\n\b\n"
                "Examples:\n"
                '  streha invite "Vera Primer" --page paper.html\n'
                '  streha invite "Petar Primer" --agency "Shelter Breza" --role administrator'
            )
        ),
    )(_invite)


def _invite(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help=say(mark("Whom you invite; not on the paper.")))
    ],
    key: Key,
    *,
    role: Annotated[Role, typer.Option(help=say(mark("What they will be in the agency.")))] = Role.PRACTITIONER,
    agency: Annotated[
        str | None,
        typer.Option(
            help=say(mark("An agency that is to join the network, by name or id: for its first administrators."))
        ),
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=336, help=say(mark("How long the invitation lasts.")))] = 72,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=say(mark("Write the papers as a page to print, one sheet each."))),
    ] = None,
    json: Json = False,
) -> None:
    if page is not None:
        private_files.require_free(page)

    made: list[Made] = []
    stopped: StrehaError | None = None

    async def act() -> None:
        async with speaking_unlocked(key) as (api, person):
            network = await Attesting(api.keys_of_vault, person, Memory.beside(key, person.network)).network()
            agency_id = None if agency is None else await find_agency(api, agency)
            for each in names:
                made.append(  # noqa: PERF401 (what was made before one fails is kept)
                    await inviting.invite(
                        api.invitations, network, api.key.api_url, name=each, role=role, hours=hours, agency=agency_id
                    )
                )

    # What was made has its papers nowhere else: they are shown whatever else goes wrong, and then that is told.
    try:
        asyncio.run(act())
    except StrehaError as error:
        if not made:
            raise
        stopped = error
    if page is not None:
        try:
            private_files.write_new(page, _page(made))
        except StrehaError as error:
            page, stopped = None, error
    _show(made, page, json=json)
    if stopped is not None:
        raise stopped


def _show(made: list[Made], page: Path | None, *, json: bool) -> None:
    """Show the papers, where they were not written to a page, and for whom each is."""
    if json:
        terminal.as_json(
            [
                {"invitation": each.kept.invitation, "name": each.kept.name, "expires_at": each.kept.expires_at,
                 "text": invitation.text(each.paper)}
                for each in made
            ]
        )  # fmt: skip
        return
    for number, each in enumerate(made, start=1):
        terminal.line(
            mark("{number}. For {name}, as {role}, until {time}:"), number=number, name=each.kept.name,
            role=say(ROLES[Role(each.paper.role)]), time=terminal.moment(each.kept.expires_at),
        )  # fmt: skip
        if page is None:
            terminal.plain(qr_paper.at_terminal(invitation.text(each.paper)))
            terminal.plain(invitation.text(each.paper) + "\n")
    if page is not None:
        terminal.line(mark("The papers are in {path}, in this order. Print it, and delete the file."), path=page)
    terminal.line(NEXT)


def _page(made: list[Made]) -> bytes:
    return qr_paper.sheets(
        [
            (
                [render(SHEET, each, time=terminal.moment(one.kept.expires_at)) for each in LANGUAGES],
                [*invitation.rows(one.paper), "", invitation.shown_address(one.paper)],
                invitation.text(one.paper),
            )
            for one in made
        ]
    )
