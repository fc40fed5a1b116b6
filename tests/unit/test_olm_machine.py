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

from bots.key_directory import KeyDirectory, PublishedDevice
from bots.olm_machine import OlmMachine
from bots.olm_store import OlmStore
from bots.room_keys import KeyMissing, Unreadable
from bots.room_sessions import RoomSessions, Sealed
from core.clock import SystemClock
from crypto import cross_signing

SECRET = b"an invented store key of 32 bytes"
ROOM = "!room:streha.example"


class Party:
    """One device with its store."""

    def __init__(self, directory: Path, user_id: str, device_id: str) -> None:
        self.directory = directory / device_id
        self.directory.mkdir(parents=True, exist_ok=True)
        self.store = OlmStore(user_id, device_id, self.directory, SECRET)
        self.machine = OlmMachine(user_id, device_id, self.store)
        self.sessions = RoomSessions(self.store, SystemClock(), device_id, self.machine.curve25519)
        self.published = PublishedDevice(
            user_id=user_id,
            device_id=device_id,
            ed25519=self.machine.ed25519,
            curve25519=self.machine.curve25519,
            cross_signed=True,
        )

    def one_time_key(self) -> dict[str, Any]:
        """Return one key as a homeserver would hand it out."""
        keys = self.machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
        self.machine.keys_published()
        name = next(iter(keys))
        return {name: keys[name]}

    def meet(self, other: Party) -> None:
        with self.store.transaction():
            assert self.machine.start_session(other.published, other.published.device_id, other.one_time_key())

    def writes(self, other: Party, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        with self.store.transaction():
            sealed = self.machine.write_to(other.published, kind, content)
        return {"type": "m.room.encrypted", "sender": self.published.user_id, "content": sealed}

    def reads(self, event: Any) -> None:
        with self.store.transaction():
            self.machine.read_to_device(event)
            self.machine.save_account()

    def room_key(self) -> dict[str, Any]:
        present = {("@somebody:streha.example", "THEIRS"): "key"}
        session = self.sessions.for_sharing(ROOM, present)
        session.shared = True
        return {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": ROOM,
            "session_id": session.session_id,
            "session_key": session.session_key,
        }

    def says(self, body: str, kind: str = "m.room.message") -> Sealed:
        return self.sessions.encrypt(ROOM, kind, {"msgtype": "m.text", "body": body})

    def hears(self, sealed: Sealed, event_id: str, room_id: str = ROOM) -> str:
        with self.store.transaction():
            opened = self.machine.room_keys.read(room_id, event_id, json.loads(sealed.content))
        return str(opened.content["body"])

    def restarted(self) -> Party:
        self.store.close()
        return Party(self.directory.parent, self.published.user_id, self.published.device_id)


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


def test_a_session_stays_with_the_device_that_made_it(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, mallory = parties
    ana.meet(bot)
    mallory.meet(bot)
    key = ana.room_key()
    bot.reads(ana.writes(bot, "m.room_key", key))
    # Mallory is in the room, holds the key too, and says that the session is hers.
    bot.reads(mallory.writes(bot, "m.room_key", key))
    kept = bot.store.room_key(key["session_id"])
    assert kept is not None
    assert kept["sender_key"] == ana.machine.curve25519


def test_a_forged_sender_is_not_believed(parties: tuple[Party, Party, Party]) -> None:
    bot, ana, mallory = parties
    directory = KeyDirectory(bot.store, bot.machine.device_store)
    answer: dict[str, dict[str, Any]] = {"device_keys": {}, "master_keys": {}, "self_signing_keys": {}}
    for party, seeds in ((ana, cross_signing.new_seeds()), (mallory, cross_signing.new_seeds())):
        user_id, device_id = party.published.user_id, party.published.device_id
        keys = cross_signing.published_keys(user_id, seeds)
        answer["master_keys"][user_id] = keys["master_key"]
        answer["self_signing_keys"][user_id] = keys["self_signing_key"]
        signed = cross_signing.signed(party.machine.device_keys, user_id, seeds.self_signing)
        answer["device_keys"][user_id] = {device_id: signed}
    users = [ana.published.user_id, mallory.published.user_id]
    directory.learn(answer, users, directory.asking())
    mallory.meet(bot)
    bot.reads(mallory.writes(bot, "m.room_key", mallory.room_key()))
    sealed = mallory.says("stand-down")
    with bot.store.transaction():
        opened = bot.machine.room_keys.read(ROOM, "$1", json.loads(sealed.content))
    as_mallory = directory.believe(mallory.published.user_id, opened.sender_key, opened.ed25519)
    assert (as_mallory.bound, as_mallory.device_id) == (True, "MALLORY")
    # The homeserver writes Ana's name over the same event.
    as_ana = directory.believe(ana.published.user_id, opened.sender_key, opened.ed25519)
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
