"""Taking in answers: no event at the cost of another, and all or nothing on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import PeeweeException

from bots.intake import Intake
from bots.key_directory import KeyDirectory, PublishedDevice
from bots.olm_machine import OlmMachine
from bots.olm_store import MOST_WAITING, OlmStore
from bots.room_sessions import RoomSessions, Sealed
from tests.clock import MovableClock
from tests.scraped import counted

SECRET = b"an invented store key of 32 bytes"
ROOM = "!room:streha.example"
ANA = "@ana:streha.example"

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["type", "sender", "content", "event_id", "state_key", "membership", "algorithm", "ciphertext",
             "session_id", "sender_key", "events", "timeline", "state", "join", "changed", "body", "x"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip
event_like = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["m.room.encrypted", "m.room.member", "m.room.encryption", "m.room.message"]) | junk,
        "sender": st.just(ANA) | junk,
        "event_id": st.text(max_size=5) | junk,
        "state_key": st.just("") | junk,
        "origin_server_ts": st.integers() | junk,
        "content": junk,
    },
)


class Bench:
    """A device that takes answers in, and somebody who writes to it."""

    def __init__(self, directory: Path, clock: MovableClock) -> None:
        self.clock = clock
        self.store = self._store(directory, "@bot:streha.example", "BOT")
        self.machine = OlmMachine("@bot:streha.example", "BOT", self.store)
        self.directory = KeyDirectory(self.store, self.machine.device_store)
        self.sessions = RoomSessions(self.store, clock, "BOT", self.machine.curve25519)
        self.intake = Intake(self.machine, self.directory, self.sessions, clock)
        self.ana_store = self._store(directory, ANA, "ANA")
        self.ana = OlmMachine(ANA, "ANA", self.ana_store)
        self.ana_sessions = RoomSessions(self.ana_store, clock, "ANA", self.ana.curve25519)
        self.bot = PublishedDevice(
            user_id="@bot:streha.example",
            device_id="BOT",
            ed25519=self.machine.ed25519,
            curve25519=self.machine.curve25519,
            cross_signed=True,
        )
        keys = self.machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
        self.machine.keys_published()
        name = next(iter(keys))
        with self.ana_store.transaction():
            assert self.ana.start_session(self.bot, "BOT", {name: keys[name]})
        self.numbers = iter(range(10**9))

    @staticmethod
    def _store(directory: Path, user_id: str, device_id: str) -> OlmStore:
        own = directory / device_id
        own.mkdir()
        return OlmStore(user_id, device_id, own, SECRET)

    def says(self, body: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a new room key's to-device event and a message under it."""
        self.ana_sessions.rotate(ROOM)
        session = self.ana_sessions.for_sharing(ROOM, {})
        key = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": ROOM,
            "session_id": session.session_id,
            "session_key": session.session_key,
        }
        session.shared = True
        with self.ana_store.transaction():
            sealed = self.ana.write_to(self.bot, "m.room_key", key)
        message = self.ana_sessions.encrypt(ROOM, "m.room.message", {"msgtype": "m.text", "body": body})
        return {"type": "m.room.encrypted", "sender": ANA, "content": sealed}, self.event(message)

    def event(self, sealed: Sealed) -> dict[str, Any]:
        return {
            "type": "m.room.encrypted",
            "sender": ANA,
            "event_id": f"$genuine-{next(self.numbers)}",
            "origin_server_ts": 1,
            "content": json.loads(sealed.content),
        }

    def takes_in(self, to_device: list[Any], timeline: list[Any], **more: Any) -> None:
        answer = {
            "next_batch": f"token-{next(self.numbers)}",
            "to_device": {"events": to_device},
            "rooms": {"join": {ROOM: {"timeline": {"events": timeline}}}},
            **more,
        }
        self.intake.take_in(answer, {})

    def bodies(self) -> list[str]:
        found = [
            row.record["content"]["body"] for row in self.store.inbox(ready=True) if row.record["kind"] == "message"
        ]
        for row in self.store.inbox(ready=True):
            self.store.finish(row.event_id)
        return found


@pytest.fixture
def bench(tmp_path: Path, clock: MovableClock) -> Iterator[Bench]:
    made = Bench(tmp_path, clock)
    made.takes_in([], [])
    yield made
    made.store.close()
    made.ana_store.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(junk | event_like, max_size=4), st.lists(junk | event_like, max_size=4), junk, junk)
def test_a_genuine_panic_beside_anything_is_taken_in(
    bench: Bench, to_device: list[Any], timeline: list[Any], lists: Any, rooms: Any
) -> None:
    key, message = bench.says("panic")
    answer = {
        "next_batch": f"token-{next(bench.numbers)}",
        "to_device": {"events": [*to_device, key, *to_device]},
        "device_lists": lists,
        "rooms": {
            "leave": rooms,
            "join": {"!other:streha.example": rooms, ROOM: {"timeline": {"events": [*timeline, message]}}},
        },
    }
    bench.intake.take_in(answer, {})
    assert "panic" in bench.bodies()
    assert bench.intake.token == answer["next_batch"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk, junk, junk)
def test_an_answer_of_any_shape_is_taken_in(bench: Bench, to_device: Any, lists: Any, rooms: Any) -> None:
    answer = {"next_batch": "token", "to_device": to_device, "device_lists": lists, "rooms": rooms}
    bench.intake.take_in(answer, {})
    assert bench.intake.token == "token"


def test_a_key_may_come_after_its_message(bench: Bench) -> None:
    key, message = bench.says("panic")
    bench.takes_in([], [message])
    assert bench.bodies() == []
    assert [row.event_id for row in bench.store.inbox(ready=False)] == [message["event_id"]]
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]
    assert bench.store.inbox(ready=False) == []


def test_an_event_that_comes_twice_is_one(bench: Bench) -> None:
    key, message = bench.says("panic")
    bench.takes_in([key], [message])
    bench.takes_in([], [message])
    assert bench.bodies() == ["panic"]
    bench.takes_in([], [message, {**message, "event_id": "$replayed"}])
    assert bench.bodies() == []


def test_who_waits_is_told_once_and_may_still_come(bench: Bench, clock: MovableClock) -> None:
    key, message = bench.says("panic")
    bench.takes_in([], [message])
    clock.move(timedelta(seconds=31))
    late = clock.now().timestamp() - 30
    (row,) = bench.store.inbox(ready=False, before=late)
    bench.store.finish(row.event_id)
    assert bench.store.inbox(ready=False, before=late) == []
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]


def test_messages_that_nobody_can_read_are_bounded(bench: Bench) -> None:
    _key, message = bench.says("x")
    events = [{**message, "event_id": f"$flood-{number}"} for number in range(MOST_WAITING + 10)]
    bench.takes_in([], events)
    kept = bench.store._one("SELECT count(*), min(position) FROM streha_inbox WHERE state = 'waiting'")
    assert kept[0] == MOST_WAITING
    assert bench.intake.dropped["overflow"] == 1


def test_plaintext_and_own_messages_are_nobody_s_word(bench: Bench) -> None:
    before = counted()
    content = {"msgtype": "m.text", "body": "stand-down"}
    plain = {"type": "m.room.message", "sender": ANA, "event_id": "$p", "origin_server_ts": 1, "content": content}
    key, message = bench.says("said in the bot's name")
    bench.takes_in([key], [plain, {**plain, "event_id": "$q", "sender": "@bot:streha.example"}])
    bench.takes_in([], [{**message, "sender": "@bot:streha.example"}])
    assert bench.bodies() == []
    assert bench.intake.dropped["plaintext"] == 1
    assert counted().since(before, "streha_bot_events_dropped_total", reason="plaintext") == 1


def test_membership_is_handed_over_and_ends_keys(bench: Bench) -> None:
    session = bench.sessions.for_sharing(ROOM, {(ANA, "ANA"): "key"})
    session.holders[ANA, "ANA"] = "key"
    event = {
        "type": "m.room.member",
        "state_key": ANA,
        "sender": "@bot:streha.example",
        "event_id": "$left",
        "origin_server_ts": 1,
        "content": {"membership": "leave"},
    }
    bench.takes_in([], [event])
    assert session.ended
    (row,) = bench.store.inbox(ready=True)
    assert (row.record["user_id"], row.record["membership"], row.record["sender"]) == (
        ANA,
        "leave",
        "@bot:streha.example",
    )


def test_a_disk_that_fails_undoes_the_whole_answer(bench: Bench) -> None:
    key, message = bench.says("panic")
    token = bench.intake.token
    bench.store.database.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON streha_inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    with pytest.raises(PeeweeException):
        bench.takes_in([key], [message])
    assert bench.intake.token == token
    session_id = message["content"]["session_id"]
    assert bench.store.room_key(session_id) is None
    # After a restart the same answer comes again, and everything in it can be read.
    bench.store.database.execute_sql("DROP TRIGGER full")
    again = OlmMachine("@bot:streha.example", "BOT", bench.store)
    directory = KeyDirectory(bench.store, again.device_store)
    bench.intake = Intake(again, directory, bench.sessions, bench.clock)
    bench.takes_in([key], [message])
    assert bench.bodies() == ["panic"]
