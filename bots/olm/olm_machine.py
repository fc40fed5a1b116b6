"""nio's Olm machine, hardened: what it believes, what it keeps, and what it says of itself.

Owns one-to-one messages and the upkeep of the account's own keys. Built on private parts of nio, which is
pinned exactly; `tests/unit/test_nio_seams.py` fails when one of the parts replaced here changes. Room
messages are opened by `bots.olm.room_keys`; who may be believed is decided in `bots.keys.key_directory`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import vodozemac
from nio.crypto import DeviceStore, Olm  # type: ignore[import-untyped]  # nio ships no types
from nio.events import OlmEvent  # type: ignore[import-untyped]  # as above
from nio.exceptions import VerificationError  # type: ignore[import-untyped]  # as above

from bots.olm.bounds import MOST_SESSIONS_PER_DEVICE, MOST_SESSIONS_WITH_STRANGERS
from bots.olm.key_upkeep import SIGNED_KEY
from bots.olm.olm_store import OlmStore
from bots.olm.olm_tables import RoomKeyClaim
from bots.olm.room_keys import RoomKeys
from bots.olm.session_owners import SessionOwners
from bots.wire.guard import PANIC
from bots.wire.identifiers import is_user_id
from core import logs
from crypto import cross_signing

log = logs.get(__name__)

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"


class Recipient(Protocol):
    """What must be known of a device to write to it."""

    @property
    def user_id(self) -> str: ...  # noqa: D102 (the class says it)
    @property
    def ed25519(self) -> str: ...  # noqa: D102 (as above)
    @property
    def curve25519(self) -> str: ...  # noqa: D102 (as above)


class OlmMachine(Olm):  # type: ignore[misc]  # nio ships no types
    """One device's account and sessions."""

    store: OlmStore

    def __init__(self, user_id: str, device_id: str, store: OlmStore) -> None:
        # Room sessions whose key came since somebody last looked.
        self.new_room_keys: list[str] = []
        self.room_keys = RoomKeys(store)
        self._owners = SessionOwners(store)
        self._session_watchers: list[Callable[[str, str], None]] = []
        super().__init__(user_id, device_id, store)
        self.device_keys: dict[str, Any] = store.value("own device keys") or self._make_device_keys()

    @property
    def curve25519(self) -> str:
        """The device's identity key."""
        return str(self.account.identity_keys["curve25519"])

    @property
    def ed25519(self) -> str:
        """The device's fingerprint key."""
        return str(self.account.identity_keys["ed25519"])

    def sign(self, document: Mapping[str, Any]) -> str:
        """Return the device's signature on an object."""
        return str(self.account.sign(cross_signing.signing_bytes(document).decode()))

    def keep_device_keys(self, device_keys: dict[str, Any]) -> None:
        """Keep the device's published keys as they are now signed; every message carries them."""
        self.store.keep_value("own device keys", device_keys)
        self.device_keys = device_keys

    # One-to-one messages ------------------------------------------------------------------------------

    def watch_sessions(self, begun: Callable[[str, str], None]) -> None:
        """Call this with a sender and an identity key whenever the other side has begun a new session.

        A client does so where it could not open what it was sent: what it was given last, it may lack. Inside a
        transaction.
        """
        self._session_watchers.append(begun)

    def read_to_device(self, event: Any) -> None:
        """Take in one to-device event; raises whatever a bad one brings about. Inside a transaction."""
        match event:
            case {
                "type": "m.room.encrypted",
                "sender": str(sender),
                "content": {
                    "algorithm": "m.olm.v1.curve25519-aes-sha2",
                    "sender_key": str(key),
                    "ciphertext": dict(boxes),
                },
            }:
                pass
            case _:
                return
        if not is_user_id(sender):
            return
        before = {session.id for session in self._sessions_with(key)}
        try:
            self.decrypt_event(OlmEvent({}, sender, key, boxes))
        except vodozemac.SessionCreationException:
            # Made for a one-time key that is not ours any more: ask the sender for a fresh session.
            self._mark_device_for_unwedging(sender, key)
            raise
        finally:
            # Whatever was in it, from now on this session is written with.
            if any(session.id not in before for session in self._sessions_with(key)):
                for begun in self._session_watchers:
                    begun(sender, key)
            self._bound_sessions(key)

    def has_session(self, curve25519: str) -> bool:
        """Tell whether there is any session under this identity key."""
        return self.session_store.get(curve25519) is not None

    def can_write_to(self, device: Recipient) -> bool:
        """Tell whether this device can be written to at once."""
        return self._session_with(device) is not None

    def keep_session_owners(self) -> None:
        """Write down for whom sessions were started. Inside the transaction in which they were."""
        self._owners.keep(session.id for session in self.session_store)

    def start_session(self, device: Recipient, device_id: str, claimed: Any) -> bool:
        """Start a session with a one-time key that the homeserver handed out; False when it is not good."""
        keys = list(claimed.values()) if isinstance(claimed, dict) else []
        if len(keys) != 1 or not cross_signing.is_signed(keys[0], device.user_id, device.ed25519, key_name=device_id):
            return False
        one_time_key = keys[0].get("key")
        try:
            session = self.create_session(one_time_key, device.curve25519)
        except (ValueError, TypeError):
            return False
        except BaseException as error:
            if type(error).__name__ != PANIC:
                raise
            return False
        self._owners.started(session.id, device.ed25519)
        self._bound_sessions(device.curve25519)
        return True

    def write_to(self, device: Recipient, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Encrypt a message to one device that has a session. Inside a transaction."""
        session = self._session_with(device)
        if session is None:
            raise LookupError("there is no session with this device")
        return dict(self._olm_encrypt(session, device, event_type, content))

    def _session_with(self, device: Recipient) -> Any:
        """Return the session last used that this very device can open, whoever else publishes its identity key."""
        for session in self._sessions_with(device.curve25519):
            if self._owners.fits(session.id, device.ed25519):
                return session
        return None

    def _sessions_with(self, curve25519: str) -> list[Any]:
        """Return the sessions with a device, the last used first; looking makes no entry for it, as nio's does."""
        return list(self.session_store._entries.get(curve25519, ()))  # noqa: SLF001 (nio offers no such look)

    def _bound_sessions(self, curve25519: str) -> None:
        sessions = sorted(self._sessions_with(curve25519), key=lambda session: session.use_time, reverse=True)
        self._forget_sessions(curve25519, sessions[MOST_SESSIONS_PER_DEVICE:])
        if len(self.session_store._entries) > MOST_SESSIONS_WITH_STRANGERS:  # noqa: SLF001 (as above)
            self._bound_strangers()

    def _bound_strangers(self) -> None:
        """Keep few sessions with devices that nobody in our rooms has published, those last used."""
        entries = self.session_store._entries  # noqa: SLF001 (as above)
        known = {device.curve25519 for device in self.device_store}
        strangers = [(session.use_time, key, session) for key in entries.keys() - known for session in entries[key]]
        if len(strangers) > MOST_SESSIONS_WITH_STRANGERS:
            strangers.sort(key=lambda each: each[0])
            # A tenth more than must go, so that this is not done again at every message of a flood.
            for _used, key, session in strangers[: -MOST_SESSIONS_WITH_STRANGERS * 9 // 10]:
                self._forget_sessions(key, [session])

    def _forget_sessions(self, curve25519: str, sessions: Collection[Any]) -> None:
        entries = self.session_store._entries  # noqa: SLF001 (as above)
        gone = {session.id for session in sessions}
        self.store.forget_one_to_one_sessions(gone)
        kept = [session for session in self._sessions_with(curve25519) if session.id not in gone]
        if kept:
            entries[curve25519] = kept
        else:
            entries.pop(curve25519, None)

    # nio's private parts, replaced ------------------------------------------------------------------------

    def load(self) -> None:
        """Load the one-to-one sessions; devices and room keys are kept elsewhere."""
        self.session_store = self.store.load_sessions()
        self.device_store = DeviceStore()

    def _olm_encrypt(
        self, session: Any, recipient_device: Recipient, message_type: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        payload = {
            "sender": self.user_id,
            "sender_device": self.device_id,
            "keys": {"ed25519": self.ed25519},
            "recipient": recipient_device.user_id,
            "recipient_keys": {"ed25519": recipient_device.ed25519},
            "sender_device_keys": self.device_keys,
            "type": message_type,
            "content": content,
        }
        kind, ciphertext = session.encrypt(json.dumps(payload)).to_parts()
        self.store.save_session(recipient_device.curve25519, session)
        body = base64.b64encode(ciphertext).decode().rstrip("=")
        return {
            "algorithm": OLM,
            "sender_key": self.curve25519,
            "ciphertext": {recipient_device.curve25519: {"type": kind, "body": body}},
        }

    def _handle_olm_event(self, sender: str, sender_key: str, payload: dict[str, Any]) -> None:
        ed25519 = payload["keys"].get("ed25519")
        if not isinstance(ed25519, str):
            raise VerificationError("no fingerprint key")
        attached = payload.get("sender_device_keys")
        if attached is not None and not _describes(attached, sender, sender_key, ed25519):
            raise VerificationError("the attached device is not the sender's")
        if payload["type"] == "m.room_key":
            self._handle_room_key_event(sender, sender_key, payload)

    def _handle_room_key_event(self, sender: str, sender_key: str, payload: dict[str, Any]) -> None:
        match payload["content"]:
            case {
                "algorithm": "m.megolm.v1.aes-sha2",
                "room_id": str(room_id),
                "session_id": str(session_id),
                "session_key": str(session_key),
            }:
                pass
            case _:
                return
        ed25519 = payload["keys"]["ed25519"]
        session = vodozemac.InboundGroupSession(vodozemac.SessionKey(session_key))
        if session.session_id != session_id:
            raise VerificationError("the session has another name")
        claim = RoomKeyClaim(room_id, sender, sender_key, ed25519)
        if self.room_keys.accept(session, claim):
            self.new_room_keys.append(session_id)

    # The account's own keys -----------------------------------------------------------------------------

    def keys_to_publish(self, held: int, *, fallback_needed: bool) -> dict[str, Any]:
        """Return the keys the homeserver should hold besides the `held` ones; empty when none. Saves them."""
        content: dict[str, Any] = {}
        with self.store.transaction():
            if not self.account.shared:
                content["device_keys"] = self.device_keys
            unpublished = len(self.account.one_time_keys["curve25519"])
            missing = self.account.max_one_time_keys - held - unpublished
            if missing > 0:
                self.account.generate_one_time_keys(missing)
            if self.account.one_time_keys["curve25519"] and held < self.account.max_one_time_keys:
                content["one_time_keys"] = self._signed_keys(self.account.one_time_keys["curve25519"], {})
            library_account = self.account._account  # noqa: SLF001 (nio does not pass fallback keys on)
            if fallback_needed and not library_account.fallback_key:
                library_account.generate_fallback_key()
            fallback = {name: key.to_base64() for name, key in library_account.fallback_key.items()}
            if fallback:
                content["fallback_keys"] = self._signed_keys(fallback, {"fallback": True})
            self.save_account()
        return content

    def keys_published(self) -> None:
        """Note that the homeserver has taken what `keys_to_publish` returned."""
        with self.store.transaction():
            self.account.shared = True
            self.account.mark_keys_as_published()
            self.save_account()

    def _signed_keys(self, keys: Mapping[str, str], extra: Mapping[str, Any]) -> dict[str, Any]:
        signed = {}
        for name, key in keys.items():
            document = {"key": key, **extra}
            signed[f"{SIGNED_KEY}:{name}"] = cross_signing.with_signature(
                document, self.user_id, self.device_id, self.sign(document)
            )
        return signed

    def _make_device_keys(self) -> dict[str, Any]:
        document = {
            "algorithms": [OLM, MEGOLM],
            "device_id": self.device_id,
            "user_id": self.user_id,
            "keys": {
                f"curve25519:{self.device_id}": self.curve25519,
                f"ed25519:{self.device_id}": self.ed25519,
            },
        }
        return cross_signing.with_signature(document, self.user_id, self.device_id, self.sign(document))


def _describes(attached: Any, sender: str, sender_key: str, ed25519: str) -> bool:
    match attached:
        case {"user_id": str(owner), "device_id": str(device_id), "keys": dict(keys)} if owner == sender:
            named = (keys.get(f"curve25519:{device_id}"), keys.get(f"ed25519:{device_id}"))
            return named == (sender_key, ed25519) and cross_signing.is_signed(
                attached, sender, ed25519, key_name=device_id
            )
    return False
