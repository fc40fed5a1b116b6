"""Taking in answers: no event at the cost of another, and all or nothing on the disk."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import PeeweeException

from bots.device.intake import Intake
from bots.keys.key_directory import KeyDirectory
from bots.keys.published_keys import PublishedDevice, UserKeys
from bots.olm.bounds import MOST_WAITING, MOST_WAITING_PER_SENDER, ROOM_KEY_LIFE
from bots.olm.lived_time import MOST_AT_ONCE
from bots.olm.olm_machine import OLM, OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import RoomSessions, Sealed
from bots.wire.guard import alone
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
        self.directory = KeyDirectory(self.store, self.machine.device_store, clock)
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
        key = self.key(session.session_id, session.session_key)
        session.shared = True
        return key, self.says_later(body)

    def says_later(self, body: str) -> dict[str, Any]:
        """Return a further message under the key of the last one."""
        return self.event(self.ana_sessions.encrypt(ROOM, "m.room.message", {"msgtype": "m.text", "body": body}))

    def says_before_key(self, body: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a message and, to-device, its key as it is after it: it opens only what is said later."""
        self.ana_sessions.rotate(ROOM)
        session = self.ana_sessions.for_sharing(ROOM, {})
        session.shared = True
        message = self.says_later(body)
        return message, self.key(session.session_id, session.session_key)

    def key(self, session_id: str, session_key: str, *, room_id: str = ROOM) -> dict[str, Any]:
        """Return a room key's to-device event."""
        content = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room_id}
        with self.ana_store.transaction():
            keys = {"session_id": session_id, "session_key": session_key}
            sealed = self.ana.write_to(self.bot, "m.room_key", {**content, **keys})
        return {"type": "m.room.encrypted", "sender": ANA, "content": sealed}

    def unread(self) -> list[str]:
        """Return what is told as unreadable half a minute from now, and have it told."""
        rows = self.store.inbox(ready=False, before=self.clock.now().timestamp())
        for row in rows:
            self.store.finish(row.event_id)
        return [row.event_id for row in rows]

    def one_to_one(self, plaintext: bytes) -> dict[str, Any]:
        """Return a to-device event of Ana's that opens to this."""
        session = self.ana.session_store.get(self.bot.curve25519)._session
        kind, ciphertext = session.encrypt(plaintext).to_parts()
        box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
        content = {"algorithm": OLM, "sender_key": self.ana.curve25519, "ciphertext": {self.bot.curve25519: box}}
        return {"type": "m.room.encrypted", "sender": ANA, "content": content}

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


@pytest.mark.parametrize("leap", [timedelta(days=120), timedelta(days=-120)])
def test_a_clock_that_leaps_forgets_no_key(bench: Bench, clock: MovableClock, leap: timedelta) -> None:
    key, message = bench.says("hello")
    later = bench.says_later("panic")
    bench.takes_in([key], [message])
    clock.move(leap)
    other_key, other = bench.says("of another room key")
    bench.takes_in([other_key], [other])
    bench.takes_in([], [later])
    assert bench.bodies() == ["hello", "of another room key", "panic"]


def test_a_key_grows_old_while_the_device_is_at_work(bench: Bench, clock: MovableClock) -> None:
    key, message = bench.says("hello")
    later = bench.says_later("too late")
    bench.takes_in([key], [message])
    for _ in range(ROOM_KEY_LIFE // MOST_AT_ONCE + 1):
        clock.move(MOST_AT_ONCE)
        bench.takes_in([], [])
    other_key, other = bench.says("of another room key")
    bench.takes_in([other_key], [other])
    bench.takes_in([], [later])
    assert bench.bodies() == ["hello", "of another room key"]


def test_after_a_sync_that_began_anew_everybodys_keys_are_asked_for_again(bench: Bench) -> None:
    """Whose keys changed meanwhile was said at the place in the stream that is not known any more."""
    bench.directory._keep(UserKeys(user_id=ANA, current=True))
    bench.takes_in([], [])
    assert bench.directory.outdated([ANA]) == []
    bench.intake.begin_anew()
    bench.takes_in([], [])
    assert bench.directory.outdated([ANA]) == [ANA]


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


@pytest.mark.parametrize("first", ["message", "key", "both"])
def test_a_panic_whose_key_opens_only_what_follows_is_told(bench: Bench, first: str) -> None:
    """Ana's client could not give its key out before she wrote, and did so before her next word."""
    panic, key = bench.says_before_key("panic")
    hello = bench.says_later("hello?")
    if first == "message":
        bench.takes_in([], [panic])
        bench.takes_in([key], [hello])
    elif first == "key":
        bench.takes_in([key], [hello])
        bench.takes_in([], [panic])
    else:
        bench.takes_in([key], [panic, hello])
    assert bench.bodies() == ["hello?"]
    assert bench.unread() == [panic["event_id"]]
    assert bench.unread() == []
    # What was read and comes again as another event is a repetition, before and after it was ratcheted past.
    bench.takes_in([key], [{**hello, "event_id": "$replayed"}, bench.says_later("more"), hello])
    assert (bench.bodies(), bench.unread()) == (["more"], [])


@pytest.mark.parametrize("ratcheted", [True, False])
def test_of_a_session_kept_by_an_earlier_version_only_what_is_certain_is_told(bench: Bench, *, ratcheted: bool) -> None:
    panic, key = bench.says_before_key("panic")
    hello = bench.says_later("hello?")
    bench.takes_in([key], [hello] if ratcheted else [])
    session_id = panic["content"]["session_id"]
    kept = bench.store.room_key(session_id)
    assert kept is not None
    bench.store.keep_room_key(session_id, {name: kept[name] for name in kept if name != "first"})
    bench.takes_in([], [panic])
    # Where it was ratcheted, nobody knows any more whether this was read.
    assert bench.unread() == ([] if ratcheted else [panic["event_id"]])


def test_a_key_from_further_back_still_opens_what_was_told(bench: Bench) -> None:
    key, panic = bench.says("panic")
    session = bench.ana_sessions.current(ROOM)
    assert session is not None
    bench.takes_in([bench.key(session.session_id, session.session_key)], [panic])
    assert bench.unread() == [panic["event_id"]]
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]


def test_a_key_passed_on_as_that_of_another_room_hides_no_panic(bench: Bench) -> None:
    """The library ties no session to a room: who holds a key can say that it is of any, before its owner is heard."""
    session = bench.ana_sessions.for_sharing(ROOM, {})
    session.shared = True
    passed_on, key = (
        bench.key(session.session_id, session.session_key, room_id=room_id)
        for room_id in ("!other:streha.example", ROOM)
    )
    panic = bench.says_later("panic")
    bench.takes_in([passed_on], [panic])
    assert bench.bodies() == []
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]


def waiting(bench: Bench) -> int:
    return int(bench.store._one("SELECT count(*) FROM streha_inbox WHERE state = 'waiting'")[0])


def test_a_flood_that_nobody_can_read_pushes_out_no_panic_that_waits_for_its_key(bench: Bench) -> None:
    key, panic = bench.says("panic")
    _key, message = bench.says("x")
    mallory = {**message, "sender": "@mallory:streha.example"}
    bench.takes_in([], [panic])
    bench.takes_in([], [{**mallory, "event_id": f"$flood-{number}"} for number in range(3000)])
    assert waiting(bench) == MOST_WAITING_PER_SENDER + 1
    assert bench.intake.dropped["overflow"] == 3000 - MOST_WAITING_PER_SENDER
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]


def test_a_flood_under_many_names_is_bounded_and_falls_on_whoever_floods(bench: Bench) -> None:
    key, panic = bench.says("panic")
    _key, message = bench.says("x")
    bench.takes_in([], [panic])
    flood = [
        {**message, "sender": f"@mallory-{number % 30}:streha.example", "event_id": f"$flood-{number}"}
        for number in range(MOST_WAITING + 500)
    ]
    bench.takes_in([], flood)
    assert waiting(bench) == MOST_WAITING
    bench.takes_in([key], [])
    assert bench.bodies() == ["panic"]


BAD_NAMES: tuple[Any, ...] = (
    None, 5, [], "", "x", "\ud800", "{}\ud800", "{}\0", "{} two words", "{}" + "x" * 255, "{}š",
)  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("part", ["event_id", "sender", "state_key", "room_id"])
def test_what_can_be_nobody_s_name_is_not_kept(bench: Bench, part: str, name: Any) -> None:
    """Such a name cannot be stored, and nothing could ever be done at it: it would come again for ever."""
    sigil = {"event_id": "$", "room_id": "!"}.get(part, "@")
    forged = name.replace("{}", f"{sigil}a:streha.example") if isinstance(name, str) else name
    key, message = bench.says("panic")
    other_key, other = bench.says("panic")
    member = {"type": "m.room.member", "sender": ANA, "event_id": "$m", "origin_server_ts": 1}
    joined = {**member, "state_key": ANA, "content": {"membership": "join"}}
    if part == "room_id":
        rooms = {str(forged): {"timeline": {"events": [other, joined]}}}
    else:
        rooms = {"!x:streha.example": {"timeline": {"events": [{**other, part: forged}, {**joined, part: forged}]}}}
    rooms[ROOM] = {"timeline": {"events": [message]}}
    bench.takes_in([key, other_key], [], rooms={"join": rooms})
    assert {row.record.get("user_id", ANA) for row in bench.store.inbox(ready=True)} == {ANA}
    assert bench.store.inbox(ready=False) == []
    kept = [row.event_id for row in bench.store.inbox(ready=True) if row.record["kind"] == "message"]
    assert kept == [message["event_id"]]


class PanicException(BaseException):
    """What the library of the ratchets raises where it gives up: no ordinary exception."""


class PanickingClock(MovableClock):
    """Gives up the first time that it is asked: in the middle of taking in an event."""

    asked = False

    def now(self) -> datetime:
        if self.asked:
            return super().now()
        self.asked = True
        raise PanicException


def test_what_an_event_wrote_half_is_undone_and_its_neighbours_stay(bench: Bench) -> None:
    key, message = bench.says("panic")
    bench.takes_in([key], [])
    bench.intake = Intake(bench.machine, bench.directory, bench.sessions, PanickingClock())
    bench.takes_in([], [{**message, "event_id": "$poisoned"}, message])
    # The first one had been read; were that remembered, the second would pass for its repetition.
    assert [row.event_id for row in bench.store.inbox(ready=True)] == [message["event_id"]]
    assert bench.intake.dropped["timeline"] == 1


def fail(error: BaseException) -> None:
    raise error


def test_the_guard_lets_pass_only_what_is_not_the_step_s_fault() -> None:
    failed: list[BaseException] = []
    for error in (ValueError(), PanicException(), RecursionError(), MemoryError()):
        with alone(failed.append):
            fail(error)
        assert failed.pop() is error
    for passing in (PeeweeException(), KeyboardInterrupt(), SystemExit(), asyncio.CancelledError()):
        with pytest.raises(type(passing)), alone(failed.append):
            fail(passing)
    assert failed == []


def test_plaintext_and_own_messages_are_nobody_s_word(bench: Bench) -> None:
    before = counted()
    content = {"msgtype": "m.text", "body": "stand-down"}
    plain = {"type": "m.room.message", "sender": ANA, "event_id": "$p", "origin_server_ts": 1, "content": content}
    key, message = bench.says("said in the bot's name")
    bench.takes_in([key], [plain, {**plain, "event_id": "$q", "sender": "@bot:streha.example"}])
    bench.takes_in([], [{**message, "sender": "@bot:streha.example"}])
    assert bench.bodies() == []
    assert bench.store.inbox(ready=True) == []
    assert bench.intake.dropped["plaintext"] == 1
    assert counted().since(before, "streha_bot_events_dropped_total", reason="plaintext") == 1


DEEP = b"[" * 100_000 + b"]" * 100_000
PLAINTEXTS = (
    b"", b"[]", b'"text"', b"5", b"null", b"\xff\xfe", b"{", DEEP, b'{"type":"m.room_key","content":' + DEEP + b"}",
    b'{"a":' + b"9" * 5000 + b"}", b'{"type":5,"room_id":5,"content":5}', b'{"room_id":"!room:streha.example"}',
)  # fmt: skip


@pytest.mark.parametrize("plaintext", PLAINTEXTS)
def test_nonsense_that_was_properly_sealed_ends_nothing(bench: Bench, plaintext: bytes) -> None:
    key, message = bench.says("before")
    session = bench.ana_sessions.current(ROOM)
    assert session is not None
    nonsense = session.library_session.encrypt(plaintext).to_base64()
    poison = {**message, "event_id": "$nonsense", "content": {**message["content"], "ciphertext": nonsense}}
    panic = bench.event(bench.ana_sessions.encrypt(ROOM, "m.room.message", {"msgtype": "m.text", "body": "panic"}))
    to_device = bench.one_to_one(plaintext)
    bench.takes_in([to_device, key], [poison, panic])
    assert bench.bodies() == ["panic"]


@pytest.mark.parametrize("part", ["session_key", "session_id", "room_id", "algorithm"])
@pytest.mark.parametrize("junk", ["", "AAAA", "\ud800", "!", None, 5, [], {}, "A" * 70_000])
def test_a_garbage_room_key_costs_nobody_theirs(bench: Bench, part: str, junk: Any) -> None:
    key, panic = bench.says("panic")
    content = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOM, "session_id": "x", "session_key": "x", part: junk}
    with bench.ana_store.transaction():
        sealed = bench.ana.write_to(bench.bot, "m.room_key", content)
    bench.takes_in([{"type": "m.room.encrypted", "sender": ANA, "content": sealed}, key], [panic])
    assert bench.bodies() == ["panic"]
    assert bench.store._one("SELECT count(*) FROM streha_room_keys")[0] == 1


def test_a_panic_in_clear_is_handed_over_as_such(bench: Bench) -> None:
    content = {"msgtype": "m.text", "body": "Panika!"}
    plain = {"type": "m.room.message", "sender": ANA, "event_id": "$p", "origin_server_ts": 1, "content": content}
    bench.takes_in([], [plain, {**plain, "event_id": "$q", "content": {"msgtype": "m.text", "body": "nema panike"}}])
    (row,) = bench.store.inbox(ready=True)
    assert (row.event_id, row.record["kind"]) == ("$p", "unencrypted")
    # Nothing that it says is kept.
    assert "content" not in row.record


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
    directory = KeyDirectory(bench.store, again.device_store, bench.clock)
    bench.intake = Intake(again, directory, bench.sessions, bench.clock)
    bench.takes_in([key], [message])
    assert bench.bodies() == ["panic"]
