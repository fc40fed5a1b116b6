"""`streha keys`: a person's own keys, locked with a passphrase; the devices that have them; the network they trust."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer

from agencies.trust import network as trusted
from client import key_file
from client.api import ApiClient
from client.key_file import KeyFile, LockedKeyFile
from client.vault import kept, unlocking
from client.vault.keys_api import KeptBundle
from core import private_files
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput, StrehaError
from core.texts import mark
from crypto import signing
from crypto.vault.bundle import Keys, Kind, new_keys
from crypto.vault.statement import NO_NETWORK
from streha import passphrase_typing, terminal
from streha.commands import offering
from streha.options import Json, Key, Yes
from streha.personal import NOT_SEALED, speaking_as, speaking_with
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Your own keys: make, lock, look, change the passphrase.")))

Own = Annotated[
    bool, typer.Option("--own", help=say(mark("Choose a passphrase of your own instead of one that is drawn.")))
]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    offering.add_to(app)
    commands.add_typer(app, name="keys")


@app.command(
    "new",
    help=say(
        mark(
            "Make keys of your own on this machine, locked with a passphrase, for an administrator to attest (streha "
            "keys offer). With --person other keys for you, whom the network knows: where yours are lost, or "
            "somebody may have had them.\n\n\b\nExamples:\n"
            "  streha keys new my.key --api https://streha.example --network streha.example\n"
            "  streha keys new new.key --api https://streha.example --network streha.example --person ID"
        )
    ),
)
def _new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("Where to write the new key file.")))],
    *,
    api: Annotated[str, typer.Option("--api", metavar="ADDRESS", help=say(mark("The address of Streha.")))],
    network: Annotated[str, typer.Option(help=say(mark("The network's name, as the operator tells it.")))],
    police: Annotated[str, typer.Option(help=say(mark("The number of the police.")))] = "192",
    person: Annotated[
        UUID | None,
        typer.Option(
            metavar="ID",
            help=say(
                mark(
                    "Your id, where the network knows you already: from streha keys show with your old key file, or "
                    "from your administrator (streha attest list)."
                )
            ),
        ),
    ] = None,
    own: Own = False,
    json: Json = False,
) -> None:
    private_files.require_free(path)
    address, keys = key_file.checked_address(api), new_keys()
    chosen = passphrase_typing.choose(own=own)
    key = KeyFile(person_id=person or uuid4(), network=network, api_url=address, seed=keys.seed, police_number=police)
    locked = unlocking.sealed(key, keys, passphrase=chosen.passphrase, words=chosen.words)
    key_file.write_locked(path, locked, new=True)
    if json:
        terminal.as_json(_plain(locked))
        return
    terminal.line(mark("Your keys are in {path}, locked. Next: streha keys offer"), path=path)


@app.command(
    "seal",
    help=say(
        mark(
            "Lock a key file whose key is in clear: adds the key of the vault, asks for a passphrase, and keeps a "
            "locked copy at the server. Cut off at any moment, the file is either as it was or "
            "locked.\n\n\b\nExample:\n"
            "  streha keys seal --key my.key"
        )
    ),
)
def _seal(key: Key, *, own: Own = False, json: Json = False) -> None:
    found = key_file.read(key)
    if not isinstance(found, KeyFile):
        raise Conflict(mark("The keys in {path} are locked already."), path=str(key))
    chosen = passphrase_typing.choose(own=own)
    keys = Keys(seed=found.seed, secret=new_keys().secret)
    locked = unlocking.sealed(found, keys, passphrase=chosen.passphrase, words=chosen.words)
    key_file.write_locked(key, locked)
    told = asyncio.run(_upload(found, locked))
    _say_locked(locked, told, json=json)


@app.command("passphrase", help=say(mark("Change the passphrase of this machine's key file.")))
def _passphrase(key: Key, *, own: Own = False, json: Json = False) -> None:
    before = _locked_file(key)
    opened = passphrase_typing.ask(before, key).opened
    chosen = passphrase_typing.choose(own=own)
    locked = unlocking.relocked(before, opened, passphrase=chosen.passphrase, words=chosen.words)
    key_file.write_locked(key, locked)
    kept.forget_all(os.environ)
    told = asyncio.run(_upload(opened.key, locked))
    _say_locked(locked, told, json=json)
    if not json:
        terminal.line(mark("Your other machines and browsers keep the passphrase that they had."))


@app.command("upload", help=say(mark("Keep the locked keys of this machine at the server, if they are not there yet.")))
def _upload_again(key: Key, *, json: Json = False) -> None:
    locked = _locked_file(key)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.keys_of_vault.put_bundle(locked.bundle_id, Kind.DEVICE, locked.bundle)

    asyncio.run(act())
    _say_locked(locked, None, json=json)


@app.command("show", help=say(mark("Show what a key file says: whose it is, and which network it trusts. No secret.")))
def _show(key: Key, *, json: Json = False) -> None:
    found = key_file.read(key)
    if isinstance(found, KeyFile):
        plain = {"person": found.person_id, "network": found.network, "api_url": found.api_url, "locked": False}
        plain["signing_key"] = signing.public_key(found.seed).hex()
    else:
        plain = _plain(found)
    if json:
        terminal.as_json(plain)
        return
    terminal.table([mark("What"), mark("Is")], [(name, _shown(value)) for name, value in plain.items()])


@app.command("devices", help=say(mark("List the devices for which the server keeps locked keys of yours.")))
def _devices(key: Key, *, json: Json = False) -> None:
    found = key_file.read(key)
    here = found.bundle_id if isinstance(found, LockedKeyFile) else None

    async def act() -> list[KeptBundle]:
        async with speaking_as(key) as api:
            return await api.keys_of_vault.bundles()

    bundles = asyncio.run(act())
    if json:
        terminal.as_json([{"bundle": each.bundle, "kind": each.kind, "made_at": each.made_at} for each in bundles])
        return
    kinds = {Kind.DEVICE: say(mark("device")), Kind.PASSKEY: say(mark("passkey"))}
    terminal.table(
        [mark("Id"), mark("Kind"), mark("Made"), ""],
        [
            (
                str(each.bundle), kinds.get(Kind(each.kind), ""), terminal.moment(each.made_at),
                say(mark("this one")) if each.bundle == here else "",
            )
            for each in bundles
        ],
    )  # fmt: skip


@app.command(
    "lost",
    help=say(
        mark(
            "Destroy the locked keys of a device that is lost, by the id of streha keys devices. What the device "
            "itself "
            "holds stays locked with its passphrase. If you fear for that too, ask an administrator for new keys."
        )
    ),
)
def _lost(
    bundle: Annotated[UUID, typer.Argument(metavar="ID", help=say(mark("The device, by its id.")))],
    key: Key,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.keys_of_vault.take_bundle(bundle)

    asyncio.run(act())
    if json:
        terminal.as_json({"destroyed": bundle})
    else:
        terminal.line(mark("The server keeps no keys for that device any more."))


async def _upload(key: KeyFile, locked: LockedKeyFile) -> StrehaError | None:
    """Keep locked keys at the server; return why not where it did not take them: the file is whole nevertheless."""
    try:
        async with speaking_with(key) as api:
            await put(api, locked)
    except StrehaError as error:
        return error
    return None


async def put(api: ApiClient, locked: LockedKeyFile) -> None:
    """Keep the locked keys of a key file at the server."""
    await api.keys_of_vault.put_bundle(locked.bundle_id, Kind.DEVICE, locked.bundle)


def _locked_file(path: Path) -> LockedKeyFile:
    found = key_file.read(path)
    if isinstance(found, KeyFile):
        raise InvalidInput(NOT_SEALED, path=str(path))
    return found


def _say_locked(locked: LockedKeyFile, failed: StrehaError | None, *, json: bool) -> None:
    if json:
        terminal.as_json({**_plain(locked), "kept_at_server": failed is None})
    elif failed is None:
        terminal.line(mark("Your keys are locked, and a locked copy is kept at the server."))
    else:
        terminal.line(offering.NOT_KEPT, why=say(failed.reason, **failed.parameters))


def _plain(locked: LockedKeyFile) -> dict[str, object]:
    founded = locked.genesis != NO_NETWORK
    return {
        "person": locked.person_id,
        "network": locked.network,
        "api_url": locked.api_url,
        "locked": True,
        "signing_key": locked.signing_key.hex(),
        "box_key": locked.box_key.hex(),
        "device": locked.bundle_id,
        "fingerprint": trusted.fingerprint(locked.genesis) if founded else None,
        "open_until": kept.until(locked, SystemClock().now(), os.environ),
    }


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return say(mark("yes")) if value else say(mark("no"))
    return "–" if value is None else str(value)
