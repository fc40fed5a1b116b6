"""`streha join`: somebody new makes keys with the invitation on their paper, and waits to be attested."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from agencies.model import Role
from agencies.service import clean_name, is_matrix_user
from agencies.trust.network import fingerprint
from client import key_file
from client.key_file import KeyFile, LockedKeyFile
from client.vault import joining, kept, unlocking
from client.vault.invitations_api import NewcomersApi, OpenedInvitation
from client.vault.memory import Memory
from core import private_files
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, StrehaError
from core.texts import mark
from crypto.vault import invitation
from crypto.vault.bundle import Kind, new_keys
from crypto.vault.failures import RowWrong
from crypto.vault.invitation import Invitation
from streha import passphrase_typing, terminal
from streha.commands.offering import NOT_KEPT, locked_file
from streha.options import Json
from streha.passphrase_typing import Typed
from streha.personal import speaking_with
from streha.terminal import say
from streha.vault_names import ROLES

WAITS_FOR_NOTHING = mark("The keys in {path} do not wait to be attested. Look: streha keys show")
CODE = mark(
    "Now wait for a call by somebody whose voice you know, and read them this code. Give it to nobody in writing:"
)
CONTINUE = mark("When they say that it is done: streha join {path} --continue")
NOT_YET = mark(
    "You are not attested yet; your offer waits. Read this code to your administrator when they ring you: {code}"
)
NOT_OFFERED = mark(
    "Your keys are made, and in {path}. They were NOT offered yet: {why} When that is over: streha join {path} "
    "--continue"
)
INVITED_AS = mark(
    "Your paper invites you as: {role}. If you were told otherwise, stop here (Ctrl-C), and ring whoever gave it to "
    "you."
)
GONE = mark(
    "You are not attested, and the server keeps no offer of yours: the invitation was used by somebody else, taken "
    "back, or its time is over. Ring whoever gave you the paper, by a number you know. If they say that they have "
    "signed and it only waits for others to agree, keep this file and look again later. If not, begin anew with "
    "another paper."
)
NOT_A_MATRIX_USER = mark("A Matrix user looks like @name:server, in small letters.")


def add_to(commands: typer.Typer) -> None:
    """Attach the command."""
    commands.command(
        "join",
        help=say(
            mark(
                "Come into the network with the invitation on your paper: make keys on this machine, offer them, and "
                "once you are attested, take the network in. Type the paper when asked, or paste what a camera read "
                "of its QR code.\n\n\b\nExamples:\n  streha join my.key\n  streha join my.key --continue"
            )
        ),
    )(_join)


def _join(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("Your new key file.")))],
    *,
    paper: Annotated[
        Path | None, typer.Option("--paper", metavar="FILE", help=say(mark("Read the invitation from this file.")))
    ] = None,
    name: Annotated[str, typer.Option(help=say(mark("Your name, as your colleagues know you.")))] = "",
    matrix: Annotated[str, typer.Option(metavar="USER", help=say(mark("Your Matrix user.")))] = "",
    going_on: Annotated[
        bool, typer.Option("--continue", help=say(mark("Look whether you are attested, and go on from there.")))
    ] = False,
    own: Annotated[
        bool, typer.Option("--own", help=say(mark("Choose a passphrase of your own instead of one that is drawn.")))
    ] = False,
    json: Json = False,
) -> None:
    if going_on:
        entries, network, failed = asyncio.run(_go_on(path))
        if json:
            terminal.as_json({"entries": entries, "network": network.hex(), "kept_at_server": failed is None})
            return
        terminal.line(mark("You are attested, and the network is the one of your paper: {fingerprint}"),
                      fingerprint=fingerprint(network))  # fmt: skip
        if failed is not None:
            terminal.line(NOT_KEPT, why=say(failed.reason, **failed.parameters))
        terminal.line(mark("Destroy the paper now. Next: streha matrix link"))
        return
    private_files.require_free(path)
    given = joining.read_invitation(_text(paper))
    key_file.checked_address(given.address)
    opened = asyncio.run(_opened(given))
    # Before anything is signed; it is the paper's word, and no server's.
    terminal.aside(INVITED_AS, role=say(ROLES[Role(given.role)]))
    name, matrix = clean_name(name or _asked(mark("Your name"))), matrix or _asked(mark("Your Matrix user"))
    if not is_matrix_user(matrix):
        raise InvalidInput(NOT_A_MATRIX_USER)
    locked = _made(given, opened, name, matrix, own=own)
    # The keys stand in the file before anything is offered: what was offered is never lost.
    key_file.write_locked(path, locked, new=True)
    code = _code(locked, path)
    try:
        asyncio.run(_offer(locked, path))
    except StrehaError as refused:
        raise Conflict(NOT_OFFERED, path=str(path), why=say(refused.reason, **refused.parameters)) from refused
    if json:
        terminal.as_json({"person": locked.person_id, "code": code})
        return
    terminal.line(CODE)
    terminal.plain(f"\n  {code}\n", style="bold")
    terminal.line(CONTINUE, path=path)


def _made(given: Invitation, opened: OpenedInvitation, name: str, matrix: str, *, own: bool) -> LockedKeyFile:
    keys, chosen = new_keys(), passphrase_typing.choose(own=own)
    key = KeyFile(
        person_id=uuid4(), network=opened.service, api_url=key_file.checked_address(given.address), seed=keys.seed,
        police_number=opened.police_number,
    )  # fmt: skip
    locked = unlocking.sealed(key, keys, passphrase=chosen.passphrase, words=chosen.words)
    person = unlocking.with_keys(locked, keys).unlocked
    now = int(SystemClock().now().timestamp())
    return replace(
        locked, joining=joining.made_offer(given, opened, person, name=name, matrix_user=matrix, at=now)
    )  # fmt: skip


async def _opened(given: Invitation) -> OpenedInvitation:
    """Return what the server says the invitation is for, once that agrees with the paper."""
    async with NewcomersApi(given.address, language=terminal.language()) as api:
        opened = await api.open(given.token)
    joining.require_as_on_paper(given, opened)
    return opened


async def _offer(locked: LockedKeyFile, path: Path) -> None:
    waiting = _waiting(locked, path)
    given = joining.read_invitation(waiting.invitation)
    async with NewcomersApi(given.address, language=terminal.language()) as api:
        await api.offer(given.token, waiting.offer)


async def _go_on(path: Path) -> tuple[int, bytes, StrehaError | None]:
    """Take the network in where one is attested; else say how far it is. Return its length and its id.

    Where the server does not take the locked keys, that is returned too: the file is whole nevertheless.
    """
    locked = locked_file(path)
    _waiting(locked, path)
    typed = passphrase_typing.ask(locked, path)
    try:
        return await _taken_in(path, locked, typed)
    except NotAuthenticated:
        pass
    try:
        # The same offer again changes nothing; it is made where it had not reached the server.
        await _offer(locked, path)
    except NotFound as refused:
        raise NotFound(GONE) from refused
    raise Conflict(NOT_YET, code=_code(locked, path))


async def _taken_in(
    path: Path, locked: LockedKeyFile, typed: Typed
) -> tuple[int, bytes, StrehaError | None]:  # fmt: skip
    async with speaking_with(typed.opened.key) as api:
        waiting = _waiting(locked, path)
        genesis = joining.read_invitation(waiting.invitation).genesis
        network = await joining.verified(api.keys_of_vault, Memory.beside(path, genesis), locked, waiting)
        new = unlocking.relocked(
            locked, typed.opened, passphrase=typed.passphrase, words=locked.words, genesis=network.id
        )  # fmt: skip
        key_file.write_locked(path, new)
        kept.forget_all(os.environ)
        try:
            await api.keys_of_vault.put_bundle(new.bundle_id, Kind.DEVICE, new.bundle)
        except StrehaError as error:
            return network.head.number + 1, network.id, error
    return network.head.number + 1, network.id, None


def _code(locked: LockedKeyFile, path: Path) -> str:
    return joining.code(_waiting(locked, path))


def _waiting(locked: LockedKeyFile, path: Path) -> key_file.Joining:
    if locked.joining is None:
        raise InvalidInput(WAITS_FOR_NOTHING, path=str(path))
    return locked.joining


def _text(paper: Path | None) -> str:
    """Return the text of an invitation: from a file, from what is piped in, or typed row by row."""
    if paper is not None:
        try:
            with paper.open("rb") as file:
                return file.read(invitation.LONGEST_TEXT + 1).decode("utf-8", errors="replace")
        except OSError:
            raise InvalidInput(mark("The file {path} cannot be read."), path=str(paper)) from None
    if not sys.stdin.isatty():
        return sys.stdin.read(invitation.LONGEST_TEXT + 1)
    terminal.line(mark("Type the paper row by row, or paste all that the camera read."))
    rows = [_row(number) for number in range(1, invitation.ROWS + 1)]
    return "\n".join([*rows, _asked(mark("The address below the rows"))])


def _row(number: int) -> str:
    while True:
        typed = typer.prompt(say(mark("Row {row}"), row=number))
        try:
            return invitation.read_row(typed, number)
        except RowWrong:
            terminal.line(joining.ROW_WRONG, row=number)


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise InvalidInput(mark("Nobody can be asked here. Give --name and --matrix."))
    answer: str = typer.prompt(say(question))
    return answer
