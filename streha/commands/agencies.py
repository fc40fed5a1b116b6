"""`streha agency`: the operator admits agencies and staffs their duty desks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from agencies.model import Agency, AgencyKind, DutyDesk, Person
from agencies.roster import on_duty
from core.texts import mark
from safety_plans.calendar import holidays_known
from streha import terminal
from streha.installation import Installation, installation
from streha.options import Json
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(mark("Agencies and their duty desks (operator).")),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="agency")


Words = Annotated[str, typer.Argument(metavar="AGENCY", help=say(mark("An agency, by name or id.")))]


@app.command(
    "add",
    help=say(
        mark(
            "Admit an agency to the network.\n\n\b\nExample:\n"
            '  streha agency add "Shelter Lipa" --kind shelter --country RS --language sr-Latn'
        )
    ),
)
def _add(
    name: Annotated[str, typer.Argument(help=say(mark("The agency's name.")))],
    *,
    kind: Annotated[AgencyKind, typer.Option(help=say(mark("What the agency is.")))],
    country: Annotated[str, typer.Option(help=say(mark("Two capital letters, for example RS.")))],
    language: Annotated[str, typer.Option(help=say(mark("The language of its rooms: en, sr-Latn or sr-Cyrl.")))] = "en",
    json: Json = False,
) -> None:
    async def act() -> Agency:
        async with installation() as opened:
            return await opened.agencies.add_agency(name=name, kind=kind, country=country, language=language)

    agency = asyncio.run(act())
    if json:
        terminal.as_json(_plain(agency))
        return
    terminal.line(mark("{name} is part of the network. Next: its people, then its duty desk."), name=agency.name)
    terminal.plain(f'  streha person add NAME --agency "{agency.name}" --matrix @name:server --key-file FILE')
    if not holidays_known(country):
        terminal.line(mark("No holidays are known of {country}: only weekends count as days of rest."), country=country)


@app.command("list", help=say(mark("List all agencies.")))
def _list(*, json: Json = False) -> None:
    async def act() -> tuple[list[Agency], list[DutyDesk], datetime]:
        async with installation() as opened:
            return await opened.agencies.all_agencies(), await _desks(opened), opened.clock.now()

    agencies, desks, now = asyncio.run(act())
    of_agency = {each.agency_id: each for each in desks}
    if json:
        terminal.as_json([_plain(each) | {"desk": _desk_plain(of_agency.get(each.id), now)} for each in agencies])
        return
    terminal.table(
        [mark("Agency"), mark("Kind"), mark("Country"), mark("Language"), mark("On duty"), mark("Id")],
        [
            (each.name, each.kind, each.country, each.language, _on_duty(of_agency.get(each.id), now), str(each.id))
            for each in agencies
        ],
    )


@app.command(
    "desk",
    help=say(
        mark(
            "Open, change or show an agency's duty desk. It is the post that answers the agency's alerts.\n\n"
            "\b\nExamples:\n"
            '  streha agency desk "Shelter Lipa" --seat @ana:streha.example\n'
            '  streha agency desk "Shelter Lipa" --covered-by "Police Directorate"\n'
            '  streha agency desk "Police Directorate" --always'
        )
    ),
)
def _desk(
    agency: Words,
    *,
    always: Annotated[
        bool | None, typer.Option("--always/--not-always", help=say(mark("Somebody sits there at every hour.")))
    ] = None,
    covered_by: Annotated[
        str | None, typer.Option(metavar="AGENCY", help=say(mark("Whose desk answers when nobody sits here.")))
    ] = None,
    seat: Annotated[list[str] | None, typer.Option(metavar="PERSON", help=say(mark("Put a person on duty.")))] = None,
    unseat: Annotated[
        list[str] | None, typer.Option(metavar="PERSON", help=say(mark("Take a person off duty.")))
    ] = None,
    json: Json = False,
) -> None:
    async def act() -> tuple[DutyDesk | None, datetime]:
        async with installation() as opened:
            desk = await _change_desk(opened, agency, always, covered_by, seat or [], unseat or [])
            return desk, opened.clock.now()

    desk, now = asyncio.run(act())
    if json:
        terminal.as_json(_desk_plain(desk, now))
    elif desk is None:
        terminal.line(mark("This agency has no duty desk yet. Open it by putting somebody on duty: --seat PERSON"))
    else:
        terminal.line(mark("On duty: {people}"), people=_names(on_duty(desk, now)))
        if others := _off_duty(desk, now):
            terminal.line(mark("Seated here, not on duty now: {people}"), people=_names(others))
        if desk.always_staffed:
            terminal.line(mark("Somebody sits there at every hour."))
        if not desk.officers and desk.covered_by is None:
            terminal.line(mark("Nobody sits there and no other desk covers it: alerts cannot reach this agency."))


async def _change_desk(
    opened: Installation,
    words: str,
    always: bool | None,  # noqa: FBT001 (three-valued: None keeps what is)
    covered_by: str | None,
    seat: Sequence[str],
    unseat: Sequence[str],
) -> DutyDesk | None:
    agency = await opened.agency(words)
    desks = {each.agency_id: each for each in await _desks(opened)}
    desk = desks.get(agency.id)
    covering = desk.covered_by if desk else None
    if covered_by is not None:
        other = desks.get((await opened.agency(covered_by)).id)
        covering = (
            other.id
            if other
            else await opened.agencies.open_desk((await opened.agency(covered_by)).id, always_staffed=False)
        )
    staffed = always if always is not None else bool(desk and desk.always_staffed)
    changes = always is not None or covered_by is not None
    if changes or (desk is None and seat):
        await opened.agencies.open_desk(agency.id, always_staffed=staffed, covered_by=covering)
    desk = await _desk_of(opened, agency)
    if desk is None:
        return None
    for each in seat:
        await opened.agencies.seat(desk.id, (await opened.person(each)).id)
    for each in unseat:
        await opened.agencies.unseat(desk.id, (await opened.person(each)).id)
    return await _desk_of(opened, agency)


async def _desk_of(opened: Installation, agency: Agency) -> DutyDesk | None:
    return next((each for each in await _desks(opened) if each.agency_id == agency.id), None)


async def _desks(opened: Installation) -> list[DutyDesk]:
    return await opened.agencies.all_desks(ahead=timedelta(0))


def _on_duty(desk: DutyDesk | None, now: datetime) -> str:
    if desk is None:
        return say(mark("no desk"))
    names = _names(on_duty(desk, now))
    others = len(_off_duty(desk, now))
    return say(mark("{people}; {count} more seated"), people=names, count=others) if others else names


def _off_duty(desk: DutyDesk, now: datetime) -> list[Person]:
    present = on_duty(desk, now)
    return [each for each in desk.officers if each not in present]


def _names(people: Sequence[Person]) -> str:
    return ", ".join(each.name for each in people) or say(mark("nobody"))


def _plain(agency: Agency) -> dict[str, object]:
    return {
        "id": agency.id,
        "name": agency.name,
        "kind": agency.kind,
        "country": agency.country,
        "language": agency.language,
    }


def _desk_plain(desk: DutyDesk | None, now: datetime) -> dict[str, object] | None:
    if desk is None:
        return None
    return {
        "id": desk.id,
        "agency": desk.agency_id,
        "always_staffed": desk.always_staffed,
        "covered_by": desk.covered_by,
        "officers": [each.id for each in desk.officers],
        "on_duty": [each.id for each in on_duty(desk, now)],
        "deputies": [each.id for each in desk.deputies],
    }
