"""What plain nio gets wrong in what comes in, row by row of its known defects, shown on it and on our device.

Where the half with nio fails after a new version, nio has mended a defect: read how, and whether ours is needed still.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import vodozemac
from nio import (  # type: ignore[import-untyped]  # nio ships no types
    ErrorResponse,
)
from nio.crypto import Olm  # type: ignore[import-untyped]  # as above
from nio.responses import KeysQueryResponse  # type: ignore[import-untyped]  # as above
from nio.store import DefaultStore  # type: ignore[import-untyped]  # as above

from bots.olm.olm_machine import OlmMachine
from bots.olm.room_keys import Unreadable
from bots.olm.room_sessions import KeysNotShared
from tests.both_bots import (
    ANA,
    MALLORY,
    Both,
    Ours,
    Plain,
    answer,
    event,
    key_and_panic,
    known,
    plain_bot,
    sealed,
    signed_by_their_owners,
)
from tests.olm_party import ROOM, Party
from tests.scripted_homeserver import BOT

pytest_plugins = ("tests.fixtures_both_bots",)


# 1. Poison --------------------------------------------------------------------------------------------------


def unknown_one_time_key(bot: Plain | Ours) -> Any:
    account, foreign = vodozemac.Account(), vodozemac.Account()
    foreign.generate_one_time_keys(1)
    key = vodozemac.Curve25519PublicKey.from_base64(bot.published.curve25519)
    session = account.create_outbound_session(key, next(iter(foreign.one_time_keys.values())))
    return sealed(bot, session.encrypt(b"{}"), account.curve25519_key.to_base64())


def poison(bot: Plain | Ours, kind: str) -> Any:
    whole = unknown_one_time_key(bot)
    box = whole["content"]["ciphertext"][bot.published.curve25519]
    if kind == "bad body":
        box["body"] = "!"
    elif kind == "short body":
        box["body"] = box["body"][:40]
    elif kind == "no object":
        return 5
    return whole


@pytest.mark.parametrize("kind", ["unknown one-time key", "bad body", "short body", "no object"])
async def test_row_1_one_poison_event_ends_the_sync(both: Both, kind: str) -> None:
    key, panic = key_and_panic(both.ana, both.plain)
    with pytest.raises(Exception):  # noqa: B017, PT011 (each kind of poison has a failure of its own)
        await both.plain.hears(answer("s1", to_device=[poison(both.plain, kind), key], timeline=[panic]))
    key, panic = key_and_panic(both.ana, both.ours)
    heard = await both.ours.hears(answer("s1", to_device=[poison(both.ours, kind), key], timeline=[panic]))
    assert [each.body for each in heard] == ["panic"]


async def test_row_1_one_bad_room_hides_all_others(both: Both) -> None:
    beside = {"!bad:streha.example": {"timeline": {"events": [], "limited": True, "prev_batch": None}}}
    key, panic = key_and_panic(both.ana, both.plain)
    with pytest.raises(TypeError):
        await both.plain.hears(answer("s1", to_device=[key], timeline=[panic], beside=beside))
    key, panic = key_and_panic(both.ana, both.ours)
    heard = await both.ours.hears(answer("s1", to_device=[key], timeline=[panic], beside=beside))
    assert [each.body for each in heard] == ["panic"]


async def test_row_1_deep_json_inside_a_message_ends_the_sync(both: Both) -> None:
    deep = b'{"type":"m.dummy","content":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for bot in (both.plain, both.ours):
        both.mallory.machine.session_store._entries.clear()
        both.mallory.meet(bot)
        session = both.mallory.machine.session_store.get(bot.published.curve25519)
        message = sealed(bot, session._session.encrypt(deep), both.mallory.machine.curve25519)
        key, panic = key_and_panic(both.ana, bot)
        whole = answer("s1", to_device=[message, key], timeline=[panic])
        if bot is both.plain:
            with pytest.raises(RecursionError):
                await bot.hears(whole)
        else:
            assert len(await bot.hears(whole)) == 1


async def test_row_1_a_malformed_device_key_hides_all_others(both: Both) -> None:
    good = both.ana.machine.device_keys
    bad = {**both.mallory.machine.device_keys, "keys": {"ed25519:MALLORY": 5}}
    keys = {"device_keys": {ANA: {"ANA": good}, MALLORY: {"MALLORY": bad}}, "failures": {}}
    assert isinstance(KeysQueryResponse.from_dict(keys), ErrorResponse)
    both.homeserver.always("/keys/query", keys)
    await both.ours.device._sharing.refresh([ANA, MALLORY])
    assert set(both.ours.device._directory.keys_of(ANA).devices) == {"ANA"}
    assert not both.ours.device._directory.keys_of(MALLORY).devices


# 2. Keys to begin with ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [{"signed_curve25519": 0}, {}, None])
async def test_row_2_without_keys_nobody_can_write_to_the_bot(both: Both, counts: Any) -> None:
    both.plain.one_time_key()
    await both.plain.hears(answer("s1"))
    whole = answer("s2", device_one_time_keys_count=counts)
    if counts is None:
        del whole["device_one_time_keys_count"]
    await both.plain.hears(whole)
    assert both.plain.client.should_upload_keys is False
    both.plain.client.olm.uploaded_key_count = 0
    assert "fallback_keys" not in both.plain.client.olm.share_keys()
    both.homeserver.asked.clear()
    both.homeserver.always("/keys/upload", {"one_time_key_counts": {}})
    await both.ours.hears(whole)
    assert any(asked.content.get("one_time_keys") for asked in both.homeserver.to("/keys/upload"))


# 3. What is on the disk when ------------------------------------------------------------------------------------


async def test_row_3_a_used_key_is_on_the_disk_and_the_place_is_kept_before_the_events(both: Both) -> None:
    both.ana.meet(both.plain)
    before = len(both.plain.client.olm.account.one_time_keys["curve25519"])
    await both.plain.hears(answer("s1", to_device=[both.ana.writes(both.plain, "m.dummy", {})]))
    # The key is forgotten in memory after the account was written.
    store = DefaultStore(BOT, "BOT", str(both.directory / "plain"), both.plain.client.config.pickle_key)
    again = Olm(BOT, "BOT", store)
    assert len(again.account.one_time_keys["curve25519"]) == before
    store.database.close()
    with pytest.raises(vodozemac.SessionCreationException):
        await both.plain.hears(answer("s2", to_device=[unknown_one_time_key(both.plain)]))
    assert both.plain.client.store.load_sync_token() == "s2"

    both.ana.meet(both.ours)
    event_of_ana = both.ana.writes(both.ours, "m.dummy", {})
    await both.ours.hears(answer("s1", to_device=[event_of_ana]))
    both.ours.machine.session_store._entries.clear()
    again_ours = OlmMachine(BOT, "BOT", both.ours.machine.store)
    again_ours.session_store._entries.clear()
    with pytest.raises(vodozemac.SessionCreationException):
        again_ours.read_to_device(event_of_ana)
    # The disk is full: nothing of the answer is kept, not even where it ends.
    both.ours.machine.store.database.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON streha_inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    key, panic = key_and_panic(both.ana, both.ours)
    with pytest.raises(Exception, match="cannot be written"):
        await both.ours.hears(answer("s2", to_device=[key], timeline=[panic]))
    assert both.ours.device._intake.token == "s1"


# 4. Forged senders, 5. repetition, 6. plaintext -------------------------------------------------------------------


async def test_row_4_the_homeserver_speaks_as_somebody_else(both: Both) -> None:
    key, stand_down = key_and_panic(both.mallory, both.plain)
    forged = {**stand_down, "sender": ANA}
    assert await both.plain.hears(answer("s1", to_device=[key], timeline=[forged])) == [(ANA, "panic", True)]
    await known(both)
    key, stand_down = key_and_panic(both.mallory, both.ours)
    forged = {**stand_down, "sender": ANA}
    (heard,) = await both.ours.hears(answer("s1", to_device=[key], timeline=[forged]))
    assert (heard.sender, heard.bound, heard.sender_device_id) == (ANA, False, None)


async def test_row_4_the_homeserver_publishes_an_identity_of_its_own_for_somebody(both: Both) -> None:
    """It signs in as Ana with a device of its own, cross-signed by an identity that nobody has confirmed."""
    await known(both)
    forger = Party(both.directory / "forger", ANA, "FORGER")
    key, ack = key_and_panic(forger, both.plain)
    assert await both.plain.hears(answer("s1", to_device=[key], timeline=[ack])) == [(ANA, "panic", True)]

    signed_by_their_owners(both, forger, both.mallory, linked=False)
    key, ack = key_and_panic(forger, both.ours)
    changed = {"changed": [ANA], "left": []}
    (heard,) = await both.ours.hears(answer("s1", to_device=[key], timeline=[ack], device_lists=changed))
    assert (heard.sender, heard.sender_device_id, heard.current, heard.bound) == (ANA, "FORGER", True, False)
    forger.store.close()


async def test_row_5_the_same_words_count_again_after_a_restart(both: Both) -> None:
    key, panic = key_and_panic(both.ana, both.plain)
    assert len(await both.plain.hears(answer("s1", to_device=[key], timeline=[panic]))) == 1
    replayed = {**panic, "event_id": "$replayed"}
    async with plain_bot(both.directory / "plain") as again:
        assert len(await again.hears(answer("s2", timeline=[replayed]))) == 1

    key, panic = key_and_panic(both.ana, both.ours)
    assert len(await both.ours.hears(answer("s1", to_device=[key], timeline=[panic]))) == 1
    again_ours = OlmMachine(BOT, "BOT", both.ours.machine.store)
    with pytest.raises(Unreadable):
        again_ours.room_keys.read(ROOM, "$replayed", panic["content"])


async def test_row_6_words_in_clear_are_believed_and_words_are_sent_in_clear(both: Both) -> None:
    plain_words = event({"msgtype": "m.text", "body": "stand-down"}, "$clear", ANA, "m.room.message")
    assert await both.plain.hears(answer("s1", timeline=[plain_words])) == [(ANA, "stand-down", False)]
    assert await both.ours.hears(answer("s1", timeline=[plain_words])) == []

    hidden = "!hidden:streha.example"
    beside = {hidden: {"timeline": {"events": [], "limited": False, "prev_batch": "p"}, "state": {"events": []},
                       "ephemeral": {"events": []}, "account_data": {"events": []}}}  # fmt: skip
    both.homeserver.always("/send/", {"event_id": "$sent"})
    content = {"msgtype": "m.text", "body": "marked words"}
    await both.plain.hears(answer("s2", beside=beside))
    await both.plain.client.room_send(hidden, "m.room.message", content, ignore_unverified_devices=True)
    (sent,) = both.homeserver.to("/send/")
    assert "marked words" in json.dumps(sent.content)

    both.homeserver.asked.clear()
    await both.ours.hears(answer("s2", beside=beside))
    with pytest.raises(KeysNotShared):
        both.ours.device.encrypt(hidden, "m.room.message", content)
    await both.ours.device.share_keys(hidden, [])
    await both.ours.device.put(both.ours.device.encrypt(hidden, "m.room.message", content))
    (sent,) = both.homeserver.to("/send/")
    assert "/m.room.encrypted/" in sent.path
    assert "marked words" not in json.dumps(sent.content)
