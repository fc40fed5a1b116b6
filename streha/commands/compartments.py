"""`streha compartment`: who is in a compartment's vault, by signed entries that every member's machine checks."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cases.trust.deeds import (
    Add,
    AddInEmergency,
    Approve,
    Close,
    Deed,
    Lead,
    Propose,
    Readmit,
    Remove,
    Succeed,
    Withdraw,
)  # fmt: skip
from cases.trust.membership import LONGEST_EMERGENCY
from cases.trust.proposals import Proposal
from client.vault.circles import Decided
from client.vault.everywhere import PROPOSAL_SECONDS
from client.vault.logs import DIRECTORY, with_directory
from client.vault.memory import Memory
from client.vault.reading import View
from core.errors import InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.circle_words import additions, agreed_to_return, as_plain, print_circle, print_members
from streha.commands import letting_in
from streha.commands.deciding import Where, decide, print_decided
from streha.commands.legal_holds import add_legal_holds
from streha.commands.offering import locked_file
from streha.moments import whole_moment
from streha.options import Json, Key, Yes
from streha.terminal import say
from streha.vault_names import person_named
from streha.vault_place import VaultPlace, remembered_compartment, say_due, seen, vault_place

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Who can read the sealed records of a case or compartment. Every change is signed on your machine and "
            "checked "
            "on everybody's.\n\n\b\nMost used:\n"
            "  streha compartment open CASE            give a case its vault, once\n"
            "  streha compartment show CASE            who is in it, and what waits\n"
            "  streha compartment add CASE PERSON      let somebody in\n"
            "  streha compartment remove CASE PERSON   let somebody out; they get no further key"
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    letting_in.add_to(app)
    commands.add_typer(app, name="compartment")


Who = Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("A person, by name, Matrix user or id.")))]
NO_DEPUTY = mark("A vault needs a second person who leads, of another agency. Say who: --deputy PERSON")
NO_PROPOSAL = mark("Nothing waits about this person. See: streha compartment show")
SIGN_MEMBERS = mark("Sign that just these are in it? Whoever you do not know there: say no, and ask the operator.")
NOTHING_TO_FORGET = mark("Say of which case or compartment, or --directory; or --all, and nothing else.")
NO_REASON_GIVEN = mark("Say why: type it when asked, or give a file with --reason-file FILE.")


@app.command(
    "open",
    help=say(
        mark(
            "Give a case or compartment its vault, as its coordinator. Its members are those that the case has; a "
            "sensitive one begins with you and your deputy.\n\n\b\nExample:\n  streha compartment open quiet-heron"
        )
    ),
)
def _open(
    where: Where,
    key: Key,
    *,
    deputy: Annotated[str, typer.Option(metavar="PERSON", help=say(mark("Who leads it beside you.")))] = "",
    sensitive: Annotated[
        bool, typer.Option("--sensitive", help=say(mark("Whoever comes in needs a second person, of another agency.")))
    ] = False,
    ends: Annotated[str, typer.Option(metavar="TIME", help=say(mark("When it ends by itself.")))] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    ends_at = int(whole_moment(ends).timestamp()) if ends else 0

    async def act() -> Decided:
        async with vault_place(key, where) as place:
            view = await place.view()
            second = person_named(view, deputy) if deputy else _bytes(place.case.deputy)
            if not second:
                raise InvalidInput(NO_DEPUTY)
            # Who the case's members are is the server's word, and signed by its coordinator alone.
            members = [each.bytes for each in place.compartment.members]
            leaders = {view.person.person, second}
            print_members(view, leaders if sensitive else leaders | {*members})
            terminal.require_agreed(SIGN_MEMBERS, yes=yes)
            return await place.circles.open_(
                place.id,
                case=place.case.id.bytes,
                deputy=second,
                members=members,
                sensitive=sensitive,
                ends_at=ends_at,
            )

    print_decided(asyncio.run(act()), json=json)


@app.command("show", help=say(mark("Who is in a vault, who leads it, who is barred, and what waits for whom.")))
def _show(
    where: Where,
    key: Key,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help=say(mark("As this machine last saw it; Streha is not asked for it.")))
    ] = False,
    json: Json = False,
) -> None:
    view, now = asyncio.run(seen(key, where, offline=offline))
    if json:
        terminal.as_json(as_plain(view, now))
    else:
        print_circle(view, now, remembered=offline)


@app.command(
    "add",
    help=say(
        mark(
            "Let somebody in. Into a sensitive one somebody is proposed instead; in an emergency they are in at once, "
            "for "
            "some hours, until a member of another agency approves.\n\n\b\nExamples:\n"
            '  streha compartment add quiet-heron "Vesna Primer"\n'
            '  streha compartment add quiet-heron "Vesna Primer" --emergency 6'
        )
    ),
)
def _add(
    where: Where,
    person: Who,
    key: Key,
    *,
    emergency: Annotated[
        int | None,
        typer.Option(
            metavar="HOURS", min=1, max=LONGEST_EMERGENCY // 3600, help=say(mark("In at once, for so many hours."))
        ),
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    async def add(place: VaultPlace, view: View) -> Decided:
        chosen = person_named(view, person)
        returned = agreed_to_return(view, chosen, yes=yes)

        def deed(at: int) -> Deed:
            if emergency is not None:
                return AddInEmergency(person=chosen, until=at + emergency * 3600)
            proposed = view.circle.sensitive and not returned
            return Propose(person=chosen, until=at + PROPOSAL_SECONDS) if proposed else Add(person=chosen)

        return await place.circles.decide(place.id, deed)

    decide(where, key, add, json=json)


@app.command("propose", help=say(mark("Propose somebody, for a member of another agency to approve within a week.")))
def _propose(where: Where, person: Who, key: Key, *, json: Json = False) -> None:
    async def propose(place: VaultPlace, view: View) -> Decided:
        chosen = person_named(view, person)
        return await place.circles.decide(place.id, lambda at: Propose(person=chosen, until=at + PROPOSAL_SECONDS))

    decide(where, key, propose, json=json)


@app.command("approve", help=say(mark("Approve what somebody of another agency proposed about a person.")))
def _approve(where: Where, person: Who, key: Key, *, json: Json = False) -> None:
    async def approve(place: VaultPlace, view: View) -> Decided:
        proposal = _proposal(view, person)
        return await place.circles.decide(place.id, lambda _at: Approve(proposal=proposal.hash))

    decide(where, key, approve, json=json)


@app.command("withdraw", help=say(mark("Take back what you have proposed about a person.")))
def _withdraw(where: Where, person: Who, key: Key, *, json: Json = False) -> None:
    async def withdraw(place: VaultPlace, view: View) -> Decided:
        proposal = _proposal(view, person)
        return await place.circles.decide(place.id, lambda _at: Withdraw(proposal=proposal.hash))

    decide(where, key, withdraw, json=json)


@app.command(
    "remove",
    help=say(mark("Let somebody be a member no more. They keep what they have read; they get no further key.")),
)
def _remove(where: Where, person: Who, key: Key, *, json: Json = False) -> None:
    async def remove(place: VaultPlace, view: View) -> Decided:
        chosen = person_named(view, person, view.circle.members)
        return await place.circles.decide(place.id, lambda _at: Remove(person=chosen))

    decide(where, key, remove, json=json)


@app.command(
    "exclude",
    help=say(
        mark(
            "Bar somebody: they are out, and nobody lets them in by mistake. Why is sealed to the coordinator and the "
            "deputy.\n\n\b\nExample:\n"
            '  streha compartment exclude quiet-heron "Vesna Primer" --reason-file why.txt'
        )
    ),
)
def _exclude(
    where: Where,
    person: Who,
    key: Key,
    *,
    reason_file: Annotated[
        str,
        typer.Option(metavar="FILE", help=say(mark("A file that says why, or - to pipe it; else it is asked for."))),
    ] = "",
    json: Json = False,
) -> None:
    reason = reason_given(reason_file)

    async def exclude(place: VaultPlace, view: View) -> Decided:
        return await place.circles.exclude(place.id, person_named(view, person), reason)

    decide(where, key, exclude, json=json)


@app.command("readmit", help=say(mark("End an exclusion. It makes nobody a member.")))
def _readmit(where: Where, person: Who, key: Key, *, json: Json = False) -> None:
    async def readmit(place: VaultPlace, view: View) -> Decided:
        chosen = person_named(view, person)
        return await place.circles.decide(place.id, lambda _at: Readmit(person=chosen))

    decide(where, key, readmit, json=json)


@app.command("lead", help=say(mark("Hand over: from now on these two lead, of two agencies.")))
def _lead(
    where: Where,
    coordinator: Annotated[str, typer.Argument(metavar="COORDINATOR", help=say(mark("Who leads from now on.")))],
    deputy: Annotated[str, typer.Argument(metavar="DEPUTY", help=say(mark("Who leads it beside them.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def lead(place: VaultPlace, view: View) -> Decided:
        one, other = (person_named(view, each, view.circle.members) for each in (coordinator, deputy))
        return await place.circles.decide(place.id, lambda _at: Lead(coordinator=one, deputy=other))

    decide(where, key, lead, json=json)


@app.command(
    "succeed",
    help=say(mark("As the deputy, propose to lead in the place of a coordinator who is gone, with this new deputy.")),
)
def _succeed(where: Where, deputy: Who, key: Key, *, json: Json = False) -> None:
    async def succeed(place: VaultPlace, view: View) -> Decided:
        chosen = person_named(view, deputy, view.circle.members)
        return await place.circles.decide(place.id, lambda at: Succeed(deputy=chosen, until=at + PROPOSAL_SECONDS))

    decide(where, key, succeed, json=json)


add_legal_holds(app)


@app.command("close", help=say(mark("End a vault: nothing is written in it any more.")))
def _close(where: Where, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def close(place: VaultPlace, _view: View) -> Decided:
        return await place.circles.decide(place.id, lambda _at: Close())

    decide(where, key, close, json=json)


@app.command("keys", help=say(mark("Give just the members of this moment a new key, where one is due.")))
def _keys(where: Where, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    async def act() -> View:
        async with vault_place(key, where) as place:
            await say_due(place, yes=yes)
            return (await place.keys.current(place.id))[0]

    view = asyncio.run(act())
    if json:
        terminal.as_json({"epoch": view.circle.epoch})
    else:
        terminal.line(
            mark("The key of this moment is number {number}; just the members have it."), number=view.circle.epoch
        )


@app.command(
    "forget",
    help=say(
        mark(
            "Forget what this machine remembers of a vault, after you were shown two different logs and it was cleared "
            "up "
            "with whoever leads the case. The proof is kept. With --directory also of the network's directory; "
            "without CASE, of that alone. With --all of everything, where it is damaged."
        )
    ),
)
def _forget(
    key: Key,
    where: Where = "",
    *,
    directory: Annotated[
        bool, typer.Option("--directory", help=say(mark("Also what is remembered of the network's directory.")))
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help=say(mark("All of it, where it is damaged: also what each codename meant here first."))
        ),
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    if everything == bool(where or directory):
        raise InvalidInput(NOTHING_TO_FORGET)
    terminal.require_yes(yes=yes)

    memory = Memory.beside(key, locked_file(key).genesis)
    if everything:
        kept = [str(each) for each in memory.forget_all()]
    else:
        names = with_directory(remembered_compartment(memory, where)) if where else [DIRECTORY]
        kept = [str(each) for each in memory.forget(*(each for each in names if directory or each != DIRECTORY))]
    if json:
        terminal.as_json({"proofs": kept})
        return
    terminal.line(mark("Forgotten. The next command fetches and checks everything again."))
    for each in kept:
        terminal.line(mark("Kept as proof: {path}"), path=each)


def reason_given(path: str) -> str:
    """Return a reason from a file, from what is piped, or as it is typed; never from the command line."""
    if path and path != "-":
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise InvalidInput(mark("The file {path} cannot be read."), path=path) from None
    if path == "-":
        return sys.stdin.read()
    if not sys.stdin.isatty():
        raise InvalidInput(NO_REASON_GIVEN)
    return str(typer.prompt(say(mark("Why")), err=True))


def _proposal(view: View, words: str) -> Proposal:
    waiting = {each.about: each for each in additions(view.circle)}
    chosen = person_named(view, words)
    if chosen not in waiting:
        raise NotFound(NO_PROPOSAL)
    return waiting[chosen]


def _bytes(person: UUID | None) -> bytes:
    return b"" if person is None else person.bytes
