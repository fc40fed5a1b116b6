"""`streha case`: a person opens, staffs and closes cases through the API."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from cases.model import Part
from client.answers import Case, Compartment, Keys
from client.api import ApiClient
from core.errors import InvalidInput
from core.texts import mark
from streha import terminal
from streha.commands import case_timeline
from streha.options import Json, Key, Yes
from streha.personal import Names, find_agency, find_case, find_compartment, find_person, speaking_as
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Cases, their members and their channels.")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    case_timeline.add_to(app)
    commands.add_typer(app, name="case")


members = typer.Typer(no_args_is_help=True, help=say(mark("Who takes part in a case or in one of its compartments.")))
compartments = typer.Typer(no_args_is_help=True, help=say(mark("Smaller circles within a case, each with a channel.")))
app.add_typer(members, name="member")
app.add_typer(compartments, name="compartment")

# How far the key of a channel came with a member, in a few words.
KEY_STATES = {
    "holds": mark("holds it"),
    "given": mark("given, nothing heard since"),
    "owed": mark("on its way"),
    "no_way": mark("their device offers no key"),
    "withheld": mark("no device confirmed as theirs"),
    "no_device": mark("no device"),
    "not_joined": mark("not in the room"),
}

CaseWords = Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case, by codename or id.")))]
CompartmentWords = Annotated[
    str, typer.Argument(metavar="COMPARTMENT", help=say(mark("A case or compartment, by codename or id.")))
]
PersonWords = Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("A person, by Matrix user, name or id.")))]
AgencyWords = Annotated[str, typer.Argument(metavar="AGENCY", help=say(mark("An agency, by name or id.")))]
MemberOptions = Annotated[
    list[str] | None, typer.Option("--member", metavar="PERSON", help=say(mark("A member; repeat for several.")))
]


@app.command(
    "open",
    help=say(
        mark(
            "Open a case with you as its coordinator. Its codename is chosen by chance; its channel appears in "
            "your Matrix client within seconds.\n\n\b\nExample:\n"
            '  streha case open --agency "Police Directorate=responder" --agency "NGO Luka=informed"'
        )
    ),
)
def _open(
    key: Key,
    *,
    agency: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=PART]",
            help=say(
                mark("An agency that takes part: responder must accept alerts, informed is told. Repeat for several.")
            ),
        ),
    ] = None,
    member: MemberOptions = None,
    deputy: Annotated[str | None, typer.Option(metavar="PERSON", help=say(mark("Who leads it beside you.")))] = None,
    language: Annotated[
        str, typer.Option(help=say(mark("The language of its channel: en, sr-Latn or sr-Cyrl.")))
    ] = "en",
    json: Json = False,
) -> None:
    async def act() -> Case:
        async with speaking_as(key) as api:
            return await api.open_case(
                agencies=dict([await _agency_and_part(api, each) for each in agency or []]),
                deputy=None if deputy is None else await find_person(api, deputy),
                members=await _people(api, member),
                language=language,
            )

    opened = asyncio.run(act())
    if json:
        terminal.as_json(opened)
        return
    terminal.line(mark("The case {codename} is open and you coordinate it."), codename=opened.codename)
    terminal.line(mark("Next: add members, then decide the risk level."))
    terminal.plain(f"  streha case member add {opened.codename} PERSON")
    terminal.plain(f"  streha review level {opened.codename} high")


@app.command("list", help=say(mark("List the open cases you have a part in.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[Case], Names]:
        async with speaking_as(key) as api:
            found = await api.cases()
            return found, Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
    elif not found:
        terminal.line(mark("You have a part in no open case."))
    else:
        terminal.table(
            [mark("Case"), mark("Coordinator"), mark("Deputy"), mark("Opened"), mark("Compartments")],
            [
                (
                    each.codename, names(each.coordinator), names(each.deputy), terminal.moment(each.opened_at),
                    ", ".join(circle.codename for circle in each.compartments),
                )
                for each in found
            ],
        )  # fmt: skip


@app.command("show", help=say(mark("Show a case: its agencies, compartments and members.")))
def _show(case: CaseWords, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[Case, Names]:
        async with speaking_as(key) as api:
            found = await find_case(api, case)
            return found, Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
    else:
        _print_case(found, names)


@app.command(
    "keys",
    help=say(
        mark(
            "Show who can read what is said next in the channels of a case. A member holds the key when a device of "
            "theirs has written something since it was given the key."
        )
    ),
)
def _keys(
    case: CaseWords,
    key: Key,
    *,
    now: Annotated[bool, typer.Option("--now", help=say(mark("Have missing keys given out now.")))] = False,
    json: Json = False,
) -> None:
    async def act() -> tuple[Case, Keys, Names]:
        async with speaking_as(key) as api:
            found = await find_case(api, case)
            if now:
                await api.warm_keys(found.id)
            return found, await api.keys(found.id), Names() if json else await Names.of(api)

    found, keys, names = asyncio.run(act())
    if json:
        terminal.as_json(keys)
        return
    codenames = {each.id: each.codename for each in found.compartments}
    for channel in keys.channels:
        terminal.plain(codenames.get(channel.compartment, ""), style="bold")
        if not channel.members:
            terminal.line(mark("Nobody can tell now: the bot is not at work, or has not been here yet."))
            continue
        terminal.table(
            [mark("Member"), mark("Key"), mark("Last heard of")],
            [
                (names(each.person), say(KEY_STATES.get(each.state, mark("unknown"))), _moment(each.seen_at))
                for each in channel.members
            ],
        )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else terminal.moment(moment)


@app.command("part", help=say(mark("Give an agency its part in a case: responder or informed.")))
def _part(
    case: CaseWords,
    agency: AgencyWords,
    part: Annotated[Part, typer.Argument(help=say(mark("responder must accept alerts, informed is told.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> Case:
        async with speaking_as(key) as api:
            return await api.set_part((await find_case(api, case)).id, await find_agency(api, agency), part)

    changed = asyncio.run(act())
    if json:
        terminal.as_json(changed)
    else:
        terminal.line(mark("Done."))


@app.command("leaders", help=say(mark("Name coordinator and deputy. Both must be members of the case.")))
def _leaders(
    case: CaseWords,
    key: Key,
    *,
    coordinator: Annotated[str, typer.Option(metavar="PERSON", help=say(mark("Who coordinates from now on.")))],
    deputy: Annotated[
        str | None, typer.Option(metavar="PERSON", help=say(mark("Who deputises; nobody if left out.")))
    ] = None,
    json: Json = False,
) -> None:
    async def act() -> Case:
        async with speaking_as(key) as api:
            return await api.name_leaders(
                (await find_case(api, case)).id,
                await find_person(api, coordinator),
                None if deputy is None else await find_person(api, deputy),
            )

    changed = asyncio.run(act())
    if json:
        terminal.as_json(changed)
    else:
        terminal.line(mark("Done. The new leaders can act at once."))


@app.command(
    "exclude",
    help=say(
        mark(
            "Bar a person from a case for good. No channel, no list, no alert, now and later. "
            "Nobody tells the person. It cannot be taken back."
        )
    ),
)
def _exclude(case: CaseWords, person: PersonWords, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.exclude((await find_case(api, case)).id, await find_person(api, person))

    asyncio.run(act())
    _done(json=json)


@app.command("close", help=say(mark("Close a case: every channel of it ends and everybody leaves.")))
def _close(case: CaseWords, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.close_case((await find_case(api, case)).id)

    asyncio.run(act())
    _done(json=json)


@members.command("add", help=say(mark("Add a member. The invitation arrives in the person's Matrix client.")))
def _add_member(compartment: CompartmentWords, person: PersonWords, key: Key, *, json: Json = False) -> None:
    async def act() -> None:
        async with speaking_as(key) as api:
            await api.add_member((await find_compartment(api, compartment)).id, await find_person(api, person))

    asyncio.run(act())
    _done(json=json)


@members.command("remove", help=say(mark("Remove a member at once, from the channel too.")))
def _remove_member(compartment: CompartmentWords, person: PersonWords, key: Key, *, json: Json = False) -> None:
    async def act() -> None:
        async with speaking_as(key) as api:
            await api.remove_member((await find_compartment(api, compartment)).id, await find_person(api, person))

    asyncio.run(act())
    _done(json=json)


@compartments.command("open", help=say(mark("Open a smaller circle within a case; you are a member of it.")))
def _open_compartment(case: CaseWords, key: Key, *, member: MemberOptions = None, json: Json = False) -> None:
    async def act() -> Compartment:
        async with speaking_as(key) as api:
            return await api.open_compartment((await find_case(api, case)).id, await _people(api, member))

    opened = asyncio.run(act())
    if json:
        terminal.as_json(opened)
    else:
        terminal.line(mark("The compartment {codename} is open."), codename=opened.codename)


@compartments.command("close", help=say(mark("Close a compartment: its channel ends.")))
def _close_compartment(compartment: CompartmentWords, key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.close_compartment((await find_compartment(api, compartment)).id)

    asyncio.run(act())
    _done(json=json)


async def _agency_and_part(api: ApiClient, words: str) -> tuple[UUID, Part]:
    name, separator, part = words.rpartition("=")
    try:
        return await find_agency(api, name if separator else words), Part(part) if separator else Part.RESPONDER
    except ValueError:
        raise InvalidInput(mark("An agency's part is responder or informed, for example NAME=informed.")) from None


async def _people(api: ApiClient, words: list[str] | None) -> list[UUID]:
    return [await find_person(api, each) for each in words or []]


def _print_case(case: Case, names: Names) -> None:
    terminal.plain(case.codename, style="bold")
    terminal.line(mark("Coordinator: {person}"), person=names(case.coordinator))
    terminal.line(mark("Deputy: {person}"), person=names(case.deputy) or say(mark("nobody")))
    terminal.line(mark("Opened: {time}"), time=terminal.moment(case.opened_at))
    if case.closed_at is not None:
        terminal.line(mark("Closed: {time}"), time=terminal.moment(case.closed_at))
    if case.excluded:
        terminal.line(mark("Barred: {people}"), people=names.all(case.excluded))
    terminal.plain("")
    terminal.table([mark("Agency"), mark("Part")], [(names(each), part) for each, part in case.agencies.items()])
    terminal.plain("")
    terminal.table(
        [mark("Compartment"), mark("Members")],
        [(each.codename, names.all(each.members)) for each in case.compartments],
    )


def _done(*, json: bool) -> None:
    if json:
        terminal.as_json({"done": True})
    else:
        terminal.line(mark("Done."))
