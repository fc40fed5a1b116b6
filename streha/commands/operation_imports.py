"""`streha operation import`: court dates of a calendar file become operations; the file never leaves this machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from agencies.model import PersonId
from client.court_dates import importing, reading
from client.court_dates.importing import Planner, carry_out, kept_dates
from client.court_dates.matching import Change, Changes, Turn, match
from client.court_dates.splitting import MOST_BYTES
from client.operations import Operation
from core.clock import SystemClock
from core.errors import InvalidInput
from core.texts import mark
from operations import planning
from operations.planning import Plan
from operations.templates import templates
from safety_plans.problems import Problem, problem
from streha import terminal
from streha.options import Json, Key
from streha.planners import CONFIRM, Buddy, Coordinator, Liaison, planner_of
from streha.problems import file_read, tell
from streha.terminal import say
from streha.vault_place import say_due, vault_place

KINDS = ("court_testimony", "court_other")
_TURNS = {
    Turn.NEW: mark("new"),
    Turn.MOVED: mark("moved"),
    Turn.CANCELLED: mark("called off"),
    Turn.UNCHANGED: mark("unchanged"),
}
NO_KIND = mark("A court date is one of these: {kinds}.")
NO_ZONE = mark("This time zone is not known. Write one like Europe/Belgrade.")
NO_BUDDY = mark("There are new court dates: say who goes along and who stays behind. --confirm, twice, and --buddy")
DRY = mark("Nothing was done. Without --dry-run: planned {new}, moved {moved}, put off {cancelled}.")
DONE = mark(
    "Planned {new}, moved {moved}, put off {cancelled}. Whoever leads the case approves what is planned and moved."
)
NOTHING = mark("Nothing was done: first mend what is wrong, or take the entries that you mean: --entry NUMBER")
OTHERS = mark("In the file are {count} entries more: past, or called off and never imported.")
NOT_IN_IT = mark("Of {count} court dates that are known the file says nothing. They stay as they are.")


def _import(
    where: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or circle, by codename or id.")))],
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("A calendar file (iCalendar).")))],
    key: Key,
    *,
    confirm: Annotated[list[str] | None, CONFIRM] = None,
    buddy: Buddy = "",
    coordinator: Coordinator = "",
    liaison: Liaison = "",
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help=say(mark("One of: {choices}."), choices=", ".join(KINDS)))
    ] = KINDS[0],
    before: Annotated[
        int, typer.Option(min=0, max=720, help=say(mark("So many minutes before the court's hour the way begins.")))
    ] = 90,
    zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help=say(mark("The time zone of times that name none.")))
    ] = "",
    entry: Annotated[
        list[int] | None,
        typer.Option(
            "--entry", metavar="NUMBER", min=1, help=say(mark("Only this entry of the file, and others so named."))
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say(mark("Only show what would be done.")))] = False,
    json: Json = False,
) -> None:
    if kind not in KINDS:
        raise InvalidInput(NO_KIND, kinds=", ".join(KINDS))
    chosen = _zone(zone)
    now = SystemClock().now()
    found = reading.read(file_read(file, MOST_BYTES), chosen, now, frozenset(entry or ()))

    async def act() -> tuple[Changes, list[tuple[Change, Operation | None]]]:
        async with vault_place(key, where) as place:
            await say_due(place)
            kept = await kept_dates(place.records, await place.view())
            known = await place.api.operations.list_all(ended=True)
            here = [each for each in known if each.compartment == place.compartment.id]
            changes = match(found, kept.dates, {each.operation: each for each in here}, before, now)
            planner = None
            if buddy and confirm:
                planner = await planner_of(
                    place.api, templates()[kind], confirm, buddy, coordinator, liaison
                )  # fmt: skip
            wrong = [*changes.problems, *_unplannable(changes, planner, place.compartment.members, now)]
            changes = Changes(changes=changes.changes, past=changes.past, not_in_it=changes.not_in_it, problems=wrong)
            if wrong or dry_run:
                return changes, [(each, each.operation) for each in changes.changes]
            if planner is None and any(each.turn is Turn.NEW for each in changes.changes):
                raise InvalidInput(NO_BUDDY)
            done = await carry_out(
                place.api, place.records, place.compartment.id, kept, changes, planner or _nobody
            )  # fmt: skip
            return changes, done

    changes, done = asyncio.run(act())
    _show(changes, done, dry_run=dry_run, json=json)


def add_to(commands: typer.Typer) -> None:
    """Attach this command."""
    commands.command(
        "import",
        help=say(
            mark(
                "Take court dates from a calendar file (iCalendar): what is new is planned, what was moved is planned "
                "anew under its name, what was called off is put off. The file stays on this machine; which entry is "
                "which operation is sealed for the circle.\n\n\b\nExample:\n"
                "  streha operation import quiet-heron court.ics --dry-run"
            )
        ),
    )(_import)


def _nobody(_begins_at: datetime) -> Plan:
    raise InvalidInput(NO_BUDDY)


def _unplannable(changes: Changes, planner: Planner | None, members: Sequence[UUID], now: datetime) -> list[Problem]:
    """Return what keeps new and moved ways from being planned, before anything is sent."""
    found = []
    for each in changes.changes:
        if each.turn not in {Turn.NEW, Turn.MOVED} or (each.operation is None and planner is None):
            continue
        plan = importing.planned(each, planner or _nobody)
        names = planning.problems(plan, {PersonId(one) for one in members}, now)
        found += [problem(_where(each), planning.PROBLEMS[name]) for name in names]
    return found


def _show(changes: Changes, done: Sequence[tuple[Change, Operation | None]], *, dry_run: bool, json: bool) -> None:
    if json:
        terminal.as_json(
            {
                "changes": [
                    {
                        "entry": each.date.entry, "line": each.date.line, "turn": each.turn, "at": each.known.at,
                        "operation": each.known.operation, "codename": None if now is None else now.codename,
                    }
                    for each, now in done
                ],
                "others": changes.past, "not_in_it": changes.not_in_it,
                "problems": [{"where": each.where, "what": say(each.what, **each.about)} for each in changes.problems],
                "done": not dry_run and not changes.problems,
            }
        )  # fmt: skip
        if changes.problems:
            raise typer.Exit(terminal.EXIT_NO)
        return
    if done:
        terminal.table(
            [mark("Entry (line)"), mark("What"), mark("Court's hour"), mark("Operation"), mark("In the file")],
            [
                (
                    _where(each), say(_TURNS[each.turn]), terminal.moment(each.known.at),
                    "" if now is None else now.codename, each.date.summary,
                )
                for each, now in done
            ],
        )  # fmt: skip
    if changes.past:
        terminal.line(OTHERS, count=changes.past)
    if changes.not_in_it:
        terminal.line(NOT_IN_IT, count=changes.not_in_it)
    if changes.problems:
        terminal.line(NOTHING)
        tell(changes.problems)
    counts = Counter(each.turn for each in changes.changes)
    terminal.line(
        DRY if dry_run else DONE, new=counts[Turn.NEW], moved=counts[Turn.MOVED], cancelled=counts[Turn.CANCELLED]
    )


def _where(change: Change) -> str:
    return reading.where(change.date.entry, change.date.line)


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InvalidInput(NO_ZONE) from None
