"""`streha unlock` and `streha lock`: keys that stay open for a while, in memory, on this machine."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated

import typer

from client import key_file
from client.key_file import KeyFile
from client.vault import kept
from core.clock import SystemClock
from core.errors import InvalidInput
from core.texts import mark
from streha import passphrase_typing, terminal
from streha.moments import duration
from streha.options import Json, Key
from streha.terminal import say

LONGEST = timedelta(hours=24)
IN_CLEAR = mark("The keys in {path} are not locked: there is nothing to open. Lock them: streha keys seal")


def add_to(commands: typer.Typer) -> None:
    """Attach both commands."""
    commands.command(
        "unlock",
        help=say(
            mark(
                "Open your keys with the passphrase and keep them open on this machine, in memory, until the time is "
                "over, you sign out of the machine, or streha lock.\n\n\b\nExamples:\n  streha unlock\n"
                "  streha unlock --for 30m"
            )
        ),
    )(_unlock)
    commands.command("lock", help=say(mark("Forget the opened keys of this machine at once.")))(_lock)


def _unlock(
    key: Key,
    *,
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help=say(mark("How long: 30m, 12h; at most 24h.")))
    ] = "12h",
    json: Json = False,
) -> None:
    length = duration(lasting)
    if not timedelta() < length <= LONGEST:
        raise InvalidInput(mark("Keys stay open for at most {hours} hours."), hours=24)
    locked = key_file.read(key)
    if isinstance(locked, KeyFile):
        raise InvalidInput(IN_CLEAR, path=str(key))
    kept.require_place(os.environ)
    opened = passphrase_typing.ask(locked, key).opened
    until = SystemClock().now() + length
    kept.keep(locked, opened, until, os.environ)
    if json:
        terminal.as_json({"until": until})
    else:
        terminal.line(mark("Your keys are open on this machine until {time}. Close them: streha lock"),
                      time=terminal.moment(until))  # fmt: skip


def _lock(*, json: Json = False) -> None:
    count = kept.forget_all(os.environ)
    if json:
        terminal.as_json({"forgotten": count})
    else:
        terminal.line(mark("No keys are open on this machine any more."))
