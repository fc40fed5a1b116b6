"""`streha keys offer` and `streha keys trust`: a founder's keys for the genesis, and which network a person trusts."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.model import Role
from agencies.trust import network as trusted
from agencies.trust import offers
from agencies.trust.network import Network
from agencies.trust.offers import Offer
from client import key_file
from client.key_file import KeyFile, LockedKeyFile
from client.vault import kept, trusting, unlocking
from client.vault.memory import Memory
from core import private_files
from core.clock import SystemClock
from core.errors import InvalidInput, StrehaError
from core.texts import mark
from crypto.vault.bundle import Kind
from crypto.vault.statement import NETWORK_BYTES
from streha import passphrase_typing, terminal
from streha.options import Json, Key
from streha.passphrase_typing import Typed
from streha.personal import NOT_SEALED, speaking_with, unlocked_key
from streha.terminal import say

NOT_KEPT = mark(
    "Locked here, and NOT yet kept at the server, which did not take it: {why} Your file is whole. Try again: "
    "streha keys upload"
)
NOT_A_FINGERPRINT = mark("A fingerprint of a network has 64 letters and digits, in groups of four. Copy it whole.")


def add_to(app: typer.Typer) -> None:
    """Add both commands."""
    app.command(
        "offer",
        help=say(
            mark(
                "Write your public keys to a file for an administrator, and show their code. No secret is in it."
                '\n\n\b\nExample:\n  streha keys offer ana.offer --name "Ana Primer" --agency ID '
                "--matrix @ana:streha.example"
            )
        ),
    )(_offer)
    app.command(
        "trust",
        help=say(
            mark(
                "Say which network you trust, by the fingerprint that its founders gave you on paper. The whole "
                "directory "
                "is verified before anything is believed.\n\n\b\nExample:\n  streha keys trust 3f2a 90c1 …"
            )
        ),
    )(_trust)


def _offer(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("Where to write the offer.")))],
    key: Key,
    *,
    name: Annotated[str, typer.Option(help=say(mark("Your name, as your colleagues know you.")))],
    agency: Annotated[UUID, typer.Option(metavar="ID", help=say(mark("Your agency, by the operator's id.")))],
    matrix: Annotated[str, typer.Option(metavar="USER", help=say(mark("Your Matrix user.")))],
    role: Annotated[Role, typer.Option(help=say(mark("What you are in the agency.")))] = Role.ADMINISTRATOR,
    json: Json = False,
) -> None:
    locked = locked_file(key)
    private_files.require_free(path)
    opened = unlocked_key(locked, key)
    offer = Offer(
        person=locked.person_id.bytes, agency=agency.bytes, name=name, role=role, matrix_user=matrix,
        box_key=locked.box_key, at=int(SystemClock().now().timestamp()),
    )  # fmt: skip
    made = offers.make(opened.key.seed, locked.genesis, offer)
    private_files.write_new(path, made)
    code = offers.read(made, locked.genesis).code
    if json:
        terminal.as_json({"offer": str(path), "code": code})
        return
    terminal.line(mark("Your offer is in {path}. Its code: {code}"), path=path, code=code)
    terminal.line(mark("Bring the file to whoever attests it, and read them the code when they ring you."))


def _trust(
    fingerprint: Annotated[list[str], typer.Argument(help=say(mark("The fingerprint on paper.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    genesis = read_fingerprint(" ".join(fingerprint))
    locked = locked_file(key)
    typed = passphrase_typing.ask(locked, key)
    entries, failed = asyncio.run(trust(key, locked, typed, genesis))
    if json:
        terminal.as_json({"network": genesis.hex(), "entries": entries, "kept_at_server": failed is None})
        return
    terminal.line(mark("This machine trusts the network {fingerprint}"), fingerprint=trusted.fingerprint(genesis))
    if failed is not None:
        terminal.line(NOT_KEPT, why=say(failed.reason, **failed.parameters))


async def trust(
    path: Path, locked: LockedKeyFile, typed: Typed, genesis: bytes
) -> tuple[int, StrehaError | None]:  # fmt: skip
    """Verify the network, lock the keys for it, and keep them at the server; return how many entries there are.

    Where the server does not take the locked keys, that is returned too: the file is whole nevertheless.
    """
    new = unlocking.relocked(locked, typed.opened, passphrase=typed.passphrase, words=locked.words, genesis=genesis)

    def require_own(network: Network) -> None:
        trusting.require_named(
            network, person=locked.person_id.bytes, signing_key=locked.signing_key, box_key=locked.box_key
        )

    async with speaking_with(typed.opened.key) as api:
        network = await trusting.fetched(
            api.keys_of_vault, Memory.beside(path, genesis), genesis, require=require_own
        )  # fmt: skip
        key_file.write_locked(path, new)
        kept.forget_all(os.environ)
        try:
            await api.keys_of_vault.put_bundle(new.bundle_id, Kind.DEVICE, new.bundle)
        except StrehaError as error:
            return network.head.number + 1, error
    return network.head.number + 1, None


def locked_file(path: Path) -> LockedKeyFile:
    """Return a key file that is locked; say how to lock one that is not."""
    found = key_file.read(path)
    if isinstance(found, KeyFile):
        raise InvalidInput(NOT_SEALED, path=str(path))
    return found


def read_fingerprint(typed: str) -> bytes:
    """Return the network of a fingerprint, however it was grouped."""
    digits = re.sub(r"[\s-]", "", typed).lower()
    if not re.fullmatch(f"[0-9a-f]{{{2 * NETWORK_BYTES}}}", digits):
        raise InvalidInput(NOT_A_FINGERPRINT)
    return bytes.fromhex(digits)
