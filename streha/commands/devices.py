"""`streha device`: the operator keeps devices that can only raise. `streha raise`: such a device raises."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from agencies.devices import NO_DEVICE, ListedDevice
from agencies.model import AgencyId, DeviceId, Person, RaisingDevice
from alerts.devices.service import Devices
from alerts.vocabulary import Status
from client import device_file, key_file
from client.device_api import DeviceApi
from client.device_file import DeviceFile
from client.device_raising import raise_with_device
from core import private_files
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.texts import mark
from streha import terminal
from streha.device_raising import DeviceReporter
from streha.installation import Installation, installation
from streha.options import Json, Yes
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True, help=say(mark("Devices of agencies that can raise an alert and do nothing else (operator)."))
)


def add_to(commands: typer.Typer) -> None:
    """Add both commands."""
    commands.add_typer(app, name="device")
    commands.command(
        "raise",
        help=say(
            mark(
                "Raise a panic with a device's file and stay until a named person has accepted it. Says honestly what "
                "is known. In danger ring the police first.\n\n\b\nExample:\n"
                "  streha raise --device-token-file door-2.device"
            )
        ),
    )(_raise)


@app.command(
    "add",
    help=say(
        mark(
            "Add a device and write its file, which holds the token that raises. It belongs to an agency, or to a "
            "person, and raises in one channel.\n\n\b\nExamples:\n"
            '  streha device add door-2 --agency "Shelter Lipa" --case quiet-heron --file door-2.device\n'
            '  streha device add phone --person "Ana Primer" --case quiet-heron --file phone.device'
        )
    ),
)
def _add(
    label: Annotated[str, typer.Argument(help=say(mark("What the device is called where it raises, such as door-2.")))],
    *,
    where: Annotated[
        str, typer.Option("--case", metavar="CASE", help=say(mark("A case or compartment, by codename or id.")))
    ],
    path: Annotated[Path, typer.Option("--file", metavar="FILE", help=say(mark("Where to write the device's file.")))],
    agency: Annotated[str | None, typer.Option(help=say(mark("Whose it is: an agency, by name or id.")))] = None,
    person: Annotated[
        str | None, typer.Option(help=say(mark("Whose it is: a person, by Matrix user, name or id.")))
    ] = None,
    until: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help=say(mark("It ends with the beginning of this day.")))
    ] = "",
    json: Json = False,
) -> None:
    if (person is None) == (agency is None):
        raise InvalidInput(mark("Name either --agency or --person."))

    async def act() -> RaisingDevice:
        async with installation() as opened:
            owner = await opened.person(person or "") if agency is None else (await opened.agency(agency)).id
            return await _add_with_file(opened, label, owner, where, path, until)

    added = asyncio.run(act())
    if json:
        terminal.as_json({"device_id": str(added.id), "file": str(path)})
        return
    terminal.line(mark("The device {device} can raise now. Its token is in {path}."), device=added.label, path=path)
    terminal.line(
        mark(
            "Bring the file to the device on a medium only you touch, then delete your copy: whoever holds it can "
            "raise there. Try it with: streha raise --drill --device-token-file FILE"
        )
    )


@app.command("list", help=say(mark("List the devices that can raise, and where each does.")))
def _list(*, json: Json = False) -> None:
    async def act() -> list[tuple[ListedDevice, str | None]]:
        async with installation() as opened:
            return await _devices(opened).all()

    found = asyncio.run(act())
    if json:
        terminal.as_json([_plain(each, place) for each, place in found])
        return
    terminal.table(
        [
            mark("Agency"), mark("Person"), mark("Device"), mark("Raises in"), mark("Last used"), mark("Ends"),
            mark("Id"),
        ],
        [
            (
                each.agency, each.person or "", each.device.label, place or say(mark("NOWHERE")),
                terminal.moment(each.used_at), terminal.moment(each.ends_at), str(each.device.id),
            )
            for each, place in found
        ],
    )  # fmt: skip


@app.command("remove", help=say(mark("Let a device raise nothing any more, at once: it was lost, or is not needed.")))
def _remove(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help=say(mark("The device's id, or its label.")))],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> RaisingDevice:
        async with installation() as opened:
            devices = _devices(opened)
            return await devices.remove(await _found(devices, device))

    removed = asyncio.run(act())
    if json:
        terminal.as_json({"removed": str(removed.id)})
    else:
        terminal.line(mark("The device {device} can raise nothing any more."), device=removed.label)


def _raise(
    path: Annotated[
        Path,
        typer.Option(
            "--device-token-file",
            metavar="FILE",
            envvar="STREHA_DEVICE_TOKEN_FILE",
            help=say(mark("The device's file.")),
        ),
    ],
    *,
    drill: Annotated[
        bool, typer.Option("--drill", help=say(mark("An exercise: everybody sees that it is one.")))
    ] = False,
    press: Annotated[
        UUID | None,
        typer.Option("--id", metavar="ID", help=say(mark("Go on with an earlier raise: it is never raised twice."))),
    ] = None,
    json: Json = False,
) -> None:
    status, key = Status.EXERCISE if drill else Status.ACTUAL, press or new_id()
    device = device_file.load(path)
    address = os.environ.get("STREHA_API_URL")
    if address:
        device = replace(device, api_url=key_file.checked_address(address))

    async def act() -> None:
        async with DeviceApi(device, language=terminal.language()) as api:
            reporter = DeviceReporter(device, key, status, json=json)
            await raise_with_device(api, key, report=reporter, status=status)

    asyncio.run(act())


async def _add_with_file(
    opened: Installation, label: str, owner: AgencyId | Person, where: str, path: Path, until: str
) -> RaisingDevice:
    """Make the token here; only its hash goes into the database."""
    private_files.require_free(path)
    settings = opened.settings
    api_url = key_file.checked_address(settings.public_origin)
    ends_at = _first_moment(until, settings.time_zone) if until else None
    added, token = await _devices(opened).add(label, owner, where, ends_at=ends_at)
    device_file.create(
        path, DeviceFile(label=label, api_url=api_url, token=token, police_number=settings.police_number)
    )
    return added


def _first_moment(day: str, time_zone: str) -> datetime:
    try:
        found = datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 (its zone follows)
    except ValueError:
        raise InvalidInput(mark("A day looks like 2031-05-14.")) from None
    return found.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


async def _found(devices: Devices, words: str) -> DeviceId:
    """Return the one device of an id or label."""
    found = [each.device.id for each, _ in await devices.all() if words in (str(each.device.id), each.device.label)]
    if len(found) > 1:
        raise InvalidInput(mark("More than one device has this label. Use the id: streha device list"))
    if not found:
        raise NotFound(NO_DEVICE)
    return found[0]


def _devices(opened: Installation) -> Devices:
    return Devices(opened.database, opened.clock)


def _plain(each: ListedDevice, place: str | None) -> dict[str, object]:
    return {
        "device_id": str(each.device.id),
        "label": each.device.label,
        "agency": each.agency,
        "person": each.person,
        "raises_in": place,
        "added_at": each.added_at,
        "ends_at": each.ends_at,
        "used_at": each.used_at,
    }
