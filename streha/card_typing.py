"""An emergency card typed at a terminal: what somebody wrote is kept until it is sealed, or they give up.

It may be the worst hour of a night. So nothing that stands in the way makes anybody write it again: a part that is too
long, a key that has changed, a network that is gone. It is kept in this process alone, never on a disk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import typer

from client import cards
from client.cards import CardText
from core.errors import InvalidInput, StrehaError
from core.texts import mark
from streha import terminal
from streha.terminal import say

Place = TypeVar("Place")

PARTS = (
    mark("Who is it about"),
    mark("Where expected, and when"),
    mark("Whom to ring, with numbers"),
    mark("What to do, and what not to do"),
)
KEPT = mark("What you have written is kept. Look once more?")


def typed() -> CardText:
    """Ask for the four parts, one line each, until they are a card; what is left empty stays as it was."""
    written = [""] * len(PARTS)
    while True:
        written = [
            str(typer.prompt(say(part), default=before, show_default=False, err=True))
            for part, before in zip(PARTS, written, strict=True)
        ]
        try:
            return cards.checked(written)
        except InvalidInput as refused:
            terminal.refuse(refused)
            sys.stderr.write(say(mark("What you wrote is kept: Enter alone leaves a part as it was.")) + "\n")


def once_possible(refused: StrehaError, look: Callable[[], Place]) -> Place:
    """Say why the card was not put, and look again as soon as somebody says so, until it can be; or give up."""
    while True:
        terminal.refuse(refused)
        typer.confirm(say(KEPT), default=True, abort=True, err=True)
        try:
            return look()
        except StrehaError as again:
            refused = again


def require_meant() -> None:
    """Ask whether what was written takes the place of the card that is there now."""
    typer.confirm(say(mark("Put what you have written in its place?")), abort=True, err=True)
