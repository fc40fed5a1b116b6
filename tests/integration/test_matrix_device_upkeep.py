"""What the bot's device keeps up by itself at a real homeserver: sessions, keys, its place, its one process."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import vodozemac

from bots.account.credentials import DeviceLost
from bots.device.device import MatrixDevice
from bots.device.intake import TOKEN
from bots.device.received import Received
from bots.olm.olm_machine import OLM, OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.store_lock import StoreInUse
from bots.wire.homeserver import Homeserver
from core.clock import SystemClock
from core.errors import Conflict, Permanent, Temporary
from tests.device_world import SECRET, World, messages, room_with, say
from tests.unsigned_device import unsigned_in_room

pytest_plugins = ("tests.fixtures_device_world",)
pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
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


async def test_a_broken_session_is_replaced(world: World, tmp_path: Path) -> None:
    bot = await world.bot(tmp_path / "bot")
    plain, script, user_id, room_id = await unsigned_in_room(world, bot, tmp_path / "plain")
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
