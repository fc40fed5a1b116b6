"""`streha taskforce pack`: what a monthly meeting goes through, put together on the machine of whoever prepares it.

The server gives levels, due times and clocks; plans are opened here alone. What could not be read stands in the pack,
and the command then ends with "no".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from client.answers import Case, CaseClock, Review
from client.api import ApiClient
from client.vault.decisions import Decided, Decisions
from client.vault.plans import Plans, Sealed
from client.vault.reading import View
from core import private_files
from core.clock import SystemClock
from core.errors import NotFound, StrehaError, Unavailable
from core.texts import mark
from safety_plans.plans.owed import owed
from safety_plans.taskforce import page
from safety_plans.taskforce.pack import Due, Entry, Kind, in_order, kind_of, last_day, late_of, until
from streha import terminal
from streha.commands import meetings
from streha.options import Json, Key
from streha.personal import Names
from streha.terminal import say
from streha.vault_names import name_of
from streha.vault_place import VaultPlace, VaultPlaces, vault_places

app = typer.Typer(no_args_is_help=True, help=say(mark("The monthly meeting on cases: what it goes through.")))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A plan that was found, or what a meeting decided: what is owed, whether it was read, and that it lacks something.

    `lacks` is the sentence that says so; none where nothing lacks.
    """

    due: Sequence[Due]
    read: bool
    lacks: str | None
    plan: bool = True


UNREADABLE = mark("{codename}: there is a plan that this program cannot read")
LACKING = mark("{codename}: a plan lacks something. See what: streha plan get {codename} KIND")
SAYS_CLOSED = mark(
    "{codename}: Streha says that this was closed, and this machine cannot see that anybody signed it: ask whoever "
    "leads"
)
DECISIONS_LACKING = mark(
    "{codename}: what a meeting decided lacks something. See what: streha taskforce decisions {codename}"
)
clock = SystemClock()


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    meetings.add_to(app)
    commands.add_typer(app, name="taskforce")


@app.command(
    "pack",
    help=say(
        mark(
            "Put together what a monthly meeting goes through: of each of your cases its level, whether that is stale, "
            "what is overdue and by whom, and what is due until the month ends. Nothing of it leaves this machine.\n\n"
            "\b\nExample:\n"
            "  streha taskforce pack --month 2027-03 --out page.html"
        )
    ),
)
def _pack(
    key: Key,
    *,
    month: Annotated[
        str | None, typer.Option(metavar="MONTH", help=say(mark("For example 2027-03; else this month.")))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say(mark("Write a page to print to a new file.")))
    ] = None,
    json: Json = False,
) -> None:
    today = clock.now().astimezone().date()
    last = last_day(month, today)
    if out is not None:
        private_files.require_free(out)
    entries = asyncio.run(_entries(key, last, today))
    if out is not None:
        private_files.write_new(out, page.pack(entries, terminal.language(), terminal.moment).encode())
    if json:
        terminal.as_json({"until": last.isoformat(), "cases": entries})
    elif out is None:
        _show(entries)
    else:
        terminal.line(mark("{count} cases are on it. Print it, then delete the file."), count=len(entries))
    if any(each.unread for each in entries):
        terminal.aside(mark("Not everything could be read: the pack says what, and why. Look there yourself."))
        raise typer.Exit(terminal.EXIT_NO)


async def _entries(key: Path, last: date, today: date) -> list[Entry]:
    async with vault_places(key) as places:
        api = places.api
        reviews = {each.case: each for each in await api.reviews()}
        names = await Names.of(api)
        found = [await _entry(places, case, reviews.get(case.id), names, last, today) for case in places.cases]
    return in_order(found)


async def _entry(
    places: VaultPlaces, case: Case, review: Review | None, names: Names, last: date, today: date
) -> Entry:  # fmt: skip
    unread: list[str] = []
    lacking: list[str] = []
    due = [_of_clock(each, names) for each in await clocks_of(places.api, case, unread)]
    plans = 0
    for compartment in case.compartments:
        try:
            found = await _sealed(places.of(compartment.codename), today)
        except Unavailable:
            # Streha does not answer: that is no matter of one case.
            raise
        except StrehaError as why:
            if compartment.closed_at is not None and isinstance(why, NotFound):
                # To whoever did not lead it, it is no more; whether anybody has signed that cannot be seen here.
                unread.append(say(SAYS_CLOSED, codename=compartment.codename))
                continue
            unread.append(f"{compartment.codename}: {say(why.reason, **why.parameters)}")
            continue
        due += [each for sealed in found for each in sealed.due]
        plans += sum(each.read and each.plan for each in found)
        if not all(each.read for each in found):
            unread.append(say(UNREADABLE, codename=compartment.codename))
        sentences = dict.fromkeys(each.lacks for each in found if each.lacks is not None)
        lacking += [say(each, codename=compartment.codename) for each in sentences]
    return Entry(
        codename=case.codename,
        level=None if review is None else review.level,
        review_due=None if review is None else review.due_at,
        stale_since=None if review is None else review.stale_since,
        plans=plans,
        due=until(due, last),
        unread=unread,
        lacking=lacking,
    )


async def clocks_of(api: ApiClient, case: Case, unread: list[str]) -> list[CaseClock]:
    """Return the clocks of a case; where Streha denies them to whoever is of its core, that is added to `unread`."""
    try:
        return (await api.clocks(case.id)).clocks
    except NotFound as why:
        # To whoever is not of the core a case has none.
        if any(each.core for each in case.compartments):
            unread.append(f"{case.codename}: {say(why.reason, **why.parameters)}")
        return []


def _of_clock(each: CaseClock, names: Names) -> Due:
    late = each.stale_since is not None or each.due_at <= clock.now()
    return Due(
        kind=Kind.CLOCK, what=each.kind, owner=names(each.owner), on=each.due_at.astimezone().date(), overdue=late
    )  # fmt: skip


async def _sealed(place: VaultPlace, today: date) -> list[_Found]:
    view = await place.view()
    if not view.compartment.is_open or not view.circle.is_open(place.reader.now()):
        # Nobody has opened its vault, and so nothing is sealed in it; or its members have signed that it is over.
        return []
    plans = [_of_plan(view, each, today) for each in await Plans(place.records).current(view, today)]
    return plans + [_of_meeting(view, each, today) for each in await Decisions(place.records).current(view, today)]


def _of_meeting(view: View, decided: Decided, today: date) -> _Found:
    """Return what is still open of what was decided."""
    made = () if decided.meeting is None else decided.meeting.decisions
    due = [
        Due(
            kind=Kind.DECISION, what=each.what, owner=name_of(view, UUID(each.owner).bytes), on=each.deadline,
            overdue=each.deadline < today,
        )
        for each in made if each.status == "open"
    ]  # fmt: skip
    lacks = DECISIONS_LACKING if decided.meeting is not None and decided.problems else None
    return _Found(due=due, read=decided.meeting is not None, lacks=lacks, plan=False)


def _of_plan(view: View, sealed: Sealed, today: date) -> _Found:
    if sealed.plan is None:
        return _Found(due=(), read=False, lacks=None)
    due = [
        Due(
            kind=kind_of(each), what=each.what, owner=name_of(view, each.owner.bytes), on=each.deadline,
            overdue=each.deadline < today,
        )
        for each in owed(sealed.plan, UUID(bytes=view.circle.coordinator))
    ]  # fmt: skip
    return _Found(due=due, read=True, lacks=LACKING if sealed.problems else None)


def _show(entries: Sequence[Entry]) -> None:
    if not entries:
        terminal.line(mark("You are in no open case."))
    for owner, count in late_of(entries):
        terminal.line(page.LATE, owner=owner, count=count)
    for each in entries:
        terminal.plain(f"\n{each.codename}", style="bold")
        for words in page.sentences(each, say, terminal.moment):
            terminal.plain(words)
        if each.due:
            terminal.table(
                [mark("By"), mark("State"), mark("Owner"), mark("Kind"), mark("What")],
                [page.row(due, say) for due in each.due],
            )
        elif not each.unread:
            terminal.line(page.NOTHING)
