"""How a person types a passphrase, and chooses one: hidden, at a terminal, never from the command line.

A script gives it by a descriptor (`streha.descriptors`). Where neither is there, nobody is asked and the command says
how to unlock before.
"""

from __future__ import annotations

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from client.key_file import LockedKeyFile
from client.vault import passphrases, unlocking
from client.vault.passphrases import WordList
from client.vault.unlocking import Opened, WrongPassphrase
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault.passphrase import plain
from streha import descriptors, terminal
from streha.papers import clear
from streha.terminal import say

TRIES = 3
NOBODY_TO_ASK = mark(
    "The keys in {path} are locked, and nobody can be asked for the passphrase here. Unlock them before, at a "
    "terminal: "
    "streha unlock"
)
NO_TERMINAL = mark("A passphrase is chosen at a terminal only. A script gives its own: --passphrase-fd")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Typed:
    """What somebody typed, and whom it opened."""

    passphrase: str
    opened: Opened


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Chosen:
    """A new passphrase, and from which list its words were drawn; empty where it is one's own."""

    passphrase: str
    words: str


def ask(locked: LockedKeyFile, path: Path) -> Typed:
    """Have the passphrase of a key file typed, and open it. A person may try again; a script may not."""
    if descriptors.given():
        typed = descriptors.next_passphrase()
        return Typed(passphrase=typed, opened=unlocking.opened(locked, typed))
    if not sys.stdin.isatty():
        raise InvalidInput(NOBODY_TO_ASK, path=str(path))
    words = WordList(locked.words) if locked.words in list(WordList) else None
    for _ in range(TRIES - 1):
        typed = _typed(mark("Passphrase:"))
        slip = None if words is None else passphrases.slip(typed, words)
        if slip is not None:
            _tell(slip[0], **slip[1])
            continue
        try:
            return Typed(passphrase=typed, opened=unlocking.opened(locked, typed))
        except WrongPassphrase as wrong:
            _tell(wrong.reason, **wrong.parameters)
    typed = _typed(mark("Passphrase:"))
    return Typed(passphrase=typed, opened=unlocking.opened(locked, typed))


def choose(*, own: bool) -> Chosen:
    """Have a new passphrase chosen: drawn and copied by hand, or one's own, typed twice."""
    if descriptors.given():
        return _taken(descriptors.next_passphrase())
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(NO_TERMINAL)
    return _own() if own else _drawn()


def _own() -> Chosen:
    while True:
        try:
            chosen = _taken(_typed(mark("Your new passphrase:")))
        except InvalidInput as weak:
            _tell(weak.reason, **weak.parameters)
            continue
        if plain(_typed(mark("Once more:"))) == plain(chosen.passphrase):
            return chosen
        _tell(mark("That was not the same twice. From the beginning."))


def _taken(passphrase: str) -> Chosen:
    passphrases.require_strong(passphrase)
    return Chosen(passphrase=passphrase, words="")


def _drawn() -> Chosen:
    language = terminal.language()
    words = WordList.ENGLISH if language == "en" else WordList.SERBIAN
    drawn = passphrases.drawn(words)
    while True:
        clear()
        terminal.line(mark("Your passphrase. Write it on paper, and keep the paper where only you get at it:"))
        terminal.plain(f"\n  {passphrases.shown(drawn, language)}\n", style="bold")
        typer.prompt(say(mark("Then press Enter; the screen is cleared")), default="", show_default=False)
        clear()
        if plain(_typed(mark("Type it from your paper:"))).split() == drawn.split():
            return Chosen(passphrase=drawn, words=words)
        terminal.line(mark("That is not what was shown. It is shown once more: mend your copy."))
        typer.prompt(say(mark("Press Enter")), default="", show_default=False)


def _typed(question: str) -> str:
    """Return a line that is typed without being seen."""
    with _without_echo():
        sys.stderr.write(say(question) + " ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        sys.stderr.write("\n")
    if not line.endswith("\n"):
        raise KeyboardInterrupt
    return line.rstrip("\r\n")


@contextmanager
def _without_echo() -> Iterator[None]:
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def _tell(text: str, /, **parameters: object) -> None:
    sys.stderr.write(say(text, **parameters) + "\n")
    sys.stderr.flush()
