"""The bot's device against a real homeserver, strict clients and people who mean it ill."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.device.received import MembershipChange, Received, SettingChange, Undecryptable
from bots.olm.room_sessions import KeysNotShared
from tests.clock import MovableClock
from tests.device_world import ENCRYPTION, JOINED_ONLY, World, messages, room_with, say, until
from tests.unsigned_device import poison, unsigned_device, unsigned_in_room

pytest_plugins = ("tests.fixtures_device_world",)
pytestmark = pytest.mark.slow


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
    plain, script, user_id, room_id = await unsigned_in_room(world, bot, tmp_path / "plain")
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

    # A key that reaches back only to the second message does not open the first, which is not told again.
    await plain.gives_key(room_id, bot)

    async def came() -> bool:
        return bot._store.room_key(sealed.session_id) is not None

    await until(bot, came)
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
