"""SIGKILL at any await between a word and what it brings about: nothing is lost and nothing arrives twice."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from agencies.model import AgencyKind
from alerts.vocabulary import StandDownReason
from bots.account.identity import MASTER_SEED_FILE
from bots.device.device import MatrixDevice
from bots.wire.homeserver import Homeserver
from core.clock import SystemClock
from core.outbox import Target, TargetKind
from crypto import cross_signing
from deploy.stack import LocalStack
from deploy.witness import Witness
from tests.acceptance.conftest import Town, rings
from tests.acceptance.crossings import EVERY, NONE, TELLING_OF_ALERT, chosen, crossed, kind_of, trapped
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.long]

LEASES_OVER = timedelta(seconds=35)
SECRET = "an invented store key of 32 bytes"
HELP = "Write one of these"
TELLING_OF_ROOM = ("after http POST createRoom", "after http POST rooms/invite")
# All the others are tried at a quicker homeserver, by tests/integration/test_identity_killed.py.
TELLING_OF_OPENING = ("after http POST login", "after http POST keys/device_signing/upload")


async def test_the_bot_killed_at_any_await_loses_nothing_and_repeats_nothing(town: Town, tmp_path: Path) -> None:
    case = await town.open_case()
    room, duty_room = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
    sara, ana, petar = await town.witness("sara"), await town.witness("ana"), await town.witness("petar")
    for witness, joined in ((sara, room), (ana, room), (petar, duty_room)):
        await witness.joined(joined)

    async def heard(before: Mapping[Witness, int]) -> None:
        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for(rings, place, PATIENCE_SECONDS, after=before[witness])
            await witness.wait_for("ALERT", place, PATIENCE_SECONDS, after=before[witness])

    async def alarm(number: int) -> bool:
        before = {witness: len(witness.messages) for witness in (ana, petar)}
        await bots.arm(number)
        await sara.send(room, "panic")
        if number == 0:
            # It tells what can be tried, and so is not ended before everything has come about.
            await heard(before)
        died = await bots.ended(number)
        await heard(before)
        alert = (await town.alerts.open_for(town.person("petar"), [case.core.id]))[0].alert
        await town.alerts.acknowledge(town.person("petar"), alert.id)
        await town.alerts.stand_down(town.person("petar"), alert.id, StandDownReason.FALSE_ALARM)
        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for("false alarm", place, PATIENCE_SECONDS, after=before[witness])
            _said_once(witness, place, before[witness])
        return died

    bots = _Bots(town=town, directory=tmp_path, choose=lambda names: chosen(names, TELLING_OF_ALERT))
    await bots.begin()
    # What it does at its start, and then no more, is no crossing that can be tried later.
    await sara.send(room, "help")
    await ana.wait_for(HELP, room, PATIENCE_SECONDS)
    await alarm(0)
    # The file is the last head of the ledger, which it may write down meanwhile.
    assert {kind_of(each) for each in bots.crossed()} - {"file"} == {"sql", "commit", "http", "disk"}
    died = [await alarm(number) for number in range(1, len(bots.tried()))]
    assert sum(died) >= len(died) * 3 // 4, "the trap hardly ever closed: it proves nothing"
    assert not ana.failures
    assert not petar.failures


async def test_a_bot_killed_while_it_makes_a_room_makes_one(town: Town, tmp_path: Path) -> None:
    ana = await town.witness("ana")

    async def room_made(number: int) -> None:
        await bots.arm(number)
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(town.open_case())
            if number == 0:
                await opening
            await bots.ended(number)
        case = opening.result()
        room = await town.network.room_of(Target(kind=TargetKind.COMPARTMENT, id=case.core.id))
        await ana.joined(room, patience=PATIENCE_SECONDS)
        named = [await ana.state(each, "m.room.name") for each in ana.rooms]
        assert named.count({"name": case.codename}) == 1

    bots = _Bots(town=town, directory=tmp_path, choose=_of_room)
    await bots.begin()
    await room_made(0)
    assert set(TELLING_OF_ROOM) <= set(bots.crossed())
    for number in range(1, len(bots.tried())):
        await room_made(number)


async def test_a_first_start_killed_anywhere_leaves_one_identity_that_works(stack: LocalStack, tmp_path: Path) -> None:
    names: list[str] = []
    async with aiohttp.ClientSession() as http:
        anonymous = Homeserver(stack.addresses.homeserver_url, http)
        watcher = await stack.register("killed-watcher", "an invented password")
        _user, _device, token = await anonymous.login(watcher, "an invented password", display_name="watcher")

        async def first_start(crossing: str, number: int) -> None:
            user, mark = await stack.register(f"killed-{number}", f"password {number}"), tmp_path / f"armed-{number}"
            directory = tmp_path / f"bot-{number}"
            mark.touch()
            opened = {"url": stack.addresses.homeserver_url, "user": user, "password": f"password {number}",
                      "directory": str(directory), "secret": SECRET}  # fmt: skip
            environment = {**os.environ, **{f"OPEN_{name.upper()}": value for name, value in opened.items()}}
            process = await asyncio.create_subprocess_exec(*trapped(crossing, mark, "device"), env=environment)
            assert (await process.wait() == 0) == (crossing == NONE), crossing
            names.extend(each for each in crossed(mark) if crossing == NONE)
            device = await MatrixDevice.open(
                homeserver_url=opened["url"], user_id=user, password=opened["password"], directory=directory,
                store_secret=SECRET.encode(), clock=SystemClock(),
            )  # fmt: skip
            try:
                await _is_the_identity(anonymous.as_device(token), user, device.device_id, directory / "identity")
            finally:
                await device.close()

        await first_start(NONE, 0)
        assert {kind_of(each) for each in names} == {"http", "disk", "file"}
        # Killed before a file is written, nothing has happened; the store's own transactions are tried by the alarms.
        making = [name for name in names if name in TELLING_OF_OPENING or EVERY]
        for number, name in enumerate(chosen(making, TELLING_OF_OPENING), start=1):
            await first_start(name, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bots:
    """The town's bots, one after the other: who takes up what the killed one left is the next to be killed.

    The first is not killed, and tells what can be tried. A trap does nothing before it is armed.
    """

    town: Town
    directory: Path
    choose: Callable[[list[str]], list[str]]

    def crossed(self) -> list[str]:
        """Return what the first came to, once it has ended."""
        return crossed(self._mark(0))

    def tried(self) -> list[str]:
        """Return at which crossing each is trapped."""
        return [NONE, *self.choose(self.crossed())]

    async def begin(self) -> None:
        """Start the first in the place of the ordinary one."""
        await self.town.network.stop_role("bots")
        await self._start(0)

    async def arm(self, number: int) -> None:
        """Arm a trap; where everything is tried, so that it can close while the bot starts."""
        if EVERY:
            await self.town.network.stop_role("bots")
            await self._start(number)
        self._mark(number).touch()

    async def ended(self, number: int) -> bool:
        """Wait for the end of one and start the next, after the last the ordinary one; tell whether a trap closed."""
        died = await _died(self.town, self._mark(number), self.tried()[number])
        await self.town.network.stop_role("bots", kill=True)
        self.town.network.move_clock(LEASES_OVER)
        await self._start(number + 1)
        return died

    async def _start(self, number: int) -> None:
        command = [trapped(each, self._mark(number), "bots") for each in self.tried()[number : number + 1]]
        await self.town.network.start_role("bots", command=command[0] if command else None)

    def _mark(self, number: int) -> Path:
        return self.directory / f"armed-{number}"


async def _died(town: Town, mark: Path, crossing: str) -> bool:
    """Wait until the trapped process is dead; one without a trap, until it has been quiet for a while."""
    quiet, last = 0, 0
    for _ in range(600):
        if not town.network.role_is_running("bots"):
            return True
        now = len(crossed(mark))
        quiet, last = (quiet + 1 if now == last and now else 0), now
        if crossing == NONE and quiet >= 20:
            return False
        if crossing != NONE and quiet >= 60:
            return False
        await asyncio.sleep(0.1)
    return False


def _of_room(names: list[str]) -> list[str]:
    """Return the crossings that have to do with rooms: the others are those of every sync."""
    making = [name for name in names if "http" not in name or "rooms" in name or "createRoom" in name]
    return making if EVERY else [name for name in making if name in TELLING_OF_ROOM]


def _said_once(witness: Witness, room: str, before: int) -> None:
    bodies = [
        each.body for each in witness.messages[before:] if each.room_id == room and each.sender != witness.user_id
    ]
    alarming = [body for body in bodies if "alert, open the app" in body or "ALERT" in body]
    assert len(alarming) == 2, alarming
    # Of two alerts that end within a minute it is said twice, in the same words, when the review is due.
    reminders = ("after what happened", "reminder, open the app")
    once = [body for body in bodies if not any(each in body for each in reminders)]
    assert len(set(once)) == len(once), bodies


async def _is_the_identity(watcher: Homeserver, user: str, device_id: str, directory: Path) -> None:
    """See as somebody else that the published identity is the one whose seed is here, and that it signed the device."""
    published = await watcher.query_keys([user])
    master = cross_signing.key_in(published["master_keys"][user], user, "master")
    seed = base64.b64decode((directory / MASTER_SEED_FILE).read_bytes())
    assert master == cross_signing.public_key(seed)
    signing = published["self_signing_keys"][user]
    assert cross_signing.is_signed(signing, user, master or "")
    signing_key = cross_signing.key_in(signing, user, "self_signing")
    assert cross_signing.is_signed(published["device_keys"][user][device_id], user, signing_key or "")
