"""`streha attest`: what administrators decide in the network's directory: who somebody is, with which keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.trust.deeds import Approve, Attest, Join, Rekey, Revoke, Suspend, Withdraw
from agencies.trust.directory import Directory, Proposal
from agencies.trust.offers import Offered, same_code
from client.vault import attesting
from client.vault.attesting import AGREED_WITHIN_SECONDS, Attesting, Decision
from client.vault.memory import Memory
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto.vault import statement
from streha import terminal
from streha.commands import attest_identity, welcoming
from streha.options import Json, Key, Yes
from streha.personal import speaking_unlocked
from streha.terminal import say
from streha.vault_names import KINDS, ROLES

app = typer.Typer(
    no_args_is_help=True, help=say(mark("Who belongs to the network, with which keys (administrators)."))
)  # fmt: skip
OTHER_CODE = mark(
    "NOT the same: the code of this offer is another. Ring the person again, by a number you know. If they read "
    "otherwise "
    "still, attest nothing and tell the operator."
)
LOOK_YOURSELF = mark(
    "NOT agreed: this is about somebody's keys or identity, which nobody agrees to unseen. Run what your colleague "
    "ran, with what the person reads to you: streha attest person, offer or identity."
)
NO_PROPOSAL = mark("Nothing waits under this name. See streha attest list")
NOBODY = mark("The directory knows nobody and no agency of this id. See streha attest list")
WAITS = {
    Join: mark("a new agency"),
    Attest: mark("somebody's place in an agency"),
    Rekey: mark("other keys"),
    Suspend: mark("an agency whose word is to count no more"),
}
# So much of the name of what waits has to be written.
SHORT = 8

Proposed = Annotated[str, typer.Argument(metavar="ID", help=say(mark("What waits, as streha attest list names it.")))]


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    attest_identity.add_to(app)
    welcoming.add_to(app)
    commands.add_typer(app, name="attest")


@app.command(
    "offer",
    help=say(
        mark(
            "Attest the keys that somebody offers: a new person, or other keys for a known one, which takes an "
            "administrator of a second agency, who runs the same. Ring the person by a number you know and have them "
            "read you the code.\n\n\b\nExample:\n"
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
            now, directory = _now(), (await decider.network()).now
            deed = attesting.deed_of(offered, directory, now, decider.person)
            if not json:
                _show(offered, directory)
            terminal.require_yes(yes=yes)
            return await decider.decide(deed, now)

    _told(asyncio.run(act()), json=json)


@app.command(
    "approve", help=say(mark("Agree that an agency join, or that one be suspended, once you have looked into it."))
)
def _approve(proposal: Proposed, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    _told(asyncio.run(_about_proposal(key, proposal, agree=True, yes=yes)), json=json)


@app.command("withdraw", help=say(mark("Take back what you have proposed yourself.")))
def _withdraw(proposal: Proposed, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    _told(asyncio.run(_about_proposal(key, proposal, agree=False, yes=yes)), json=json)


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
    _told(asyncio.run(_decide(key, Revoke(person=person.bytes), yes=yes)), json=json)


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
    deed = Suspend(agency=agency.bytes, until=_now() + AGREED_WITHIN_SECONDS)
    _told(asyncio.run(_decide(key, deed, yes=yes)), json=json)


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
        [(each.name, agencies[each.agency].name, say(ROLES[each.role]), str(UUID(bytes=each.id))) for each in people],
    )
    if waiting:
        terminal.table(
            [mark("Waits"), mark("What"), mark("About"), mark("Agreed")],
            [
                (each.hash.hex()[:16], say(WAITS[type(each.deed)]), _about(each.deed, directory), str(len(each.by)))
                for each in waiting
            ],
        )


async def _about_proposal(key: Path, words: str, *, agree: bool, yes: bool) -> Decision:
    async with _deciding(key) as (decider, _network):
        directory, typed = (await decider.network()).now, words.strip().lower()
        found = [
            each for each in directory.proposals.values() if len(typed) >= SHORT and each.hash.hex().startswith(typed)
        ]  # fmt: skip
        if len(found) != 1:
            raise NotFound(NO_PROPOSAL)
        if agree and isinstance(found[0].deed, Attest | Rekey):
            raise Conflict(LOOK_YOURSELF)
        # Nobody agrees to what they were not shown.
        terminal.aside("{what}: {about}", what=say(WAITS[type(found[0].deed)]), about=_about(found[0].deed, directory))
        terminal.require_yes(yes=yes)
        deed = Approve(proposal=found[0].hash) if agree else Withdraw(proposal=found[0].hash)
        return await decider.decide(deed, _now())


async def _decide(key: Path, deed: Revoke | Suspend, *, yes: bool) -> Decision:
    async with _deciding(key) as (decider, _network):
        directory = (await decider.network()).now
        known = deed.person in directory.people if isinstance(deed, Revoke) else deed.agency in directory.agencies
        if not known:
            raise NotFound(NOBODY)
        terminal.aside("{about}", about=_about(deed, directory))
        terminal.require_yes(yes=yes)
        return await decider.decide(deed, _now())


@asynccontextmanager
async def _deciding(key: Path) -> AsyncIterator[tuple[Attesting, bytes]]:
    async with speaking_unlocked(key) as (api, person):
        yield Attesting(api.keys_of_vault, person, Memory.beside(key, person.network)), person.network


def _about(deed: Join | Attest | Rekey | Revoke | Suspend, directory: Directory) -> str:
    """Return whom or what a deed is about, as the directory has it: name, role and agency."""
    match deed:
        case Join():
            # Whoever agrees lets just these people in.
            first = (f"{each.name} ({say(ROLES[each.role])}) {each.matrix_user}" for each in deed.people)
            return f"{deed.name} ({say(KINDS[deed.kind])}): {'; '.join(first)}"
        case Suspend():
            return directory.agencies[deed.agency].name
        case Attest():
            return f"{deed.name} ({say(ROLES[deed.role])}, {directory.agencies[deed.agency].name}) {deed.matrix_user}"
        case Rekey() | Revoke():
            member = directory.people.get(deed.person)
            if member is None:
                return str(UUID(bytes=deed.person))
            return f"{member.name} ({say(ROLES[member.role])}, {directory.agencies[member.agency].name})"


def _show(offered: Offered, directory: Directory) -> None:
    """Show who offers keys; of somebody whom the network knows, as the directory has them and not as the offer says."""
    said, known = offered.offer, directory.people.get(offered.offer.person)
    if known is not None and known.signing_key != offered.signing_key:
        terminal.line(
            mark(
                "OTHER KEYS for somebody the network knows. It takes administrators of two agencies, one of them this "
                "person's."
            )
        )
        terminal.line(
            mark("They are for {name}, {role}, {agency}. Is it this person who read you the code?"), name=known.name,
            role=say(ROLES[known.role]), agency=directory.agencies[known.agency].name,
        )  # fmt: skip
        return
    terminal.line(
        mark("{name}, {role}, {matrix}"), name=said.name, role=say(ROLES[said.role]), matrix=said.matrix_user
    )  # fmt: skip


def _told(decision: Decision, *, json: bool) -> None:
    if json:
        terminal.as_json({"id": decision.hash.hex(), "waits": decision.waits})
    elif decision.waits:
        terminal.line(
            mark("Written as {id}. It waits for others to agree: streha attest list"), id=decision.hash.hex()[:16]
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
