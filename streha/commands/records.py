"""`streha record`: sealed records, written and read on one's own machine; Streha stores them and can read none."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from cases.trust.records import Version
from client.vault import histories
from client.vault import records as vault_records
from client.vault.plans import KIND as PLAN
from client.vault.reading import View
from client.vault.records import KINDS, Opened, Put, current, difference, history
from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from safety_plans.plans import reading
from streha import terminal
from streha.commands import record_exports
from streha.commands.deciding import Where
from streha.options import Json, Key, Yes
from streha.record_words import handing, print_versions, version_plain
from streha.terminal import say
from streha.vault_names import (
    SHORT,
    described,
    moment_text,
    name_of,
    person_named,
    record_named,
    short,
    version_named,
)
from streha.vault_place import say_age, say_due, seen, vault_place

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Sealed records of a case: written and read on your machine, readable by nobody else but the members.\n\n"
            "\b\nMost used:\n"
            "  streha record list CASE                 what there is\n"
            "  streha record get CASE RECORD           read one\n"
            "  streha record put CASE --file FILE      write a new one\n"
            "  streha record put CASE RECORD --file FILE   write its next version"
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    record_exports.add_to(app)
    commands.add_typer(app, name="record")


RecordWords = Annotated[
    str, typer.Argument(metavar="RECORD", help=say(mark("A record, by its id or the beginning of it.")))
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help=say(mark("Write it to a new file that only you can read."))),
]
NOTHING_TO_WRITE = mark("Give the text: --file FILE, or pipe it. It is never written on the command line.")
EMPTY = mark("There is no text. Nothing was written.")
TOO_SHORT = mark("Name a record that is to be erased by its first {count} characters at least. Nothing was erased.")
ERASE = mark(
    "Record {record}: {kind}, {count} versions, the last by {person}, {time}. Its keys are destroyed for good, for "
    "everybody. Erase it?"
)
IS_PLAN = mark("This is a safety plan. So that Streha reminds of it put it with: streha plan put CASE FILE")
NO_KIND = mark("A record is one of these: {kinds}. Nothing was written.")


@app.command(
    "put",
    help=say(
        mark(
            "Write a record, or the next version of one. Where somebody wrote meanwhile nothing is overwritten: read "
            "it "
            "first, or let both stand.\n\n\b\nExamples:\n"
            "  streha record put quiet-heron --kind plan --file plan.txt\n"
            "  streha record put quiet-heron 3f2a --file plan.txt"
        )
    ),
)
def _put(
    where: Where,
    key: Key,
    record: Annotated[
        str, typer.Argument(metavar="[RECORD]", help=say(mark("The record of which this is the next version.")))
    ] = "",
    *,
    path: Annotated[str, typer.Option("--file", metavar="FILE", help=say(mark("The text, or - to pipe it.")))] = "",
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", help=say(mark("What it is; Streha sees this word: {kinds}"), kinds=", ".join(KINDS))
        ),
    ] = "note",
    beside: Annotated[
        bool, typer.Option("--beside", help=say(mark("Let it stand beside versions that you have not read.")))
    ] = False,
    json: Json = False,
) -> None:
    if kind not in KINDS:
        raise InvalidInput(NO_KIND, kinds=", ".join(KINDS))
    text = _text(path)

    async def act() -> tuple[Put, View]:
        async with vault_place(key, where) as place:
            await say_due(place)
            view = await place.view()
            chosen = record_named(view, record) if record else None
            of_kind = kind if chosen is None else current(view, chosen)[0].write.kind
            if of_kind == PLAN and reading.read(text).plan is not None:
                # Sealed as it is nobody would be reminded of it.
                raise InvalidInput(IS_PLAN)
            put = await place.records.put(place.id, text, kind=of_kind, record=chosen, beside=beside)
            return put, await place.view()

    put, view = asyncio.run(act())
    if json:
        terminal.as_json(
            {"record": put.record, "version": put.version, "beside": [_version_id(each) for each in put.beside]}
        )
        return
    terminal.line(
        mark("Sealed and stored. Record {record}, version {version}"), record=str(put.record), version=str(put.version)
    )
    for each in put.beside:
        terminal.line(
            mark("Beside it stands version {version} by {person}: read both, and write one that brings them together."),
            version=short(each.write.version), person=name_of(view, each.by),
        )  # fmt: skip


@app.command(
    "get",
    help=say(
        mark(
            "Read a record: what is current, or the version named. Where several people wrote at once, all of it is "
            "shown."
            "\n\n\b\nExamples:\n"
            "  streha record get quiet-heron 3f2a\n"
            "  streha record get quiet-heron 3f2a --out plan.txt"
        )
    ),
)
def _get(
    where: Where,
    record: RecordWords,
    key: Key,
    *,
    version: Annotated[str, typer.Option(metavar="VERSION", help=say(mark("A version that is past.")))] = "",
    out: Out = None,
    json: Json = False,
) -> None:
    if out is not None:
        private_files.require_free(out)

    hand = handing(out, json=json)

    async def act() -> None:
        async with vault_place(key, where) as place:
            view = await place.view()
            if version:
                one, view = await place.records.get_version(place.id, version_named(view, version))
                hand([one], view)
            else:
                await place.records.get(place.id, record_named(view, record), hand)

    asyncio.run(act())


@app.command("list", help=say(mark("Which records there are: kind, author, time; never what stands in them.")))
def _list(
    where: Where,
    key: Key,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help=say(mark("As this machine last saw it; Streha is not asked for it.")))
    ] = False,
    json: Json = False,
) -> None:
    view, now = asyncio.run(seen(key, where, offline=offline))
    records = view.compartment.records
    found = [each for record in records.current for each in current(view, record)]
    if json:
        terminal.as_json([version_plain(view, each) for each in found])
        return
    if offline:
        say_age(view, now)
    print_versions(view, sorted(found, key=lambda each: each.at, reverse=True))


@app.command("history", help=say(mark("All versions of a record: who wrote which, when, and which are current.")))
def _history(where: Where, record: RecordWords, key: Key, *, json: Json = False) -> None:
    async def act() -> View:
        async with vault_place(key, where) as place:
            return await place.view()

    view = asyncio.run(act())
    found = history(view, record_named(view, record))
    if json:
        terminal.as_json([version_plain(view, each) for each in found])
    else:
        print_versions(view, found)


@app.command(
    "diff",
    help=say(
        mark("In what two versions of a record differ: the two that stand at once, or the last two, or two named.")
    ),
)
def _diff(
    where: Where,
    record: RecordWords,
    key: Key,
    versions: Annotated[
        list[str] | None, typer.Argument(metavar="[VERSION VERSION]", help=say(mark("Two versions.")))
    ] = None,
    *,
    json: Json = False,
) -> None:
    async def act() -> tuple[Opened, Opened]:
        async with vault_place(key, where) as place:
            view = await place.view()
            one, other = _two(view, record_named(view, record), versions or [])
            return (
                (await place.records.get_version(place.id, one))[0],
                (await place.records.get_version(place.id, other))[0],
            )

    one, other = asyncio.run(act())
    names = [short(each.version.write.version) for each in (one, other)]
    lines = difference(one, other, names)
    if json:
        terminal.as_json({"versions": names, "lines": lines})
        return
    for each in lines:
        terminal.plain(each)


@app.command(
    "share",
    help=say(
        mark(
            "Give a member what was written before they came: all versions of a record that you can read. Every member "
            "can "
            "see that you did."
        )
    ),
)
def _share(
    where: Where,
    record: RecordWords,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("The member.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> tuple[int, str]:
        async with vault_place(key, where) as place:
            view = await place.view()
            member = person_named(view, person, view.circle.members)
            keys = {
                each.write.version: (await place.records.key_and_content(view, each))[0]
                for each in history(view, record_named(view, record))
                if not each.quarantined
            }
            await histories.give(place.reader, view, member, keys)
            return len(keys), described(view, member)

    count, name = asyncio.run(act())
    if json:
        terminal.as_json({"versions": count})
    else:
        terminal.line(mark("{person} can read {count} versions of it now."), person=name, count=count)


@app.command(
    "erase", help=say(mark("Erase a record for everybody, as somebody who leads: its keys are destroyed for good."))
)
def _erase(where: Where, record: RecordWords, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    if len(record.strip()) < SHORT:
        raise InvalidInput(TOO_SHORT, count=SHORT)

    async def act() -> None:
        async with vault_place(key, where) as place:
            view = await place.view()
            chosen = record_named(view, record)
            versions = history(view, chosen)
            newest = versions[-1]
            terminal.require_agreed(
                ERASE, yes=yes, record=short(chosen), kind=newest.write.kind, count=len(versions),
                person=name_of(view, newest.by), time=moment_text(newest.at),
            )  # fmt: skip
            await place.records.erase(place.id, chosen)

    asyncio.run(act())
    if json:
        terminal.as_json({"erased": True})
    else:
        terminal.line(mark("Erased. What people have read, and copies in backups, Streha cannot call back."))


def _two(view: View, record: bytes, words: list[str]) -> tuple[bytes, bytes]:
    if words:
        if len(words) != len(("one", "other")):
            raise InvalidInput(mark("Name two versions, or none."))
        one, other = (version_named(view, each) for each in words)
        return one, other
    now = [each.write.version for each in current(view, record)]
    past = [each.write.version for each in history(view, record) if not each.quarantined]
    chosen = now if len(now) > 1 else past
    if len(chosen) < len(("one", "other")):
        raise InvalidInput(mark("There is only one version of this record."))
    return chosen[-2], chosen[-1]


def _text(path: str) -> bytes:
    """Return what is to be written, from a file or a pipe; never from the command line."""
    if not path and sys.stdin.isatty():
        raise InvalidInput(NOTHING_TO_WRITE)
    if path in ("", "-"):
        # In tests there is no buffer below.
        source: Any = getattr(sys.stdin, "buffer", sys.stdin)
        given = source.read(_limit())
        text = given.encode() if isinstance(given, str) else bytes(given)
    else:
        try:
            with Path(path).open("rb") as file:
                text = file.read(_limit())
        except OSError:
            raise InvalidInput(mark("The file {path} cannot be read."), path=path) from None
    if not text.strip():
        raise InvalidInput(EMPTY)
    return text


def _limit() -> int:
    # A byte more than a record can hold, so that too much is noticed.
    return vault_records.LONGEST + 1


def _version_id(version: Version) -> UUID:
    return UUID(bytes=version.write.version)
