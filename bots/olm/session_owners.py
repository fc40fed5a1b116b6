"""For whom a one-to-one session was started: so that nobody is written to through a session made for another.

A device's identity key proves nothing about who publishes it: whoever publishes somebody else's key, and signs
a one-time key for it, gives the bot a session under that key which its true owner cannot open. A session that
the other side began needs that owner's secret, so it is good for whoever publishes the key.
"""

from __future__ import annotations

from collections.abc import Iterable

from bots.olm.olm_store import OlmStore

_NAME = "sessions started for"


class SessionOwners:
    """Of every session that this device began: the fingerprint key whose one-time key it was made with."""

    def __init__(self, store: OlmStore) -> None:
        self._store = store
        self._started: dict[str, str] = store.value(_NAME) or {}

    def started(self, session_id: str, ed25519: str) -> None:
        """Note for whom a session was begun."""
        self._started[session_id] = ed25519

    def fits(self, session_id: str, ed25519: str) -> bool:
        """Tell whether the device with this fingerprint key can open what is sent through the session."""
        return self._started.get(session_id, ed25519) == ed25519

    def keep(self, living: Iterable[str]) -> None:
        """Write down what is known of the living sessions. Inside a transaction."""
        living = set(living)
        self._started = {session: ed25519 for session, ed25519 in self._started.items() if session in living}
        self._store.keep_value(_NAME, self._started)
