"""Duty rooms to send an alert to: agencies, officers with signed devices, and the bot's delivery, all real.

Every agency has a duty desk with three officers, and the desk a room made by the bot's own housekeeping.
Each officer has an account and cross-signed devices with one-time keys, made with the bot's own device class, and is
linked to them; the first has joined, and all are then switched off: nobody reads along while the seconds are counted.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from agencies import attestations
from agencies.model import Person, Role
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.keys.published_keys import UserKeys, read_user
from bots.rooms import rooms
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.occupants import Occupants
from core.clock import SystemClock
from core.database import Database, connect
from core.migrations import migrate
from core.outbox import Target
from crypto import cross_signing
from deploy.stack import LocalStack
from tests.attesting import attestation, by_user
from tests.bench.row import MeasurementFailed
from tests.outgoing import desk
from tests.people import Network, Office

Device = TypeVar("Device", bound=MatrixDevice)

OFFICERS = 3
AT_ONCE = 8
BOT = "streha"
PASSWORD = "an invented password"
SECRET = b"an invented store key of 32 bytes"
ROOM_VERSION = "11"
clock = SystemClock()


@asynccontextmanager
async def duty_rooms(
    directory: Path, count: int, *, officers: int = OFFICERS, devices: int = 1, tiny: bool
) -> AsyncIterator[tuple[LocalStack, list[Office]]]:
    """Make the agencies, the accounts with their devices, and the rooms, all joined; give the stack they are on.

    They are made in a hurry, and measured on a database that writes to its disk as a real one does; what is tiny has
    no need of that, and stays where it was made.
    """
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=True))
        offices = await _make(stack, directory, count, officers=officers, devices=devices)
        if not tiny:
            await resources.aclose()
            stack = await resources.enter_async_context(LocalStack(directory))
        yield stack, offices


async def _make(stack: LocalStack, directory: Path, count: int, *, officers: int, devices: int) -> list[Office]:
    """Make everything that is there before anything is measured."""
    async with connect(stack.addresses.database_url) as database:
        await migrate(database)
        network = Network(database, clock)
        offices = [await network.office(workers=0, officers=officers) for _ in range(count)]
        bot_user = await stack.register(BOT, PASSWORD)
        await stack.lift_rate_limits(bot_user)
        async with opened(stack, directory, bot_user, MatrixDevice) as bot:
            await _make_rooms(database, bot, [desk(office) for office in offices])
        async with database.transaction() as tx:
            found = await rooms.rooms(tx, [desk(office) for office in offices])
        limit = asyncio.Semaphore(AT_ONCE)

        administrator = await network.person(offices[0].agency, Role.ADMINISTRATOR)

        async def move_in(officer: Person, room: str) -> None:
            async with limit:
                await stack.register(officer.matrix_user[1:].partition(":")[0], PASSWORD)
                async with opened(stack, directory, officer.matrix_user, MatrixDevice) as device:
                    await device.homeserver.join(room)
                    await _link(network, administrator, officer, device)
                for number in range(2, devices + 1):
                    await _sign_in_again(stack, directory, officer, number)

        async with asyncio.TaskGroup() as tasks:
            for office in offices:
                for officer in office.officers:
                    tasks.create_task(move_in(officer, str(found[desk(office)].room_id)))
        return offices


@asynccontextmanager
async def opened(
    stack: LocalStack, directory: Path, user_id: str, kind: type[Device], *, at_rest: Path | None = None
) -> AsyncIterator[Device]:
    """Open an account's device, which rests in the directory; its first one, unless another is named."""
    device = await kind.open(
        homeserver_url=stack.addresses.homeserver_url,
        user_id=user_id,
        password=PASSWORD,
        directory=at_rest or _at_rest(directory, user_id),
        store_secret=SECRET,
        clock=clock,
    )
    try:
        yield device
    finally:
        await device.close()


async def read_by(stack: LocalStack, directory: Path, officer: Person) -> list[Received]:
    """Return everything that an officer's device reads once it is switched on again."""
    async with opened(stack, directory, officer.matrix_user, MatrixDevice) as device:
        bot = f"@{BOT}:{stack.addresses.server_name}"
        device.attest(by_user(attestation(bot, await _identity(device, bot))))
        # The first answer brings the messages, what follows it the sender's keys.
        for _ in range(2):
            await device.sync_once(0)
        return [each for each in device.pending() if isinstance(each, Received)]


async def _sign_in_again(stack: LocalStack, directory: Path, officer: Person, number: int) -> None:
    """Let somebody sign in on a further device, signed by the same identity, and switch it off."""
    first = _at_rest(directory, officer.matrix_user)
    further = first.with_name(f"{first.name}-{number}")
    await asyncio.to_thread(shutil.copytree, first / "identity", further / "identity")
    async with opened(stack, directory, officer.matrix_user, MatrixDevice, at_rest=further):
        pass


async def _link(network: Network, administrator: Person, officer: Person, device: MatrixDevice) -> None:
    """Confirm an officer's device, and write down its identity, as the bot does where it runs."""
    key = cross_signing.decode_unpadded(device.fingerprint)
    await network.claim(officer, device=device.device_id, key=key)
    confirmed = await network.confirm(officer, administrator, key)
    identity = cross_signing.decode_unpadded(await _identity(device, officer.matrix_user))
    async with network.database.transaction() as tx:
        await attestations.pin(tx, confirmed, identity, clock.now())


async def _identity(device: MatrixDevice, user_id: str) -> str:
    """Return the identity that somebody publishes."""
    answer = await device.homeserver.query_keys([user_id])
    keys = read_user(answer, user_id, UserKeys(user_id=user_id), clock.now().timestamp())
    if keys.identity is None:
        raise MeasurementFailed("somebody has no identity")
    return keys.identity


def _at_rest(directory: Path, user_id: str) -> Path:
    return directory / "devices" / user_id[1:]


async def _make_rooms(database: Database, bot: MatrixDevice, targets: Sequence[Target]) -> None:
    lease = Lease(database, clock)
    await lease.acquire()
    housekeeping = Housekeeping(database, clock, bot, lease, Occupants(bot.homeserver), room_version=ROOM_VERSION)
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
    await housekeeping.settle(targets)
    await lease.release()
