"""One running network for all stories: real processes, a real homeserver, invented people, strict clients.

Whoever gets a client is linked to it as real people are, unless a story says otherwise.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from agencies.model import AgencyKind, Person, PersonId
from alerts.model import AlertId
from alerts.service import Alerts
from alerts.vocabulary import StandDownReason
from cases.model import Case
from cases.service import Cases
from core.errors import StrehaError
from core.outbox import Target, TargetKind
from deploy.demo_linking import DemoLinking
from deploy.demo_network import DemoAccount, add_person, agency_of_kind, populate
from deploy.demo_people import CASES, DemoCase, DemoPerson
from deploy.network import LocalNetwork
from deploy.witness import Message, Witness, Witnesses
from tests import telling
from tests.scraped import Scrape, read

HERE = Path(__file__).parent
_numbers = count(1)
# How long the next story waits at most for what was still to be said of this one.
SAID_SECONDS = 10.0

# They move the clock by hours and days: of all that other stories have left open the town would be reminded then, room
# after room. So they come first, while it is empty; the storm, which leaps by months, comes when the others are over.
FIRST_OF_ALL = ("test_reviews_in_rooms", "test_owner_in_rooms", "test_duty_in_rooms", "test_scenarios")
LAST_HERE = "test_storm"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the stories be told in the order in which they hold each other up least."""

    def turn(item: pytest.Item) -> int:
        if item.path.stem in FIRST_OF_ALL:
            return 0
        if item.path.parent != HERE:
            return 3
        return 2 if item.path.stem == LAST_HERE else 1

    items.sort(key=turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A network with its people, and a strict client for whoever is asked for."""

    network: LocalNetwork
    accounts: dict[str, DemoAccount]
    clients: Witnesses
    known: dict[str, Witness]
    linking: DemoLinking

    def person(self, name: str) -> Person:
        """Return a person by account."""
        return self.accounts[name].person

    async def witness(self, name: str, *, linked: bool = True) -> Witness:
        """Return somebody's strict client, signed in once and linked to the person."""
        if name not in self.known:
            account = self.accounts[name]
            witness = await self.clients.add(name, account.person.matrix_user, account.matrix_password)
            if linked:
                await self.link(name, witness.device_id, await witness.session_key())
            self.known[name] = witness
        return self.known[name]

    async def link(self, name: str, device_id: str, session_key: str) -> None:
        """Link a person to the identity of a device, in the place of the one before."""
        await self.linking.link_account(self.accounts[name], device_id, session_key)

    async def newcomer(self, name: str, kind: AgencyKind = AgencyKind.SHELTER) -> str:
        """Let somebody begin to work at an agency; return the name of their account."""
        account = f"{name}-{next(_numbers)}"
        agency, planned = (
            agency_of_kind(self.accounts, kind),
            DemoPerson(account=account, name=f"{name.title()} Primer"),
        )
        self.accounts[account] = await add_person(self.network, agency, planned, f"{account}-password", {})
        return account

    async def open_case(self, planned: DemoCase = CASES[0]) -> Case:
        """Open a case, with its channel made."""
        case = await self.cases.open(
            self.person(planned.coordinator),
            agencies={agency_of_kind(self.accounts, kind).id: part for kind, part in planned.parts.items()},
            deputy_id=self.person(planned.deputy).id,
            member_ids=[self.person(each).id for each in planned.members],
            language=planned.language,
        )
        await self.channel(case)
        return case

    async def channel(self, case: Case) -> str:
        """Return the Matrix room of a case."""
        return await self.network.room_of(Target(kind=TargetKind.COMPARTMENT, id=case.core.id))

    async def duty_room(self, kind: AgencyKind) -> str:
        """Return the Matrix room of an agency's duty desk."""
        agency = agency_of_kind(self.accounts, kind)
        async with self.network.database.transaction() as tx:
            desk_id = await tx.value("SELECT id FROM duty_desks WHERE agency_id = $1", agency.id)
        return await self.network.room_of(Target(kind=TargetKind.DESK, id=desk_id))

    async def direct_room(self, name: str) -> str:
        """Return the room in which the bot speaks to one person alone."""
        return await self.network.room_of(Target(kind=TargetKind.PERSON, id=self.person(name).id))

    async def told(self, role: str) -> Scrape:
        """Return what a role's process tells of itself, which is numbers and nothing else."""
        async with aiohttp.ClientSession() as http, http.get(self.network.metrics_urls[role]) as answer:
            assert answer.status == 200
            text = await answer.text()
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|localhost|@", text)
        return read(text.encode())

    async def calm(self) -> None:
        """End every alert that is open still, as one of those who were called does, and let it be said.

        A word without a codename means any alert that its author was called for, whichever story has left it.
        """
        async with self.network.database.reading() as look:
            called = await look.rows(
                "SELECT id, array_agg(person_id) AS people, array_agg(person_id = raised_by) AS raisers FROM alerts"
                " JOIN alert_recipients ON alert_id = id WHERE state <> 'stood_down' GROUP BY id"
            )
        for row in called:
            # Who raised it only pauses the calling.
            people = dict(zip(row["people"], row["raisers"], strict=True))
            await self._end(AlertId(row["id"]), sorted(people, key=lambda each: bool(people[each])))
        if called and self.network.role_is_running("bots"):
            with suppress(TimeoutError):
                async with asyncio.timeout(SAID_SECONDS):
                    while await self._is_speaking():  # noqa: ASYNC110 (another process speaks)
                        await asyncio.sleep(0.1)

    async def _end(self, alert_id: AlertId, called: list[UUID]) -> None:
        persons = {each.person.id: each.person for each in self.accounts.values()}
        for person in (persons[PersonId(each)] for each in called if each in persons):
            with suppress(StrehaError):
                await self.alerts.acknowledge(person, alert_id)
                if (await self.alerts.stand_down(person, alert_id, StandDownReason.FALSE_ALARM)).alert.ended:
                    return

    async def _is_speaking(self) -> bool:
        async with self.network.database.reading() as look:
            waiting = await look.value(
                "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending') AND target_kind <> 'contact'"
            )
        return bool(waiting)

    @property
    def cases(self) -> Cases:
        """The use cases of cases."""
        return Cases(self.network.database, self.network.clock)

    @property
    def alerts(self) -> Alerts:
        """The use cases of alerts."""
        return Alerts(self.network.database, self.network.clock)


def rings(message: Message) -> bool:
    """Whether a message is the ringing sentence of a real alert, in English."""
    return message.body == "Streha: alert, open the app" and bool(message.mentions)


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Start the network once for all stories."""
    directory = tmp_path_factory.mktemp("town")
    async with LocalNetwork(directory, fast=True) as network:
        accounts = await populate(network)
        homeserver = network.stack.addresses.homeserver_url
        async with Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log") as clients:
            linking = DemoLinking(network)
            yield Town(network=network, accounts=accounts, clients=clients, known={}, linking=linking)


@pytest.fixture(autouse=True)
async def calmed(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Leave the town to the next story without an open alert; where this one failed, tell how Streha stood."""
    town: Town | None = request.getfixturevalue("town") if "town" in request.fixturenames else None
    yield
    if town is None:
        return
    if request.node.stash.get(telling.FAILED, False):
        network = town.network
        for name, text in (
            ("outbox", await telling.outbox_of(network.database)),
            ("logs", telling.logged_in(network.directory / "logs")),
        ):
            request.node.add_report_section("teardown", name, text)
    await town.calm()
