"""`streha record export` and `verify`: versions for a court, and the check of them by whoever gets them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cases.trust.knowing import NOT_SHOWN
from client.vault import exporting, known_export
from client.vault.exporting import Verified
from client.vault.records import current
from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from streha import terminal
from streha.commands.compartments import reason_given
from streha.commands.deciding import Where
from streha.known_words import answer_plain, print_answer
from streha.options import Json, Key
from streha.terminal import say
from streha.vault_names import moment_text, record_named, short, version_named
from streha.vault_place import say_due, vault_place

LARGEST = 256 * 1024 * 1024
NO_FINGERPRINT = mark(
    "A fingerprint has 64 digits and letters from 0 to f, as the paper has them. Spaces do not matter."
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.command("export", help=say(mark(
        "Take a record out for a court: its text with all that proves who wrote it and when, readable by whoever has "
        "the "
        "file. It names everybody of the network's directory, and who was in the compartment. That you do it, and of "
        "what, "
        "is in the ledger; why stands in the file.\n\n\b\nExample:\n"
        "  streha record export quiet-heron 3f2a --out for-the-court.streha --reason-file order.txt"
    )))(_export)  # fmt: skip
    commands.command("verify", help=say(mark(
        "Check an exported record, without Streha and without keys, against the network's fingerprint on paper.\n\n"
        "\b\nExample:\n  streha record verify for-the-court.streha --network 1f2e…"
    )))(_verify)  # fmt: skip


def _export(
    where: Where,
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help=say(mark("A record, by its id or the beginning of it.")))
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help=say(mark("Write it to a new file that only you can read.")))
    ],
    key: Key,
    *,
    version: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help=say(mark("A version; repeat for several. Else what is current."))),
    ] = None,
    reason_file: Annotated[
        str,
        typer.Option(metavar="FILE", help=say(mark("A file that says why, or - to pipe it; else it is asked for."))),
    ] = "",
    json: Json = False,
) -> None:
    private_files.require_free(out)
    reason = reason_given(reason_file)

    async def act() -> bytes:
        async with vault_place(key, where) as place:
            await say_due(place)
            view = await place.view()
            chosen = (
                [version_named(view, each) for each in version]
                if version
                else [each.write.version for each in current(view, record_named(view, record))]
            )
            return (await exporting.exported(place.reader, place.records, place.id, chosen, reason))[0]

    package = asyncio.run(act())
    private_files.write_new(out, package)
    if json:
        terminal.as_json({"file": str(out), "bytes": len(package)})
        return
    terminal.line(
        mark(
            "Written to {path}. Whoever has the file can read it: give it by hand. The court checks it with "
            "streha record verify, and the network's fingerprint on paper."
        ),
        path=str(out),
    )


def _verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("The exported file.")))],
    network: Annotated[
        str, typer.Option("--network", metavar="FINGERPRINT", help=say(mark("The network's fingerprint, from paper.")))
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=say(mark("Write it to a new file that only you can read."))),
    ] = None,
    json: Json = False,
) -> None:
    named = _fingerprint(network)
    if out is not None:
        private_files.require_free(out)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except OSError:
        raise InvalidInput(mark("The file {path} cannot be read."), path=str(path)) from None
    if known_export.is_one(data):
        _verify_known(data, named, json=json)
        return
    shown = exporting.verified(data, named)
    if out is not None:
        private_files.write_new(out, b"\n".join(each.opened.text for each in shown.versions))
    if json:
        terminal.as_json(_plain(shown, texts=out is None))
    else:
        _print(shown, texts=out is None)


def _verify_known(data: bytes, named: bytes, *, json: bool) -> None:
    shown = known_export.verified(data, named)
    network = shown.logs.compartment.network
    if json:
        said = {"network": shown.network_name, "exported_by": shown.exported_by.name, "agency": shown.agency}
        terminal.as_json({**said, "reason": shown.reason, **answer_plain(network, shown.answer)})
        return
    _print_origin(shown)
    print_answer(network, shown.answer)
    terminal.line(NOT_SHOWN)


def _print_origin(shown: Verified | known_export.Verified) -> None:
    terminal.line(mark("Whole and unaltered, of the network {name}."), name=shown.network_name)
    terminal.line(
        mark("Exported by {person} of {agency}, {time}: {reason}"),
        person=shown.exported_by.name, agency=shown.agency, time=moment_text(shown.exported_at),
        reason=shown.reason,
    )  # fmt: skip


def _print(shown: Verified, *, texts: bool) -> None:
    _print_origin(shown)
    for each in shown.versions:
        terminal.line(
            mark("Version {version}, entry {number} of its log, signed by {person} of {agency}, {time}"),
            version=short(each.opened.version.write.version), number=each.number, person=each.author.name,
            agency=each.agency, time=moment_text(each.opened.version.at),
        )  # fmt: skip
        if each.opened.version.quarantined:
            terminal.line(mark("IN QUARANTINE: written before its author's removal, placed after it"))
        if texts:
            terminal.plain(each.opened.text.decode(errors="replace"))


def _plain(shown: Verified, *, texts: bool) -> dict[str, object]:
    return {
        "network": shown.network_name,
        "exported_by": shown.exported_by.name,
        "agency": shown.agency,
        "reason": shown.reason,
        "versions": [
            {
                "author": each.author.name,
                "agency": each.agency,
                "number": each.number,
                "current": each.opened.current,
                "quarantined": each.opened.version.quarantined,
                **({"text": each.opened.text.decode(errors="replace")} if texts else {}),
            }
            for each in shown.versions
        ],
    }


def _fingerprint(words: str) -> bytes:
    try:
        found = bytes.fromhex("".join(words.split()).replace("-", ""))
    except ValueError:
        found = b""
    if len(found) != exporting.NETWORK_BYTES:
        raise InvalidInput(NO_FINGERPRINT)
    return found
