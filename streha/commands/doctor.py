"""`streha doctor`: one line for each check, and what to do where it failed."""

from __future__ import annotations

import asyncio

import typer

from core.texts import mark
from streha import terminal
from streha.doctor.examining import Finding, examine
from streha.options import Json
from streha.terminal import say


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command(
        "doctor",
        help=say(
            mark(
                "Check whether this installation is ready. One line for each of settings, database, clocks, "
                "duty desks, homeserver, messages and ledger, with what to do."
            )
        ),
    )(_doctor)


def _doctor(*, json: Json = False) -> None:
    findings = asyncio.run(examine())
    ready = all(each.ok for each in findings)
    if json:
        terminal.as_json({"ready": ready, "checks": [_plain(each) for each in findings]})
    else:
        for each in findings:
            terminal.plain(f"{say(mark('ok')) if each.ok else say(mark('NOT OK')):<8} {say(each.check)}{_words(each)}")
        terminal.line(mark("Ready.") if ready else mark("NOT ready. Do what the lines above say, then ask again."))
    if not ready:
        raise typer.Exit(terminal.EXIT_NO)


def _words(finding: Finding) -> str:
    words = finding.todo or finding.note
    return ": " + say(words, **(finding.parameters or {})) if words else ""


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "ok": finding.ok,
        "todo": None if finding.ok else say(finding.todo, **(finding.parameters or {})),
        "note": say(finding.note, **(finding.parameters or {})) if finding.note else None,
    }
