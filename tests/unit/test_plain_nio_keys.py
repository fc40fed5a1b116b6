"""What plain nio gets wrong with keys and without bounds, the later rows of its known defects, shown on both bots.

Where the half with nio fails after a new version, nio has mended a defect: read how, and whether ours is needed still.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from nio.crypto import OlmDevice  # type: ignore[import-untyped]  # as above

from bots.olm.room_sessions import KeysNotShared
from bots.olm.store_lock import StoreInUse, StoreLock
from tests.both_bots import (
    ANA,
    BORIS,
    MALLORY,
    Both,
    Ours,
    Plain,
    answer,
    event,
    key_and_panic,
    keys_of,
    known,
    plain_bot,
    sealed,
    signed_by_their_owners,
)
from tests.olm_party import ROOM, Party
from tests.scripted_homeserver import BOT, Answer, Asked

pytest_plugins = ("tests.fixtures_both_bots",)


# 7. To whom keys go --------------------------------------------------------------------------------------------


def receiving(both: Both, *parties: Party, claimed: Any = None) -> None:
    """Let the homeserver know these devices and hand out a key of each."""
    both.homeserver.always("/keys/query", keys_of(*parties))

    async def claim(asked: Asked) -> Answer:
        wanted = asked.content["one_time_keys"]
        keys = {
            party.published.user_id: {party.published.device_id: claimed or party.one_time_key()}
            for party in parties
            if party.published.user_id in wanted
        }
        return {"one_time_keys": keys, "failures": {}}

    both.homeserver.rules["/keys/claim"] = claim


def given_to(both: Both) -> set[str]:
    return {
        user_id
        for asked in both.homeserver.to("/sendToDevice/m.room.encrypted")
        for user_id in asked.content["messages"]
    }


async def test_row_7_keys_go_to_unsigned_devices_and_to_who_was_only_invited(both: Both) -> None:
    boris = Party(both.directory, BORIS, "BORIS")
    receiving(both, both.mallory, boris)
    both.plain.client.olm.users_for_key_query |= {MALLORY, BORIS}
    await both.plain.client.keys_query()
    await both.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(both) == {MALLORY, BORIS}

    both.homeserver.asked.clear()
    sharing = await both.ours.device.share_keys(ROOM, [MALLORY])
    assert given_to(both) == set()
    assert sharing.withheld == {(MALLORY, "MALLORY")}
    (told,) = both.homeserver.to("/sendToDevice/m.room_key.withheld")
    assert told.content["messages"][MALLORY]["MALLORY"]["code"] == "m.unverified"
    boris.store.close()


async def test_row_7_keys_go_to_whatever_identity_the_homeserver_publishes(both: Both) -> None:
    forger = Party(both.directory / "forger", ANA, "FORGER")
    receiving(both, forger)
    both.plain.client.olm.users_for_key_query |= {ANA}
    await both.plain.client.keys_query()
    await both.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(both) == {ANA}

    receiving(both, both.ana)
    signed_by_their_owners(both, both.ana)
    held = await both.ours.device.share_keys(ROOM, [ANA])
    assert held.holders == {(ANA, "ANA")}
    # The same account under another identity, which has signed a device of its own.
    receiving(both, forger)
    signed_by_their_owners(both, forger, linked=False)
    both.ours.device._directory.mark_changed([ANA])
    both.homeserver.asked.clear()
    sharing = await both.ours.device.share_keys(ROOM, [ANA])
    assert given_to(both) == set()
    assert (set(sharing.withheld), set(sharing.unreached)) == ({(ANA, "FORGER")}, {ANA})
    assert sharing.session_id != held.session_id
    forger.store.close()


async def test_row_7_a_failed_sharing_is_swallowed(both: Both) -> None:
    receiving(both, both.ana)
    both.homeserver.always("/sendToDevice", (403, {"errcode": "M_FORBIDDEN", "error": "no"}))
    both.plain.client.olm.users_for_key_query |= {ANA}
    await both.plain.client.keys_query()
    await both.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert both.plain.client.olm.outbound_group_sessions[ROOM].shared is True
    assert both.plain.client.olm.should_share_group_session(ROOM) is False

    signed_by_their_owners(both, both.ana)
    sharing = await both.ours.device.share_keys(ROOM, [ANA])
    assert not sharing.holders
    assert (set(sharing.failed), set(sharing.unreached)) == ({(ANA, "ANA")}, {ANA})
    both.homeserver.always("/sendToDevice", {})
    sharing = await both.ours.device.share_keys(ROOM, [ANA])
    assert sharing.holders == {(ANA, "ANA")}
    assert not sharing.unreached


async def test_row_7_a_device_with_the_bot_s_own_device_id_gets_no_key(both: Both) -> None:
    namesake = Party(both.directory / "namesake", ANA, "BOT")
    receiving(both, namesake)
    both.plain.client.olm.users_for_key_query |= {ANA}
    await both.plain.client.keys_query()
    await both.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(both) == set()

    signed_by_their_owners(both, namesake)
    sharing = await both.ours.device.share_keys(ROOM, [ANA])
    assert given_to(both) == {ANA}
    assert sharing.holders == {(ANA, "BOT")}
    namesake.store.close()


@pytest.mark.parametrize(
    "claimed", [{"signed_curve25519:A": {"key": "short"}}, {"signed_curve25519:A": None}, {"x": 5}]
)
async def test_row_7_a_malformed_one_time_key_ends_the_sending(both: Both, claimed: Any) -> None:
    receiving(both, both.ana, both.mallory)
    honest = both.homeserver.rules["/keys/claim"]

    async def claim(asked: Asked) -> Answer:
        keys: Any = await honest(asked)
        keys["one_time_keys"][MALLORY] = {"MALLORY": claimed}
        return dict(keys)

    both.homeserver.rules["/keys/claim"] = claim
    both.plain.client.olm.users_for_key_query |= {ANA, MALLORY}
    await both.plain.client.keys_query()
    with pytest.raises(Exception):  # noqa: B017, PT011 (nio fails in several ways)
        await both.plain.client.share_group_session(ROOM)
    assert given_to(both) == set()

    signed_by_their_owners(both, both.ana, both.mallory)
    sharing = await both.ours.device.share_keys(ROOM, [ANA, MALLORY])
    assert (set(sharing.holders), set(sharing.unreached)) == ({(ANA, "ANA")}, {MALLORY})


# 8. Whose session ------------------------------------------------------------------------------------------------


async def test_row_8_a_session_is_recorded_under_another_s_key(both: Both) -> None:
    def as_ana(bot: Plain | Ours, attached: Any) -> Any:
        both.mallory.machine.session_store._entries.clear()
        both.mallory.meet(bot)
        both.mallory.sessions.rotate(ROOM)
        session = both.mallory.machine.session_store.get(bot.published.curve25519)
        payload = {
            "sender": MALLORY,
            "recipient": BOT,
            "recipient_keys": {"ed25519": bot.published.ed25519},
            "keys": {"ed25519": both.ana.published.ed25519},
            "sender_device_keys": attached,
            "type": "m.room_key",
            "content": both.mallory.room_key(),
        }
        return sealed(bot, session._session.encrypt(json.dumps(payload).encode()), both.mallory.machine.curve25519)

    attached = both.ana.machine.device_keys
    await both.plain.hears(answer("s1", to_device=[as_ana(both.plain, attached)]))
    (session,) = list(both.plain.client.olm.inbound_group_store)
    assert session.ed25519 == both.ana.published.ed25519

    await known(both)
    await both.ours.hears(answer("s1", to_device=[as_ana(both.ours, attached)]))
    assert both.ours.machine.store._one("SELECT count(*) FROM streha_room_keys")[0] == 0
    # Without anything attached the key is kept, but it is nobody's: identity key and fingerprint must be one device's.
    key = as_ana(both.ours, None)
    stand_down = event(both.mallory.says("stand-down").content, "$1", ANA)
    (heard,) = await both.ours.hears(answer("s2", to_device=[key], timeline=[stand_down]))
    assert heard.bound is False


# 9. How long a key lives ---------------------------------------------------------------------------------------


async def test_row_9_a_further_device_takes_everybody_s_key_away(both: Both) -> None:
    receiving(both, both.ana)
    both.plain.client.olm.users_for_key_query |= {ANA}
    await both.plain.client.keys_query()
    await both.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    before = both.plain.client.olm.outbound_group_sessions[ROOM].id
    second = Party(both.directory, ANA, "SECOND")
    two = keys_of(both.ana)
    two["device_keys"][ANA]["SECOND"] = second.machine.device_keys
    both.homeserver.always("/keys/query", two)
    both.plain.client.olm.users_for_key_query |= {ANA}
    await both.plain.client.keys_query()
    assert both.plain.client.olm.outbound_group_sessions.get(ROOM) is None

    signed_by_their_owners(both, both.ana)
    kept = await both.ours.device.share_keys(ROOM, [ANA])
    both.homeserver.always("/keys/query", two)
    assert before != kept.session_id
    both.ours.device._directory.mark_changed([ANA])
    after = await both.ours.device.share_keys(ROOM, [ANA])
    assert after.session_id == kept.session_id
    second.store.close()


async def test_row_9_what_the_room_wishes_is_not_obeyed(both: Both) -> None:
    content = {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 20}
    wish = event(content, "$wish", BOT, "m.room.encryption") | {"state_key": ""}
    await both.plain.hears(answer("s1", timeline=[wish]))
    both.plain.client.olm.create_outbound_group_session(ROOM)
    assert both.plain.client.olm.outbound_group_sessions[ROOM].max_messages == 100

    await both.ours.hears(answer("s1", timeline=[wish]))
    await both.ours.device.share_keys(ROOM, [])
    words = {"msgtype": "m.text", "body": "x"}
    for _number in range(20):
        both.ours.device.encrypt(ROOM, "m.room.message", words)
    with pytest.raises(KeysNotShared):
        both.ours.device.encrypt(ROOM, "m.room.message", words)


# 10. What was left out -------------------------------------------------------------------------------------------


async def test_row_10_what_a_shortened_answer_left_out_is_never_heard(both: Both) -> None:
    key, panic = key_and_panic(both.ana, both.plain)
    both.homeserver.always("/messages", {"chunk": [panic]})
    assert await both.plain.hears(answer("s1", to_device=[key], limited=True)) == []
    assert both.homeserver.to("/messages") == []

    key, panic = key_and_panic(both.ana, both.ours)
    both.homeserver.always("/messages", {"chunk": [panic]})
    heard = await both.ours.hears(answer("s1", to_device=[key], limited=True))
    assert [each.body for each in heard] == ["panic"]


# 11. Without bounds ------------------------------------------------------------------------------------------------


async def test_row_11_one_device_s_sessions_pile_up(both: Both) -> None:
    most = 30
    for bot in (both.plain, both.ours):
        events = []
        for _number in range(most):
            both.mallory.machine.session_store._entries.clear()
            both.mallory.meet(bot)
            events.append(both.mallory.writes(bot, "m.dummy", {}))
        await bot.hears(answer("s1", to_device=events))
    mallory = both.mallory.machine.curve25519
    assert len(both.plain.client.olm.session_store[mallory]) == most
    assert len(both.ours.machine.session_store[mallory]) == 5


async def test_row_11_key_requests_pile_up(both: Both) -> None:
    """The homeserver asks in the name of a further device of the bot, for a key that there is."""

    def asking(number: int, key: Mapping[str, Any]) -> Any:
        wanted = {"algorithm": key["algorithm"], "room_id": ROOM, "session_id": key["session_id"]}
        body = {**wanted, "sender_key": both.ana.published.curve25519}
        content = {"action": "request", "body": body, "request_id": str(number), "requesting_device_id": "GHOST"}
        return {"type": "m.room_key_request", "sender": BOT, "content": content}

    ghost = Party(both.directory, BOT, "GHOST").published
    for bot in (both.plain, both.ours):
        both.ana.sessions.rotate(ROOM)
        both.ana.meet(bot)
        key = both.ana.room_key()
        given = both.ana.writes(bot, "m.room_key", key)
        store = both.plain.client.olm.device_store if bot is both.plain else both.ours.machine.device_store
        store.add(OlmDevice(BOT, "GHOST", {"ed25519": ghost.ed25519, "curve25519": ghost.curve25519}))
        await bot.hears(answer("s1", to_device=[given, *(asking(number, key) for number in range(30))]))
    assert len(both.plain.client.olm.key_requests_waiting_for_session[BOT, "GHOST"]) == 30
    machine = both.ours.machine
    assert not machine.key_requests_waiting_for_session
    assert not machine.received_key_requests
    assert not machine.outgoing_to_device_messages


async def test_row_11_a_store_has_two_masters(both: Both) -> None:
    async with plain_bot(both.directory / "plain") as second:
        assert second.client.olm.account.identity_keys == both.plain.client.olm.account.identity_keys
    lock = StoreLock(both.directory / "locked")
    with pytest.raises(StoreInUse):
        StoreLock(both.directory / "locked")
    lock.release()
