"""`streha attest waiting`, `person`, `dismiss`, `join-agency`: administrators attest whom they invited, by voice.

Nobody is asked for a yes: the code that the newcomer reads aloud is typed, and compared with what was offered. It is
shown nowhere before, so that nobody reads it off the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.model import AgencyKind, Role
from agencies.trust.deeds import Attest, Join
from agencies.trust.directory import Directory, Proposal
from agencies.trust.network import Network
from agencies.trust.offers import Offered, same_code
from client.api import ApiClient
from client.vault import attesting, inviting
from client.vault.attesting import Attesting, Decision
from client.vault.invitations_api import KeptInvitation
from client.vault.memory import Memory
from core.clock import SystemClock
from core.errors import Conflict, InvalidInput, NotFound, StrehaError
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.personal import find_agency, speaking_unlocked
from streha.terminal import say
from streha.vault_names import KINDS, ROLES, SHORT, moment_text

OTHER_CODE = mark(
    "NOT the same: this offer has another code. Nothing was signed. Ring the person again, by a number you know. If "
    "they read otherwise still, somebody else has used the paper: streha attest dismiss {id}, and make another."
)
NO_INVITATION = mark("Your agency has no invitation of this name or id. Look: streha attest waiting")
WHICH = mark("More than one invitation has this name. Say which by its id: {ids}")
NOBODY_OFFERED = mark("Nobody has offered keys for this agency yet. Look: streha attest waiting")
NO_ADMINISTRATOR = mark("Among those who offered is no administrator. An agency needs at least one.")
AS_BEFORE = mark("This person is in the directory with these keys already.")
KNOWN = mark(
    "The directory knows this person already, with other keys. An invitation gives nobody other keys: streha keys new "
    "--person"
)
LEFT_THERE = mark("The invitation itself is still there: {why} Take it back: streha attest dismiss {id}")

Named = Annotated[
    str, typer.Argument(metavar="NAME", help=say(mark("Whom you invited, by name or id (streha attest waiting).")))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an administrator decides: the API, the decider, and the network as it was just verified."""

    api: ApiClient
    decider: Attesting
    network: Network

    @property
    def directory(self) -> Directory:
        return self.network.now


def add_to(app: typer.Typer) -> None:
    """Attach these commands to those of `streha attest`."""
    app.command(
        "waiting",
        help=say(mark("Show whom your agency invited, who has offered keys, and what waits for others to agree.")),
    )(_waiting)
    app.command(
        "person",
        help=say(
            mark(
                "Attest somebody whom you invited, once they have offered their keys. Ring them by a number you know, "
                "have the code read to you, and type what you hear. Where your agency has three administrators or "
                'more, a second one does the same.\n\n\b\nExample:\n  streha attest person "Vera Primer"'
            )
        ),
    )(_person)
    app.command(
        "dismiss",
        help=say(mark("Take an invitation back, and what was offered under it: the paper opens nothing any more.")),
    )(_dismiss)
    app.command(
        "join-agency",
        help=say(
            mark(
                "Propose that an agency join the network, with the first people whom you invited for it. Have each of "
                "them read you their code. A majority of the agencies agrees: streha attest approve\n\n\b\nExample:\n"
                '  streha attest join-agency "Shelter Breza"'
            )
        ),
    )(_join_agency)


def _waiting(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[KeptInvitation], Network]:
        async with _deciding(key) as place:
            return await place.api.invitations.waiting(), place.network

    invitations, network = asyncio.run(act())
    proposals = list(network.now.proposals.values())
    if json:
        terminal.as_json(
            {
                "invitations": [
                    {"invitation": each.invitation, "name": each.name, "role": each.role, "agency": each.agency,
                     "expires_at": each.expires_at, "offered": each.offer is not None}
                    for each in invitations
                ],
                "waiting": [{"id": each.hash.hex(), "people": _people(each)} for each in proposals],
            }
        )  # fmt: skip
        return
    terminal.table(
        [mark("Invited"), mark("Role"), mark("Offered by"), mark("Until"), mark("Id")],
        [
            (each.name, say(ROLES[each.role]), _offer_words(each, network.id), terminal.moment(each.expires_at),
             str(each.invitation)[:SHORT])
            for each in invitations
        ],
    )  # fmt: skip
    if proposals:
        terminal.table(
            [mark("Waits"), mark("About"), mark("Agreed"), mark("Until")],
            [
                (each.hash.hex()[:16], "; ".join(_people(each)), str(len(each.by)),
                 moment_text(each.deed.until))
                for each in proposals
            ],
        )  # fmt: skip


def _person(name: Named, key: Key, *, json: Json = False) -> None:
    async def act() -> Decision:
        async with _deciding(key) as place:
            kept = await _found(place, name)
            offered = inviting.offered(kept, place.network.id)
            now = _now()
            known = place.directory.people.get(offered.offer.person)
            if known is not None:
                # Other keys for somebody known take two agencies, and never come in by a paper.
                raise Conflict(AS_BEFORE if known.signing_key == offered.signing_key else KNOWN)
            _show(offered, kept)
            _have_read(offered, kept)
            deed = attesting.deed_of(offered, place.directory, now, place.decider.person)
            decision = await place.decider.decide(deed, now)
            if not decision.waits:
                await _done_with(place, [kept])
            return decision

    _told(asyncio.run(act()), name, json=json)


def _dismiss(name: Named, key: Key, *, json: Json = False) -> None:
    async def act() -> UUID:
        async with speaking_unlocked(key) as (api, _person):
            found = _named(await api.invitations.waiting(), name)
            await api.invitations.take_back(found.invitation)
            return found.invitation

    taken = asyncio.run(act())
    if json:
        terminal.as_json({"dismissed": taken})
    else:
        terminal.line(mark("The invitation opens nothing any more, and nothing waits under it."))


def _join_agency(
    agency: Annotated[str, typer.Argument(help=say(mark("The agency, by name or id.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> Decision:
        async with _deciding(key) as place:
            agency_id = await find_agency(place.api, agency)
            its = next(each for each in await place.api.agencies() if each.id == agency_id)
            kept = [
                each for each in await place.api.invitations.waiting()
                if each.agency == agency_id and each.offer is not None
            ]  # fmt: skip
            people = [inviting.offered(each, place.network.id) for each in kept]
            if not people:
                raise NotFound(NOBODY_OFFERED)
            if all(each.offer.role is not Role.ADMINISTRATOR for each in people):
                raise InvalidInput(NO_ADMINISTRATOR)
            # Its kind is signed too, and was the server's word until here.
            kind = AgencyKind(its.kind)
            terminal.aside(mark("{name} ({kind}) is to join, with:"), name=its.name, kind=say(KINDS[kind]))
            for offered, each in zip(people, kept, strict=True):
                _show(offered, each)
                _have_read(offered, each)
            now = _now()
            deed = inviting.joining(agency_id, its.name, kind, people, now)
            decision = await place.decider.decide(deed, now)
            if not decision.waits:
                await _done_with(place, kept)
            return decision

    _told(asyncio.run(act()), agency, json=json)


@asynccontextmanager
async def _deciding(key: Path) -> AsyncIterator[_Place]:
    async with speaking_unlocked(key) as (api, person):
        decider = Attesting(api.keys_of_vault, person, Memory.beside(key, person.network))
        yield _Place(api=api, decider=decider, network=await decider.network())


async def _found(place: _Place, words: str) -> KeptInvitation:
    return _named(await place.api.invitations.waiting(), words)


def _named(invitations: list[KeptInvitation], words: str) -> KeptInvitation:
    typed = words.strip().casefold()
    by_id = [each for each in invitations if len(typed) >= SHORT and str(each.invitation).startswith(typed)]
    found = by_id or [each for each in invitations if each.name.casefold() == typed]
    if len(found) > 1:
        raise InvalidInput(WHICH, ids=", ".join(str(each.invitation)[:SHORT] for each in found))
    if not found:
        raise NotFound(NO_INVITATION)
    return found[0]


def _show(offered: Offered, kept: KeptInvitation) -> None:
    said = offered.offer
    terminal.aside(
        mark("{name}, {role}, {matrix}"), name=said.name, role=say(ROLES[said.role]), matrix=said.matrix_user
    )  # fmt: skip
    if said.name.casefold() != kept.name.casefold():
        terminal.aside(mark("LOOK: you invited {name}. Is this the same person?"), name=kept.name)
    if said.role is Role.ADMINISTRATOR:
        terminal.aside(mark("LOOK: with this role they decide who belongs to the agency."))


def _have_read(offered: Offered, kept: KeptInvitation) -> None:
    """Have the code typed as it was read aloud."""
    typed: str = typer.prompt(say(mark("Ring them now. Type the code that they read to you")), err=True)
    if not same_code(offered, typed):
        raise InvalidInput(OTHER_CODE, id=str(kept.invitation)[:SHORT])


async def _done_with(place: _Place, kept: list[KeptInvitation]) -> None:
    """Take back what is done; where that fails, what was signed stands, and somebody is told."""
    for each in kept:
        try:
            await place.api.invitations.take_back(each.invitation)
        except NotFound:
            continue
        except StrehaError as error:
            terminal.aside(LEFT_THERE, why=say(error.reason, **error.parameters), id=str(each.invitation)[:SHORT])


def _offer_words(kept: KeptInvitation, network: bytes) -> str:
    if kept.offer is None:
        return ""
    try:
        said = inviting.offered(kept, network).offer
    except InvalidInput as wrong:
        return say(wrong.reason, **wrong.parameters)
    return f"{said.name}, {say(ROLES[said.role])}, {said.matrix_user}"


def _people(proposal: Proposal) -> list[str]:
    match proposal.deed:
        case Join(name=name, kind=kind, people=people):
            return [
                f"{name} ({say(KINDS[kind])})",
                *(f"{each.name}, {say(ROLES[each.role])}, {each.matrix_user}" for each in people),
            ]
        case Attest() as deed:
            return [f"{deed.name}, {say(ROLES[deed.role])}, {deed.matrix_user}"]
        case _:
            return []


def _told(decision: Decision, about: str, *, json: bool) -> None:
    if json:
        terminal.as_json({"id": decision.hash.hex(), "waits": decision.waits})
    elif decision.waits:
        terminal.line(
            mark("Signed. It waits for others to agree: streha attest waiting ({id})"), id=decision.hash.hex()[:16]
        )
    else:
        terminal.line(mark("Signed, and it holds. Tell {name}: streha join FILE --continue"), name=about)


def _now() -> int:
    return int(SystemClock().now().timestamp())
