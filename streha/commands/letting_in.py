"""`streha compartment add-to`: somebody comes into many compartments by one command, which can be cut and run again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from client.vault import everywhere
from client.vault.everywhere import TO_DO, Came, Need
from client.vault.reading import View
from core.errors import Conflict, InvalidInput, NotAuthenticated, StrehaError, Unavailable
from core.texts import mark
from streha import terminal
from streha.options import Json, Key, Yes
from streha.terminal import say
from streha.vault_names import described, person_named
from streha.vault_place import VaultPlace, VaultPlaces, say_due, vault_places

WHICH = mark("Say into which: their codenames, or --all for every one that you lead.")
NOBODY_LEADS = mark("You lead no vault here. See: streha compartment show")
SIGN = mark("Sign that {who} comes into these {count}?")
UNFINISHED = mark(
    "{count} are not done, as said above. What is done stays done; the same command goes on with the rest."
)
# After these nothing that comes next would fare better.
ENDS_ALL = (Unavailable, NotAuthenticated)
LEFT_ALONE = {
    Need.IN: mark("{codename}: in already, with the key"),
    Need.PROPOSED: mark("{codename}: proposed already; a member of another agency approves"),
    Need.BARRED: mark("{codename}: NOT let in, they are excluded there. See: streha compartment readmit"),
    Need.TO_BE_RUNG: mark(
        "{codename}: NOT let in, they have other keys than before, or were away. Ring them, then: "
        "streha compartment add"
    ),
    Need.NOT_LED: mark("{codename}: NOT let in, you do not lead it"),
    Need.NOT_OPEN: mark("{codename}: NOT let in, it has no vault, or is closed"),
}
TO_SIGN = {
    Need.ADD: mark("  {codename}: comes in"),
    Need.PROPOSE: mark("  {codename}: sensitive, is proposed to a member of another agency"),
    Need.KEY: mark("  {codename}: is in, and gets the next key"),
}
# What is no fault of anybody and needs nothing more.
WELL = frozenset({Need.IN, Need.PROPOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """How one compartment stands, and what it needs."""

    place: VaultPlace
    view: View
    need: Need


@dataclass(slots=True, kw_only=True)
class _Each:
    """One of many compartments, and what came of it."""

    codename: str
    looked: _Looked | None = None
    came: Came | None = None
    stopped: StrehaError | None = None

    @property
    def need(self) -> Need | None:
        """What it needs, where it could be looked at."""
        return None if self.looked is None else self.looked.need

    @property
    def done(self) -> bool:
        """Whether nothing is left to do there."""
        if self.came is not None:
            return self.came.stopped is None and (self.came.keyed or self.need is Need.PROPOSE)
        return self.need in WELL


@dataclass(slots=True, kw_only=True)
class _Run:
    """Many compartments, one after the other, told as they are done."""

    json: bool
    all: list[_Each] = field(default_factory=list)

    def tell(self, text: str, **parameters: object) -> None:
        """Print how it goes; beside the result, where programs read that."""
        (terminal.aside if self.json else terminal.line)(text, **parameters)


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    commands.command(
        "add-to",
        help=say(
            mark(
                "Let one person into several vaults, or into all that you lead. You see the list first. Sensitive ones "
                "are proposed to. Each is done by itself and said as it is done; after a cut, run the same command "
                "again.\n\n\b\nExamples:\n"
                '  streha compartment add-to "Vesna Primer" quiet-heron grey-owl\n'
                '  streha compartment add-to "Vesna Primer" --all'
            )
        ),
    )(_add_to)


def _add_to(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("A person, by name, Matrix user or id.")))],
    key: Key,
    where: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CASE]...", help=say(mark("Cases or compartments, by codename or id."))),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help=say(mark("Every one that you lead.")))] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    if bool(where) is all_:
        raise InvalidInput(WHICH)
    run = _Run(json=json)
    try:
        asyncio.run(_let_in(run, key, person, where or [], yes=yes))
    finally:
        # Also where somebody cuts it: what is done was said line by line, and what is not is said here.
        left = [each for each in run.all if each.need in TO_DO and not each.done]
        if json:
            terminal.as_json([_plain(each) for each in run.all])
        elif left:
            terminal.aside(mark("Not done: {codenames}"), codenames=", ".join(each.codename for each in left))
    undone = [each for each in run.all if not each.done]
    if undone:
        raise Conflict(UNFINISHED, count=len(undone))


async def _let_in(run: _Run, key: Path, words: str, where: Sequence[str], *, yes: bool) -> None:
    async with vault_places(key) as places:
        person = await _look(run, places, words, where)
        to_do = [(each, each.looked) for each in run.all if each.looked is not None and each.need in TO_DO]
        if not to_do:
            return
        for each, looked in to_do:
            terminal.aside(TO_SIGN[looked.need], codename=each.codename)
        who = described(to_do[0][1].view, person)
        terminal.require_agreed(SIGN, yes=yes, who=who, count=len(to_do))
        for number, (each, looked) in enumerate(to_do, 1):
            await _do(run, each, looked, person, f"{number}/{len(to_do)}")


async def _look(run: _Run, places: VaultPlaces, words: str, where: Sequence[str]) -> bytes:
    """Find out what each compartment needs, and say of which nothing will be signed; return whom it is about."""
    found: list[_Each] = []
    ids, person = set[bytes](), b""
    for codename in where or places.codenames:
        each = _Each(codename=codename)
        try:
            place = places.of(codename)
            view = await _seen(place)
        except ENDS_ALL:
            raise
        except StrehaError as refused:
            each.stopped = refused
        else:
            if place.id in ids:
                continue
            ids.add(place.id)
            # Once for all: a name that changes hands meanwhile means nobody else.
            person = person or person_named(view, words)
            needed = everywhere.need(view, person, places.reader.now())
            each.looked = _Looked(place=place, view=view, need=needed)
        found.append(each)
    # Of all that Streha lists only what one leads is meant, and whatever could not be looked at.
    run.all = [each for each in found if where or each.need not in {Need.NOT_LED, Need.NOT_OPEN}]
    if not run.all:
        raise InvalidInput(NOBODY_LEADS)
    for each in run.all:
        if each.stopped is not None:
            _tell_stopped(run, each, each.stopped)
        elif each.need in LEFT_ALONE:
            run.tell(LEFT_ALONE[each.need], codename=each.codename)
    return person


async def _seen(place: VaultPlace) -> View:
    """Return how a compartment stands, once what Streha lets nobody do any more is written down."""
    view = await place.view()
    if view.due:
        await say_due(place)
        view = await place.view()
    return view


async def _do(run: _Run, each: _Each, looked: _Looked, person: bytes, number: str) -> None:
    place = looked.place
    try:
        each.came = await everywhere.let_in(place.circles, place.keys, looked.view, person, looked.need)
    except ENDS_ALL:
        raise
    except StrehaError as refused:
        each.stopped = refused
    stopped = each.stopped if each.came is None else each.came.stopped
    if stopped is not None:
        _tell_stopped(run, each, stopped)
    elif each.done and looked.need is Need.PROPOSE:
        run.tell(mark("{number} {codename}: proposed, signed by you"), number=number, codename=each.codename)
    elif each.done:
        run.tell(mark("{number} {codename}: in, with the key, signed by you"), number=number, codename=each.codename)
    else:
        run.tell(
            mark("{number} {codename}: in, but WITHOUT the key yet. Somebody who holds it: streha compartment keys"),
            number=number, codename=each.codename,
        )  # fmt: skip


def _tell_stopped(run: _Run, each: _Each, why: StrehaError) -> None:
    run.tell(
        mark("{codename}: NOT done. {reason}"), codename=each.codename,
        reason=say(why.reason, **why.parameters),
    )  # fmt: skip


def _plain(each: _Each) -> dict[str, object]:
    return {
        "codename": each.codename,
        "compartment": None if each.looked is None else each.looked.place.compartment.id,
        "need": None if each.need is None else each.need.value,
        "signed": each.came is not None and each.came.signed,
        "done": each.done,
    }
