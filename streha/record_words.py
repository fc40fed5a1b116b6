"""Records and their versions as people read them, and as programs do."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cases.trust.records import Version
from client.vault.reading import View
from client.vault.records import Hand, Opened
from core import private_files
from core.errors import Conflict
from core.texts import mark
from streha import terminal
from streha.terminal import say
from streha.vault_names import moment_text, name_of, short

SEVERAL = mark("There are several versions at once. Choose one: --version VERSION (see streha record history).")
NOT_TEXT = mark("This is no text. Write it to a file: --out FILE")


def print_opened(view: View, opened: Sequence[Opened], *, texts: bool) -> None:
    """Print versions that were opened, each under a line that says whose it is."""
    if len(opened) > 1:
        terminal.line(mark("Several people wrote at once. Read all, and write one that brings them together."))
    for each in opened:
        version = each.version
        terminal.line(
            mark("{kind} by {person}, {time}, version {version}{state}"),
            kind=version.write.kind, person=name_of(view, version.by), time=moment_text(version.at),
            version=short(version.write.version), state=_marked(view, version),
        )  # fmt: skip
        if texts:
            try:
                terminal.plain(each.text.decode())
            except UnicodeDecodeError:
                terminal.line(NOT_TEXT)


def handing(out: Path | None, *, json: bool) -> Hand:
    """Return what gives opened versions to the person: printed, or written to a new file, which takes just one."""

    def hand(opened: list[Opened], view: View) -> None:
        if out is not None:
            if len(opened) > 1:
                raise Conflict(SEVERAL)
            write_file(out, opened[0].text)
        if json:
            terminal.as_json([opened_plain(view, each, text=out is None) for each in opened])
        else:
            print_opened(view, opened, texts=out is None)

    return hand


def print_versions(view: View, versions: Sequence[Version]) -> None:
    """Print which versions there are."""
    if not versions:
        terminal.line(mark("There is no record yet."))
        return
    rows = [
        (
            short(each.write.record),
            short(each.write.version),
            each.write.kind,
            name_of(view, each.by),
            moment_text(each.at),
            _state(view, each),
        )
        for each in versions
    ]
    terminal.table(
        [mark("Record"), mark("Version"), mark("Kind"), mark("Author"), mark("Written"), mark("State")], rows
    )


def version_plain(view: View, version: Version) -> dict[str, object]:
    """Return what stands in the log of a version, for programs."""
    records = view.compartment.records
    now = records.current.get(version.write.record, frozenset())
    return {
        "record": UUID(bytes=version.write.record),
        "version": UUID(bytes=version.write.version),
        "kind": version.write.kind,
        "author": UUID(bytes=version.by),
        "at": datetime.fromtimestamp(version.at, UTC),
        "current": version.hash in now,
        "in_conflict": version.hash in now and len(now) > 1,
        "quarantined": version.quarantined,
        "erased": version.write.record in records.erased,
    }


def opened_plain(view: View, opened: Opened, *, text: bool) -> dict[str, object]:
    """Return a version that was opened, for programs; what is no text in Base64."""
    said = version_plain(view, opened.version)
    if text:
        try:
            said["text"] = opened.text.decode()
        except UnicodeDecodeError:
            said["data"] = base64.b64encode(opened.text).decode()
    return said


def write_file(path: Path, text: bytes) -> None:
    """Write what was sealed into a new file that only its owner reads."""
    private_files.write_new(path, text)


def _state(view: View, version: Version) -> str:
    records = view.compartment.records
    now = records.current.get(version.write.record, frozenset())
    if version.write.record in records.erased:
        return say(mark("erased"))
    if version.quarantined:
        return say(mark("IN QUARANTINE: written before its author's removal, placed after it"))
    if version.hash in now:
        return say(mark("current, beside another")) if len(now) > 1 else say(mark("current"))
    return say(mark("past"))


def _marked(view: View, version: Version) -> str:
    return f" ({_state(view, version)})"
