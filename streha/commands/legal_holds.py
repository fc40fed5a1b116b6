"""`streha compartment hold` and `release`: a vault in which nothing may be erased until two agencies say so."""

from __future__ import annotations

from typing import Annotated

import typer

from cases.trust.deeds import Approve, Hold, Release, Withdraw
from cases.trust.proposals import Proposal
from client.vault.circles import Decided
from client.vault.everywhere import PROPOSAL_SECONDS
from client.vault.reading import View
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.circle_words import releases
from streha.commands.deciding import Where, decide
from streha.options import Json, Key, Yes
from streha.terminal import say
from streha.vault_names import described
from streha.vault_place import VaultPlace

HELD_ALREADY = mark("It is under legal hold already.")
NOT_HELD = mark("There is no legal hold here.")
NO_RELEASE = mark("Nobody of another agency has proposed to end the legal hold. See: streha compartment show")
NO_RELEASE_OF_YOURS = mark("You have not proposed to end the legal hold.")
ONE_OF_TWO = mark("Give --approve or --withdraw, not both.")
AGREE = mark("{author} proposes to end the legal hold. Once you agree, whoever leads can erase and close. Agree?")


def add_legal_holds(app: typer.Typer) -> None:
    """Attach these commands to `streha compartment`."""
    app.command(
        "hold",
        help=say(
            mark(
                "Put a vault under legal hold, as somebody who leads: nothing in it can be erased, and it cannot be "
                "closed, until two agencies release it. Why, you say in a record.\n\n\b\nExample:\n"
                "  streha compartment hold quiet-heron"
            )
        ),
    )(_hold)
    app.command(
        "release",
        help=say(
            mark(
                "Propose, as somebody who leads, to end a legal hold. It ends once a member of another agency has "
                "agreed, within a week.\n\n\b\nExamples:\n"
                "  streha compartment release quiet-heron\n"
                "  streha compartment release quiet-heron --approve    agree to what another agency proposed\n"
                "  streha compartment release quiet-heron --withdraw   take back what you have proposed"
            )
        ),
    )(_release)


def _hold(where: Where, key: Key, *, json: Json = False) -> None:
    async def hold(place: VaultPlace, view: View) -> Decided:
        if view.circle.held:
            raise Conflict(HELD_ALREADY)
        return await place.circles.decide(place.id, lambda _at: Hold())

    decide(where, key, hold, json=json)


def _release(
    where: Where,
    key: Key,
    *,
    approve: Annotated[
        bool, typer.Option("--approve", help=say(mark("Agree to what somebody of another agency proposed.")))
    ] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help=say(mark("Take back what you have proposed yourself.")))
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    if approve and withdraw:
        raise InvalidInput(ONE_OF_TWO)

    async def release(place: VaultPlace, view: View) -> Decided:
        if not view.circle.held:
            raise Conflict(NOT_HELD)
        if withdraw:
            own = _one(
                [each for each in releases(view, place.reader.now()) if each.by == view.person.person],
                NO_RELEASE_OF_YOURS,
            )
            return await place.circles.decide(place.id, lambda _at: Withdraw(proposal=own.hash))
        if approve:
            # Of several the last: it waits the longest.
            now = place.reader.now()
            theirs = _one([each for each in releases(view, now) if _of_another_agency(view, each.by)], NO_RELEASE)
            terminal.require_agreed(AGREE, yes=yes, author=described(view, theirs.by))
            return await place.circles.decide(place.id, lambda _at: Approve(proposal=theirs.hash))
        return await place.circles.decide(place.id, lambda at: Release(until=at + PROPOSAL_SECONDS))

    decide(where, key, release, json=json)


def _one(found: list[Proposal], otherwise: str) -> Proposal:
    """Return the one that waits the longest."""
    if not found:
        raise NotFound(otherwise)
    return max(found, key=lambda each: each.deed.until)


def _of_another_agency(view: View, person: bytes) -> bool:
    people = view.directory.people
    own, other = people.get(view.person.person), people.get(person)
    return own is not None and other is not None and own.agency != other.agency
