"""The bot's device against a real homeserver, strict clients and people who mean it ill."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import vodozemac

from bots.account.credentials import DeviceLost
from bots.device.device import MatrixDevice
from bots.device.intake import TOKEN
from bots.device.received import MembershipChange, Received, SettingChange, Undecryptable
from bots.keys.key_directory import KeyDirectory
from bots.keys.sharing import KeySharing
from bots.olm.olm_machine import OLM, OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import KeysNotShared, RoomSessions
from bots.olm.store_lock import StoreInUse
from bots.wire.homeserver import Homeserver
from core.clock import Clock, SystemClock
from core.errors import Conflict, Permanent, Temporary
from deploy.stack import LocalStack
from deploy.witness import Witness, Witnesses
from tests.attesting import attest_all, attest_devices
from tests.clock import MovableClock

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
SECRET = b"an invented store key of 32 bytes"
ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 50},
}
JOINED_ONLY = {
    "type": "m.room.history_visibility",
    "state_key": "",
    "content": {"history_visibility": "joined"},
}
numbers = count(1)

# A process of its own that takes a message in and dies before it is handled.
KILLED = """
import asyncio, os, signal, sys
sys.path.insert(0, {checkout!r})
from pathlib import Path
from bots.device.device import MatrixDevice
from bots.device.received import Received
from core.clock import SystemClock

async def main():
    device = await MatrixDevice.open(
        homeserver_url={url!r}, user_id={user!r}, password={password!r}, directory=Path({directory!r}),
        store_secret={secret!r}, clock=SystemClock(),
    )
    while not any(isinstance(arrival, Received) for arrival in device.pending()):
        await device.sync_once(5)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@dataclass(kw_only=True)
class World:
    """One homeserver, its strict clients, and the bot devices of one test."""

    stack: LocalStack
    witnesses: Witnesses
    http: aiohttp.ClientSession
    resources: AsyncExitStack
    # The bot that was opened last, and everybody who is linked, by what their clients show.
    bot_now: MatrixDevice | None = None
    clients: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.stack.addresses.homeserver_url

    async def account(self, name: str) -> tuple[str, str]:
        localpart = f"{name}-{next(numbers)}"
        password = f"{localpart}-password"
        return await self.stack.register(localpart, password), password

    async def person(self, name: str, *, autojoin: bool = True) -> Witness:
        user_id, password = await self.account(name)
        witness = await self.witnesses.add(user_id, user_id, password, autojoin=autojoin)
        await self.link(witness)
        return witness

    async def link(self, witness: Witness) -> None:
        """Confirm somebody's device, for the bot that there is and for those to come."""
        self.clients.append((witness.user_id, witness.device_id, await witness.session_key()))
        if self.bot_now is not None:
            await attest_devices(self.bot_now, self.clients)

    async def bot(self, directory: Path, clock: Clock | None = None) -> MatrixDevice:
        user_id, password = await self.account("bot")
        await self.stack.lift_rate_limits(user_id)
        return await self.open(directory, user_id, password, clock)

    async def open(self, directory: Path, user_id: str, password: str, clock: Clock | None = None) -> MatrixDevice:
        device = await MatrixDevice.open(
            homeserver_url=self.url,
            user_id=user_id,
            password=password,
            directory=directory,
            store_secret=SECRET,
            clock=clock or SystemClock(),
        )
        self.resources.push_async_callback(device.close)
        self.bot_now = device
        await attest_devices(device, self.clients)
        return device

    async def signed_in(self, user_id: str, password: str) -> tuple[Homeserver, str]:
        """Sign in without any encryption, as a script would."""
        anonymous = Homeserver(self.url, self.http)
        _user_id, device_id, token = await anonymous.login(user_id, password, display_name="a script")
        return anonymous.as_device(token), device_id


@pytest.fixture
async def world(stack: LocalStack, witnesses: Witnesses) -> AsyncIterator[World]:
    async with AsyncExitStack() as resources:
        http = await resources.enter_async_context(aiohttp.ClientSession())
        yield World(stack=stack, witnesses=witnesses, http=http, resources=resources)


async def room_with(bot: MatrixDevice, *members: Witness) -> str:
    """Create a room as a channel is, and wait until everybody is in and knows the bot.

    Everybody says a word first: to do so, a client has to learn whose device the bot's is. A strict client
    refuses for good what reaches it before.
    """
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION, JOINED_ONLY],
        power_levels={},
        creation_content={"m.federate": False},
        invite=[member.user_id for member in members],
    )
    for member in members:
        await member.joined(room_id, bot.user_id, *(other.user_id for other in members))
        await member.send(room_id, "Here")
    await messages(bot, len(members))
    for arrival in bot.pending():
        bot.done(arrival.event_id)
    return room_id


async def until(bot: MatrixDevice, fulfilled: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await fulfilled():
            await bot.sync_once(1)


async def messages(bot: MatrixDevice, wanted: int = 1) -> list[Received]:
    """Sync until so many messages are pending."""
    async with asyncio.timeout(60):
        while True:
            found = [arrival for arrival in bot.pending() if isinstance(arrival, Received)]
            if len(found) >= wanted:
                return found
            await bot.sync_once(1)


async def say(bot: MatrixDevice, room_id: str, body: str) -> str:
    sealed = bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": body, "m.mentions": {}})
    return await bot.put(sealed)


async def test_a_strict_client_reads_the_bot_and_is_read(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    ana = await world.person("ana", autojoin=False)
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION, JOINED_ONLY],
        power_levels={},
        creation_content={"m.federate": False},
        invite=[ana.user_id],
    )
    assert await ana.invited() == room_id
    await ana.join(room_id)
    await ana.joined(room_id, bot.user_id)
    sent = await ana.send(room_id, "Primljeno", mentions=(bot.user_id,))
    (received,) = await messages(bot)
    assert (received.event_id, received.room_id, received.sender) == (sent, room_id, ana.user_id)
    assert (received.body, received.msgtype, received.bound) == ("Primljeno", "m.text", True)
    assert received.sender_device_id is not None
    assert received.sender_identity is not None

    changes = [arrival for arrival in bot.pending() if isinstance(arrival, MembershipChange)]
    assert [(change.user_id, change.membership, change.by) for change in changes] == [
        (bot.user_id, "join", bot.user_id),
        (ana.user_id, "invite", bot.user_id),
        (ana.user_id, "join", ana.user_id),
    ]
    heard = [[each for each in bot.pending() if not isinstance(each, SettingChange)] for _ in range(2)]
    assert heard == [[*changes, received]] * 2
    for arrival in bot.pending():
        bot.done(arrival.event_id)
    assert bot.pending() == []

    with pytest.raises(KeysNotShared):
        bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "too early"})
    sharing = await bot.share_keys(room_id, {ana.user_id, bot.user_id})
    assert {user_id for user_id, _device in sharing.holders} == {ana.user_id}
    assert not sharing.withheld | sharing.failed | sharing.unreached | sharing.newcomers
    event_id = await say(bot, room_id, "Dobro jutro")
    read = await ana.wait_for("Dobro jutro", room_id)
    assert (read.event_id, read.sender, read.encrypted) == (event_id, bot.user_id, True)
    assert (read.shield, read.shield_reason) == ("none", None)


async def test_a_sealed_event_is_one_event_however_often_it_is_put(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    ana = await world.person("ana")
    room_id = await room_with(bot, ana)
    assert not (await bot.share_keys(room_id, {ana.user_id})).unreached
    sealed = bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "Once"})
    async with asyncio.TaskGroup() as group:
        puts = [group.create_task(bot.put(sealed)) for _ in range(8)]
    assert len({put.result() for put in puts}) == 1
    await ana.wait_for("Once", room_id)
    await say(bot, room_id, "Afterwards")
    await ana.wait_for("Afterwards", room_id)
    assert [message.body for message in ana.messages if message.body == "Once"] == ["Once"]


async def test_new_keys_go_to_the_named_members_only(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    ana, boris = await world.person("ana"), await world.person("boris")
    room_id = await room_with(bot, ana, boris)
    before = await bot.share_keys(room_id, {ana.user_id, boris.user_id})
    await say(bot, room_id, "Both of you")
    await boris.wait_for("Both of you", room_id)

    # Boris is no member any more but still in the room, as between the decision and its effect.
    after = await bot.share_keys(room_id, {ana.user_id})
    assert after.session_id != before.session_id
    assert boris.user_id not in {user_id for user_id, _device in after.holders}
    event_id = await say(bot, room_id, "Ana alone")
    await ana.wait_for("Ana alone", room_id)
    await boris.wait_for_failure(event_id)

    # Who leaves ends the key at once, before anybody has decided anything.
    await bot.share_keys(room_id, {ana.user_id, boris.user_id})
    await boris.leave(room_id)

    async def refuses() -> bool:
        try:
            bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "nobody sees this"})
        except KeysNotShared:
            return True
        return False

    await until(bot, refuses)


async def test_one_sharing_serves_many_rooms(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    ana, boris = await world.person("ana"), await world.person("boris")
    members = {ana.user_id, boris.user_id}
    rooms = [await room_with(bot, ana, boris) for _ in range(4)]
    sharings = await bot.share_keys_many(dict.fromkeys(rooms, members))
    assert all({user for user, _device in sharing.holders} == members for sharing in sharings.values())
    for room_id in rooms:
        await say(bot, room_id, f"In {room_id}")
    for room_id in rooms:
        for witness in (ana, boris):
            await witness.wait_for(f"In {room_id}", room_id)
    again = await bot.share_keys_many(dict.fromkeys(rooms, members))
    assert {room: sharing.session_id for room, sharing in again.items()} == {
        room: sharing.session_id for room, sharing in sharings.items()
    }
    bot.rotate(rooms[0])
    assert (await bot.share_keys(rooms[0], members)).session_id != sharings[rooms[0]].session_id


async def test_a_new_device_reads_from_now_on(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    user_id, password = await world.account("ana")
    first = await world.witnesses.add(f"{user_id} first", user_id, password)
    await world.link(first)
    room_id = await room_with(bot, first)
    before = await bot.share_keys(room_id, {user_id})
    await say(bot, room_id, "Before")
    await first.wait_for("Before", room_id)
    second, device_id = await world.signed_in(user_id, password)
    stranger = await unsigned_device(world, tmp_path / "second", user_id, device_id, second)

    async def noticed() -> bool:
        return bool((await bot.share_keys(room_id, {user_id})).withheld)

    await until(bot, noticed)
    after = await bot.share_keys(room_id, {user_id})
    # The device without its owner's signature changes nothing for the others, and gets nothing itself.
    assert after.session_id == before.session_id
    assert after.withheld == {(user_id, device_id)}
    assert after.holders == before.holders
    answer = await second.sync(since=None, wait=0, sync_filter={})
    withheld = [event for event in answer["to_device"]["events"] if event["type"] == "m.room_key.withheld"]
    assert [event["content"]["code"] for event in withheld] == ["m.unverified"]

    # What it writes is read, for an alarm may come from there, but it is nobody's word.
    await stranger.gives_key(room_id, bot)
    sealed = stranger.sessions.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "panic"})
    await second.put_event(room_id, "m.room.encrypted", sealed.transaction_id, sealed.content)
    (received,) = await messages(bot)
    assert (received.body, received.bound, received.sender_device_id) == ("panic", False, device_id)


@dataclass(kw_only=True)
class Unsigned:
    """A device with encryption, but without its owner's signature, as a plain bot has."""

    machine: OlmMachine
    directory: KeyDirectory
    sessions: RoomSessions
    sharing: KeySharing

    async def gives_key(self, room_id: str, bot: MatrixDevice) -> None:
        """Give a room's key to the bot, whoever it may be."""
        await self.sharing.refresh([bot.user_id])
        attest_all(self.directory, [bot.user_id])
        await self.sharing.share({room_id: {bot.user_id}})


async def unsigned_device(
    world: World, directory: Path, user_id: str, device_id: str, homeserver: Homeserver
) -> Unsigned:
    directory.mkdir()  # noqa: ASYNC240 (a test may wait for its disk)
    store = OlmStore(user_id, device_id, directory, SECRET)
    world.resources.callback(store.close)
    machine = OlmMachine(user_id, device_id, store)
    await homeserver.upload_keys(machine.keys_to_publish(0, fallback_needed=True))
    machine.keys_published()
    keys = KeyDirectory(store, machine.device_store, SystemClock())
    sessions = RoomSessions(store, SystemClock(), device_id, machine.curve25519)
    sharing = KeySharing(homeserver, machine, keys, sessions)
    return Unsigned(machine=machine, directory=keys, sessions=sessions, sharing=sharing)


def poison(bot: MatrixDevice, mallory: Unsigned) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield to-device events that a client may not choke on."""
    me = bot.curve25519

    def sealed(body: object, kind: object = 0, sender_key: object = mallory.machine.curve25519) -> dict[str, Any]:
        return {"algorithm": OLM, "sender_key": sender_key, "ciphertext": {me: {"type": kind, "body": body}}}

    account, foreign = vodozemac.Account(), vodozemac.Account()
    foreign.generate_one_time_keys(1)
    (one_time_key,) = foreign.one_time_keys.values()
    key = vodozemac.Curve25519PublicKey.from_base64(me)
    unknown = account.create_outbound_session(key, one_time_key).encrypt(b"{}").to_parts()[1]
    body = base64.b64encode(unknown).decode().rstrip("=")
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    yield "m.room.encrypted", sealed(body, 0, account.curve25519_key.to_base64())
    bodies: tuple[Any, ...] = ("", "!", "AAAA", body[:40], body + "A", 7, None, [], {}, "A" * 20_000)
    for bad in bodies:
        for kind in (0, 1):
            yield "m.room.encrypted", sealed(bad, kind)
    kinds: tuple[Any, ...] = (2, -1, "0", None, [])
    for kind in kinds:
        yield "m.room.encrypted", sealed(body, kind)
    sender_keys: tuple[Any, ...] = ("", "short", 5, None, [], "A" * 43)
    for sender_key in sender_keys:
        yield "m.room.encrypted", sealed(body, 0, sender_key)
    contents: tuple[Mapping[str, Any], ...] = (
        {},
        {"algorithm": OLM},
        {"algorithm": []},
        {"algorithm": OLM, "ciphertext": []},
        {"a": deep},
    )
    for content in contents:
        yield "m.room.encrypted", content
    yield "m.room_key", {"algorithm": 5}
    yield "m.room_key_request", {"action": "request", "body": {}, "request_id": 5}
    yield "m.key.verification.start", {"from_device": 3}
    yield "m.room_key.withheld", {"code": []}


async def test_poison_ends_neither_the_sync_nor_its_neighbours(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path / "bot")
    ana = await world.person("ana")
    user_id, password = await world.account("mallory")
    script, device_id = await world.signed_in(user_id, password)
    mallory = await unsigned_device(world, tmp_path / "mallory", user_id, device_id, script)
    room_id = await room_with(bot, ana)
    await bot.homeserver.invite(room_id, user_id)
    await script.join(room_id)
    await bot.share_keys(room_id, {ana.user_id})
    before = dict(bot.dropped)
    for number, (kind, content) in enumerate(poison(bot, mallory)):
        await script.send_to_devices(kind, f"{device_id}-{number}", {bot.user_id: {bot.device_id: content}})
    megolm = {"algorithm": "m.megolm.v1.aes-sha2", "device_id": "X", "sender_key": "Y"}
    extras: tuple[Mapping[str, Any], ...] = (
        {},
        {"session_id": 5},
        {"session_id": "s", "ciphertext": 5},
        {"session_id": "s", "ciphertext": "!"},
    )
    for number, extra in enumerate(extras):
        await script.put_event(room_id, "m.room.encrypted", f"t{number}", {**megolm, **extra})
    await script.put_event(room_id, "m.room.message", "plain", {"msgtype": "m.text", "body": "stand-down"})
    await ana.joined(room_id, user_id)
    genuine = await ana.send(room_id, "panic")

    (received,) = await messages(bot)
    assert (received.event_id, received.body, received.bound) == (genuine, "panic", True)
    assert bot.dropped["to_device"] > before.get("to_device", 0)
    assert bot.dropped["plaintext"] == 1
    await say(bot, room_id, "Still here")
    await ana.wait_for("Still here", room_id)


async def test_a_message_without_its_key_is_told_in_time(world: World, tmp_path: Path) -> None:
    clock = MovableClock()
    bot = await world.bot(tmp_path / "bot", clock)
    user_id, password = await world.account("plain")
    script, device_id = await world.signed_in(user_id, password)
    plain = await unsigned_device(world, tmp_path / "plain", user_id, device_id, script)
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION],
        power_levels={},
        creation_content={},
        invite=[user_id],
    )
    await script.join(room_id)
    # The message is sealed before anybody was to get its key.
    await plain.sharing.share({room_id: set()})
    sealed = plain.sessions.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "first"})
    event_id = await script.put_event(room_id, "m.room.encrypted", "late", sealed.content)

    async def waits() -> bool:
        return bool(bot._store.inbox(ready=False))

    await until(bot, waits)
    assert not [arrival for arrival in bot.pending() if isinstance(arrival, Received | Undecryptable)]
    clock.move(timedelta(seconds=31))
    (late,) = [arrival for arrival in bot.pending() if isinstance(arrival, Undecryptable)]
    assert (late.event_id, late.sender, late.room_id) == (event_id, user_id, room_id)
    bot.done(late.event_id)
    assert late not in bot.pending()

    # A key that reaches back only to the second message does not open the first: that one is dropped.
    await plain.gives_key(room_id, bot)

    async def given_up() -> bool:
        return bot.dropped.get("unreadable", 0) > 0

    await until(bot, given_up)
    assert not bot._store.inbox(ready=False)
    second = plain.sessions.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "second"})
    await script.put_event(room_id, "m.room.encrypted", "second", second.content)
    (received,) = await messages(bot)
    assert (received.body, received.bound) == ("second", False)


async def test_who_is_not_linked_reads_nothing_and_is_nobody(world: World, tmp_path: Path) -> None:
    """A strict client with everything in order, except that nobody has confirmed whose it is, and then begins anew."""
    bot = await world.bot(tmp_path)
    ana = await world.person("ana")
    user_id, password = await world.account("boris")
    boris = await world.witnesses.add(user_id, user_id, password)
    room_id = await room_with(bot, ana, boris)
    await boris.send(room_id, "ack")
    (received,) = await messages(bot)
    assert (received.body, received.current, received.bound) == ("ack", True, False)
    bot.done(received.event_id)
    sharing = await bot.share_keys(room_id, {ana.user_id, boris.user_id})
    assert (set(sharing.unreached), {user for user, _device in sharing.withheld}) == ({user_id}, {user_id})
    hidden = await say(bot, room_id, "Ana alone")
    await ana.wait_for("Ana alone", room_id)
    await boris.wait_for_failure(hidden)

    await world.link(boris)
    assert not (await bot.share_keys(room_id, {ana.user_id, boris.user_id})).unreached
    await say(bot, room_id, "Both")
    await boris.wait_for("Both", room_id)
    await boris.reset_identity()

    async def noticed() -> bool:
        await bot.keys.refresh([user_id])
        return not bot.attestations.confirmed(user_id)

    await until(bot, noticed)
    assert [each.matrix_user for each in bot.attestations.to_note()] == [user_id]
    with pytest.raises(KeysNotShared):
        bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": "nobody sees this"})
    assert set((await bot.share_keys(room_id, {ana.user_id, boris.user_id})).unreached) == {user_id}


async def test_a_broken_session_is_replaced(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path / "bot")
    user_id, password = await world.account("plain")
    script, device_id = await world.signed_in(user_id, password)
    plain = await unsigned_device(world, tmp_path / "plain", user_id, device_id, script)
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION],
        power_levels={},
        creation_content={},
        invite=[user_id],
    )
    await script.join(room_id)
    await bot.share_keys(room_id, {user_id})
    # The device writes with a one-time key that the bot never had, as after a restored backup.
    foreign = vodozemac.Account()
    foreign.generate_one_time_keys(1)
    (one_time_key,) = foreign.one_time_keys.values()
    session = plain.machine.create_session(one_time_key.to_base64(), bot.curve25519)
    kind, ciphertext = session.encrypt("{}").to_parts()
    box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
    content = {
        "algorithm": OLM,
        "sender_key": plain.machine.curve25519,
        "ciphertext": {bot.curve25519: box},
    }
    await script.send_to_devices("m.room.encrypted", "broken", {bot.user_id: {bot.device_id: content}})
    await bot.sync_once(5)
    answer = await script.sync(since=None, wait=5, sync_filter={})
    (dummy,) = [event for event in answer["to_device"]["events"] if event["type"] == "m.room.encrypted"]
    plain.machine.session_store._entries.clear()
    with plain.machine.store.transaction():
        plain.machine.read_to_device(dummy)
    assert plain.machine.has_session(bot.curve25519)


async def test_keys_uploaded_twice_are_the_same_keys(world: World, tmp_path: Path) -> None:
    user_id, password = await world.account("plain")
    script, device_id = await world.signed_in(user_id, password)
    store = OlmStore(user_id, device_id, tmp_path, SECRET)
    world.resources.callback(store.close)
    machine = OlmMachine(user_id, device_id, store)
    for _attempt in range(2):
        held = await script.upload_keys(machine.keys_to_publish(0, fallback_needed=True))
        assert held["signed_curve25519"] == 50
    machine.keys_published()
    assert machine.keys_to_publish(50, fallback_needed=False) == {}


async def test_what_was_taken_in_survives_a_kill_before_it_is_handled(world: World, tmp_path: Path) -> None:
    user_id, password = await world.account("bot")
    bot = await world.open(tmp_path, user_id, password)
    ana = await world.person("ana")
    room_id = await room_with(bot, ana)
    device_id = bot.device_id
    await bot.close()
    sent = await ana.send(room_id, "panic")
    code = KILLED.format(
        checkout=str(CHECKOUT),
        url=world.url,
        user=user_id,
        password=password,
        directory=str(tmp_path),
        secret=SECRET,
    )
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], check=False, timeout=60, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert not any("panic" in line for line in _texts(tmp_path))

    again = await world.open(tmp_path, user_id, password)
    assert again.device_id == device_id
    (received,) = [arrival for arrival in again.pending() if isinstance(arrival, Received)]
    assert (received.event_id, received.body, received.bound) == (sent, "panic", True)
    again.done(received.event_id)
    # The session goes on after the restart: the next message in it is read, and nothing comes twice.
    following = await ana.send(room_id, "ack")
    assert [message.event_id for message in await messages(again)] == [following]
    await again.share_keys(room_id, {ana.user_id})
    await say(again, room_id, "Read after the restart")
    assert (await ana.wait_for("Read after the restart", room_id)).shield == "none"


def _texts(directory: Path) -> Iterator[str]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode("latin-1")


async def test_a_shortened_time_line_is_filled(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = await world.bot(tmp_path)
    ana = await world.person("ana")
    room_id = await room_with(bot, ana)
    script, _device_id = await world.signed_in(ana.user_id, f"{ana.user_id[1:].split(':')[0]}-password")
    first = await ana.send(room_id, "panic")
    chatter = {"msgtype": "m.text", "body": "x"}
    async with asyncio.TaskGroup() as group:
        for number in range(230):
            group.create_task(script.put_event(room_id, "m.room.message", f"n{number}", chatter))
    # Nothing is had at once, so all of it is fetched beside the sync.
    monkeypatch.setattr(bot._backfill, "_quick_seconds", 0.0)
    await bot.sync_once(1)
    assert [gap["room_id"] for gap in bot._store.gaps()] == [room_id]
    assert not any(isinstance(arrival, Received) for arrival in bot.pending())
    while bot._store.gaps():
        await bot._backfill.fill()
    (received,) = await messages(bot)
    assert (received.event_id, received.bound) == (first, True)


async def test_a_place_that_the_homeserver_does_not_know_is_given_up(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    ana = await world.person("ana")
    room_id = await room_with(bot, ana)
    bot._store.keep_value(TOKEN, "a place in another stream")
    panic = await ana.send(room_id, "panic")
    for _attempt in range(3):
        with pytest.raises(Permanent):
            await bot.sync_once(0)
    assert [received.event_id for received in await messages(bot)] == [panic]


async def test_one_process_per_device(world: World, tmp_path: Path) -> None:
    user_id, password = await world.account("bot")
    bot = await world.open(tmp_path, user_id, password)
    with pytest.raises(StoreInUse):
        await world.open(tmp_path, user_id, password)
    await bot.close()
    again = await world.open(tmp_path, user_id, password)
    assert again.device_id == bot.device_id
    await again.close()
    with pytest.raises(Conflict):
        await MatrixDevice.open(
            homeserver_url=world.url,
            user_id=user_id,
            password=password,
            directory=tmp_path,
            store_secret=b"another store key that is as long",
            clock=SystemClock(),
        )


async def test_one_time_keys_are_refilled(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path)
    user_id, password = await world.account("mallory")
    script, _device_id = await world.signed_in(user_id, password)
    claimed = set()
    for _ in range(52):
        keys = await script.claim_keys({bot.user_id: [bot.device_id]})
        ((name, key),) = keys[bot.user_id][bot.device_id].items()
        claimed.add((name, key.get("fallback", False)))
    # Fifty one-time keys, then the fallback key, again and again.
    assert len(claimed) == 51
    await bot.sync_once(0)
    keys = await script.claim_keys({bot.user_id: [bot.device_id]})
    ((name, key),) = keys[bot.user_id][bot.device_id].items()
    assert "fallback" not in key
    assert name not in {name for name, _fallback in claimed}


async def test_a_signed_out_device_says_so(world: World, tmp_path: Path) -> None:
    user_id, password = await world.account("bot")
    bot = await world.open(tmp_path, user_id, password)
    await bot.homeserver.logout()
    with pytest.raises(Permanent) as refused:
        await bot.sync_once(0)
    assert refused.value.code == "M_UNKNOWN_TOKEN"
    await bot.close()
    with pytest.raises(DeviceLost):
        await world.open(tmp_path, user_id, password)


async def test_failures_are_named_and_tell_nothing(world: World) -> None:
    nobody = Homeserver("http://127.0.0.1:9", world.http, "a token")
    with pytest.raises(Temporary):
        await nobody.versions()
    user_id, password = await world.account("ana")
    script, _device_id = await world.signed_in(user_id, password)
    with pytest.raises(Permanent) as refused:
        await script.kick("!nowhere:streha.localhost", "@marked:streha.localhost")
    assert refused.value.code.startswith("M_")
    assert "marked" not in str(refused.value)
    assert await script.account_data(user_id, "org.example.none") is None
    await script.put_account_data(user_id, "org.example.kept", {"a": 1})
    assert await script.account_data(user_id, "org.example.kept") == {"a": 1}
    assert json.dumps(await script.joined_rooms()) == "[]"


async def test_an_account_whose_limits_were_not_lifted_is_found_out(world: World) -> None:
    user_id, password = await world.account("ana")
    script, _device_id = await world.signed_in(user_id, password)
    assert await script.is_limited()
    await world.stack.lift_rate_limits(user_id)
    assert not await script.is_limited()
    assert await script.joined_rooms() == []
