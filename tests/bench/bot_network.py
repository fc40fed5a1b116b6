"""A bot at work for the rows that measure it whole: its own process, a real homeserver, people with accounts.

Only the role `bots` runs; what the engine and the API would do is done here through the services.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from agencies.model import AgencyKind, Person, PersonId, Role
from alerts.service import Alerts
from bots.rooms import rooms
from cases.model import Case, Part
from cases.service import MEMBERS_AT_ONCE, Cases
from core.outbox import Target, TargetKind
from deploy.demo_linking import DemoLinking
from deploy.network import LocalNetwork
from tests.bench.row import MeasurementFailed
from tests.people import Network, Office
from tests.scraped import Scrape, read

PASSWORD = "an invented password"
PATIENCE = 110.0
LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class BotNetwork:
    """A running bot with one office of people."""

    network: LocalNetwork
    office: Office
    http: aiohttp.ClientSession
    linking: DemoLinking
    seeds: Mapping[PersonId, bytes]

    @property
    def leader(self) -> Person:
        """Who leads the cases."""
        return self.office.officer

    @property
    def members(self) -> Sequence[Person]:
        """Who takes part in them."""
        return self.office.workers

    @property
    def cases(self) -> Cases:
        """The use cases of cases."""
        return Cases(self.network.database, self.network.clock)

    @property
    def alerts(self) -> Alerts:
        """The use cases of alerts."""
        return Alerts(self.network.database, self.network.clock)

    async def open_case(self, members: Sequence[Person]) -> Case:
        """Open a case of the one office; the bot will make its channel."""
        case = await self.cases.open(
            self.leader,
            agencies={self.office.agency.id: Part.RESPONDER},
            deputy_id=None,
            member_ids=[each.id for each in members[:MEMBERS_AT_ONCE]],
            language="en",
        )
        for each in members[MEMBERS_AT_ONCE:]:
            await self.cases.add_member(self.leader, case.core.id, each.id)
        return case

    async def channel(self, case: Case) -> str:
        """Return the room of a case, once it is made."""
        return await self.network.room_of(Target(kind=TargetKind.COMPARTMENT, id=case.core.id))

    async def link(self, person: Person, device_id: str, session_key: str) -> None:
        """Link somebody to the device with which they signed in: the bot gives keys to nobody else."""
        await self.linking.link(person, self.seeds[person.id], device_id, session_key)

    async def settled(self, cases: Sequence[Case]) -> None:
        """Return once every one of these cases has its channel, however long that takes."""
        targets = [Target(kind=TargetKind.COMPARTMENT, id=case.core.id) for case in cases]
        while True:
            if not self.network.role_is_running("bots"):
                raise MeasurementFailed("the bot has ended")
            async with self.network.database.transaction() as tx:
                made = await rooms.rooms(tx, targets)
            if len(made) == len(targets) and all(each.room_id and each.settled for each in made.values()):
                return
            await asyncio.sleep(1.0)

    async def told(self) -> Scrape:
        """Return the bot's own numbers."""
        async with self.http.get(self.network.metrics_urls["bots"]) as answer:
            return read((await answer.text()).encode())

    async def until_told(self, name: str, at_least: float) -> float:
        """Return what the bot has counted, once it has counted so far."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if not self.network.role_is_running("bots"):
                    raise MeasurementFailed("the bot has ended")
                try:
                    counted = (await self.told())(name) or 0.0
                except aiohttp.ClientError:
                    # It is only starting.
                    counted = -1.0
                if counted >= at_least:
                    return counted
                await asyncio.sleep(LOOK)

    def memory(self) -> float:
        """Return what the bot's process holds, in MiB: pages that processes share are counted once."""
        process = Path("/proc") / str(self.network._children["bots"].pid)
        rows = dict(row.split(":", 1) for row in (process / "smaps_rollup").read_text().splitlines()[1:])
        return int(rows["Pss"].split()[0]) / 1024

    def processor_seconds(self) -> float:
        """Return how long the bot's process has worked since its start, all its threads together."""
        threads = Path("/proc") / str(self.network._children["bots"].pid) / "task"
        return sum(int(each.read_text().split()[0]) for each in threads.glob("*/schedstat")) / 1e9

    def disk(self) -> float:
        """Return what lies in the directory of the bot's device, in MiB."""
        device = self.network.directory / "bot" / "device"
        return sum(each.stat().st_size for each in device.iterdir()) / 1024**2


@asynccontextmanager
async def bot_network(directory: Path, *, fast: bool, members: int) -> AsyncIterator[BotNetwork]:
    """Start the bot for an office with so many people besides the one who leads."""
    async with LocalNetwork(directory, fast=fast, roles=("bots",)) as network, aiohttp.ClientSession() as http:
        people = Network(network.database, network.clock)
        office = await people.office(AgencyKind.NGO, workers=members, officers=1)
        administrator = await people.person(office.agency, Role.ADMINISTRATOR)
        for person in (*office.workers, *office.officers, administrator):
            await network.stack.register(person.matrix_user[1:].partition(":")[0], PASSWORD)
        linking = DemoLinking(network)
        yield BotNetwork(network=network, office=office, http=http, linking=linking, seeds=people.seeds)
