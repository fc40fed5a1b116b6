"""Taking in one answer to `/sync`: all of it in one transaction, and no event at the cost of another.

Owns the order (device lists, keys, rooms, account, token), the guard around every single event, and the
inbox rows. An answer is other people's words: each part is used only if it has the shape it
should have. What the rows mean to the domain, and who is believed, is decided when they are handed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from peewee import PeeweeException

from bots.key_directory import KeyDirectory
from bots.olm_machine import PANIC, OlmMachine
from bots.olm_store import InboxRow, OlmStore
from bots.room_keys import KeyMissing, Opened, Unreadable
from bots.room_sessions import RoomSessions
from core import logs, metrics
from core.clock import Clock

log = logs.get(__name__)

TOKEN = "sync token"  # noqa: S105 (the name of a value, and no secret)
# An event is at most 64 KiB; what else an answer may hold is bounded by the homeserver's own limits.
FILTER: Mapping[str, Any] = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "state": {"types": ["m.room.member", "m.room.encryption"]},
        "timeline": {
            "limit": 200,
            "types": ["m.room.encrypted", "m.room.member", "m.room.encryption", "m.room.message"],
        },
        "ephemeral": {"types": []},
        "account_data": {"types": []},
    },
}


class Intake:
    """Turns answers into inbox rows."""

    def __init__(
        self,
        machine: OlmMachine,
        directory: KeyDirectory,
        sessions: RoomSessions,
        clock: Clock,
    ) -> None:
        self._machine = machine
        self._store: OlmStore = machine.store
        self._directory = directory
        self._sessions = sessions
        self._clock = clock
        # What was thrown away, by reason, never with a name.
        self.dropped: Counter[str] = Counter()

    @property
    def token(self) -> str | None:
        """Where the next sync goes on; nothing before the first."""
        token = self._store.value(TOKEN)
        return token if isinstance(token, str) else None

    def take_in(self, answer: Mapping[str, Any], missed: Mapping[str, list[Any]]) -> None:
        """Store everything an answer brings, and then its token; `missed` are fetched older events by room."""
        first = self.token is None
        with self._store.transaction():
            changes = _object(answer.get("device_lists"))
            names = [*_list(changes.get("changed")), *_list(changes.get("left"))]
            self._directory.mark_changed(name for name in names if isinstance(name, str))
            for event in _list(_object(answer.get("to_device")).get("events")):
                with self._one("to_device"):
                    self._machine.read_to_device(event)
            rooms = _object(answer.get("rooms"))
            for part in ("join", "leave"):
                for room_id, room in _object(rooms.get(part)).items():
                    with self._one("room"):
                        self._take_in_room(room_id, _object(room), missed.get(room_id, []), first=first)
            self._read_what_waited()
            if self._store.forget_overflow():
                self._count("overflow")
            self._machine.save_account()
            self._store.keep_value(TOKEN, answer["next_batch"])

    def _take_in_room(self, room_id: str, room: Mapping[str, Any], missed: list[Any], *, first: bool) -> None:
        for event in _list(_object(room.get("state")).get("events")):
            with self._one("state"):
                self._take_in_event(room_id, event, first=first)
        for event in [*missed, *_list(_object(room.get("timeline")).get("events"))]:
            with self._one("timeline"):
                self._take_in_event(room_id, event, first=first)

    def _take_in_event(self, room_id: str, event: Any, *, first: bool) -> None:
        match event:
            case {"type": "m.room.encryption", "state_key": "", "content": dict(content)}:
                self._sessions.obey(room_id, content)
            case {"type": "m.room.member", "state_key": str(user_id), "content": {"membership": str(membership)}}:
                if membership != "join":
                    self._sessions.member_left(room_id, user_id)
                if not first:
                    self._keep(room_id, event, {"kind": "membership", "user_id": user_id, "membership": membership})
            case {"type": "m.room.encrypted", "event_id": str(event_id), "sender": str(sender), "content": dict()}:
                if sender != self._machine.user_id and not self._store.was_read(event_id):
                    self._read(room_id, event, first=first)
            case {"type": "m.room.message", "sender": str(sender)} if sender != self._machine.user_id:
                self._count("plaintext")
            case {"type": str()}:
                pass
            case _:
                self._count("malformed")

    def _read(self, room_id: str, event: Mapping[str, Any], *, first: bool) -> None:
        try:
            opened = self._machine.room_keys.read(room_id, event["event_id"], event["content"])
        except KeyMissing as missing:
            # Before the first sync of a device nobody had its keys: there is nothing to wait for.
            if not first:
                self._keep(
                    room_id,
                    event,
                    {"kind": "waiting", "content": event["content"]},
                    session_id=missing.session_id,
                )
        except Unreadable:
            self._count("unreadable")
        else:
            self._keep(room_id, event, _message(opened))
            self._ask_again(event["sender"], opened)

    def _read_what_waited(self) -> None:
        for session_id in self._machine.new_room_keys:
            for row in self._store.waiting_for(session_id):
                with self._one("waiting"):
                    self._read_waiting(row)
        self._machine.new_room_keys.clear()

    def _read_waiting(self, row: InboxRow) -> None:
        record = row.record
        try:
            opened = self._machine.room_keys.read(record["room_id"], row.event_id, record["content"])
        except (KeyMissing, Unreadable):
            self._count("unreadable")
            self._store.drop(row.event_id)
            return
        kept = {name: record[name] for name in ("room_id", "sender", "sent_at")}
        self._store.make_ready(row.event_id, {**kept, **_message(opened)})
        self._ask_again(record["sender"], opened)

    def _ask_again(self, sender: str, opened: Opened) -> None:
        """Ask for the keys of a sender whose device nobody knows yet."""
        if self._directory.believe(sender, opened.sender_key, opened.ed25519).device_id is None:
            self._directory.mark_changed([sender])

    def _keep(
        self,
        room_id: str,
        event: Mapping[str, Any],
        record: Mapping[str, Any],
        *,
        session_id: str | None = None,
    ) -> None:
        event_id, sender, sent_at = event.get("event_id"), event.get("sender"), event.get("origin_server_ts")
        if not isinstance(event_id, str) or not isinstance(sender, str) or not _is_moment(sent_at):
            self._count("malformed")
            return
        common = {"room_id": room_id, "sender": sender, "sent_at": sent_at}
        self._store.add_to_inbox(
            event_id, {**common, **record}, now=self._clock.now().timestamp(), session_id=session_id
        )

    @contextmanager
    def _one(self, reason: str) -> Iterator[None]:
        """Whatever one event brings about ends with it; only the store's own failures end the sync."""
        try:
            yield
        except PeeweeException:
            raise
        except Exception as error:  # noqa: BLE001 (a poison event must not take its neighbours along)
            self._drop(reason, error)
        except BaseException as error:
            if type(error).__name__ != PANIC:
                raise
            self._drop(reason, error)

    def _drop(self, reason: str, error: BaseException) -> None:
        self._count(reason)
        log.warning("event_dropped", state=reason, error=type(error).__name__)

    def _count(self, reason: str) -> None:
        self.dropped[reason] += 1
        metrics.EVENTS_DROPPED.count(reason)


def _message(opened: Opened) -> dict[str, Any]:
    return {
        "kind": "message",
        "event_type": opened.event_type,
        "content": opened.content,
        "sender_key": opened.sender_key,
        "ed25519": opened.ed25519,
    }


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
