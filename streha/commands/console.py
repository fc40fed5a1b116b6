"""`streha console`: a link that signs one browser in, as the person of the key file."""

from __future__ import annotations

import asyncio

import typer

from client.answers import SignInLink
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.personal import speaking_as
from streha.terminal import say


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


def _console(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[SignInLink, str]:
        async with speaking_as(key) as api:
            link = await api.sign_in_link()
            # Behind the `#`, so that it is in no request and in no log.
            return link, f"{api.key.origin}/console/#{link.code}"

    link, address = asyncio.run(act())
    if json:
        terminal.as_json({"address": address, "expires_at": link.expires_at})
        return
    terminal.line(mark("Open this address in your browser within two minutes. It works once:"))
    terminal.plain(f"\n  {address}\n")
    terminal.line(mark("Whoever opens it is you: show it to nobody. Sign out in the console when you leave."))
