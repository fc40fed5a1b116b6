"""`streha duty`: the operator keeps the rosters of duty desks: hours, shifts, rotations, imports, and their gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from agencies.model import CameBy, DutyDesk, Shift, ShiftId
from agencies.roster import Interval, gaps, on_duty, read_length, read_time, show_hours
from agencies.roster_files import MOST_BYTES
from agencies.rosters import NO_DESK, Imported, Rosters
from core.errors import InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.installation import Installation, installation
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(mark("Duty rosters: who answers for an agency, and when (operator).")),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="duty")


MOST_DAYS = 400
CAME_BY = {
    CameBy.HAND: mark("by hand"),
    CameBy.ROTATION: mark("rotation"),
    CameBy.IMPORT: mark("import"),
}
T = TypeVar("T")

Desk = Annotated[str, typer.Argument(metavar="AGENCY", help=say(mark("The agency whose desk it is, by name or id.")))]
MaybeDesk = Annotated[
    str | None, typer.Argument(metavar="AGENCY", help=say(mark("Only this agency's desk, by name or id.")))
]
Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help=say(mark("How many days ahead.")))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rosters:
    """What the commands act on: rosters, desks, and names for both."""

    opened: Installation
    rosters: Rosters
    desks: Sequence[DutyDesk]
    names: Mapping[UUID, str]

    @property
    def zone(self) -> str:
        return self.opened.settings.time_zone

    @property
    def now(self) -> datetime:
        return self.opened.clock.now()

    async def desk(self, words: str) -> DutyDesk:
        agency = await self.opened.agency(words)
        for each in self.desks:
            if each.agency_id == agency.id:
                return each
        raise NotFound(NO_DESK)

    async def some(self, words: str | None) -> Sequence[DutyDesk]:
        return self.desks if words is None else [await self.desk(words)]

    def covering(self, desk: DutyDesk) -> DutyDesk | None:
        return next((each for each in self.desks if each.id == desk.covered_by), None)

    def gaps(self, desk: DutyDesk, days: int) -> list[Interval]:
        return gaps(desk, self.covering(desk), self.now, self.now + timedelta(days=days))


@app.command(
    "hours",
    help=say(
        mark(
            "Set or show the weekly opening hours of a desk. Outside of them nobody is on duty there but who has a "
            "shift, and alerts go at once to deputies and to the desk that covers.\n\n"
            "\b\nExamples:\n"
            '  streha duty hours "Shelter Lipa" "mon-fri 08:00-20:00" "sat 09:00-13:00"\n'
            '  streha duty hours "Shelter Lipa" --none'
        )
    ),
)
def _hours(
    agency: Desk,
    hours: Annotated[
        list[str] | None, typer.Argument(metavar="HOURS", help=say(mark('Such as "mon-fri 08:00-20:00".')))
    ] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help=say(mark("No opening hours: open always.")))] = False,
    json: Json = False,
) -> None:
    async def act(their: _Rosters) -> list[str]:
        desk = await their.desk(agency)
        if hours and none:
            raise InvalidInput(mark("Name hours, or --none."))
        return show_hours(await their.rosters.set_hours(desk.id, hours or []) if hours or none else desk.hours)

    shown = _with_rosters(act)
    if json:
        terminal.as_json(shown)
    elif shown:
        for each in shown:
            terminal.plain(each)
    else:
        terminal.line(mark("No opening hours: open always."))


@app.command(
    "add",
    help=say(
        mark(
            "Add one shift. The person must sit at the desk already.\n\n\b\nExample:\n"
            '  streha duty add "Shelter Lipa" @ana:streha.example "2026-11-30 20:00" "2026-12-01 08:00"'
        )
    ),
)
def _add(
    agency: Desk,
    person: Annotated[str, typer.Argument(help=say(mark("A person, by Matrix user, name or id.")))],
    begins: Annotated[str, typer.Argument(help=say(mark('Such as "2026-11-30 20:00", network time.')))],
    ends: Annotated[str, typer.Argument(help=say(mark('Such as "2026-12-01 08:00", network time.')))],
    *,
    json: Json = False,
) -> None:
    async def act(their: _Rosters) -> tuple[list[Shift], _Rosters]:
        desk, who = await their.desk(agency), await their.opened.person(person)
        return await their.rosters.add(desk.id, who.id, read_time(begins), read_time(ends)), their

    _show_shifts(*_with_rosters(act), json=json)


@app.command(
    "rotate",
    help=say(
        mark(
            "Add shifts that people take in turn, one after the other, by the clock on the wall.\n\n\b\nExample:\n"
            '  streha duty rotate "Shelter Lipa" @ana:streha.example @vera:streha.example '
            '--begins "2026-11-30 08:00" --length 12h --count 28'
        )
    ),
)
def _rotate(
    agency: Desk,
    people: Annotated[list[str], typer.Argument(help=say(mark("Who takes turns, in this order.")))],
    *,
    begins: Annotated[str, typer.Option(help=say(mark("When the first shift begins, network time.")))],
    length: Annotated[str, typer.Option(help=say(mark("How long each is: 12h, 1d, 1w.")))],
    count: Annotated[int, typer.Option(help=say(mark("How many shifts.")))],
    json: Json = False,
) -> None:
    async def act(their: _Rosters) -> tuple[list[Shift], _Rosters]:
        desk = await their.desk(agency)
        turns = [(await their.opened.person(each)).id for each in people]
        shifts = await their.rosters.rotate(
            desk.id, turns, begins=read_time(begins), length=read_length(length), count=count
        )
        return shifts, their

    _show_shifts(*_with_rosters(act), json=json)


@app.command("remove", help=say(mark("Remove shifts by their ids, or the whole roster of shifts.")))
def _remove(
    agency: Desk,
    shifts: Annotated[list[UUID] | None, typer.Argument(help=say(mark("Ids, as `streha duty list` shows.")))] = None,
    *,
    all_: Annotated[
        bool, typer.Option("--all", help=say(mark("Every shift: then the opening hours alone say who is on duty.")))
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    if bool(shifts) == all_:
        raise InvalidInput(mark("Name shifts, or --all."))
    if all_:
        terminal.require_yes(yes=yes)

    async def act(their: _Rosters) -> int:
        ids = None if all_ else [ShiftId(each) for each in shifts or []]
        return await their.rosters.remove((await their.desk(agency)).id, ids)

    removed = _with_rosters(act)
    if json:
        terminal.as_json({"removed": removed})
    else:
        terminal.line(mark("Shifts removed: {count}"), count=removed)


@app.command("list", help=say(mark("List the shifts of a desk, from now on.")))
def _list(agency: Desk, *, days: Days = 14, json: Json = False) -> None:
    async def act(their: _Rosters) -> tuple[list[Shift], _Rosters]:
        until = their.now + timedelta(days=days)
        ahead = (await their.desk(agency)).shifts
        return [each for each in ahead if each.ends_at > their.now and each.begins_at < until], their

    _show_shifts(*_with_rosters(act), json=json)


@app.command(
    "gaps",
    help=say(
        mark(
            "List when nobody will be on duty who should be, neither at a desk nor at the one that covers for it. The "
            "exit code is 1 where there is a gap."
        )
    ),
)
def _gaps(agency: MaybeDesk = None, *, days: Days = 14, json: Json = False) -> None:
    async def act(their: _Rosters) -> tuple[list[tuple[DutyDesk, Interval]], _Rosters]:
        return [(desk, gap) for desk in await their.some(agency) for gap in their.gaps(desk, days)], their

    found, their = _with_rosters(act)
    if json:
        terminal.as_json(
            [{"agency": desk.agency_id, "begins_at": gap.begins_at, "ends_at": gap.ends_at} for desk, gap in found]
        )
    elif found:
        terminal.table(
            [mark("Agency"), mark("Nobody from"), mark("Until")],
            [(their.names[desk.agency_id], *_times(gap, their.zone)) for desk, gap in found],
        )
    else:
        terminal.line(mark("No gaps within {days} days."), days=days)
    if found:
        raise typer.Exit(terminal.EXIT_NO)


@app.command("now", help=say(mark("Show who is on duty now.")))
def _now(agency: MaybeDesk = None, *, json: Json = False) -> None:
    async def act(their: _Rosters) -> tuple[Sequence[DutyDesk], _Rosters]:
        return await their.some(agency), their

    desks, their = _with_rosters(act)
    if json:
        terminal.as_json(
            [{"agency": each.agency_id, "on_duty": [one.id for one in on_duty(each, their.now)]} for each in desks]
        )
        return
    terminal.table(
        [mark("Agency"), mark("On duty"), mark("Covered by")],
        [
            (
                their.names[each.agency_id],
                ", ".join(one.name for one in on_duty(each, their.now)) or say(mark("nobody")),
                their.names[covering.agency_id] if (covering := their.covering(each)) else "",
            )
            for each in desks
        ],
    )


@app.command(
    "import",
    help=say(
        mark(
            "Import a roster from a table (CSV with the columns person, begins, ends) or a calendar (iCalendar, where "
            "an event's summary names the person). It replaces what came by import in the time that it spans, all "
            "or nothing.\n\n\b\nExamples:\n"
            '  streha duty import "Shelter Lipa" december.csv --dry-run\n'
            '  streha duty import "Shelter Lipa" roster.ics'
        )
    ),
)
def _import(
    agency: Desk,
    file: Annotated[Path, typer.Argument(help=say(mark("A file in UTF-8, with network time.")))],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=say(mark("Only say what is wrong; write nothing.")))
    ] = False,
    json: Json = False,
) -> None:
    async def act(their: _Rosters) -> tuple[Imported, _Rosters]:
        desk = await their.desk(agency)
        return await their.rosters.import_(desk.id, await asyncio.to_thread(_content, file), dry_run=dry_run), their

    imported, their = _with_rosters(act)
    written = not imported.problems and not dry_run
    if json:
        terminal.as_json(_imported_plain(imported, written=written))
    else:
        for each in imported.problems:
            terminal.plain(
                say(mark("Row {row}, {column}:"), row=each.row, column=each.column)
                + " "
                + say(each.error.reason, **each.error.parameters)
            )
        terminal.line(mark("Shifts in the file: {count}; ended already and left out: {ended}"),
                      count=imported.shifts, ended=imported.ended)  # fmt: skip
        if written and imported.span is not None:
            terminal.line(
                mark("Imported, from {begins} to {ends}. Shifts of earlier imports replaced: {count}"),
                begins=_times(imported.span, their.zone)[0],
                ends=_times(imported.span, their.zone)[1],
                count=imported.replaced,
            )
        else:
            terminal.line(mark("Nothing was written."))
    if imported.problems:
        raise typer.Exit(terminal.EXIT_USAGE)


def _with_rosters(act: Callable[[_Rosters], Awaitable[T]]) -> T:
    async def run() -> T:
        async with installation() as opened:
            try:
                ZoneInfo(opened.settings.time_zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise InvalidInput(
                    mark("The time zone of the settings is not known. Run: streha check-config")
                ) from None
            names: dict[UUID, str] = {each.id: each.name for each in await opened.agencies.all_agencies()}
            names |= {each.id: each.name for each in await opened.agencies.all_staff()}
            their = _Rosters(
                opened=opened,
                rosters=Rosters(opened.database, opened.clock, opened.settings.time_zone),
                desks=await opened.agencies.all_desks(),
                names=names,
            )
            return await act(their)

    return asyncio.run(run())


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError:
        raise InvalidInput(mark("This file cannot be read.")) from None


def _show_shifts(shifts: Sequence[Shift], their: _Rosters, *, json: bool) -> None:
    if json:
        terminal.as_json(
            [
                {
                    "id": each.id,
                    "person": each.person_id,
                    "begins_at": each.begins_at,
                    "ends_at": each.ends_at,
                    "came_by": each.came_by,
                }
                for each in shifts
            ]
        )
        return
    terminal.table(
        [mark("Begins"), mark("Ends"), mark("Person"), mark("Came"), mark("Id")],
        [
            (
                *_times(each, their.zone),
                their.names.get(each.person_id, str(each.person_id)),
                say(CAME_BY[each.came_by]),
                str(each.id),
            )
            for each in shifts
        ],
    )


def _times(span: Interval | Shift, zone: str) -> tuple[str, str]:
    return terminal.moment(span.begins_at, zone), terminal.moment(span.ends_at, zone)


def _imported_plain(imported: Imported, *, written: bool) -> dict[str, object]:
    return {
        "shifts": imported.shifts,
        "ended": imported.ended,
        "replaced": imported.replaced,
        "written": written and imported.span is not None,
        "problems": [
            {
                "row": each.row,
                "column": each.column,
                "problem": say(each.error.reason, **each.error.parameters),
            }
            for each in imported.problems
        ],
    }
