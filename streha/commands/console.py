"""`streha console`: a link that signs one browser in, as the person of the key file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from client import key_file
from client.answers import SignInLink
from client.key_file import KeyFile
from client.vault.handing_over import hand_over
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault.statement import NO_NETWORK
from streha import passphrase_typing, terminal
from streha.options import Json, Key
from streha.personal import NOT_SEALED, OF_NO_NETWORK, speaking_as, speaking_with
from streha.terminal import say

WithKeys = Annotated[
    bool,
    typer.Option(
        "--with-keys",
        help=say(
            mark(
                "Print the address that opens the sealed records too, and hands your keys to that browser, locked with "
                "your passphrase."
            )
        ),
    ),
]


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command(
        "console",
        help=say(
            mark(
                "Print the address that opens the console in your browser, signed in as you. It works once, within two "
                "minutes, and is kept nowhere."
            )
        ),
    )(_console)


def _console(key: Key, *, with_keys: WithKeys = False, json: Json = False) -> None:
    link, address = asyncio.run(_with_keys(key) if with_keys else _link(key))
    if json:
        terminal.as_json({"address": address, "expires_at": link.expires_at})
        return
    terminal.line(mark("Open this address in your browser within two minutes. It works once:"))
    terminal.plain(f"\n  {address}\n")
    if with_keys:
        terminal.line(
            mark(
                "It also hands your keys to that browser. Open it only in a browser that is yours alone; the "
                "passphrase is typed there."
            )
        )
    terminal.line(mark("Whoever opens it is you: show it to nobody. Sign out in the console when you leave."))


async def _link(key: Path) -> tuple[SignInLink, str]:
    async with speaking_as(key) as api:
        link = await api.sign_in_link()
        # Behind the `#`, so that it is in no request and in no log.
        return link, f"{api.key.origin}/console/#{link.code}"


async def _with_keys(key: Path) -> tuple[SignInLink, str]:
    found = key_file.read(key)
    if isinstance(found, KeyFile):
        raise InvalidInput(NOT_SEALED, path=str(key))
    if found.genesis == NO_NETWORK:
        raise InvalidInput(OF_NO_NETWORK)
    # Always typed anew: it locks the keys there too, and whoever finds this machine unlocked does not know it.
    typed = passphrase_typing.ask(found, key)
    async with speaking_with(typed.opened.key) as api:
        handed = await hand_over(api.keys_of_vault, typed.opened.unlocked, typed.passphrase)
        link = await api.sign_in_link()
        return link, f"{api.key.origin}/console/records/#{link.code}.{handed}"
