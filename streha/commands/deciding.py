"""One thing decided in a compartment's vault by a command, and what is printed of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from client.vault.circles import EPOCH_WAITS, Decided
from client.vault.reading import View
from core.texts import mark
from streha import terminal
from streha.terminal import say
from streha.vault_names import all_described
from streha.vault_place import VaultPlace, say_due, vault_place

Where = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or compartment, by codename or id.")))]
NOT_KEYED = mark("What you decided stands, signed by you. But the next key was not begun:")
Acts = Callable[[VaultPlace, View], Awaitable[Decided]]


def decide(where: str, key: Path, act: Acts, *, json: bool) -> None:
    """Decide one thing, once what the server lets nobody do any more is written down."""

    async def decided() -> Decided:
        async with vault_place(key, where) as place:
            await say_due(place)
            return await act(place, await place.view())

    print_decided(asyncio.run(decided()), json=json)


def print_decided(decided: Decided, *, json: bool) -> None:
    """Print what stands, and raise what stopped the rest."""
    _say(decided, json=json)
    if decided.stopped is not None:
        terminal.aside(NOT_KEYED)
        raise decided.stopped


def _say(decided: Decided, *, json: bool) -> None:
    view = decided.view
    if json:
        terminal.as_json({"entry": decided.hash.hex(), "epoch": view.circle.epoch, "keyed": decided.keyed})
        return
    terminal.line(mark("Done, signed by you. Members now: {names}"), names=all_described(view, view.circle.members))
    if not decided.keyed and decided.stopped is None:
        terminal.aside(EPOCH_WAITS)
