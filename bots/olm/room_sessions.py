"""Outbound room sessions: the key with which this device speaks in a room, and who holds it.

Owns when a session ends (messages, age, a holder who left) and the ciphertext it makes. Sessions live in
memory only: after a restart a room gets a new one, so that no message index is ever used twice and the
disk never holds what was said. `bots.keys.sharing` gives the keys out. A session that is nearly worn can be
followed by one whose keys are given out beforehand, so that nobody waits for keys when it matters.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeGuard

import vodozemac

from bots.olm.olm_machine import MEGOLM
from bots.olm.olm_store import OlmStore
from core.clock import Clock
from core.errors import Conflict

MOST_MESSAGES = 100
LONGEST = timedelta(days=7)
# A room may ask for shorter lives, but not for a new key every moment.
FEWEST_MESSAGES = 10
SHORTEST = timedelta(minutes=1)
# From this part of its life on, the session that is to follow is prepared.
NEARLY_WORN = 0.9
# Through a planned window a key is kept, so that nothing changes in the middle of an operation; not without end.
MOST_MESSAGES_IN_WINDOW = 1000
LONGEST_WINDOW = timedelta(hours=24)
# Wishes that differ from what holds anyway are kept for so many rooms: far more than ask for anything.
MOST_WISHES = 1000
_WISHES = "rotation wishes"

type_of_device = tuple[str, str]


class KeysNotShared(Conflict):
    """The keys for the next message were not given out; share keys first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted event, ready to be sent any number of times as one event."""

    room_id: str
    transaction_id: str
    content: bytes
    device_id: str
    session_id: str
    message_index: int


@dataclass(slots=True, kw_only=True, eq=False)
class RoomSession:
    """One outbound session and the devices that hold its key."""

    room_id: str
    created_at: datetime
    library_session: vodozemac.GroupSession = field(default_factory=vodozemac.GroupSession)
    # Device to what made it worth a key, its owner's identity and its own key: a device that comes back with
    # another holds nothing.
    holders: dict[type_of_device, str] = field(default_factory=dict)
    # The same of every device that a key was sent to: where no answer came, it may hold one.
    sent_to: dict[type_of_device, str] = field(default_factory=dict)
    # How often a device that a key was sent to began anew with us, and may not have been able to open it.
    lost: Counter[type_of_device] = field(default_factory=Counter)
    withheld: set[type_of_device] = field(default_factory=set)
    # Keys that could not be delivered, from the message on that the device should have been able to read.
    owed: dict[type_of_device, str] = field(default_factory=dict)
    # The same of users whose devices could not be asked for.
    owed_to: dict[str, str] = field(default_factory=dict)
    # Whether its keys were given out to those present. Who took one is told by `holders` alone.
    shared: bool = False
    to_be_followed: bool = False
    ended: bool = False

    @property
    def session_id(self) -> str:
        """The name under which devices know the session."""
        return self.library_session.session_id

    @property
    def session_key(self) -> str:
        """The key that opens messages from the present one on."""
        return self.library_session.session_key.to_base64()

    def read_by_others(self, present: Mapping[type_of_device, str]) -> bool:
        """Tell whether a device holds its key, or may, that is not present as it was then."""
        given = (*self.holders.items(), *self.sent_to.items())
        return any(present.get(device) != held for device, held in given)


class RoomSessions:
    """The current session of every room this device speaks in."""

    def __init__(self, store: OlmStore, clock: Clock, device_id: str, curve25519: str) -> None:
        self._store = store
        self._clock = clock
        self._device_id = device_id
        self._curve25519 = curve25519
        self._sessions: dict[str, RoomSession] = {}
        # Sessions that are to follow one which is nearly worn, while their keys are given out.
        self._next: dict[str, RoomSession] = {}
        self._windows: dict[str, datetime] = {}
        self._wishes: dict[str, dict[str, int]] = store.value(_WISHES) or {}

    def current(self, room_id: str) -> RoomSession | None:
        """Return the room's session if it may still be used."""
        session = self._sessions.get(room_id)
        return None if session is None or session.ended or self._wear(session) >= 1 else session

    def for_sharing(self, room_id: str, present: Mapping[type_of_device, str], *, ahead: bool = False) -> RoomSession:
        """Return a session that only the present devices hold: the current one, or a new one.

        With `ahead`, one that is nearly worn is left in use, and what is returned is to `follow` it.
        """
        session = self.current(room_id)
        if session is None or session.read_by_others(present):
            session = self._next.pop(room_id, None)
            if session is None or session.ended or session.read_by_others(present):
                session = RoomSession(room_id=room_id, created_at=self._clock.now())
            self._sessions[room_id] = session
        elif ahead and self.nearly_worn(room_id):
            session = self._next.get(room_id)
            if session is None or session.ended or session.read_by_others(present):
                session = self._next[room_id] = RoomSession(room_id=room_id, created_at=self._clock.now())
        return session

    def follow(self, session: RoomSession) -> None:
        """Speak with this session from now on, if it was made to follow the room's and nobody loses by it."""
        before = self.current(session.room_id)
        if self._next.get(session.room_id) is not session or session.ended:
            return
        if before is None or before.holders.keys() <= session.holders.keys():
            self._sessions[session.room_id] = self._next.pop(session.room_id)

    def nearly_worn(self, room_id: str) -> bool:
        """Tell whether the room will soon need another session; true as well where it has none."""
        session = self.current(room_id)
        return session is None or session.to_be_followed or self._wear(session) >= NEARLY_WORN

    def renew(self, room_id: str) -> None:
        """Have the room's session followed by another, however young it is."""
        session = self.current(room_id)
        if session is not None:
            session.to_be_followed = True

    def keep_until(self, room_id: str, closes_at: datetime) -> None:
        """Let the room's session neither age nor wear until then: something planned is going on."""
        self._windows[room_id] = min(closes_at, self._clock.now() + LONGEST_WINDOW)

    def rotate(self, room_id: str) -> None:
        """Let the next sharing make a new session."""
        for session in self._of(room_id):
            session.ended = True

    def forget(self, room_id: str) -> None:
        """Keep no session of a room that is left for good, and none of its wishes."""
        self.rotate(room_id)
        for each in (self._sessions, self._next, self._windows):
            each.pop(room_id, None)
        if self._wishes.pop(room_id, None) is not None:
            self._store.keep_value(_WISHES, self._wishes)

    def member_left(self, room_id: str, user_id: str) -> None:
        """End the room's sessions that the user who left could read on with, now or by what is still owed."""
        for session in self._of(room_id):
            given = (*session.holders, *session.sent_to, *session.owed)
            if user_id in session.owed_to or any(holder == user_id for holder, _device in given):
                session.ended = True

    def key_lost(self, device: type_of_device) -> bool:
        """Owe a device every key, as it is now, that was sent to it: it may have been unable to open it.

        It counts on as one to whom it was sent, so that a key ends as before. False where nothing was sent to it.
        """
        given = [
            session
            for session in (*self._sessions.values(), *self._next.values())
            if device in session.holders or device in session.sent_to
        ]
        for session in given:
            session.lost[device] += 1
            standing = session.holders.pop(device, None)
            if standing is not None:
                session.sent_to.setdefault(device, standing)
            if device not in session.owed:
                session.owed[device] = session.session_key
        return bool(given)

    def reader_lost(self, user_id: str) -> None:
        """End every session that somebody could read on with who may not read any more, in whatever room."""
        for room_id in {*self._sessions, *self._next}:
            self.member_left(room_id, user_id)

    def encrypt(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> Sealed:
        """Seal one event for the holders of the room's session."""
        session = self.current(room_id)
        if session is None or not session.shared:
            raise KeysNotShared("The room's keys are not shared.")
        plaintext = json.dumps({"type": event_type, "content": content, "room_id": room_id}).encode()
        message_index = session.library_session.message_index
        outer: dict[str, Any] = {
            "algorithm": MEGOLM,
            "ciphertext": session.library_session.encrypt(plaintext).to_base64(),
            "device_id": self._device_id,
            "sender_key": self._curve25519,
            "session_id": session.session_id,
        }
        # A relation stands outside as well, for the homeserver has to know which thread this belongs to.
        if "m.relates_to" in content:
            outer["m.relates_to"] = content["m.relates_to"]
        return Sealed(
            room_id=room_id,
            transaction_id=secrets.token_urlsafe(24),
            content=json.dumps(outer).encode(),
            device_id=self._device_id,
            session_id=session.session_id,
            message_index=message_index,
        )

    def obey(self, room_id: str, encryption: Mapping[str, Any]) -> None:
        """Remember how much more often than usual a room wants new keys. Inside a transaction."""
        messages, ms = encryption.get("rotation_period_msgs"), encryption.get("rotation_period_ms")
        wishes: dict[str, int] = {}
        if _is_count(messages) and messages < MOST_MESSAGES:
            wishes["messages"] = max(messages, FEWEST_MESSAGES)
        if _is_count(ms) and ms < LONGEST / _MILLISECOND:
            wishes["ms"] = ms
        if wishes == self._wishes.get(room_id, {}):
            return
        self._wishes.pop(room_id, None)
        if wishes and len(self._wishes) < MOST_WISHES:
            self._wishes[room_id] = wishes
        self._store.keep_value(_WISHES, self._wishes)

    def _of(self, room_id: str) -> list[RoomSession]:
        return [each[room_id] for each in (self._sessions, self._next) if room_id in each]

    def _wear(self, session: RoomSession) -> float:
        """Return how much of its life a session has behind it; from 1 on it is not used any more."""
        wishes = self._wishes.get(session.room_id, {})
        messages = wishes.get("messages", MOST_MESSAGES)
        longest = max(timedelta(milliseconds=wishes["ms"]), SHORTEST) if "ms" in wishes else LONGEST
        now = self._clock.now()
        if self._windows.get(session.room_id, now) > now:
            messages, longest = MOST_MESSAGES_IN_WINDOW, LONGEST + LONGEST_WINDOW
        used: float = session.library_session.message_index / messages
        return max(used, (now - session.created_at) / longest)


_MILLISECOND = timedelta(milliseconds=1)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
