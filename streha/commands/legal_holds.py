"""`streha compartment keep`, `hold` and `release`: how long what is sealed is kept, and when nothing may be erased."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cases.trust.deeds import Approve, Hold, Keep, Release, Withdraw
from cases.trust.proposals import Proposal
from client.vault.circles import Circles, Decided
from client.vault.epochs import EpochKeys
from client.vault.everywhere import PROPOSAL_SECONDS
from client.vault.reading import View
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.circle_words import releases
from streha.commands.deciding import Where, print_decided
from streha.options import Json, Key, Yes
from streha.terminal import say
from streha.vault_names import described, moment_text
from streha.vault_place import closed_or_open

Acts = Callable[[Circles, View, int], Awaitable[Decided]]
HELD_ALREADY = mark("It is under legal hold already.")
NOT_HELD = mark("There is no legal hold here.")
NO_RELEASE = mark("Nobody of another agency has proposed to end the legal hold. See: streha compartment show")
NO_RELEASE_OF_YOURS = mark("You have not proposed to end the legal hold.")
ONE_OF_TWO = mark("Give --approve or --withdraw, not both.")
ONLY_LATER = mark("It is kept until {time} already, and that is only ever moved later. Nothing was done.")
IS_PAST = mark("That day is over. Nothing was done.")
NO_DAY = mark("Write the day as in 2031-05-14.")
AGREE_TO_KEEP = mark("Kept until {time}; nobody can make that shorter. Sign it?")
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
    app.command(
        "keep",
        help=say(
            mark(
                "Say, as somebody who leads, until when what is sealed is kept: that day at least, and thirty days "
                "after the end. Then it is erased. A day that was said is only ever moved later; a legal hold goes "
                "before it.\n\n\b\nExample:\n"
                "  streha compartment keep quiet-heron 2031-05-14"
            )
        ),
    )(_keep)


def _hold(where: Where, key: Key, *, json: Json = False) -> None:
    async def hold(circles: Circles, view: View, _now: int) -> Decided:
        if view.circle.held:
            raise Conflict(HELD_ALREADY)
        return await circles.keep(view.compartment.id, lambda _at: Hold())

    _decide(where, key, hold, json=json)


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

    async def release(circles: Circles, view: View, now: int) -> Decided:
        if not view.circle.held:
            raise Conflict(NOT_HELD)
        if withdraw:
            own = _one(
                [each for each in releases(view, now) if each.by == view.person.person], NO_RELEASE_OF_YOURS
            )  # fmt: skip
            return await circles.keep(view.compartment.id, lambda _at: Withdraw(proposal=own.hash))
        if approve:
            # Of several the last: it waits the longest.
            theirs = _one([each for each in releases(view, now) if _of_another_agency(view, each.by)], NO_RELEASE)
            terminal.require_agreed(AGREE, yes=yes, author=described(view, theirs.by))
            return await circles.keep(view.compartment.id, lambda _at: Approve(proposal=theirs.hash))
        return await circles.keep(view.compartment.id, lambda at: Release(until=at + PROPOSAL_SECONDS))

    _decide(where, key, release, json=json)


def _keep(
    where: Where,
    day: Annotated[str, typer.Argument(metavar="DAY", help=say(mark("The last day, for example 2031-05-14.")))],
    key: Key,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    until = _end_of(day)

    async def keep(circles: Circles, view: View, now: int) -> Decided:
        if until <= max(now, view.circle.keep_until):
            said = view.circle.keep_until
            raise Conflict(ONLY_LATER, time=moment_text(said)) if said else InvalidInput(IS_PAST)
        terminal.require_agreed(AGREE_TO_KEEP, yes=yes, time=moment_text(until))
        return await circles.keep(view.compartment.id, lambda _at: Keep(until=until))

    _decide(where, key, keep, json=json)


def _end_of(day: str) -> int:
    """Return the moment (seconds since 1970) when a day has ended where one is."""
    try:
        found = date.fromisoformat(day)
        return int(datetime.combine(found + timedelta(days=1), time()).astimezone().timestamp())
    except (ValueError, OverflowError):
        raise InvalidInput(NO_DAY) from None


def _decide(where: str, key: Path, act: Acts, *, json: bool) -> None:
    """Decide one thing about keeping; of a closed compartment too, which Streha lists no more."""

    async def decided() -> Decided:
        async with closed_or_open(key, where) as (reader, compartment):
            view = await reader.refresh(compartment)
            return await act(Circles(reader, EpochKeys(reader)), view, reader.now())

    print_decided(asyncio.run(decided()), json=json)


def _one(found: list[Proposal], otherwise: str) -> Proposal:
    """Return the one that waits the longest."""
    if not found:
        raise NotFound(otherwise)
    return max(found, key=lambda each: each.deed.until)


def _of_another_agency(view: View, person: bytes) -> bool:
    people = view.directory.people
    own, other = people.get(view.person.person), people.get(person)
    return own is not None and other is not None and own.agency != other.agency
