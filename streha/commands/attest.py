"""`streha attest`: what administrators decide in the network's directory: who somebody is, with which keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.trust.deeds import Approve, Rekey, Revoke, Suspend, Withdraw
from agencies.trust.directory import Directory, Proposal
from agencies.trust.network import LOG
from agencies.trust.offers import Offered, same_code
from client.vault import attesting
from client.vault.attesting import AGREED_WITHIN_SECONDS, Attesting, Decision
from client.vault.memory import LogName, Memory
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from core.texts import mark
from crypto.vault import statement
from crypto.vault.log import Kind
from streha import terminal
from streha.options import Json, Key, Yes
from streha.personal import speaking_unlocked
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True, help=say(mark("Who belongs to the network, with which keys (administrators)."))
)  # fmt: skip
OTHER_CODE = mark(
    "NOT the same: the code of this offer is another. Ring the person again, by a number you know. If they read "
    "otherwise "
    "still, attest nothing and tell the operator."
)
NO_PROPOSAL = mark("Nothing waits under this name. See streha attest list")
NOBODY = mark("The directory knows nobody and no agency of this id. See streha attest list")
DIRECTORY = LogName(Kind.DIRECTORY, LOG)

Proposed = Annotated[str, typer.Argument(metavar="ID", help=say(mark("What waits, as streha attest list names it.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="attest")


@app.command(
    "offer",
    help=say(
        mark(
            "Attest the keys that somebody offers: a new person, or other keys for a known one, which takes a second "
            "administrator. Ring the person by a number you know and have them read you the code.\n\n\b\nExample:\n"
            '  streha attest offer ana.offer --code "JAEK4 DBF34 DH3JH 0XXQF"'
        )
    ),
)
def _offer(
    path: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("The offer that the person has made.")))],
    key: Key,
    *,
    code: Annotated[str, typer.Option(help=say(mark("The code, as the person has read it to you.")))],
    yes: Yes = False,
    json: Json = False,
) -> None:
    data = _bytes(path)

    async def act() -> Decision:
        async with _deciding(key) as (decider, network):
            offered = attesting.read_offer(data, network, str(path))
            if not same_code(offered, code):
                raise InvalidInput(OTHER_CODE)
            now = _now()
            deed = attesting.deed_of(offered, (await decider.network()).now, now)
            if not json:
                _show(offered, rekey=isinstance(deed, Rekey))
            terminal.require_yes(yes=yes)
            return await decider.decide(deed, now)

    _told(asyncio.run(act()), json=json)


@app.command("approve", help=say(mark("Agree to what another administrator proposed, once you have looked into it.")))
def _approve(proposal: Proposed, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)
    _told(asyncio.run(_about_proposal(key, proposal, agree=True)), json=json)


@app.command("withdraw", help=say(mark("Take back what you have proposed yourself.")))
def _withdraw(proposal: Proposed, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)
    _told(asyncio.run(_about_proposal(key, proposal, agree=False)), json=json)


@app.command(
    "revoke",
    help=say(mark("Say that somebody is of your agency no more. It holds at once, and ends sessions and memberships.")),
)
def _revoke(
    person: Annotated[UUID, typer.Argument(metavar="ID", help=say(mark("The person, by id.")))],
    key: Key,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)
    _told(asyncio.run(_decide(key, Revoke(person=person.bytes))), json=json)


@app.command(
    "suspend",
    help=say(
        mark("Propose that another agency's word be worth nothing from here on; a majority of the others decides.")
    ),
)
def _suspend(
    agency: Annotated[UUID, typer.Argument(metavar="ID", help=say(mark("The agency, by id.")))],
    key: Key,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)
    _told(asyncio.run(_decide(key, Suspend(agency=agency.bytes, until=_now() + AGREED_WITHIN_SECONDS))), json=json)


@app.command("list", help=say(mark("Show the directory as it was just verified: agencies, people, and what waits.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[int, Directory]:
        async with _deciding(key) as (decider, _network):
            network = await decider.network()
            return network.head.number + 1, network.now

    entries, directory = asyncio.run(act())
    agencies = {each.id: each for each in directory.agencies.values()}
    people = sorted(directory.people.values(), key=lambda each: (agencies[each.agency].name, each.name))
    waiting = list(directory.proposals.values())
    if json:
        terminal.as_json(
            {
                "entries": entries,
                "people": [
                    {"id": UUID(bytes=each.id), "name": each.name, "role": each.role, "agency": UUID(bytes=each.agency)}
                    for each in people
                ],
                "waiting": [{"id": each.hash.hex(), "do": _deed(each), "agreed": len(each.by)} for each in waiting],
            }
        )
        return
    terminal.table(
        [mark("Name"), mark("Agency"), mark("Role"), mark("Id")],
        [(each.name, agencies[each.agency].name, each.role, str(UUID(bytes=each.id))) for each in people],
    )
    if waiting:
        terminal.table(
            [mark("Waits"), mark("What"), mark("Agreed")],
            [(each.hash.hex()[:16], _deed(each), str(len(each.by))) for each in waiting],
        )


async def _about_proposal(key: Path, words: str, *, agree: bool) -> Decision:
    async with _deciding(key) as (decider, _network):
        waiting = [each.hash for each in (await decider.network()).now.proposals.values()]
        found = [each for each in waiting if len(words) >= 8 and each.hex().startswith(words.strip().lower())]
        if len(found) != 1:
            raise NotFound(NO_PROPOSAL)
        deed = Approve(proposal=found[0]) if agree else Withdraw(proposal=found[0])
        return await decider.decide(deed, _now())


async def _decide(key: Path, deed: Revoke | Suspend) -> Decision:
    async with _deciding(key) as (decider, _network):
        directory = (await decider.network()).now
        known = deed.person in directory.people if isinstance(deed, Revoke) else deed.agency in directory.agencies
        if not known:
            raise NotFound(NOBODY)
        return await decider.decide(deed, _now())


@asynccontextmanager
async def _deciding(key: Path) -> AsyncIterator[tuple[Attesting, bytes]]:
    async with speaking_unlocked(key) as (api, person):
        memory = Memory.beside(key, person.network)
        memory.require_no_proof(DIRECTORY)
        yield Attesting(api.keys_of_vault, person, memory.entries(DIRECTORY)), person.network


def _show(offered: Offered, *, rekey: bool) -> None:
    said = offered.offer
    if rekey:
        terminal.line(mark("OTHER KEYS for somebody the network knows. A second administrator must agree."))
    terminal.line(mark("{name}, {role}, {matrix}"), name=said.name, role=said.role, matrix=said.matrix_user)


def _told(decision: Decision, *, json: bool) -> None:
    if json:
        terminal.as_json({"id": decision.hash.hex(), "waits": decision.waits})
    elif decision.waits:
        terminal.line(
            mark("Written. It waits for others to agree: streha attest approve {id}"), id=decision.hash.hex()[:16]
        )
    else:
        terminal.line(mark("Written. It holds."))


def _deed(proposal: Proposal) -> str:
    return type(proposal.deed).__name__.lower()


def _now() -> int:
    return int(SystemClock().now().timestamp())


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(statement.LONGEST + 1)
    except OSError:
        raise InvalidInput(mark("The file {path} cannot be read."), path=str(path)) from None
