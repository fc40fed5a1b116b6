"""Keys that are there before anybody speaks, and who is said to hold them; the homeserver is the small one of keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agencies.attestation import Attestation
from agencies.model import Person
from bots.account.credentials import Credentials
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.received import MembershipChange, Received
from bots.keys.sharing import Sharing
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.rooms.rooms import Room
from bots.sending.key_giving import KeyGiving
from bots.sending.key_warming import BEFORE_A_WINDOW, KeyWarming
from bots.wire.homeserver import Homeserver
from core import key_holders
from core.database import Database
from core.key_holders import Holding, KeyState, KeyWindow
from core.outbox import Target, TargetKind
from crypto import cross_signing
from tests.attesting import attestation
from tests.clock import MovableClock
from tests.key_server import KeyServer, PersonDevice, key_server
from tests.olm_party import begin_anew
from tests.people import Scene
from tests.waiting import until

ROOM, DUTY = "!core:streha.localhost", "!duty:streha.localhost"
BOT = "@bot:streha.localhost"
SECRET = b"an invented store key of 32 bytes"


@dataclass(kw_only=True)
class Bot:
    """What of the bot gives keys out, on its own disk."""

    device: MatrixDevice
    keys: KeyGiving
    warming: KeyWarming
    occupants: Occupants

    async def look(self) -> int:
        """Look once, and write down what came of it."""
        looked = await self.warming.look()
        await self.keys.holders.write(self.warming._database)
        return looked

    def hears(self, device: PersonDevice, at: datetime, *, bound: bool = True) -> None:
        """Take a message of somebody's device in."""
        said: dict[str, Any] = {"body": "Here", "msgtype": "m.text"}
        # What a homeserver says goes by the machine's clock, whatever that of the test shows.
        at -= self.warming._clock.offset
        self.warming.notice(
            Received(
                room_id=ROOM, event_id="$word", sender=device.user_id, sent_at=at, event_type="m.room.message",
                content=said, sender_device_id=device.device_id, sender_identity=None, bound=bound,
            )
        )  # fmt: skip


@dataclass(kw_only=True)
class Place:
    """A case's channel and a duty room, their members' devices, and a homeserver."""

    database: Database
    clock: MovableClock
    scene: Scene
    server: KeyServer
    directory: Path
    http: aiohttp.ClientSession
    resources: AsyncExitStack
    lease: Lease
    devices: dict[str, PersonDevice] = field(default_factory=dict)
    linked: dict[str, Attestation] = field(default_factory=dict)
    bots: list[MatrixDevice] = field(default_factory=list)

    @property
    def core(self) -> Target:
        return Target(kind=TargetKind.COMPARTMENT, id=self.scene.case.core.id)

    def device_of(self, person: Person) -> PersonDevice:
        return self.devices[person.matrix_user]

    async def room(self, target: Target, room_id: str) -> Room:
        """Let a room be there, with everybody in it who belongs there."""
        async with self.database.transaction() as tx:
            await rooms.want_rooms(tx, self.clock.now())
            await rooms.created(tx, target, room_id)
            await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)
            room = (await rooms.rooms(tx, [target]))[target]
        for user_id in room.members:
            if user_id not in self.devices:
                self.server.person(user_id)
                self.devices[user_id] = self.server.device(user_id, "PHONE")
                identity = cross_signing.public_key(self.server.identities[user_id].master)
                self.linked[user_id] = attestation(user_id, identity)
            self.server.joined[room_id].add(user_id)
        for bot in self.bots:
            bot.attest(self.linked)
        return room

    def bot(self) -> Bot:
        """Start the bot; a second time, it goes on from the disk."""
        store = OlmStore(BOT, "BOT", self.directory, SECRET)
        self.resources.callback(store.close)
        homeserver = Homeserver(self.server.url, self.http, "a token")
        device = MatrixDevice(
            homeserver, OlmMachine(BOT, "BOT", store), Credentials(self.directory, SECRET), self.clock, AsyncExitStack()
        )
        device.attest(self.linked)
        self.bots.append(device)
        occupants = Occupants(homeserver)
        keys = KeyGiving(self.database, self.clock, device, occupants)
        warming = KeyWarming(self.database, self.clock, device, keys, occupants)
        return Bot(device=device, keys=keys, warming=warming, occupants=occupants)

    async def told(self, *, by_an_active_bot: bool = True) -> dict[str, Holding]:
        """Return what is told of the channel, by user."""
        if by_an_active_bot:
            await self.lease.acquire()
        async with self.database.transaction() as tx:
            found = await key_holders.holdings(tx, [self.core.id], self.clock.now())
            room = (await rooms.rooms(tx, [self.core]))[self.core]
        people = {person: user for user, person in room.members.items()}
        return {people[each]: holding for each, holding in found.get(self.core.id, {}).items()}  # type: ignore[index]


@pytest.fixture
async def place(database: Database, clock: MovableClock, scene: Scene, tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(key_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        yield Place(
            database=database, clock=clock, scene=scene, server=server, directory=tmp_path, http=http,
            resources=resources, lease=Lease(database, clock),
        )  # fmt: skip


async def alert(bot: Bot, room: Room) -> Sharing:
    """Do what whoever speaks in a room does first."""
    return (await bot.keys.give([room]))[str(room.room_id)]


async def test_after_a_restart_an_alert_asks_for_nothing_and_is_not_said_twice(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    first = place.bot()
    assert await first.look() == 1
    assert {user for user, _device in (await alert(first, room)).holders} == room.members.keys()

    bot = place.bot()
    assert await bot.look() == 1
    place.server.asked.clear()
    sharing = await alert(bot, room)
    assert {user for user, _device in sharing.holders} == room.members.keys()
    assert not sharing.newcomers | sharing.failed
    bot.device.encrypt(ROOM, "m.room.message", {"body": "marked"})
    assert await bot.look() == 0
    assert not place.server.asked


async def test_whoever_comes_and_whatever_they_sign_in_with_gets_keys_before_anybody_speaks(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    user_id = place.scene.member.matrix_user
    place.server.joined[ROOM].discard(user_id)
    bot = place.bot()
    await bot.look()
    assert not place.server.keys_for(place.devices[user_id])
    bot.occupants.notice(
        MembershipChange(
            room_id=ROOM, event_id="$join", user_id=user_id, membership="join", by=user_id, sent_at=place.clock.now()
        )
    )
    assert await bot.look() == 1
    assert len(place.server.keys_for(place.devices[user_id])) == 1

    tablet = place.server.device(user_id, "TABLET")
    bot.device._directory.mark_changed([user_id])
    assert await bot.look() == 1
    assert len(place.server.keys_for(tablet)) == 1
    place.server.asked.clear()
    assert not (await alert(bot, room)).failed
    assert not place.server.asked


async def test_a_key_is_followed_before_it_is_worn(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    bot = place.bot()
    await bot.look()
    before = (await alert(bot, room)).session_id
    place.clock.move(timedelta(days=6, hours=20))
    assert await bot.look() == 1
    after = await alert(bot, room)
    assert after.session_id != before
    place.clock.move(timedelta(days=1))
    place.server.asked.clear()
    assert (await alert(bot, room)).session_id == after.session_id
    assert not place.server.asked


async def test_who_is_said_to_hold_a_key_has_earned_it(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    scene, server = place.scene, place.server
    coordinator, deputy, member = (place.device_of(each) for each in (scene.coordinator, scene.deputy, scene.member))
    outsider = scene.ngo.worker.matrix_user
    server.joined[ROOM].discard(outsider)
    server.bad_keys[member.address] = None
    server.devices[deputy.user_id].clear()
    server.device(deputy.user_id, "OLD", signed=False)
    bot = place.bot()
    bot.hears(coordinator, place.clock.now())
    await bot.look()
    states = {user: holding.state for user, holding in (await place.told()).items()}
    assert states == {
        coordinator.user_id: KeyState.GIVEN,
        deputy.user_id: KeyState.WITHHELD,
        member.user_id: KeyState.NO_WAY,
        outsider: KeyState.NOT_JOINED,
    }
    assert states.keys() == room.members.keys()

    # Words from before the key, words that may be anybody's, and words of another device earn nothing.
    place.clock.move(timedelta(minutes=5))
    bot.hears(coordinator, place.clock.now() - timedelta(minutes=6))
    bot.hears(coordinator, place.clock.now(), bound=False)
    bot.hears(deputy, place.clock.now())
    await bot.look()
    assert (await place.told())[coordinator.user_id].state is KeyState.GIVEN
    # A homeserver that dates a word into the future makes nobody newer than now.
    bot.hears(coordinator, place.clock.now() + timedelta(days=1))
    await bot.look()
    holding = (await place.told())[coordinator.user_id]
    assert holding == Holding(state=KeyState.HOLDS, seen_at=place.clock.now().replace(second=0, microsecond=0))

    # Another key is to be earned anew; the time when somebody was seen is not forgotten, even by the next bot.
    bot.device.rotate(ROOM)
    await bot.look()
    assert (await place.told())[coordinator.user_id] == Holding(state=KeyState.GIVEN, seen_at=holding.seen_at)
    server.devices[deputy.user_id].clear()
    bot.device._directory.mark_changed([deputy.user_id])
    await bot.look()
    assert (await place.told())[deputy.user_id].state is KeyState.NO_DEVICE

    again = place.bot()
    async with place.database.transaction() as tx:
        await again.keys.holders.begin(tx)
    assert (await place.told())[coordinator.user_id] == Holding(state=KeyState.OWED, seen_at=holding.seen_at)
    await again.look()
    assert (await place.told())[coordinator.user_id] == Holding(state=KeyState.GIVEN, seen_at=holding.seen_at)


async def test_who_began_anew_has_to_earn_its_key_again(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    bot, coordinator = place.bot(), place.device_of(place.scene.coordinator)
    await bot.look()
    place.clock.move(timedelta(minutes=5))
    bot.hears(coordinator, place.clock.now())
    await bot.look()
    assert (await place.told())[coordinator.user_id].state is KeyState.HOLDS
    begin_anew(coordinator, bot.device._machine)
    # What it says now, it may say without having read anything; and the homeserver does not take its key.
    place.clock.move(timedelta(minutes=5))
    place.server.failing.add("send")
    bot.hears(coordinator, place.clock.now())
    assert await bot.look() == 1
    assert (await place.told())[coordinator.user_id].state is KeyState.OWED
    place.server.failing.clear()
    await bot.keys.give_ahead([room])
    await bot.look()
    assert (await place.told())[coordinator.user_id].state is KeyState.GIVEN
    assert place.server.keys_for(coordinator)
    place.clock.move(timedelta(minutes=5))
    bot.hears(coordinator, place.clock.now())
    await bot.look()
    assert (await place.told())[coordinator.user_id].state is KeyState.HOLDS
    # Given again at once, it has to be earned all the same.
    bot.device._sharing._again_at.clear()
    begin_anew(coordinator, bot.device._machine)
    assert await bot.look() == 1
    assert (await place.told())[coordinator.user_id].state is KeyState.GIVEN


async def test_what_changes_without_a_key_is_told_all_the_same(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    user_id = place.scene.member.matrix_user
    place.server.joined[ROOM].discard(user_id)
    place.server.devices[user_id].clear()
    bot = place.bot()
    await bot.look()
    assert (await place.told())[user_id].state is KeyState.NOT_JOINED
    bot.occupants.notice(
        MembershipChange(
            room_id=ROOM, event_id="$join", user_id=user_id, membership="join", by=user_id, sent_at=place.clock.now()
        )
    )
    await bot.look()
    bot.warming.review([room])
    await bot.look()
    assert (await place.told())[user_id].state is KeyState.NO_DEVICE


async def test_without_an_active_bot_nobody_is_said_to_hold_anything(place: Place) -> None:
    await place.room(place.core, ROOM)
    await place.bot().look()
    assert await place.told()
    place.clock.move(timedelta(minutes=1))
    assert await place.told(by_an_active_bot=False) == {}


async def test_of_a_room_that_has_ended_nothing_is_kept(place: Place) -> None:
    await place.room(place.core, ROOM)
    bot = place.bot()
    await bot.look()
    async with place.database.transaction() as tx:
        await rooms.closed(tx, place.core, place.clock.now())
    await bot.look()
    async with place.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM key_holders") == 0


async def test_for_a_planned_window_the_key_is_new_and_stays(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    bot = place.bot()
    await bot.look()
    before = (await alert(bot, room)).session_id
    opens_at = place.clock.now() + timedelta(hours=2)
    window = KeyWindow(target=place.core, opens_at=opens_at, closes_at=opens_at + timedelta(hours=3))
    async with place.database.transaction() as tx:
        await key_holders.plan_window(tx, window)
    assert await bot.look() == 0
    place.clock.move(timedelta(hours=2) - BEFORE_A_WINDOW)
    assert await bot.look() == 1
    assert await bot.look() == 0
    ahead = (await alert(bot, room)).session_id
    assert ahead != before
    place.clock.set(opens_at)
    await bot.look()
    for _ in range(150):
        bot.device.encrypt(ROOM, "m.room.message", {"body": "marked"})
    assert await bot.look() == 0
    assert (await alert(bot, room)).session_id == ahead
    place.clock.set(window.closes_at)
    assert await bot.look() == 1
    assert (await alert(bot, room)).session_id != ahead
    async with place.database.transaction() as tx:
        assert await key_holders.windows(tx, place.clock.now() - timedelta(days=1), place.clock.now()) == []


async def test_warming_stands_back_while_somebody_speaks(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    other = await place.room(Target(kind=TargetKind.DESK, id=place.scene.ngo.desk_id), DUTY)  # type: ignore[arg-type]
    bot = place.bot()
    place.server.hanging.add("query")
    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(alert(bot, room))
        await until(lambda: place.server.asked["query"] == 1)
        warming = tasks.create_task(bot.keys.give_ahead([other]))
        await until(lambda: bool(bot.keys._silence._waiters))
        assert place.server.asked == {"members": 1, "query": 1}
        place.server.free.set()
    assert {user for user, _device in speaking.result().holders} == room.members.keys()
    assert warming.done()
    assert bot.device.keys.complete({DUTY: other.members.keys()}) == {DUTY}


async def test_whoever_asks_for_warm_keys_gets_them_at_once(place: Place) -> None:
    await place.room(place.core, ROOM)
    bot = place.bot()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bot.warming.run())
        await until(lambda: bot.device.keys.complete({ROOM: place.server.joined[ROOM]}) == {ROOM})
        user_id = place.scene.member.matrix_user
        tablet = place.server.device(user_id, "TABLET")
        # What the homeserver says of its devices wakes it, and so does whoever asks.
        bot.device._directory.mark_changed([user_id])
        await until(lambda: bool(place.server.keys_for(tablet)))
        duty = Target(kind=TargetKind.DESK, id=place.scene.ngo.desk_id)  # type: ignore[arg-type]
        officers = (await place.room(duty, DUTY)).members.keys()
        async with place.database.transaction() as tx:
            await key_holders.warm(tx)
        await until(lambda: bot.device.keys.complete({DUTY: officers}) == {DUTY})
        running.cancel()


async def test_what_somebody_is_owed_is_given_by_whoever_has_time(place: Place) -> None:
    room = await place.room(place.core, ROOM)
    bot = place.bot()
    place.server.failing.add("claim")
    assert not (await alert(bot, room)).holders
    assert bot.keys.owed.keys() == {ROOM}
    bot.keys.owed_elsewhere = True
    assert bot.keys.owed_in == float("inf")
    bot.keys._due = 0.0
    place.server.failing.clear()
    # Whoever speaks does not do it any more; a look leaves it to its own time.
    await bot.keys.give_owed()
    assert await bot.look() == 0
    assert not place.server.sent
    await bot.keys.give_owed(unhurried=True)
    assert not bot.keys.owed
    assert {user for user, _device in (await alert(bot, room)).holders} == room.members.keys()
