"""Outbound room sessions: the key with which this device speaks in a room, and who holds it.

Owns when a session ends (messages, age, a holder who left) and the ciphertext it makes. Sessions live in
memory only: after a restart a room gets a new one, so that no message index is ever used twice and the
disk never holds what was said. `bots.sharing` gives the keys out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import vodozemac

from bots.olm_machine import MEGOLM
from bots.olm_store import OlmStore
from core.clock import Clock
from core.errors import Conflict

MOST_MESSAGES = 100
LONGEST = timedelta(days=7)
# A room may ask for shorter lives, but not for a new key every moment.
SHORTEST = timedelta(minutes=1)
FOREVER = 10**12

type_of_device = tuple[str, str]


class KeysNotShared(Conflict):
    """The room's members do not hold a key for the next message; share keys first."""


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
    # Device to its identity key: a device that comes back with another one holds nothing.
    holders: dict[type_of_device, str] = field(default_factory=dict)
    withheld: set[type_of_device] = field(default_factory=set)
    # Keys that could not be delivered, from the message on that the device should have been able to read.
    owed: dict[type_of_device, str] = field(default_factory=dict)
    shared: bool = False
    ended: bool = False

    @property
    def session_id(self) -> str:
        """The name under which devices know the session."""
        return self.library_session.session_id

    @property
    def session_key(self) -> str:
        """The key that opens messages from the present one on."""
        return self.library_session.session_key.to_base64()


class RoomSessions:
    """The current session of every room this device speaks in."""

    def __init__(self, store: OlmStore, clock: Clock, device_id: str, curve25519: str) -> None:
        self._store = store
        self._clock = clock
        self._device_id = device_id
        self._curve25519 = curve25519
        self._sessions: dict[str, RoomSession] = {}

    def current(self, room_id: str) -> RoomSession | None:
        """Return the room's session if it may still be used."""
        session = self._sessions.get(room_id)
        return None if session is None or session.ended or self._worn(session) else session

    def for_sharing(self, room_id: str, present: Mapping[type_of_device, str]) -> RoomSession:
        """Return a session that only the present devices hold: the current one, or a new one."""
        session = self.current(room_id)
        if session is None or any(present.get(device) != key for device, key in session.holders.items()):
            session = self._sessions[room_id] = RoomSession(room_id=room_id, created_at=self._clock.now())
        return session

    def rotate(self, room_id: str) -> None:
        """Let the next sharing make a new session."""
        session = self._sessions.get(room_id)
        if session is not None:
            session.ended = True

    def member_left(self, room_id: str, user_id: str) -> None:
        """End the room's session if the user who left could read on with it."""
        session = self._sessions.get(room_id)
        if session is not None and any(holder == user_id for holder, _device in session.holders):
            session.ended = True

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
        """Remember how often a room wants new keys. Inside a transaction."""
        wishes = {"messages": encryption.get("rotation_period_msgs"), "ms": encryption.get("rotation_period_ms")}
        self._store.keep_value(f"rotation {room_id}", {name: wish for name, wish in wishes.items() if _is_count(wish)})

    def _worn(self, session: RoomSession) -> bool:
        wishes = self._store.value(f"rotation {session.room_id}") or {}
        messages = min(wishes.get("messages", MOST_MESSAGES), MOST_MESSAGES)
        longest = min(max(timedelta(milliseconds=min(wishes.get("ms", FOREVER), FOREVER)), SHORTEST), LONGEST)
        age = self._clock.now() - session.created_at
        return bool(session.library_session.message_index >= messages or age >= longest)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
