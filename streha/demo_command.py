"""`streha demo`: everything on this machine, with invented agencies; `--check` proves that the main job works."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from core import logs
from core.errors import StrehaError
from deploy import demo, demo_check

DIRECTORY = Path(".build/demo")
EXIT_FAILED = 1

console = Console()


def demo_command(
    directory: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = DIRECTORY,
    state: Annotated[Path | None, typer.Option(help="Also write where everything is to this file, as JSON.")] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Prove the main job, leave nothing.")] = False,
) -> None:
    """Start agencies, cases, a homeserver and a database on this machine, to look at. Ctrl-C ends it."""
    logs.configure("warning")
    try:
        asyncio.run(_check() if check else _run(directory, state))
    except* StrehaError as group:
        console.print(f"[bold red]streha:[/] {_first(group)}", style="red", highlight=False)
        raise typer.Exit(EXIT_FAILED) from None


async def _run(directory: Path, state_file: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    def show(state: demo.State) -> None:
        if state_file is not None:
            _write(state_file, state)
        _show(state)

    console.print("Starting the database, the homeserver and Streha …")
    await demo.run(directory, show, stopped)
    console.print("Stopped. Nothing is left running.")


async def _check() -> None:
    table = Table(title="The main job, as strict Matrix clients saw it", title_justify="left")
    table.add_column("step")
    table.add_column("seconds from trigger to decrypted, per client")

    def told(step: demo_check.Step) -> None:
        seconds = "  ".join(f"{name} {value:.2f}" for name, value in step.seconds.items())
        table.add_row(step.what, seconds)
        console.print(f"[green]✓[/] {step.what}", highlight=False)

    with tempfile.TemporaryDirectory(prefix="streha-check-") as directory:
        await demo_check.check(Path(directory), told)
    console.print(table)
    console.print("[bold green]Every witness saw what it should have seen.[/]")


def _write(path: Path, state: demo.State) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")


def _show(state: demo.State) -> None:
    people = Table(title="People (invented)", title_justify="left")
    for heading in ("name", "agency", "role", "Matrix user", "Matrix password", "key file"):
        people.add_column(heading, overflow="fold")
    for each in state.people:
        people.add_row(each.name, each.agency, each.role, each.matrix_user, each.matrix_password, each.key_file)
    cases = Table(title="Cases", title_justify="left")
    for heading in ("case", "channel", "Matrix room"):
        cases.add_column(heading, overflow="fold")
    for case in state.cases:
        for compartment in case.compartments:
            cases.add_row(case.codename, compartment.codename, compartment.room_id)
    console.print(people, cases)
    first = state.people[0]
    console.print(
        f"\nHomeserver: [bold]{state.homeserver_url}[/]   API: [bold]{state.api_url}[/]\n\n"
        "Sign in with any Matrix client: choose that homeserver, then a user and password from the table.\n"
        "Accept the invitations, and write [bold]help[/] in a room.\n\n"
        f"Or in a second terminal:  streha case list --key {first.key_file}\n\n"
        "The demo stays until Ctrl-C.",
        highlight=False,
    )


def _first(group: BaseExceptionGroup[StrehaError]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
