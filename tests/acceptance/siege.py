"""A town whose bot reaches its homeserver only through one that cannot be trusted, and people who mean it ill.

Owns what the stories of attacks share: the bot behind the proxy, a case of its own for each story, a genuine
panic that must be raised and read, and colluding members.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp

from agencies.model import Person
from alerts.service import AlertView
from alerts.vocabulary import StandDownReason
from cases.model import Case
from core.clock import SystemClock
from deploy.witness import Message, Witness, WitnessError
from tests.acceptance.conftest import Town, rings
from tests.adverse_homeserver import AdverseHomeserver, Rule, What
from tests.evil_member import Addressee, EvilMember
from tests.forging import Forge

# Everything there is to try takes half an hour; `make test` tries some of it.
THOROUGH = os.environ.get("HOSTILE_TESTS") == "all"
PATIENCE = 60.0
LOOK = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A case of one story, with its channel."""

    case: Case
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How often people have pressed, accepted and ended alerts in a case."""

    alerts: int
    presses: int
    accepted: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Siege:
    """A town, and what stands between its bot and its homeserver."""

    town: Town
    proxy: AdverseHomeserver
    http: aiohttp.ClientSession
    # Where the proxy listens.
    address: str

    @property
    def bot_user(self) -> str:
        """The bot's account."""
        return "@streha:" + self.town.network.stack.addresses.server_name

    async def place(self) -> Place:
        """Open a case in whose channel Ana reads and Sara writes."""
        return await self.found_again(Place(case=await self.town.open_case(), room=""))

    async def readers(self) -> tuple[Witness, Witness]:
        """Return Ana, who leads every case and reads, and Sara, who writes."""
        return await self.town.witness("ana"), await self.town.witness("sara")

    async def enter(self, place: Place, person: Person) -> None:
        """Make somebody a member of the case; the bot invites them."""
        await self.town.cases.add_member(self.town.person("ana"), place.case.core.id, person.id)
        await self.town.channel(place.case)

    async def colluder(self, place: Place, **lies: str) -> EvilMember:
        """Let a member come who means it ill, and be in the channel."""
        account = self.town.accounts[await self.town.newcomer("zoran")]
        homeserver = self.town.network.stack.addresses.homeserver_url
        user_id, password = account.person.matrix_user, account.matrix_password
        evil = await EvilMember.sign_in(homeserver, self.http, user_id, password, **lies)
        await self.town.link(account.account, evil.device_id, evil.ed25519)
        await self.enter(place, account.person)
        await evil.join(place.room)
        for witness in await self.readers():
            await witness.joined(place.room, evil.user_id, patience=PATIENCE)
        return evil

    async def bot(self, evil: EvilMember) -> Addressee:
        """Return the bot's device as it is published."""
        (device,) = await evil.devices_of(self.bot_user)
        return device

    async def raised_and_read(self, place: Place, body: str = "panic") -> AlertView:
        """Let Sara press: whatever else goes on, it is raised, and Ana reads it in her strict client."""
        ana, sara = await self.readers()
        before = len(ana.messages)
        await sara.send(place.room, body)
        return await self.is_read(place, before)

    async def is_read(self, place: Place, before: int) -> AlertView:
        """Wait until Ana has read ring and details of an alert here; return it."""
        ring = await self.ana_reads(rings, place, before)
        details = await self.ana_reads("ALERT", place, before)
        assert {ring.shield, details.shield} == {"none"}
        assert self.town.network.role_is_running("bots")
        (view,) = await self.open(place)
        return view

    async def heard_out(self, place: Place) -> None:
        """Return once the bot has handled everything that came before."""
        ana, sara = await self.readers()
        before = len(ana.messages)
        await sara.send(place.room, "help")
        await self.ana_reads("Write one of these", place, before)

    async def ana_reads(self, wanted: str | Callable[[Message], bool], place: Place, before: int) -> Message:
        """Wait for what Ana should read, as long as there is a bot that could say it."""
        ana, _sara = await self.readers()
        for _ in range(int(PATIENCE / LOOK)):
            with suppress(WitnessError):
                return await ana.wait_for(wanted, place.room, LOOK, after=before)
            assert self.town.network.role_is_running("bots"), f"the bot has ended. {self.proxy.told()}"
        raise AssertionError(f"Ana has read nothing of it. {self.proxy.told()}")

    async def open(self, place: Place) -> list[AlertView]:
        """Return the open alerts of a case."""
        return await self.town.alerts.open_for(self.town.person("ana"), [place.case.core.id])

    async def raised(self, place: Place) -> AlertView:
        """Return the open alert of a case once there is one, whoever has heard of it."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await self.open(place)):  # noqa: ASYNC110 (another process raises it)
                await asyncio.sleep(0.05)
        return found[0]

    async def end(self, place: Place) -> None:
        """End what was raised."""
        petar = self.town.person("petar")
        for view in await self.open(place):
            await self.town.alerts.acknowledge(petar, view.alert.id)
            await self.town.alerts.stand_down(petar, view.alert.id, StandDownReason.FALSE_ALARM)

    async def done_in(self, place: Place) -> Done:
        """Return what has ever been done in a case."""
        async with self.town.network.database.transaction() as tx:
            row = await tx.row(
                "SELECT count(*) AS alerts, count(*) FILTER (WHERE stood_down_by IS NOT NULL) AS ended, "
                "coalesce(sum((SELECT count(*) FROM alert_raises WHERE alert_id = id)), 0)::int AS presses, "
                "coalesce(sum((SELECT count(acknowledged_at) FROM alert_recipients WHERE alert_id = id)), 0)::int "
                "AS accepted FROM alerts WHERE case_id = $1",
                place.case.id,
            )
        assert row is not None
        return Done(alerts=row["alerts"], presses=row["presses"], accepted=row["accepted"], ended=row["ended"])

    async def found_again(self, place: Place) -> Place:
        """Return a case with the channel that it has now, once Ana and Sara are in."""
        room = await self.town.channel(place.case)
        ana, sara = await self.readers()
        await ana.joined(room, sara.user_id, patience=PATIENCE)
        await sara.joined(room, ana.user_id, patience=PATIENCE)
        return Place(case=place.case, room=room)

    def now(self) -> int:
        """Return the homeserver's time, which no story moves."""
        return int(SystemClock().now().timestamp() * 1000)

    def forge(self, part: str, forge: Forge, times: int = 1) -> Rule:
        """Let the homeserver's answers of a part say something else."""
        rule = Rule(part=part, what=What.FORGE, times=times, forge=forge)
        self.proxy.adopt(rule)
        return rule

    async def start_bot(self) -> None:
        """Start the bot behind the proxy."""
        await self.town.network.start_role("bots", settings={"STREHA_HOMESERVER_URL": self.address})

    async def start_bot_again(self) -> None:
        """Start the bot that has ended, or is to end."""
        await self.town.network.stop_role("bots", kill=True)
        await self.start_bot()

    async def relieve(self) -> None:
        """End what a story has brought about, so that the next one begins like the first."""
        self.proxy.calm()
        self.proxy.deeds.clear()
        self.proxy.asked.clear()
        if not self.town.network.role_is_running("bots"):
            await self.start_bot_again()


@asynccontextmanager
async def besieged(town: Town) -> AsyncIterator[Siege]:
    """Put the proxy between the bot and its homeserver, and take it away again."""
    proxy = AdverseHomeserver(town.network.stack.addresses.homeserver_url)
    async with aiohttp.ClientSession() as http, proxy.serve() as address:
        siege = Siege(town=town, proxy=proxy, http=http, address=address)
        await town.network.stop_role("bots")
        await siege.start_bot()
        try:
            yield siege
        finally:
            proxy.calm()
            await town.network.stop_role("bots")
            await town.network.start_role("bots")
