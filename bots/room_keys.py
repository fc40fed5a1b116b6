"""Room keys of others: accepted once, opened forwards only.

Owns which device a room session belongs to, and the reading of room events. Sessions rest sealed in the store
and are ratcheted forward past what was read without a gap: after a restart the device reads what comes
next, and a seized disk reads nothing that was. The same message never counts as two events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import vodozemac

from bots import untrusted_json
from bots.olm_store import OlmStore
from core import logs

log = logs.get(__name__)


class KeyMissing(Exception):
    """The key of a room message is not here yet."""

    def __init__(self, session_id: str) -> None:
        super().__init__("the room key is missing")
        self.session_id = session_id


class Unreadable(Exception):
    """The message cannot be opened, now or ever, or was opened before as another event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A room message and the device keys that its session came with."""

    event_type: str
    content: dict[str, Any]
    sender_key: str
    ed25519: str


class RoomKeys:
    """The inbound room sessions of one device."""

    def __init__(self, store: OlmStore) -> None:
        self._store = store

    def accept(
        self,
        session: vodozemac.InboundGroupSession,
        *,
        room_id: str,
        sender: str,
        sender_key: str,
        ed25519: str,
    ) -> bool:
        """Keep a session that a device has sent, unless what is kept is as good or somebody else's."""
        known = self._store.room_key(session.session_id)
        if known is not None and not _improves(known, session, sender_key, room_id):
            return False
        self._keep(session, {"room_id": room_id, "sender": sender, "sender_key": sender_key, "ed25519": ed25519})
        return True

    def read(self, room_id: str, event_id: str, content: Any) -> Opened:
        """Open one encrypted event. Inside a transaction."""
        match content:
            case {
                "algorithm": "m.megolm.v1.aes-sha2",
                "session_id": str(session_id),
                "ciphertext": str(ciphertext),
            }:
                pass
            case _:
                raise Unreadable
        known = self._store.room_key(session_id)
        if known is None:
            raise KeyMissing(session_id)
        if known["room_id"] != room_id:
            raise Unreadable
        session = _restored(known)
        try:
            opened = session.decrypt(vodozemac.MegolmMessage.from_base64(ciphertext))
        except ValueError as error:
            raise Unreadable from error
        index = int(opened.message_index)
        if not self._store.first_reading(session_id, index, event_id):
            log.warning("message_replayed")
            raise Unreadable
        self._ratchet_forward(session_id, session, known)
        match untrusted_json.read(bytes(opened.plaintext)):
            case {"room_id": str(inner), "type": str(event_type), "content": dict(inner_content)}:
                if inner != room_id:
                    raise Unreadable
            case _:
                raise Unreadable
        return Opened(
            event_type=event_type,
            content=inner_content,
            sender_key=known["sender_key"],
            ed25519=known["ed25519"],
        )

    def _ratchet_forward(self, session_id: str, session: vodozemac.InboundGroupSession, known: dict[str, Any]) -> None:
        index = session.first_known_index
        while self._store.message_was_read(session_id, index):
            index += 1
        if index > session.first_known_index:
            advanced = session.export_at(index)
            if advanced is not None:
                forward = vodozemac.InboundGroupSession.import_session(advanced)
                self._keep(forward, {**known, "ratcheted": True})
                self._store.forget_readings(session_id, before=index)

    def _keep(self, session: vodozemac.InboundGroupSession, known: dict[str, Any]) -> None:
        exported = session.export_at(session.first_known_index)
        if exported is None:
            raise Unreadable
        self._store.keep_room_key(session.session_id, {**known, "exported": exported.to_base64()})


def _improves(known: Mapping[str, Any], session: vodozemac.InboundGroupSession, sender_key: str, room_id: str) -> bool:
    """Tell whether a key for a known session reaches further back and is truly of the same session."""
    if known["sender_key"] != sender_key or known["room_id"] != room_id:
        log.warning("room_key_claimed_by_another")
        return False
    if known.get("ratcheted"):
        # Going back would open what was read already, and let it come again.
        return False
    kept = _restored(known)
    if session.first_known_index >= kept.first_known_index:
        return False
    ours, theirs = kept.export_at(kept.first_known_index), session.export_at(kept.first_known_index)
    return ours is not None and theirs is not None and ours.to_base64() == theirs.to_base64()


def _restored(known: Mapping[str, Any]) -> vodozemac.InboundGroupSession:
    return vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(known["exported"]))
