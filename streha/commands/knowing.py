"""`streha known`: who could have known, and who fetched, up to a moment; for those who lead a compartment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cases.trust.knowing import NOT_SHOWN
from client.vault import known_export
from client.vault.knowing import Asked, known
from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from streha import terminal
from streha.commands.compartments import reason_given
from streha.commands.deciding import Where
from streha.known_words import answer_plain, print_answer
from streha.options import Json, Key
from streha.terminal import say
from streha.vault_names import record_named
from streha.vault_place import closed_or_open

NO_MOMENT = mark("A moment looks like 2031-05-14T09:30+02:00, with its time zone.")


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    commands.command("known", help=say(mark(
        "Who could have known of a compartment, and who fetched what, up to a moment. The first is worked out on this "
        "machine, of the signed logs; the second is what Streha's ledger says. Only those who lead the compartment may "
        "ask, and that they did is in the ledger.\n\n\b\nExamples:\n"
        "  streha known quiet-heron\n"
        "  streha known quiet-heron --record 3f2a --until 2031-05-14T09:30+02:00\n"
        "  streha known quiet-heron --out for-the-inquiry.streha --reason-file order.txt"
    )))(_known)  # fmt: skip


def _known(
    where: Where,
    key: Key,
    *,
    record: Annotated[
        str, typer.Option(metavar="RECORD", help=say(mark("Of this record alone, by its id or the beginning of it.")))
    ] = "",
    until: Annotated[
        str,
        typer.Option(metavar="MOMENT", help=say(mark("Up to this moment, with its time zone; else all there is."))),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help=say(mark("Write it, signed and with all that proves it, to a new file that only you can read.")),
        ),
    ] = None,
    reason_file: Annotated[
        str,
        typer.Option(
            metavar="FILE", help=say(mark("With --out: a file that says why, or - to pipe it; else it is asked for."))
        ),
    ] = "",
    json: Json = False,
) -> None:
    moment = _moment(until)
    reason = ""
    if out is not None:
        private_files.require_free(out)
        reason = reason_given(reason_file)

    async def act() -> None:
        async with closed_or_open(key, where) as (reader, compartment):
            chosen = record_named(await reader.refresh(compartment), record) if record else None
            asked = Asked(until=moment, record=chosen)
            found = await known(reader, compartment, asked)
            if out is not None:
                private_files.write_new(out, await known_export.exported(reader, found, reason))
            network, answer = found.view.compartment.network, found.answer
            if json:
                terminal.as_json({**answer_plain(network, answer), "file": None if out is None else str(out)})
                return
            print_answer(network, answer)
            terminal.line(NOT_SHOWN)
            if out is not None:
                terminal.line(
                    mark(
                        "Written to {path}. Whoever has the file can read who is in it: give it by hand. It is checked "
                        "with streha record verify, and the network's fingerprint on paper."
                    ),
                    path=str(out),
                )

    asyncio.run(act())


def _moment(words: str) -> int | None:
    if not words:
        return None
    try:
        found = datetime.fromisoformat(words.strip())
    except ValueError:
        raise InvalidInput(NO_MOMENT) from None
    if found.tzinfo is None:
        raise InvalidInput(NO_MOMENT)
    return max(0, int(found.astimezone(UTC).timestamp()))
