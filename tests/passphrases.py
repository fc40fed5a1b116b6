"""Passphrases as scripts of a test give them: by a pipe that is named before the command."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.commands import Ran, streha

OWN = "sedam plavih ptica peva u dolini"


@contextmanager
def piped(*passphrases: str) -> Iterator[int]:
    """Give a descriptor from which these passphrases are read, one a line."""
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "w") as pipe:
            pipe.write("".join(f"{each}\n" for each in passphrases))
        yield reading
    finally:
        os.close(reading)


async def with_passphrases(
    passphrases: tuple[str, ...], *arguments: object, environment: Mapping[str, str] | None = None
) -> Ran:
    """Run a command to which a script gives passphrases."""
    with piped(*passphrases) as descriptor:
        return await streha("--passphrase-fd", descriptor, *arguments, environment=environment)
