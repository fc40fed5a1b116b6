"""`streha network`: the operator founds the vault's network with the statement that its founders have signed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agencies.trust.network import fingerprint
from agencies.vault.keeping import KeptNetwork
from cases.vault.directory import DirectoryLog
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import statement
from streha import terminal
from streha.commands import founding
from streha.installation import installation
from streha.options import Json
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("The network of agencies that the vault rests on.")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    founding.add_to(app)
    commands.add_typer(app, name="network")


@app.command(
    "install",
    help=say(
        mark(
            "Found the network with the file that its first administrator has made (operator). "
            "Every agency that it names must be here already, with the same name and id."
            "\n\n\b\nExample:\n  streha network install network.genesis"
        )
    ),
)
def _install(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("The file of the founders.")))],
    *,
    json: Json = False,
) -> None:
    try:
        with path.open("rb") as file:
            # One byte more than may be: what is too long is refused, and not read to its end.
            genesis = file.read(statement.LONGEST + 1)
    except OSError:
        raise InvalidInput(mark("This file cannot be read. Check the name.")) from None

    async def act() -> bytes:
        async with installation() as opened:
            return await DirectoryLog(opened.database, opened.clock, KeptNetwork()).install(genesis)

    network = asyncio.run(act())
    if json:
        terminal.as_json({"network": network.hex()})
        return
    terminal.line(mark("The network is founded. Its fingerprint:"))
    terminal.line("  " + fingerprint(network))
    terminal.line(mark("Every founder compares it with the one that they wrote down."))
