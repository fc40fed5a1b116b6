"""`streha demo --check`: the main job told as one story, with strict Matrix clients as witnesses.

Every step waits for what people would really see on their own devices; the story ends at the first witness
who did not see it. Time is moved, never waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agencies.service import Agencies
from alerts.texts import EVENT_TEXTS, TEXTS
from cases import ledger
from client import key_file
from client.api import ApiClient
from core import heartbeat
from core.clock import SystemClock
from core.outbox import Target, TargetKind
from core.texts import LANGUAGES, render
from deploy.demo import open_case
from deploy.demo_linking import DemoLinking
from deploy.demo_network import DemoAccount, populate
from deploy.demo_people import CASES
from deploy.errors import StackError
from deploy.network import LocalNetwork
from deploy.witness import Message, Witness, WitnessError, Witnesses
from safety_plans.model import Level

PANIC = frozenset(render(EVENT_TEXTS["panic"], language) for language in LANGUAGES)
PEOPLE = ("ana", "nina", "mila", "sara", "jelena", "petar", "luka", "ivan", "vesna")
MEMBERS = ("ana", "nina", "mila", "sara", "jelena")
RINGS = frozenset(render(TEXTS["alert_ring"], language) for language in LANGUAGES)


class CheckFailed(StackError):
    """A witness did not see what it should have seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table: what happened, who saw it, and seconds from the trigger to each sight of it."""

    what: str
    seconds: dict[str, float] = field(default_factory=dict)


async def check(directory: Path, told: Callable[[Step], None]) -> None:
    """Tell the whole story on a network of its own; raise CheckFailed where a witness contradicts it."""
    clock = SystemClock()
    started = clock.now()
    async with LocalNetwork(directory, fast=True) as network:
        accounts = await populate(network)
        homeserver = network.stack.addresses.homeserver_url
        async with Witnesses(homeserver, log_file=directory / "logs" / "witnesses.log") as clients:
            witnesses = await _signed_in_and_linked(clients, DemoLinking(network), accounts)
            told(Step(what="network, bot and strict clients are up and linked", seconds={"all": _since(started)}))
            await _Story(network, accounts, witnesses, told).tell()


class _Story:
    def __init__(
        self,
        network: LocalNetwork,
        accounts: dict[str, DemoAccount],
        witnesses: dict[str, Witness],
        told: Callable[[Step], None],
    ) -> None:
        self._network = network
        self._accounts = accounts
        self._witnesses = witnesses
        self._told = told

    async def tell(self) -> None:
        try:
            room, codename = await self._open_case()
            await self._write_and_read(room)
            await self._review(room, codename)
            await self._panic(room, codename)
            await self._acknowledge(room)
            await self._escalate(room)
            await self._stand_down(room, codename)
            await self._nothing_more()
            await self._ledger()
        except WitnessError as error:
            raise CheckFailed("A witness did not see what it should have seen: {what}", what=str(error)) from error

    async def _open_case(self) -> tuple[str, str]:
        opened_at = SystemClock().now()
        codename = await open_case(self._accounts, CASES[0])
        async with self._as("ana") as api:
            case = next(each for each in await api.cases() if each.codename == codename)
        room = await self._network.room_of(Target(kind=TargetKind.COMPARTMENT, id=case.compartments[0].id))
        users = [self._accounts[each].person.matrix_user for each in MEMBERS]
        seconds = {}
        for name in MEMBERS:
            await self._witnesses[name].joined(room, *users)
            seconds[name] = _since(opened_at)
        await self._duty_rooms_joined()
        self._told(Step(what="case opened, channel made, members joined", seconds=seconds))
        return room, codename

    async def _duty_rooms_joined(self) -> None:
        """Wait until everybody is in the room alone with the bot and in the duty room, as at work."""
        desks = await Agencies(self._network.database, self._network.clock).all_desks()
        targets = [Target(kind=TargetKind.DESK, id=desk.id) for desk in desks]
        wanted = {
            await self._network.room_of(target): desk.officers for target, desk in zip(targets, desks, strict=True)
        }
        for name in PEOPLE:
            person = self._accounts[name].person
            for room, officers in wanted.items():
                if person in officers:
                    await self._witnesses[name].joined(room)
            await self._witnesses[name].joined(
                await self._network.room_of(Target(kind=TargetKind.PERSON, id=person.id))
            )

    async def _write_and_read(self, room: str) -> None:
        sent_at = SystemClock().now()
        await self._witnesses["ana"].send(room, "Good morning, the documents are ready.")
        await self._seen("one writes, the others read", sent_at, ("nina", "mila", "sara", "jelena"), "documents", room)

    async def _review(self, room: str, codename: str) -> None:
        async with self._as("ana") as api:
            case = next(each for each in await api.cases() if each.codename == codename)
            review = await api.set_level(case.id, Level.HIGH)
        moved = review.due_at - self._network.clock.now()
        moved_at = SystemClock().now()
        self._network.move_clock(moved + timedelta(seconds=1))
        seen = await self._seen(
            "review falls due, owner is reminded", moved_at, ("ana", "mila"), "assessed again", room
        )
        ring = await self._witnesses["ana"].wait_for("Streha: reminder", room)
        owner = self._accounts["ana"].person.matrix_user
        if ring.mentions != (owner,) or any(each.mentions for each in seen):
            raise CheckFailed("The reminder must mention its owner, and nobody else.")

    async def _panic(self, room: str, codename: str) -> None:
        before = {name: len(witness.messages) for name, witness in self._witnesses.items()}
        raised_at = SystemClock().now()
        await self._witnesses["sara"].send(room, "panic")
        in_channel = ("ana", "nina", "mila", "jelena")
        await self._seen("panic: the channel rings", raised_at, in_channel, self._rings, room)
        on_duty = ("petar", "luka", "ivan")
        await self._seen("panic: the duty rooms ring", raised_at, on_duty, self._rings)
        async with self._as("ana") as api:
            alert = next(each for each in await api.alerts() if each.codename == codename)
        called = {each.person for each in alert.recipients}
        names = [name for name in PEOPLE if self._accounts[name].person.id in called]
        if len(names) != len(called) or "sara" in names:
            raise CheckFailed("Somebody was called who has no witness, or the raiser was called.")
        what = "panic: every recipient reads the details"
        await self._seen(what, raised_at, names, lambda each: _tells_of_panic(each, codename), after=before)

    async def _acknowledge(self, room: str) -> None:
        accepted_at = SystemClock().now()
        await self._witnesses["petar"].send(await self._room_of_ring("petar"), "ack")
        await self._witnesses["ivan"].send(await self._room_of_ring("ivan"), "primam")
        for name in ("petar", "ivan"):
            person = self._accounts[name].person.name
            await self._seen(f"{name} accepts", accepted_at, ("ana", "sara"), person, room)

    async def _escalate(self, room: str) -> None:
        before = len(self._witnesses["petar"].messages)
        again = {name: len(self._witnesses[name].messages) for name in ("luka", "vesna")}
        moved_at = SystemClock().now()
        self._network.move_clock(timedelta(minutes=2))
        silent = self._accounts["luka"].agency.name
        await self._seen("the silent agency is named", moved_at, ("ana", "sara"), f"no answer yet from {silent}", room)
        await self._seen("its duty officer rings again, its deputy rings", moved_at, again, self._rings, after=again)
        if any(self._rings(each) for each in self._witnesses["petar"].messages[before:]):
            raise CheckFailed("An agency that had accepted was called again.")

    async def _stand_down(self, room: str, codename: str) -> None:
        ended_at = SystemClock().now()
        await self._witnesses["petar"].send(await self._room_of_ring("petar"), f"stand-down {codename}")
        await self._seen("stand-down", ended_at, ("ana", "nina", "mila", "sara", "jelena"), "everybody is safe", room)

    async def _nothing_more(self) -> None:
        """After the end nobody is called, however late it gets."""
        before = {name: len(each.messages) for name, each in self._witnesses.items()}
        self._network.move_clock(timedelta(minutes=30))
        moved_to = self._network.clock.now()
        async with asyncio.timeout(30):
            while (await heartbeat.beats(self._network.database))["engine"] < moved_to:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        for name, witness in self._witnesses.items():
            if any(self._rings(each) for each in witness.messages[before[name] :]):
                raise CheckFailed("A stood-down alert still called people.")
            if witness.failures:
                raise CheckFailed("{name} received messages that could not be read.", name=name)
        self._told(Step(what="half an hour later: nobody was called again, nothing was unreadable"))

    async def _ledger(self) -> None:
        while await ledger.sequence(self._network.database):
            pass
        verified = await ledger.verify(self._network.database)
        if not verified.whole or not verified.entries:
            raise CheckFailed("The ledger does not verify.")
        self._told(Step(what=f"ledger verified: {verified.entries} entries"))

    async def _seen(
        self, what: str, since: datetime, names: Collection[str], wanted: str | Callable[[Message], bool],
        room: str | None = None, *, after: dict[str, int] | None = None,
    ) -> list[Message]:  # fmt: skip
        seconds, seen = {}, []
        for name in names:
            message = await self._witnesses[name].wait_for(wanted, room, after=(after or {}).get(name, 0))
            if message.shield != "none":
                raise CheckFailed("{name}'s client does not trust the sender.", name=name)
            seconds[name] = (datetime.fromtimestamp(message.at / 1000, UTC) - since).total_seconds()
            seen.append(message)
        self._told(Step(what=what, seconds=seconds))
        return seen

    async def _room_of_ring(self, name: str) -> str:
        return (await self._witnesses[name].wait_for(self._rings)).room_id

    def _rings(self, message: Message) -> bool:
        return message.body in RINGS and bool(message.mentions)

    def _as(self, name: str) -> ApiClient:
        return ApiClient(key_file.load(self._accounts[name].key_file))


async def _signed_in_and_linked(
    clients: Witnesses, linking: DemoLinking, accounts: Mapping[str, DemoAccount]
) -> dict[str, Witness]:
    """Give everybody a client, and have each confirmed by an administrator: the bot speaks to nobody else."""
    witnesses: dict[str, Witness] = {}

    async def enter(name: str) -> None:
        account = accounts[name]
        witness = await clients.add(name, account.person.matrix_user, account.matrix_password)
        await linking.link_account(account, witness.device_id, await witness.session_key())
        witnesses[name] = witness

    async with asyncio.TaskGroup() as tasks:
        for name in PEOPLE:
            tasks.create_task(enter(name))
    return witnesses


def _tells_of_panic(message: Message, codename: str) -> bool:
    return codename in message.body and any(word in message.body for word in PANIC)


def _since(moment: datetime) -> float:
    return (SystemClock().now() - moment).total_seconds()
