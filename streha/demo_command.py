"""`streha demo`: everything on this machine, with invented agencies; `--check` proves that the main job works."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from core import logs, private_files
from core.errors import StrehaError
from core.texts import mark
from deploy import demo, demo_check, demo_vault
from deploy.demo_linking import Linked
from streha.processes import first_of
from streha.terminal import line, plain, say, table

DIRECTORY = Path(".build/demo")


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command("demo")(demo_command)


def demo_command(
    directory: Annotated[Path, typer.Option(help=say(mark("Where the demo keeps everything.")))] = DIRECTORY,
    state: Annotated[
        Path | None, typer.Option(help=say(mark("Also write where everything is to this file, as JSON.")))
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help=say(mark("Prove the main job before witnesses, and leave nothing.")))
    ] = False,
) -> None:
    """Start invented agencies with a database and a homeserver on this machine, until Ctrl-C."""
    logs.configure("warning")
    _run(_check() if check else _demo(directory, state))


def _run(story: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(story)
    except* StrehaError as group:
        raise first_of(group) from None


async def _demo(directory: Path, state_file: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    def show(state: demo.State) -> None:
        if state_file is not None:
            private_files.write(state_file, msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")
        _show(state)

    line(mark("Starting the database, the homeserver and Streha ..."))
    await demo.run(directory, show, _say_linked, stopped)
    line(mark("Stopped. Nothing is left running."))


async def _check() -> None:
    steps: list[demo_check.Step] = []

    def told(step: demo_check.Step) -> None:
        steps.append(step)
        plain(f"ok  {step.what}", style="green")

    with tempfile.TemporaryDirectory(prefix="streha-check-") as directory:
        await demo_check.check(Path(directory), told)
    plain("")
    table(
        [mark("step"), mark("seconds from the trigger until a client had decrypted it")],
        [(each.what, "  ".join(f"{name} {value:.2f}" for name, value in each.seconds.items())) for each in steps],
    )
    plain("")
    line(mark("Every witness saw what it should have seen."))


def _show(state: demo.State) -> None:
    people = []
    for agency in dict.fromkeys(each.agency for each in state.people):
        people.append((f"\n{agency}", "", "", ""))
        people += [
            (
                each.name,
                each.role.replace("_", " "),
                each.matrix_user.partition(":")[0].removeprefix("@"),
                each.matrix_password,
            )
            for each in state.people
            if each.agency == agency
        ]
    table([mark("Name"), mark("Role"), mark("Matrix user"), mark("Matrix password")], people)
    plain("")
    rows = [(case.codename, each.codename, each.room_id) for case in state.cases for each in case.compartments]
    table([mark("Case"), mark("Channel"), mark("Matrix room")], rows)
    plain("")
    line(mark("Homeserver: {url}"), url=state.homeserver_url)
    line(mark("API: {url}"), url=state.api_url)
    line(mark("Metrics: {urls}"), urls=" ".join(state.metrics_urls.values()))
    line(mark("Key files: {path}"), path=str(Path(state.people[0].key_file).parent))
    plain("")
    line(
        mark(
            "Sign in with any Matrix client: choose this homeserver, then a user and password from the table. "
            "Let it set up its encryption: the demo links the device to the person. Accept the invitations and write "
            "help in a room."
        )
    )
    line(mark("Or in a second terminal:"))
    plain(f"  {sys.argv[0]} case list --key {state.people[0].key_file}")
    line(mark("The console in a browser, as one of these people: run this, then open the address that it prints:"))
    plain(f"  {sys.argv[0]} console --key {state.people[0].key_file}")
    line(mark("Sealed records, which the server cannot read: unlock one of these keys, then read."))
    table(
        [mark("Key file"), mark("Passphrase")],
        [(path, state.vault.passphrases[account]) for account, path in state.vault.key_files.items()],
    )
    plain(f"  export STREHA_KEY_FILE={state.vault.key_files[demo_vault.LOCKED[0]]}")
    plain(f"  {sys.argv[0]} unlock")
    plain(f"  {sys.argv[0]} record list {state.vault.codename}")
    plain(f"  {sys.argv[0]} record get {state.vault.codename} {state.vault.record[:8]}")
    line(mark("The operator's commands need the settings of the demo:"))
    plain(f"  set -a; . {state.settings_file}; set +a; {sys.argv[0]} doctor")
    line(mark("The demo stays until Ctrl-C."))


def _say_linked(linked: Linked) -> None:
    if linked.changed:
        line(
            mark(
                "{name} shows another identity than the one that was linked, so the bot gives it nothing. To link it "
                "anew, as {name}: streha matrix link. Then, as an administrator: streha matrix confirm"
            ),
            name=linked.name,
        )
    elif linked.attested:
        line(
            mark(
                "{name} is attested in the signed directory: the bot believes them. Real administrators do: streha "
                "attest identity"
            ),
            name=linked.name,
        )
    else:
        line(
            mark("{name} signed in on the device {device} and is linked to it. Real people do: streha matrix link"),
            name=linked.name,
            device=linked.device_id,
        )
