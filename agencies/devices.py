"""Devices of agencies that can only raise: a panic button by a door, a shortcut on a worker's telephone.

Owns the table `raising_devices`. A device is named by a label, raises in one compartment (an id of `cases`; whether it
still may is the rule of `alerts.devices.places`), and is for one person or for nobody in particular: then its token
proves the device and not who holds it. Of the token, 32 random bytes shown once, only a hash is kept. It outlives
sessions, and ends when it is removed, at its end date where it has one, and when its person leaves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from agencies.model import DeviceId, PersonId, RaisingDevice
from agencies.store import SQL
from core import ledger
from core.database import Reading, Row, Transaction
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.texts import mark
from crypto import tokens

NO_DEVICE = mark("There is no such device. See: streha device list")
LABEL_RULE = mark("A label is 1 to 24 small Latin letters, digits and dashes, such as door-2, and names nobody.")
KNOWN_LABEL = mark("The agency has a device of this label. Choose another, or remove it first.")
SHOW_TOKEN = mark("This needs the token of a device that may raise, and this one does not count or counts no more.")
# No spaces, no capitals: nobody's name is written there without being noticed.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """A device as the operator sees it: whose it is, by name. `used_at` is to the minute."""

    device: RaisingDevice
    agency: str
    person: str | None
    added_at: datetime
    ends_at: datetime | None
    used_at: datetime | None


def checked_label(label: str) -> str:
    """Return a label that may stand in a room, or say what one looks like."""
    if not _LABEL.fullmatch(label):
        raise InvalidInput(LABEL_RULE)
    return label


async def add(tx: Transaction, device: RaisingDevice, token: bytes, ends_at: datetime | None, now: datetime) -> None:
    """Record a new device; of its token only the hash."""
    added = await tx.row(
        SQL["add_device"], device.id, tokens.token_hash(token), checked_label(device.label), device.agency_id,
        device.person_id, device.compartment_id, now, ends_at,
    )  # fmt: skip
    if added is None:
        raise Conflict(KNOWN_LABEL)


async def in_use(tx: Reading, device_id: DeviceId) -> RaisingDevice:
    """Return a device that was not removed."""
    row = await tx.row(SQL["device_in_use"], device_id)
    if row is None:
        raise NotFound(NO_DEVICE)
    return device_of(row)


async def remove(tx: Transaction, device_id: DeviceId, now: datetime) -> None:
    """Let a device raise nothing any more, from this transaction on. Its case is held before: so departures do it."""
    if not await tx.run(SQL["remove_device"], device_id, now):
        raise NotFound(NO_DEVICE)


async def end_with_departure(tx: Transaction, person_id: PersonId, now: datetime) -> None:
    """Remove the devices of somebody who leaves."""
    for row in await tx.rows(SQL["remove_devices_of_person"], person_id, now):
        gone = device_of(row)
        await ledger.record(
            tx,
            ledger.Act(
                act="raising_device_removed", at=now, actor_kind="operator", object_id=gone.id, facts=gone.facts
            ),
        )  # fmt: skip


async def all_devices(tx: Reading) -> list[ListedDevice]:
    """Return every device that was not removed, by agency."""
    return [
        ListedDevice(
            device=device_of(row), agency=row["agency"], person=row["person"], added_at=row["added_at"],
            ends_at=row["ends_at"], used_at=row["used_at"],
        )
        for row in await tx.rows(SQL["all_devices"])
    ]  # fmt: skip


async def of_token(tx: Reading, token: bytes, now: datetime) -> RaisingDevice:
    """Return whose token this is, if it counts now."""
    row = await tx.row(SQL["device_of_token"], tokens.token_hash(token), now)
    if row is None:
        raise NotAuthenticated(SHOW_TOKEN)
    return device_of(row)


async def note_use(tx: Transaction, device_id: DeviceId, now: datetime) -> None:
    """Note that a device was used, to the minute: more would tell when somebody was there."""
    await tx.run(SQL["device_used"], device_id, now.replace(second=0, microsecond=0))


def device_of(row: Row) -> RaisingDevice:
    """Return the device of a row."""
    return RaisingDevice(
        id=row["id"],
        label=row["label"],
        agency_id=row["agency_id"],
        person_id=row["person_id"],
        compartment_id=row["compartment_id"],
    )
