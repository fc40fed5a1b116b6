"""From where a script gives the passphrase: a descriptor that it has opened itself, named before the command."""

from __future__ import annotations

import os
from contextvars import ContextVar

from core.errors import InvalidInput
from core.texts import mark

LONGEST_LINE = 1024
_passphrases: ContextVar[int | None] = ContextVar("passphrases", default=None)


def read_passphrases_from(descriptor: int | None) -> None:
    """Say that passphrases come from a descriptor, one a line, for as long as this command runs."""
    _passphrases.set(descriptor)


def given() -> bool:
    """Whether passphrases come from a descriptor."""
    return _passphrases.get() is not None


def next_passphrase() -> str:
    """Return the next line of the descriptor; raise InvalidInput where there is none."""
    descriptor = _passphrases.get()
    line = bytearray()
    try:
        # Byte by byte: what follows belongs to whoever asks next.
        while (
            descriptor is not None
            and len(line) <= LONGEST_LINE
            and (each := os.read(descriptor, 1)) not in (b"", b"\n")
        ):
            line += each
        text = line.decode()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text or len(line) > LONGEST_LINE:
        raise InvalidInput(mark("No passphrase came from the descriptor that --passphrase-fd names."))
    return text
