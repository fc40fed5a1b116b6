"""The Olm machine against forged, repeated and broken messages; everything real but the network."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from nio.exceptions import VerificationError  # type: ignore[import-untyped]  # nio ships no types

from bots.olm import olm_machine
from bots.olm.bounds import (
    MOST_CLAIMS,
    MOST_ROOM_KEYS_OF_STRANGERS,
    MOST_ROOM_KEYS_PER_DEVICE,
    ROOM_KEY_LIFE,
)
from bots.olm.olm_tables import RoomKeyClaim
from bots.olm.room_keys import KeyMissing, Unreadable
from tests.olm_party import ROOM, Party, published


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[tuple[Party, Party, Party]]:
    bot = Party(tmp_path, "@bot:streha.example", "BOT")
    ana = Party(tmp_path, "@ana:streha.example", "ANA")
    mallory = Party(tmp_path, "@mallory:streha.example", "MALLORY")
    yield bot, ana, mallory
    for party in (bot, ana, mallory):
        party.store.close()


def test_a_message_waits_for_its_key(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    key = ana.room_key()
    panic = ana.says("panic")
    with pytest.raises(KeyMissing) as missing:
        bot.hears(panic, "$1")
    assert missing.value.session_id == panic.session_id == key["session_id"]
    bot.reads(ana.writes(bot, "m.room_key", key))
    assert bot.hears(panic, "$1") == "panic"


def test_reading_goes_forward_only(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    key = ana.room_key()
    bot.reads(ana.writes(bot, "m.room_key", key))
    assert bot.machine.new_room_keys == [key["session_id"]]
    said = [ana.says(f"message {number}") for number in range(4)]
    assert [bot.hears(said[0], "$0"), bot.hears(said[2], "$2")] == ["message 0", "message 2"]
    again = bot.restarted()
    # The gap can still be closed; what was read contiguously cannot be opened again, by nobody.
    assert again.hears(said[1], "$1") == "message 1"
    for number in (0, 1, 2):
        with pytest.raises(Unreadable):
            again.hears(said[number], f"$another-{number}")
    assert again.hears(said[3], "$3") == "message 3"
    kept = again.store.room_key(key["session_id"])
    assert kept is not None
    session = vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(kept["exported"]))
    assert session.first_known_index == 4
    # The first key, sent once more, does not turn the ratchet back.
    again.reads(ana.writes(bot, "m.room_key", key))
    with pytest.raises(Unreadable):
        again.hears(said[1], "$yet-another")
    again.store.close()


def test_the_same_message_is_not_read_as_another_event(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    bot.reads(ana.writes(bot, "m.room_key", ana.room_key()))
    ana.says("lost on the way")
    stand_down = ana.says("stand-down")
    assert bot.hears(stand_down, "$yesterday") == "stand-down"
    again = bot.restarted()
    with pytest.raises(Unreadable):
        again.hears(stand_down, "$today")
    assert again.hears(stand_down, "$yesterday") == "stand-down"
    again.store.close()


def test_a_message_belongs_to_its_room(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    bot.reads(ana.writes(bot, "m.room_key", ana.room_key()))
    with pytest.raises(Unreadable):
        bot.hears(ana.says("panic"), "$1", room_id="!other:streha.example")


@pytest.mark.parametrize("mallory_first", [True, False])
@pytest.mark.parametrize("other_room", [True, False])
def test_whoever_holds_a_key_cannot_take_it_from_its_owner(
    parties: tuple[Party, Party, Party], *, mallory_first: bool, other_room: bool
) -> None:
    bot, ana, mallory = parties
    directory = published(bot, ana, mallory)
    ana.meet(bot)
    mallory.meet(bot)
    key = ana.room_key()
    claimed = {**key, "room_id": "!other:streha.example"} if other_room else key
    # Mallory is in the room, holds the key too, and says that the session is hers.
    sent = [(ana, key), (mallory, claimed)]
    for sender, said in reversed(sent) if mallory_first else sent:
        bot.reads(sender.writes(bot, "m.room_key", said))
    with bot.store.transaction():
        opened = bot.machine.room_keys.read(ROOM, "$1", json.loads(ana.says("ack").content))
    believed = [directory.believe(ana.published.user_id, *claim) for claim in opened.claims]
    assert [each.device_id for each in believed if each.bound] == ["ANA"]
    # What she says under Ana's session is nobody's word but what the homeserver calls hers, and that only as hers.
    assert any(directory.believe(mallory.published.user_id, *each).bound for each in opened.claims) is not other_room
    with pytest.raises(Unreadable):
        bot.hears(ana.says("ack"), "$2", room_id="!other:streha.example")


def test_a_message_that_came_in_the_wrong_room_is_still_read_in_its_own(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, mallory = parties
    ana.meet(bot)
    mallory.meet(bot)
    key = ana.room_key()
    bot.reads(mallory.writes(bot, "m.room_key", {**key, "room_id": "!other:streha.example"}))
    bot.reads(ana.writes(bot, "m.room_key", key))
    panic = ana.says("panic")
    with pytest.raises(Unreadable):
        bot.hears(panic, "$misplaced", room_id="!other:streha.example")
    assert bot.hears(panic, "$1") == "panic"


def test_many_claims_do_not_push_the_owner_s_out(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    published(bot, ana)
    ana.meet(bot)
    key = ana.room_key()
    session_id = key["session_id"]

    def claimed_by(sender: str, number: int) -> None:
        session = vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"]))
        bot.machine.room_keys.accept(session, RoomKeyClaim(ROOM, sender, f"key-{number}", f"fingerprint-{number}"))

    for number in range(100):
        claimed_by("@mallory:streha.example", number)
    for number in range(50):
        claimed_by(f"@stranger-{number}:streha.example", number)
    bot.reads(ana.writes(bot, "m.room_key", key))
    for number in range(50):
        claimed_by(f"@another-{number}:streha.example", number)
    claims = [claim.sender_key for _position, claim in bot.store.claims(session_id)]
    assert len(claims) <= MOST_CLAIMS
    assert ana.machine.curve25519 in claims


def test_room_keys_of_strangers_are_bounded_and_a_member_s_stay(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    published(bot, ana)
    ana.meet(bot)
    key = ana.room_key()
    bot.reads(ana.writes(bot, "m.room_key", key))
    with bot.store.transaction():
        for number in range(MOST_ROOM_KEYS_OF_STRANGERS + 500):
            session = vodozemac.InboundGroupSession(vodozemac.GroupSession().session_key)
            claim = RoomKeyClaim(ROOM, f"@stranger-{number}:streha.example", f"key-{number}", "x")
            bot.machine.room_keys.accept(session, claim)
        for number in range(MOST_ROOM_KEYS_PER_DEVICE + 50):
            session = vodozemac.InboundGroupSession(vodozemac.GroupSession().session_key)
            bot.machine.room_keys.accept(session, RoomKeyClaim(f"!{number}:x", "@mallory:streha.example", "one", "x"))
        bot.store.room_keys_used(bot.machine.room_keys.used, now=1000.0)
        assert bot.store.forget_room_keys(now=1000.0) > 500
    again = bot.restarted()
    kept = again.store._one("SELECT count(*) FROM streha_room_keys")[0]
    assert kept <= MOST_ROOM_KEYS_OF_STRANGERS + 1
    assert again.store._one("SELECT count(*) FROM streha_room_key_claims")[0] == kept
    assert again.hears(ana.says("panic"), "$1") == "panic"
    # Nobody speaks with one key for so long: it goes, and with it what it has read.
    again.store.room_keys_used([key["session_id"]], now=1000.0)
    with again.store.transaction():
        again.store.forget_room_keys(now=1000.0 + ROOM_KEY_LIFE.total_seconds() + 1)
    assert again.store._one("SELECT count(*) FROM streha_room_keys")[0] == 0
    assert again.store._one("SELECT count(*) FROM streha_read_messages")[0] == 0
    again.store.close()


def test_a_store_of_an_earlier_version_still_opens_its_keys(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    key = ana.room_key()
    bot.reads(ana.writes(bot, "m.room_key", key))
    record = bot.store.room_key(key["session_id"])
    assert record is not None
    # As it was written before: one device for each session, and no column for its use.
    one_device = {"sender": ana.published.user_id, "sender_key": ana.machine.curve25519, "ed25519": ana.machine.ed25519}
    bot.store.keep_room_key(key["session_id"], {**record, "room_id": ROOM, **one_device})
    for statement in ("DROP TABLE streha_room_key_claims", "ALTER TABLE streha_room_keys DROP COLUMN used_at",
                      "ALTER TABLE streha_inbox DROP COLUMN sender", "DROP TABLE streha_gaps"):  # fmt: skip
        bot.store.database.execute_sql(statement)
    again = bot.restarted()
    assert again.hears(ana.says("panic"), "$1") == "panic"
    assert [claim.sender_key for _position, claim in again.store.claims(key["session_id"])] == [ana.machine.curve25519]
    again.store.close()


def test_a_forged_sender_is_not_believed(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, mallory = parties
    directory = published(bot, ana, mallory)
    mallory.meet(bot)
    bot.reads(mallory.writes(bot, "m.room_key", mallory.room_key()))
    sealed = mallory.says("stand-down")
    with bot.store.transaction():
        opened = bot.machine.room_keys.read(ROOM, "$1", json.loads(sealed.content))
    (claim,) = opened.claims
    as_mallory = directory.believe(mallory.published.user_id, *claim)
    assert (as_mallory.bound, as_mallory.device_id) == (True, "MALLORY")
    # The homeserver writes Ana's name over the same event.
    as_ana = directory.believe(ana.published.user_id, *claim)
    assert (as_ana.bound, as_ana.device_id) == (False, None)


def test_a_key_sent_under_another_name_is_refused(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, mallory = parties
    mallory.meet(bot)
    forged = mallory.writes(bot, "m.room_key", mallory.room_key())
    bot.reads({**forged, "sender": ana.published.user_id})
    assert bot.machine.new_room_keys == []
    # The attached device must be the one that speaks, vouched for by its own key.
    changes: tuple[dict[str, Any], ...] = (
        {"user_id": ana.published.user_id},
        {"device_id": "OTHER"},
        {"keys": {}},
        {"keys": ana.machine.device_keys["keys"]},
        {"signatures": {}},
    )
    for change in changes:
        mallory.machine.device_keys = {**mallory.machine._make_device_keys(), **change}
        with pytest.raises(VerificationError):
            bot.reads(mallory.writes(bot, "m.room_key", mallory.room_key()))
    mallory.machine.device_keys = ana.machine.device_keys
    with pytest.raises(VerificationError):
        bot.reads(mallory.writes(bot, "m.room_key", mallory.room_key()))
    assert bot.machine.new_room_keys == []


def test_a_used_one_time_key_is_gone_from_the_disk(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    event = ana.writes(bot, "m.dummy", {})
    bot.reads(event)
    again = bot.restarted()
    # The session itself was kept; without it, the same pre-key message can start nothing.
    assert again.machine.has_session(ana.machine.curve25519)
    again.machine.session_store._entries.clear()
    with pytest.raises(vodozemac.SessionCreationException):
        again.reads(event)
    again.store.close()


def test_sessions_with_one_device_are_bounded(parties: tuple[Party, Party, Party]) -> None:
    bot, _ana, mallory = parties
    for _ in range(12):
        mallory.machine.session_store._entries.clear()
        mallory.meet(bot)
        bot.reads(mallory.writes(bot, "m.dummy", {}))
    assert len(bot.machine.session_store[mallory.machine.curve25519]) == 5
    again = bot.restarted()
    assert len(again.machine.session_store[mallory.machine.curve25519]) == 5
    again.store.close()


def test_sessions_with_strangers_are_bounded_and_a_member_s_stays(
    parties: tuple[Party, Party, Party], monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 40
    monkeypatch.setattr(olm_machine, "MOST_SESSIONS_WITH_STRANGERS", most)
    bot, ana, _mallory = parties
    published(bot, ana)
    ana.meet(bot)
    bot.reads(ana.writes(bot, "m.dummy", {}))
    (fallback,) = bot.machine.keys_to_publish(50, fallback_needed=True)["fallback_keys"].values()
    bot.machine.keys_published()
    with bot.store.transaction():
        for _number in range(3 * most):
            bot.machine.read_to_device(from_a_stranger(bot, fallback["key"]))
        bot.machine.save_account()
    assert len(bot.machine.session_store._entries) <= most + 1
    again = bot.restarted()
    assert len(list(again.machine.session_store)) <= most + 1
    assert again.machine.has_session(ana.machine.curve25519)
    again.reads(ana.writes(again, "m.room_key", ana.room_key()))
    assert again.hears(ana.says("panic"), "$1") == "panic"
    again.store.close()


def from_a_stranger(bot: Party, fallback_key: str) -> dict[str, Any]:
    """Return a good message of a device that nobody knows, made with the key that is there for everybody."""
    stranger = vodozemac.Account()
    session = stranger.create_outbound_session(
        vodozemac.Curve25519PublicKey.from_base64(bot.machine.curve25519),
        vodozemac.Curve25519PublicKey.from_base64(fallback_key),
    )
    payload = {
        "sender": "@stranger:streha.example",
        "keys": {"ed25519": stranger.ed25519_key.to_base64()},
        "recipient": bot.published.user_id,
        "recipient_keys": {"ed25519": bot.machine.ed25519},
        "type": "m.dummy",
        "content": {},
    }
    kind, ciphertext = session.encrypt(json.dumps(payload).encode()).to_parts()
    box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
    content = {
        "algorithm": "m.olm.v1.curve25519-aes-sha2",
        "sender_key": stranger.curve25519_key.to_base64(),
        "ciphertext": {bot.machine.curve25519: box},
    }
    return {"type": "m.room.encrypted", "sender": "@stranger:streha.example", "content": content}


def test_the_session_last_used_is_used_after_a_restart(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    ana.meet(bot)
    bot.reads(ana.writes(bot, "m.dummy", {}))
    (first,) = bot.machine.session_store[ana.machine.curve25519]
    bot.meet(ana)
    assert len(bot.machine.session_store[ana.machine.curve25519]) == 2
    bot.reads(ana.writes(bot, "m.dummy", {}))
    again = bot.restarted()
    assert again.machine.session_store.get(ana.machine.curve25519).id == first.id
    again.store.close()


def test_garbage_from_strangers_leaves_nothing_behind(parties: tuple[Party, Party, Party]) -> None:
    bot, _ana, _mallory = parties
    for number in range(50):
        key = base64.b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
        ciphertext = {bot.machine.curve25519: {"type": 1, "body": "AwogAAAA"}}
        content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": key, "ciphertext": ciphertext}
        event = {"type": "m.room.encrypted", "sender": "@x:streha.example", "content": content}
        with pytest.raises(ValueError):  # noqa: PT011 (whatever the library says of garbage)
            bot.reads(event)
    assert not bot.machine.session_store._entries


@pytest.mark.parametrize(
    "event", [None, 5, "text", [], {}, {"type": 5}, {"type": "m.room.encrypted"}, {"type": "m.dummy"}]
)
def test_what_is_no_event_is_passed_over(parties: tuple[Party, Party, Party], event: Any) -> None:
    bot, _ana, _mallory = parties
    bot.reads(event)


def test_published_keys_are_offered_again_until_they_are_taken(parties: tuple[Party, Party, Party]) -> None:
    bot, _ana, _mallory = parties
    first = bot.machine.keys_to_publish(0, fallback_needed=True)
    assert set(first) == {"device_keys", "one_time_keys", "fallback_keys"}
    assert len(first["one_time_keys"]) == 50
    (fallback,) = first["fallback_keys"].values()
    assert fallback["fallback"] is True
    # Killed between the upload and its answer: the very same keys are offered again.
    again = bot.restarted()
    assert again.machine.keys_to_publish(0, fallback_needed=True) == first
    again.machine.keys_published()
    assert again.machine.keys_to_publish(50, fallback_needed=False) == {}
    refill = again.machine.keys_to_publish(20, fallback_needed=False)
    assert len(refill["one_time_keys"]) == 30
    again.store.close()


def test_the_store_shows_nothing(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, _mallory = parties
    bot.store.add_to_inbox("$1", {"content": {"body": "marked words"}}, now=1.0)
    bot.store.keep_value("anything", "marked words")
    ana.meet(bot)
    bot.reads(ana.writes(bot, "m.room_key", ana.room_key()))
    ana.store.close()
    bot.store.close()
    written = b"".join(path.read_bytes() for path in bot.directory.iterdir())
    assert b"marked words" not in written
    assert ROOM.encode() not in written
    assert all(path.stat().st_mode & 0o077 == 0 for path in bot.directory.iterdir())
