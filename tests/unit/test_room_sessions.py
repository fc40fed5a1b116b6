"""When a room's outbound key ends, and that no message is sealed without holders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vodozemac

from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import LONGEST_WINDOW, MOST_WISHES, KeysNotShared, RoomSessions
from tests.clock import MovableClock

ROOM = "!room:streha.example"
ANA, BORIS = ("@ana:streha.example", "A"), ("@boris:streha.example", "B")


@pytest.fixture
def sessions(tmp_path: Path, clock: MovableClock) -> Iterator[RoomSessions]:
    store = OlmStore("@bot:streha.example", "BOT", tmp_path, b"an invented store key of 32 bytes")
    yield RoomSessions(store, clock, "BOT", "curve")
    store.close()


def shared(sessions: RoomSessions, *devices: tuple[str, str]) -> str:
    session = sessions.for_sharing(ROOM, dict.fromkeys(devices, "key"))
    session.holders.update(dict.fromkeys(devices, "key"))
    session.shared = True
    return session.session_id


def test_nothing_is_sealed_before_keys_are_shared(sessions: RoomSessions) -> None:
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})
    sessions.for_sharing(ROOM, {ANA: "key"})
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})


def test_a_sealed_event_says_outside_only_what_it_must(sessions: RoomSessions) -> None:
    session_id = shared(sessions, ANA)
    relation = {"rel_type": "m.thread", "event_id": "$1"}
    sealed = sessions.encrypt(ROOM, "m.room.message", {"body": "marked", "m.relates_to": relation})
    content = json.loads(sealed.content)
    assert set(content) == {
        "algorithm", "ciphertext", "device_id", "sender_key", "session_id", "m.relates_to",
    }  # fmt: skip
    assert b"marked" not in sealed.content
    assert (sealed.session_id, sealed.message_index, sealed.device_id) == (session_id, 0, "BOT")
    following = sessions.encrypt(ROOM, "m.room.message", {})
    assert following.message_index == 1
    assert following.transaction_id != sealed.transaction_id


def test_a_new_holder_keeps_the_session_and_a_lost_one_ends_it(sessions: RoomSessions) -> None:
    first = shared(sessions, ANA)
    assert shared(sessions, ANA, BORIS) == first
    second = shared(sessions, ANA)
    assert second != first
    # A device that comes back with another identity key is another device.
    assert sessions.for_sharing(ROOM, {ANA: "another key"}).session_id != second


def test_who_may_hold_a_key_without_our_hearing_of_it_ends_the_session_as_well(sessions: RoomSessions) -> None:
    first = shared(sessions, ANA)
    session = sessions.current(ROOM)
    assert session is not None
    session.sent_to[BORIS] = "key"
    assert sessions.for_sharing(ROOM, {ANA: "key", BORIS: "key"}).session_id == first
    assert sessions.for_sharing(ROOM, {ANA: "key"}).session_id != first


def test_a_session_is_followed_before_it_is_worn(sessions: RoomSessions) -> None:
    first = shared(sessions, ANA)
    for _ in range(90):
        sessions.encrypt(ROOM, "m.room.message", {})
    assert sessions.nearly_worn(ROOM)
    following = sessions.for_sharing(ROOM, {ANA: "key"}, ahead=True)
    assert following.session_id != first
    # While its keys are given out, the room goes on speaking; the same session is prepared, not one after the other.
    assert sessions.encrypt(ROOM, "m.room.message", {}).session_id == first
    assert sessions.for_sharing(ROOM, {ANA: "key"}, ahead=True) is following
    assert sessions.for_sharing(ROOM, {ANA: "key"}).session_id == first
    following.shared = True
    # Nobody who can read may lose by it.
    sessions.follow(following)
    assert sessions.encrypt(ROOM, "m.room.message", {}).session_id == first
    following.holders[ANA] = "key"
    sessions.follow(following)
    assert sessions.encrypt(ROOM, "m.room.message", {}).session_id == following.session_id
    assert not sessions.nearly_worn(ROOM)


def test_a_prepared_session_is_taken_when_the_one_before_it_ends(sessions: RoomSessions) -> None:
    shared(sessions, ANA, BORIS)
    sessions.renew(ROOM)
    following = sessions.for_sharing(ROOM, {ANA: "key", BORIS: "key"}, ahead=True)
    following.sent_to[ANA] = following.holders[ANA] = "key"
    for _ in range(100):
        sessions.encrypt(ROOM, "m.room.message", {})
    assert sessions.for_sharing(ROOM, {ANA: "key", BORIS: "key"}) is following


def test_a_session_that_is_to_follow_ends_with_who_leaves(sessions: RoomSessions) -> None:
    shared(sessions, ANA)
    sessions.renew(ROOM)
    following = sessions.for_sharing(ROOM, {ANA: "key", BORIS: "key"}, ahead=True)
    following.sent_to[BORIS] = "key"
    sessions.member_left(ROOM, BORIS[0])
    following.shared = True
    sessions.follow(following)
    assert sessions.encrypt(ROOM, "m.room.message", {}).session_id != following.session_id


def test_a_planned_window_keeps_a_key_but_not_for_ever(sessions: RoomSessions, clock: MovableClock) -> None:
    first = shared(sessions, ANA)
    for _ in range(95):
        sessions.encrypt(ROOM, "m.room.message", {})
    sessions.keep_until(ROOM, clock.now() + timedelta(hours=2))
    for _ in range(100):
        assert sessions.encrypt(ROOM, "m.room.message", {}).session_id == first
    # Whoever leaves ends it all the same, and so does the end of the window.
    clock.move(timedelta(hours=2))
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})
    shared(sessions, ANA)
    sessions.keep_until(ROOM, clock.now() + timedelta(days=365))
    clock.move(LONGEST_WINDOW + timedelta(days=7))
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})
    shared(sessions, ANA)
    sessions.keep_until(ROOM, clock.now() + timedelta(hours=2))
    sessions.member_left(ROOM, ANA[0])
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})


def test_a_device_of_another_identity_is_another_holder(sessions: RoomSessions) -> None:
    first = sessions.for_sharing(ROOM, {ANA: "identity key"})
    first.holders[ANA] = "identity key"
    assert sessions.for_sharing(ROOM, {ANA: "identity key"}) is first
    assert sessions.for_sharing(ROOM, {ANA: "reset key"}) is not first


def test_wishes_of_rooms_are_bounded_and_kept(sessions: RoomSessions, clock: MovableClock) -> None:
    for number in range(MOST_WISHES + 10):
        sessions.obey(f"!{number}:elsewhere.example", {"rotation_period_msgs": 50})
    assert len(sessions._wishes) == MOST_WISHES
    # What asks for nothing more often than usual is not kept at all.
    sessions.obey("!0:elsewhere.example", {"rotation_period_msgs": 100, "rotation_period_ms": 604_800_000})
    assert len(sessions._wishes) == MOST_WISHES - 1
    sessions.obey(ROOM, {"rotation_period_ms": 3_600_000})
    again = RoomSessions(sessions._store, clock, "BOT", "curve")
    shared(again, ANA)
    clock.move(timedelta(hours=1))
    assert again.current(ROOM) is None


def test_leaving_and_rotating_end_the_session_at_once(sessions: RoomSessions) -> None:
    shared(sessions, ANA, BORIS)
    sessions.member_left(ROOM, "@stranger:streha.example")
    sessions.encrypt(ROOM, "m.room.message", {})
    sessions.member_left(ROOM, BORIS[0])
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})
    shared(sessions, ANA)
    sessions.rotate(ROOM)
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})


@pytest.mark.parametrize(
    ("wishes", "messages"),
    [
        ({}, 100),
        ({"rotation_period_msgs": 30}, 30),
        ({"rotation_period_msgs": 1}, 10),
        ({"rotation_period_msgs": 10_000}, 100),
        ({"rotation_period_msgs": 0}, 100),
        ({"rotation_period_msgs": "3"}, 100),
        ({"rotation_period_msgs": True}, 100),
        ({"rotation_period_msgs": 2.5}, 100),
    ],
)
def test_a_session_wears_out_with_messages(sessions: RoomSessions, wishes: dict[str, Any], messages: int) -> None:
    sessions.obey(ROOM, wishes)
    shared(sessions, ANA)
    for _ in range(messages):
        sessions.encrypt(ROOM, "m.room.message", {})
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})


def test_whoever_lost_a_key_is_owed_it_as_it_is_now_and_still_ends_it(sessions: RoomSessions) -> None:
    first = shared(sessions, ANA, BORIS)
    sessions.encrypt(ROOM, "m.room.message", {})
    assert not sessions.key_lost(("@eva:streha.example", "E"))
    assert sessions.key_lost(ANA)
    session = sessions.current(ROOM)
    assert session is not None
    assert session.session_id == first
    assert session.holders.keys() == {BORIS}
    key = vodozemac.InboundGroupSession(vodozemac.SessionKey(session.owed[ANA]))
    assert key.first_known_index == 1
    # What is owed already is owed from then on.
    sessions.encrypt(ROOM, "m.room.message", {})
    before = session.owed[ANA]
    assert sessions.key_lost(ANA)
    assert session.owed[ANA] == before
    # It may have opened the first one all the same.
    assert sessions.for_sharing(ROOM, {BORIS: "key"}).session_id != first
    second = shared(sessions, ANA, BORIS)
    sessions.key_lost(ANA)
    sessions.member_left(ROOM, ANA[0])
    assert shared(sessions, BORIS) != second


@pytest.mark.parametrize(
    ("wishes", "life"),
    [
        ({}, timedelta(days=7)),
        ({"rotation_period_ms": 3_600_000}, timedelta(hours=1)),
        ({"rotation_period_ms": 10**30}, timedelta(days=7)),
        ({"rotation_period_ms": 1}, timedelta(minutes=1)),
        ({"rotation_period_ms": -5}, timedelta(days=7)),
        ({"rotation_period_ms": None}, timedelta(days=7)),
    ],
)
def test_a_session_wears_out_with_time(
    sessions: RoomSessions, clock: MovableClock, wishes: dict[str, Any], life: timedelta
) -> None:
    sessions.obey(ROOM, wishes)
    shared(sessions, ANA)
    clock.move(life - timedelta(seconds=1))
    sessions.encrypt(ROOM, "m.room.message", {})
    clock.move(timedelta(seconds=1))
    with pytest.raises(KeysNotShared):
        sessions.encrypt(ROOM, "m.room.message", {})
