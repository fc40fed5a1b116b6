"""Room keys of others: accepted once, opened forwards only.

Owns who says that a room session is theirs, and the reading of room events. Sessions rest sealed in the store
and are ratcheted forward past what was read without a gap: after a restart the device reads what comes
next, and a seized disk reads nothing that was. The same message never counts as two events.

Whoever was given a room's key can pass it on as their own, and before its owner does. So nobody owns a session by
being first: every device that sends its key is remembered, and who reads decides which of them is the sender's
(`bots.keys.key_directory`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import vodozemac

from bots.olm.bounds import MOST_CLAIMS, MOST_CLAIMS_PER_SENDER
from bots.olm.olm_store import OlmStore
from bots.olm.olm_tables import RoomKeyClaim
from bots.wire import untrusted_json
from bots.wire.identifiers import is_room_id
from core import logs

log = logs.get(__name__)


class KeyMissing(Exception):
    """The key of a room message is not here yet, or only from a later message on: nobody has read it here."""

    def __init__(self, session_id: str) -> None:
        super().__init__("the room key is missing")
        self.session_id = session_id


class Unreadable(Exception):
    """The message cannot be opened, now or ever, or was opened before as another event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A room message, and the devices that say its session is theirs: identity key and fingerprint of each."""

    event_type: str
    content: dict[str, Any]
    claims: tuple[tuple[str, str], ...]


class RoomKeys:
    """The inbound room sessions of one device."""

    def __init__(self, store: OlmStore) -> None:
        self._store = store
        # Sessions that came or were read with since somebody last looked.
        self.used: set[str] = set()

    def accept(self, session: vodozemac.InboundGroupSession, claim: RoomKeyClaim) -> bool:
        """Keep a session that a device has sent as its own; tell whether more can be read with it than before."""
        if not is_room_id(claim.room_id):
            return False
        session_id = session.session_id
        known = self._store.room_key(session_id)
        if known is not None and not _is_same(known, session):
            # Signed by another ratchet under the same name: the library lets nobody make such a thing.
            log.warning("room_key_claimed_by_another")
            return False
        # What was said in a room that nobody had named yet can be read from now on.
        new_here = claim.room_id not in {each.room_id for _position, each in self._store.claims(session_id)}
        self._claim(session_id, claim)
        self.used.add(session_id)
        if known is not None and not _reaches_further_back(known, session):
            return new_here
        self._keep(session, {"first": session.first_known_index})
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
        session = _restored(known)
        try:
            message = vodozemac.MegolmMessage.from_base64(ciphertext)
            if message.message_index() < _first_index(known, session):
                raise KeyMissing(session_id)
            opened = session.decrypt(message)
        except ValueError as error:
            raise Unreadable from error
        said = _read(bytes(opened.plaintext))
        if isinstance(said, dict) and said.get("room_id") != room_id:
            # It belongs elsewhere, and may still come there.
            raise Unreadable
        claims = [claim for _position, claim in self._store.claims(session_id) if claim.room_id == room_id]
        if not claims:
            # Somebody has passed the key on as that of another room; its owner's word that it is of this one may come.
            raise KeyMissing(session_id)
        if not self._store.first_reading(session_id, int(opened.message_index), event_id):
            log.warning("message_replayed")
            raise Unreadable
        self.used.add(session_id)
        self._ratchet_forward(session_id, session, _first_index(known, session))
        match said:
            case {"type": str(event_type), "content": dict(inner_content)}:
                pass
            case _:
                raise Unreadable
        return Opened(
            event_type=event_type,
            content=inner_content,
            claims=tuple(dict.fromkeys((claim.sender_key, claim.ed25519) for claim in claims)),
        )

    def _claim(self, session_id: str, claim: RoomKeyClaim) -> None:
        """Remember who says that a session is theirs; of too many, those go that nobody knows, the oldest first."""
        claims = self._store.claims(session_id)
        if any(each == claim for _position, each in claims):
            return
        if claims and all(each.sender_key != claim.sender_key for _position, each in claims):
            log.warning("room_key_claimed_by_another")
        own = [position for position, each in claims if each.sender == claim.sender]
        strangers = [position for position, each in claims if not self._store.knows_user(each.sender)]
        if len(own) >= MOST_CLAIMS_PER_SENDER:
            self._store.drop_claim(own[0])
        elif len(claims) >= MOST_CLAIMS:
            self._store.drop_claim((strangers or [position for position, _claim in claims])[0])
        self._store.add_claim(session_id, claim)

    def _ratchet_forward(self, session_id: str, session: vodozemac.InboundGroupSession, first: int) -> None:
        index = session.first_known_index
        while self._store.message_was_read(session_id, index):
            index += 1
        advanced = session.export_at(index) if index > session.first_known_index else None
        if advanced is not None:
            self._keep(vodozemac.InboundGroupSession.import_session(advanced), {"ratcheted": True, "first": first})
            self._store.forget_readings(session_id, before=index)

    def _keep(self, session: vodozemac.InboundGroupSession, record: Mapping[str, Any]) -> None:
        exported = session.export_at(session.first_known_index)
        if exported is None:
            raise Unreadable
        self._store.keep_room_key(session.session_id, {**record, "exported": exported.to_base64()})


def _read(plaintext: bytes) -> Any:
    try:
        return untrusted_json.read(plaintext)
    except ValueError:
        return None


def _is_same(known: Mapping[str, Any], session: vodozemac.InboundGroupSession) -> bool:
    """Tell whether two keys open the same ratchet, from wherever both do."""
    kept = _restored(known)
    index = max(kept.first_known_index, session.first_known_index)
    ours, theirs = kept.export_at(index), session.export_at(index)
    return ours is not None and theirs is not None and ours.to_base64() == theirs.to_base64()


def _reaches_further_back(known: Mapping[str, Any], session: vodozemac.InboundGroupSession) -> bool:
    # What was ratcheted forward stays so: going back would open what was read already, and let it come again.
    return not known.get("ratcheted") and session.first_known_index < _restored(known).first_known_index


def _first_index(known: Mapping[str, Any], session: vodozemac.InboundGroupSession) -> int:
    """Return from which message on the key came: what is older was never read here, what is between was.

    Of a session that an earlier version has ratcheted forward nobody knows: nothing of it is said to be unread.
    """
    return int(known.get("first", 0 if known.get("ratcheted") else session.first_known_index))


def _restored(known: Mapping[str, Any]) -> vodozemac.InboundGroupSession:
    return vodozemac.InboundGroupSession.import_session(vodozemac.ExportedSessionKey(known["exported"]))
