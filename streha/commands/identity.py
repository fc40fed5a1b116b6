"""`streha identity`: the operator looks after the keys by which people's clients know the bot."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bots.watching.identity_care import UNFINISHED, Account, IdentityCare, Resting, require_fit
from core.errors import InvalidInput
from core.texts import mark
from crypto.paper import Kind
from streha import papers, terminal
from streha.commands.setup import check
from streha.installation import clock_of, settings_of_environment
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "The keys by which people's clients know the bot (operator, on the bot's machine).\n\n"
            "\b\nOnce, after the bot's first start:\n"
            "  streha identity seed-offline    two papers for two safes; then no seed is left on this machine\n"
            "\b\nWhen something is lost:\n"
            "  streha identity sign-device     a new device, with the signing paper\n"
            "  streha identity restore         the store key or the signing paper is lost; with the master paper\n"
            "  streha identity replace         the master paper is lost too; everybody notices"
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="identity")


TAKE_OFFLINE = mark("A seed rests on this machine now. When the bot works again, run: streha identity seed-offline")


@app.command(
    "show",
    help=say(mark("Show what the homeserver publishes of the bot, and what rests on this machine. Public keys only.")),
)
def _show(*, json: Json = False) -> None:
    care = _care()
    resting = care.resting()
    account = asyncio.run(care.account()) if resting.device_id else None
    if json:
        terminal.as_json(_plain(resting, account))
        return
    published = (account.master, account.signing) if account else (None, None)
    terminal.table(
        [mark("Key"), mark("Kept here"), mark("Published")],
        [
            (say(mark("master key")), _grouped(resting.master), _grouped(published[0])),
            (say(mark("signing key")), _grouped(resting.signing), _grouped(published[1])),
        ],
    )
    for text in _of_seeds(resting):
        terminal.line(text, at=terminal.moment(resting.offline_at))
    if account is None:
        terminal.line(mark("No device rests here, so the homeserver was not asked."))
        return
    if (resting.master, resting.signing) != published:
        terminal.line(mark("What is published is NOT what is kept here."))
    terminal.table(
        [mark("Device"), mark("Key"), mark("Signed"), mark("Seen last")],
        [
            (
                each.device.device_id + (" *" if each.here else ""),
                _grouped(each.device.fingerprint),
                say(mark("yes")) if each.device.signed else say(mark("NO")),
                terminal.moment(each.seen_at),
            )
            for each in account.devices
        ],
    )
    terminal.line(mark("* the device on this machine. One that is not signed, and that nobody knows, is a stranger's."))


@app.command(
    "seed-offline",
    help=say(
        mark(
            "Print the seeds that rest here, for paper, have them typed back, and remove them from this machine. "
            "Have two sheets of paper and a pen; let nobody look on.\n\n\b\nExample, to a medium:\n"
            "  streha identity seed-offline --file /media/stick --yes"
        )
    ),
)
def _seed_offline(
    *,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="DIRECTORY", help=say(mark("Write the papers to files of this medium instead."))
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    care = _care()
    seeds = care.seeds()
    if directory is None:
        papers.require_terminal()
        for kind, seed in seeds.items():
            papers.have_copied(kind, seed)
        _require_yes(yes=yes)
    else:
        _require_elsewhere(directory)
        _require_yes(yes=yes)
        for kind, seed in seeds.items():
            terminal.line(mark("Written and read back: {path}"), path=papers.write_down(directory, kind, seed))
    care.take_offline(seeds)
    terminal.line(mark("Done. No seed of the bot rests on this machine."))
    terminal.line(
        mark(
            "Keep the master paper locked away, with a second copy in another place; the signing paper where whoever "
            "repairs the bot at night can reach it. Try both now and once a year: streha identity check-seed"
        )
    )


@app.command(
    "check-seed",
    help=say(mark("Type a paper, to see whether it still fits. Nothing is changed and nothing is kept.")),
)
def _check_seed(
    kind: Annotated[Kind, typer.Argument(help=say(mark("Which paper.")))],
) -> None:
    care = _care()
    public_keys = asyncio.run(care.public_keys())
    require_fit(kind, papers.ask(kind), public_keys)
    terminal.line(mark("The paper fits."))


@app.command(
    "sign-device",
    help=say(
        mark(
            "Sign the bot's device on this machine with the signing paper, and make one first if there is none. Stop "
            "the bot here before."
        )
    ),
)
def _sign_device() -> None:
    care = _care()
    asyncio.run(care.require_ready())
    device_id = asyncio.run(care.sign_device(papers.ask(Kind.SIGNING)))
    terminal.line(mark("The device {device} is signed. Start the bot: streha run --role bots"), device=device_id)


@app.command(
    "restore",
    help=say(
        mark(
            "Make a new signing key under the old master key, with the master paper, and sign the device here with it. "
            "People see no change. Stop ALL bots before; on each other machine run sign-device before its bot starts. "
            "Cut off anywhere, it is repeated."
        )
    ),
)
def _restore() -> None:
    care = _care()
    asyncio.run(care.require_ready())
    device_id = asyncio.run(care.restore(papers.ask(Kind.MASTER)))
    terminal.line(mark("The device {device} is signed. Start the bot: streha run --role bots"), device=device_id)
    _tell_what_is_left(care)


@app.command(
    "replace",
    help=say(
        mark(
            "Give the bot a new identity, because the master paper is lost. EVERYBODY's client will warn of it. Read "
            "the runbook about a lost store key first."
        )
    ),
)
def _replace(*, yes: Yes = False) -> None:
    care = _care()
    terminal.line(mark("People's clients will say that the bot's identity has changed, until each person accepts it."))
    terminal.require_yes(yes=yes)
    device_id = asyncio.run(care.make_anew())
    terminal.line(mark("The device {device} is signed. Start the bot: streha run --role bots"), device=device_id)
    terminal.line(
        mark("Tell everybody by telephone. The key to compare is: {key}"), key=_grouped(care.resting().master)
    )
    _tell_what_is_left(care)


@app.command(
    "sign-out",
    help=say(mark("Sign a device of the bot's account out: a lost one, or a stranger's. See: streha identity show")),
)
def _sign_out(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help=say(mark("The device, as show names it.")))],
    *,
    yes: Yes = False,
) -> None:
    terminal.require_yes(yes=yes)
    asyncio.run(_care().remove_device(device))
    terminal.line(mark("The device {device} is signed out."), device=device)


def _care() -> IdentityCare:
    settings = settings_of_environment()
    check(settings)
    return IdentityCare(settings, clock_of(settings))


def _require_yes(*, yes: bool) -> None:
    terminal.line(mark("The seeds are removed from this machine now. What you hold is then all there is."))
    terminal.require_yes(yes=yes)


def _require_elsewhere(directory: Path) -> None:
    state = settings_of_environment().matrix_state_directory.resolve()
    if not directory.is_dir():
        raise InvalidInput(mark("{path} is not a directory."), path=str(directory))
    if directory.resolve().is_relative_to(state):
        raise InvalidInput(mark("Choose a medium that you take away: this directory is the bot's own."))
    if directory.stat().st_dev == state.stat().st_dev:
        raise InvalidInput(mark("Choose a medium that you take away: this directory is on the same disk as the seeds."))


def _tell_what_is_left(care: IdentityCare) -> None:
    terminal.line(TAKE_OFFLINE)
    unsigned = asyncio.run(care.account()).unsigned
    if unsigned:
        terminal.line(
            mark(
                "Other devices of the account are not signed now: {count}. On each machine that stands by run streha "
                "identity sign-device before its bot starts; sign the others out: streha identity sign-out"
            ),
            count=len(unsigned),
        )


def _of_seeds(resting: Resting) -> list[str]:
    """Return what is to be said of the seeds, and of what was begun."""
    said = []
    if resting.master_seed:
        said.append(mark("The master seed is STILL on this machine. Run: streha identity seed-offline"))
    if resting.signing_seed:
        said.append(mark("The signing seed is STILL on this machine. Run: streha identity seed-offline"))
    if not said and resting.master:
        said.append(
            mark("No seed rests here. They were taken offline on {at}.") if resting.offline_at
            else mark("No seed rests here.")
        )  # fmt: skip
    if resting.unfinished:
        said.append(UNFINISHED)
    return said


def _grouped(key: str | None) -> str:
    """Return a public key as people compare it, in groups of four."""
    return "" if key is None else " ".join(key[place : place + 4] for place in range(0, len(key), 4))


def _plain(resting: Resting, account: Account | None) -> dict[str, object]:
    return {
        "kept": {"master": resting.master, "signing": resting.signing},
        "master_seed_here": resting.master_seed,
        "signing_seed_here": resting.signing_seed,
        "offline_at": resting.offline_at,
        "unfinished": resting.unfinished,
        "published": None if account is None else {"master": account.master, "signing": account.signing},
        "devices": None
        if account is None
        else [
            {
                "id": each.device.device_id,
                "key": each.device.fingerprint,
                "signed": each.device.signed,
                "here": each.here,
                "seen_at": each.seen_at,
            }
            for each in account.devices
        ],
    }
