"""Taking in one answer to `/sync`: all of it in one transaction, and no event at the cost of another.

Owns the order (device lists, keys, rooms, account, token), the inbox rows, and what becomes of the place in the
stream when the homeserver does not know it any more. Every single event is taken in behind `bots.wire.guard`. An
answer is other people's words: each part is used only if it has the shape it should have, and each name only if it
can be one (`bots.wire.identifiers`). What the rows mean to the domain, and who is believed, is decided when they are
handed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from alerts.duress.sentences import may_be_one, normal
from bots.device.backfill import Older, to_record
from bots.keys.key_directory import KeyDirectory
from bots.olm.inbox import InboxRow
from bots.olm.lived_time import LivedTime
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_keys import KeyMissing, Opened, Unreadable
from bots.olm.room_sessions import RoomSessions
from bots.wire.guard import alone
from bots.wire.identifiers import is_event_id, is_room_id, is_user_id
from bots.wire.room_settings import WATCHED, is_in_every_room
from bots.words.commands import calls_for_help, own_text, parse, said_by
from core import logs, metrics
from core.clock import Clock

log = logs.get(__name__)

TOKEN = "sync token"  # noqa: S105 (the name of a value, and no secret)
BEGUN_ANEW = "sync begun anew"
# Of what comes a second time, because the sync had to begin anew, only so much may still wait for its key.
STILL_NEWS_SECONDS = 3600.0
# An event is at most 64 KiB; what else an answer may hold is bounded by the homeserver's own limits.
FILTER: Mapping[str, Any] = {
    "presence": {"types": []},
    "account_data": {"types": []},
    "room": {
        "state": {"types": ["m.room.member", *WATCHED]},
        "timeline": {"limit": 200, "types": ["m.room.encrypted", "m.room.member", "m.room.message", *WATCHED]},
        "ephemeral": {"types": []},
        "account_data": {"types": []},
    },
}


class Kind(Enum):
    """How the events of an answer came."""

    # The first answer of a new device: nobody had its keys before, and nothing was asked of it.
    FIRST = auto()
    LIVE = auto()
    # All over again, because the homeserver did not know the place in its stream: much of it was seen before.
    ANEW = auto()
    # Fetched afterwards: what is said about the room's state may be long over.
    OLDER = auto()


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
        self._lived = LivedTime(self._store, clock)
        # What was thrown away, by reason, never with a name.
        self.dropped: Counter[str] = Counter()
        with self._store.transaction():
            self._store.find_calls(is_call, may_be_sentence)

    @property
    def token(self) -> str | None:
        """Where the next sync goes on; nothing before the first."""
        token = self._store.value(TOKEN)
        return token if isinstance(token, str) else None

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever taken in."""
        return self.token is None and not self._store.value(BEGUN_ANEW)

    def begin_anew(self) -> None:
        """Forget the place in the stream, which the homeserver refuses to know."""
        with self._store.transaction():
            self._store.keep_value(BEGUN_ANEW, True)
            self._store.keep_value(TOKEN, None)

    def take_in(self, answer: Mapping[str, Any], older: Mapping[str, Older]) -> None:
        """Store everything an answer brings, and then its token; `older` is what was fetched beside it, by room."""
        kind = Kind.FIRST if self.is_new else Kind.ANEW if self.token is None else Kind.LIVE
        with self._store.transaction():
            if kind is not Kind.LIVE:
                self._directory.mark_all_changed()
            changes = _object(answer.get("device_lists"))
            names = [*_list(changes.get("changed")), *_list(changes.get("left"))]
            self._directory.mark_changed(name for name in names if is_user_id(name))
            for event in _list(_object(answer.get("to_device")).get("events")):
                # Without a savepoint: a ratchet that went forward in memory may not stay behind on the disk.
                with alone(self._dropping("to_device")):
                    self._machine.read_to_device(event)
            rooms = _object(answer.get("rooms"))
            for part in ("join", "leave"):
                for room_id, room in _object(rooms.get(part)).items():
                    with alone(self._dropping("room")):
                        self._take_in_room(room_id, _object(room), older.get(room_id), kind)
            self._finish_taking_in()
            self._machine.save_account()
            self._store.keep_value(TOKEN, answer["next_batch"])
            if kind is Kind.ANEW:
                self._store.keep_value(BEGUN_ANEW, False)

    def take_in_older(self, room_id: str, older: Older) -> None:
        """Store what was fetched afterwards of one room, and what of it is still missing."""
        with self._store.transaction():
            self._take_in_events("timeline", room_id, older.events, Kind.OLDER)
            self._keep_gap(room_id, older)
            self._finish_taking_in()

    def _take_in_room(self, room_id: str, room: Mapping[str, Any], older: Older | None, kind: Kind) -> None:
        if not is_room_id(room_id):
            self._count("malformed")
            return
        self._take_in_events("state", room_id, _list(_object(room.get("state")).get("events")), kind)
        if older is not None:
            self._take_in_events("timeline", room_id, older.events, Kind.OLDER)
            self._keep_gap(room_id, older)
        self._take_in_events("timeline", room_id, _list(_object(room.get("timeline")).get("events")), kind)

    def _take_in_events(self, part: str, room_id: str, events: Iterable[Any], kind: Kind) -> None:
        for event in events:
            with self._one(part):
                self._take_in_event(room_id, event, kind)

    def _keep_gap(self, room_id: str, older: Older) -> None:
        if older.rest is None:
            self._store.close_gap(room_id)
        else:
            self._store.keep_gap(room_id, to_record(older.rest))

    def _finish_taking_in(self) -> None:
        """Read what its key came for, and keep to the bounds."""
        self._read_what_waited()
        lived = self._lived.now()
        used, self._machine.room_keys.used = self._machine.room_keys.used, set()
        if used:
            self._store.room_keys_used(used, now=lived)
            self._count("overflow", self._store.forget_room_keys(now=lived))
        self._count("overflow", self._store.forget_overflow())

    def _take_in_event(self, room_id: str, event: Any, kind: Kind) -> None:
        match event:
            case {"type": str(name), "state_key": str(), "content": dict()} if name in _SETTINGS:
                self._set(room_id, event, kind)
            case {"type": "m.room.member", "state_key": user_id, "content": {"membership": str(membership)}}:
                self._moved(room_id, event, kind, user_id, membership)
            case {"type": "m.room.encrypted", "sender": sender, "content": dict()} if _can_be_kept(event):
                if sender != self._machine.user_id and not self._store.was_read(event["event_id"]):
                    self._read(room_id, event, kind)
            case {"type": "m.room.message", "sender": sender, "content": content}:
                if sender != self._machine.user_id:
                    self._count("plaintext")
                    if kind is not Kind.FIRST and _calls_for_help(content):
                        self._keep(room_id, event, {"kind": "unencrypted"})
            case {"type": str(name)} if name not in _READ_HERE:
                pass
            case _:
                self._count("malformed")

    def _moved(self, room_id: str, event: Mapping[str, Any], kind: Kind, user_id: Any, membership: str) -> None:
        if not is_user_id(user_id):
            self._count("malformed")
            return
        if membership != "join":
            self._sessions.member_left(room_id, user_id)
        # Of this device's own comings and goings only the present ones say anything.
        if kind is Kind.LIVE or (kind is not Kind.FIRST and user_id != self._machine.user_id):
            self._keep(room_id, event, {"kind": "membership", "user_id": user_id, "membership": membership})

    def _set(self, room_id: str, event: Mapping[str, Any], kind: Kind) -> None:
        if event["type"] == "m.room.encryption" and not event["state_key"] and kind is not Kind.OLDER:
            self._sessions.obey(room_id, event["content"])
        if kind in {Kind.FIRST, Kind.ANEW}:
            # All settings of all rooms: whoever goes through the rooms now and then looks at those.
            return
        setting, key, content = event["type"], event["state_key"], event["content"]
        if not is_in_every_room(self._machine.user_id, setting, key, content):
            self._keep(room_id, event, {"kind": "setting", "setting": setting, "key": key, "content": content})

    def _read(self, room_id: str, event: Mapping[str, Any], kind: Kind) -> None:
        try:
            opened = self._machine.room_keys.read(room_id, event["event_id"], event["content"])
        except KeyMissing as missing:
            age = self._clock.now().timestamp() - event["origin_server_ts"] / 1000
            if kind is Kind.FIRST or (kind is Kind.ANEW and age > STILL_NEWS_SECONDS):
                # Before the first sync nobody had this device's keys; the key of what was read long ago is gone.
                return
            waiting = {"kind": "waiting", "content": event["content"]}
            self._keep(room_id, event, waiting, session_id=missing.session_id)
        except Unreadable:
            self._count("unreadable")
        else:
            self._keep(room_id, event, _message(opened))
            with self._one("timeline"):
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
        except KeyMissing:
            # The key that came opens only what was said later. What nobody can read is told like what has no key.
            return
        except Unreadable:
            self._count("unreadable")
            self._store.drop(row.event_id)
            return
        kept = {name: record[name] for name in ("room_id", "sender", "sent_at")}
        ready = {**kept, **_message(opened)}
        self._store.make_ready(
            row.event_id, ready, now=self._clock.now().timestamp(), call=is_call(ready), sentence=may_be_sentence(ready)
        )
        with self._one("waiting"):
            self._ask_again(record["sender"], opened)

    def _ask_again(self, sender: str, opened: Opened) -> None:
        """Ask for the keys of a sender whose device nobody knows yet."""
        if all(self._directory.believe(sender, *claim).device_id is None for claim in opened.claims):
            self._directory.mark_changed([sender])

    def _keep(
        self,
        room_id: str,
        event: Mapping[str, Any],
        record: Mapping[str, Any],
        *,
        session_id: str | None = None,
    ) -> None:
        if not _can_be_kept(event):
            self._count("malformed")
            return
        common = {"room_id": room_id, "sender": event["sender"], "sent_at": event["origin_server_ts"]}
        self._store.add_to_inbox(
            event["event_id"],
            {**common, **record},
            now=self._clock.now().timestamp(),
            session_id=session_id,
            call=is_call(record),
            sentence=may_be_sentence(record),
        )

    @contextmanager
    def _one(self, reason: str) -> Iterator[None]:
        """Whatever one event brings about ends with it, and so does what it wrote half."""
        with alone(self._dropping(reason)), self._store.transaction():
            yield

    def _dropping(self, reason: str) -> Callable[[BaseException], None]:
        def drop(error: BaseException) -> None:
            self._count(reason)
            log.warning("event_dropped", state=reason, error=type(error).__name__)

        return drop

    def _count(self, reason: str, times: int = 1) -> None:
        if times:
            self.dropped[reason] += times
            metrics.EVENTS_DROPPED.count(reason, times=times)


_SETTINGS = frozenset(WATCHED)
_READ_HERE = frozenset({"m.room.member", "m.room.encrypted", "m.room.message"}) | _SETTINGS


def is_call(record: Mapping[str, Any]) -> bool:
    """Whether a row of the inbox calls for help, by the same rule as `bots.talk.handling.is_panic`."""
    return record["kind"] == "message" and calls_for_help(said_by(record["event_type"], record["content"]))


def may_be_sentence(record: Mapping[str, Any]) -> bool:
    """Whether a row of the inbox may be a sentence of somebody's own, by its shape alone: the database knows whose."""
    text = own_text(record["event_type"], record["content"]) if record["kind"] == "message" else None
    return text is not None and may_be_one(normal(text))


def _message(opened: Opened) -> dict[str, Any]:
    return {
        "kind": "message",
        "event_type": opened.event_type,
        "content": opened.content,
        "claims": [list(claim) for claim in opened.claims],
    }


def _calls_for_help(content: Any) -> bool:
    """Tell whether words in clear look like a panic: nothing is done at them, but whoever wrote them must hear so."""
    match content:
        case {"msgtype": "m.text", "body": str(body)}:
            return calls_for_help(parse(body))
    return False


def _can_be_kept(event: Mapping[str, Any]) -> bool:
    return (
        is_event_id(event.get("event_id"))
        and is_user_id(event.get("sender"))
        and _is_moment(event.get("origin_server_ts"))
    )


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
