"""`streha attest identity`: whose Matrix identity is whose goes into the network's directory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from client.vault import identities
from client.vault.attesting import Attesting, Decision, or_agreed
from client.vault.identities import Proven
from client.vault.memory import Memory
from core.clock import SystemClock
from core.errors import InvalidInput, StrehaError
from core.texts import mark
from streha import terminal
from streha.options import Json, Key, Yes
from streha.personal import speaking_unlocked
from streha.terminal import say

NAME_THEM = mark("A code is of one person's device. Name the person, too.")


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    commands.command(
        "identity",
        help=say(
            mark(
                "Attest the Matrix identities that people of your agency have linked: this machine follows their "
                "signatures itself. Without a name: of everybody of whom none is attested yet. Where another one "
                "is attested already it takes the person's code.\n\n\b\nExamples:\n"
                "  streha attest identity\n"
                '  streha attest identity "Ana Primer" --code "AbCd EfGh IjKl MnOp"'
            )
        ),
    )(_identity)


def _identity(
    key: Key,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=say(mark("The person, by name or Matrix user.")))] = "",
    *,
    code: Annotated[str, typer.Option(help=say(mark("The code of the device, as the person read it.")))] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    if code and not name:
        raise InvalidInput(NAME_THEM)

    done, refused = asyncio.run(_attested(key, name, code, yes=yes, quiet=json))
    for error in refused:
        terminal.line(error.reason, **error.parameters)
    if json:
        terminal.as_json({"attested": [_as_json(*each) for each in done], "refused": len(refused)})
    elif any(decision.waits for _each, decision in done):
        terminal.line(mark("Written. What waits for a second administrator, who runs the same: streha attest list"))
    elif done:
        terminal.line(mark("Written. It holds."))
    if refused:
        raise typer.Exit(1)


async def _attested(
    key: Path, name: str, code: str, *, yes: bool, quiet: bool
) -> tuple[list[tuple[Proven, Decision]], list[StrehaError]]:
    """Attest whoever is meant; return what was written, and why others were not."""
    async with speaking_unlocked(key) as (api, person):
        decider = Attesting(api.keys_of_vault, person, Memory.beside(key, person.network))
        directory = (await decider.network()).now
        agency, links = directory.people[person.person].agency, await api.matrix_proofs()
        chosen = (
            identities.named(directory, agency, links, name)
            if name
            else identities.unattested(directory, agency, links)
        )
        found, refused = identities.collected(directory, api.key.network, chosen, code)
        if not quiet:
            _show(found)
        if found:
            terminal.require_yes(yes=yes)
        done = []
        for each in found:
            try:
                deed = or_agreed(each.deed(_now()), directory, _now(), decider.person)
                done.append((each, await decider.decide(deed, _now())))
            except StrehaError as error:
                # What was signed of others stands, and is told beside it.
                refused.append(error)
        return done, refused


def _as_json(found: Proven, decision: Decision) -> dict[str, object]:
    return {"matrix_user": found.member.matrix_user, "id": decision.hash.hex(), "waits": decision.waits}


def _show(found: list[Proven]) -> None:
    if not found:
        terminal.line(mark("Nothing is to be attested: look who is linked: streha matrix list"))
        return
    terminal.table(
        [mark("Name"), mark("Matrix user"), mark("Device"), mark("Its session key begins")],
        [(each.member.name, each.member.matrix_user, each.device, each.code) for each in found],
    )


def _now() -> int:
    return int(SystemClock().now().timestamp())
