"""The device's inbox: no number of other words hides a call for help, nobody's calls another's, and no disk tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bots.device.intake import Intake, is_call, may_be_sentence
from bots.device.received import Received
from bots.keys.key_directory import KeyDirectory
from bots.olm.bounds import MOST_HANDED_OVER, MOST_SENTENCES_KEPT
from bots.olm.inbox import Inbox
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import DATABASE_NAME, OlmStore
from bots.olm.room_sessions import RoomSessions
from bots.talk.handling import is_panic
from core.clock import Clock
from tests.clock import MovableClock
from tests.conftest import START

SECRET = b"an invented store key of 32 bytes"
ANA, SARA = "@ana:streha.example", "@sara:streha.example"


def opened(directory: Path) -> OlmStore:
    return OlmStore("@bot:streha.example", "BOT", directory, SECRET)


def reading(store: OlmStore, clock: Clock) -> Intake:
    """Return what an opened device takes in with: it finds what lies there since before."""
    machine = OlmMachine("@bot:streha.example", "BOT", store)
    directory = KeyDirectory(store, machine.device_store, clock)
    return Intake(machine, directory, RoomSessions(store, clock, "BOT", machine.curve25519), clock)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OlmStore]:
    made = opened(tmp_path)
    yield made
    made.close()


def words(body: Any, sender: str = ANA, **content: Any) -> dict[str, Any]:
    return {
        "kind": "message",
        "sender": sender,
        "event_type": "m.room.message",
        "content": {"msgtype": "m.text", "body": body, **content},
    }


def put(store: Inbox, event_id: str, body: str, sender: str = ANA, *, now: float = 0.0) -> None:
    record = words(body, sender)
    store.add_to_inbox(event_id, record, now=now, call=is_call(record), sentence=may_be_sentence(record))


def handed_over(store: Inbox) -> list[str]:
    return [row.event_id for row in store.inbox(ready=True)]


def test_a_panic_is_handed_over_whatever_stands_before_it(store: OlmStore) -> None:
    with store.transaction():
        for number in range(MOST_HANDED_OVER + 1):
            put(store, f"$talk-{number}", "help")
        put(store, "$panic", "panic", SARA)
    assert handed_over(store) == [*(f"$talk-{number}" for number in range(MOST_HANDED_OVER)), "$panic"]
    store.finish("$panic")
    assert "$panic" not in handed_over(store)
    assert store.calls_before(1.0) == []
    assert store._one("SELECT count(*) FROM temp.streha_calls") == (0,)


def test_nobodys_panics_hide_anothers_nor_other_words(store: OlmStore) -> None:
    with store.transaction():
        for number in range(MOST_HANDED_OVER + 1):
            put(store, f"$many-{number}", "panic")
        put(store, "$hers", "panic", SARA)
        put(store, "$ack", "ack", SARA)
    found = handed_over(store)
    assert found[-2:] == ["$hers", "$ack"]
    assert len(found) == MOST_HANDED_OVER + 1


def test_a_panic_that_waited_for_its_key_is_one_too(store: OlmStore) -> None:
    with store.transaction():
        store.add_to_inbox("$late", {"kind": "waiting", "sender": SARA}, now=0.0, session_id="session")
        for number in range(MOST_HANDED_OVER + 1):
            put(store, f"$talk-{number}", "help")
        for number in range(MOST_HANDED_OVER + 1):
            store.add_to_inbox(f"$dark-{number}", {"kind": "waiting", "sender": ANA}, now=0.0, session_id="other")
        store.make_ready("$late", words("panic", SARA), now=5.0, call=True)
    assert handed_over(store)[0] == "$late"
    assert store.calls_before(4.0) == []
    assert store.calls_before(5.0) == ["$late"]


def test_what_calls_for_help_is_found_again_after_a_restart_also_in_an_older_store(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.transaction():
        for number in range(MOST_HANDED_OVER + 1):
            put(store, f"$talk-{number}", "help")
        put(store, "$panic", "panic", SARA)
    # As an earlier version made it.
    store.database.execute_sql("ALTER TABLE streha_inbox DROP COLUMN ready_at")
    store.close()
    again = opened(tmp_path)
    reading(again, MovableClock(START))
    assert handed_over(again)[-1] == "$panic"
    again.close()


def test_what_is_undone_calls_for_help_no_more(store: OlmStore) -> None:
    with pytest.raises(KeyError), store.transaction():
        _put_and_fail(store)
    with store.transaction():
        # The place is given again.
        put(store, "$talk", "help")
    assert store.calls_before(1.0) == []
    assert handed_over(store) == ["$talk"]


def test_the_disk_does_not_tell_what_calls_for_help(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.transaction():
        put(store, "$panic", "panic")
        put(store, "$words", "helps")
    store.close()
    with sqlite3.connect(tmp_path / DATABASE_NAME) as disk:
        tables = {name for (name,) in disk.execute("SELECT name FROM sqlite_master")}
        clear = disk.execute(
            "SELECT state, session_id, received_at, told, ready_at, sender, length(sealed) FROM streha_inbox"
        )
        assert len(set(clear)) == 1
    assert not tables & {"streha_calls", "streha_sentences"}


def test_what_may_be_a_sentence_is_kept_as_long_as_a_call_also_after_a_restart(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.transaction():
        put(store, "$words", "Vidimo se sutra u osam", now=10.0)
        put(store, "$short", "Dobro, hvala", now=10.0)
        store.add_to_inbox("$late", {"kind": "waiting", "sender": SARA}, now=10.0, session_id="session")
        store.make_ready("$late", words("Sve je u redu, hvala", SARA), now=10.0, sentence=True)
    store.close()
    again = opened(tmp_path)
    reading(again, MovableClock(START))
    with again.transaction():
        assert again.finish_before(10.0, calls_before=1.0) == 0
        assert handed_over(again) == ["$words", "$late"]
        again.finish_before(10.0, calls_before=10.0)
    assert handed_over(again) == []
    again.close()


def test_beyond_the_bound_goes_the_oldest_of_whoever_has_most(store: OlmStore) -> None:
    with store.transaction():
        put(store, "$hers", "Vidimo se sutra u osam", SARA)
        for number in range(MOST_SENTENCES_KEPT + 1):
            put(store, f"$many-{number}", "Ovo je jedna od mnogih", now=1.0)
        put(store, "$fresh", "Ovo je jedna od mnogih", now=11.0)
        assert store.finish_before(10.0, calls_before=-1.0) == 3
    rows = {event_id for (event_id,) in store._all("SELECT event_id FROM streha_inbox")}
    assert len(rows) == MOST_SENTENCES_KEPT
    assert {"$hers", "$fresh", "$many-3"} < rows
    assert not rows & {"$many-0", "$many-1", "$many-2"}


def test_all_is_finished_by_its_time_however_much_there_is_and_calls_by_theirs(store: OlmStore) -> None:
    with store.transaction():
        for number in range(3 * MOST_HANDED_OVER):
            put(store, f"$talk-{number}", "help", now=10.0)
        put(store, "$old", "panic", now=1.0)
        put(store, "$panic", "panic", now=10.0)
        put(store, "$fresh", "help", now=11.0)
        store.add_to_inbox("$dark", {"kind": "waiting", "sender": ANA}, now=10.0, session_id="session")
        store.add_to_inbox("$late", {"kind": "waiting", "sender": ANA}, now=10.0, session_id="other")
        store.make_ready("$late", words("help"), now=11.0)
        store.finish_before(10.0, calls_before=1.0)
    assert handed_over(store) == ["$panic", "$fresh", "$late"]
    # What nobody can read is told no more, and may still be read.
    assert store.inbox(ready=False) == []
    assert [row.event_id for row in store.waiting_for("session")] == ["$dark"]


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("panic", {}), ("Паника!", {}), ("> help\n\npanic", {}), ("panic lisica-reka", {}), ("panik", {}), ("", {}),
        ("nema panike", {}), ("panic", {"m.relates_to": {"rel_type": "m.replace"}}), ("panic", {"m.relates_to": 5}),
        ("panic", {"msgtype": "m.notice"}), (5, {}), (None, {}),
    ],
)  # fmt: skip
def test_what_stands_apart_is_what_is_handled_as_a_panic(body: Any, more: dict[str, Any]) -> None:
    record = words(body, **more)
    handed = Received(
        room_id="!room", event_id="$1", sender=ANA, sent_at=START, event_type=record["event_type"],
        content=record["content"], sender_device_id=None, sender_identity=None, bound=False,
    )  # fmt: skip
    assert is_call(record) is is_panic(handed)


def _put_and_fail(store: Inbox) -> None:
    put(store, "$panic", "panic")
    raise KeyError
