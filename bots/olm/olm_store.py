"""The device's own disk: Olm account and sessions, room keys, inbox, sync token, in one SQLite file.

Owns the file and its transactions; `bots.olm.store_lock` keeps it to one process. Everything that could be read or used
by a thief is sealed with keys derived from the store key. nio's tables hold the account and the one-to-one sessions
(pickled under that key); the tables of `bots.olm.olm_tables` hold what nio keeps nowhere or not safely.
`bots.olm.olm_machine` decides what is written, `bots.device.intake` when; several steps become one by `transaction()`.
How much is kept is bounded here, by the numbers of `bots.olm.bounds`; the rows of the inbox are `bots.olm.inbox`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nio.crypto import Session, SessionStore  # type: ignore[import-untyped]  # nio ships no types
from nio.store import SqliteStore  # type: ignore[import-untyped]  # as above

from bots.olm import olm_tables
from bots.olm.bounds import (
    MOST_ROOM_KEYS_OF_STRANGERS,
    MOST_ROOM_KEYS_PER_DEVICE,
    ROOM_KEY_LIFE,
)
from bots.olm.inbox import Inbox, remember_calls
from bots.olm.olm_tables import RoomKeyClaim
from crypto import local_seal

DATABASE_NAME = "olm.sqlite"


class OlmStore(Inbox, SqliteStore):  # type: ignore[misc]  # nio ships no types
    """nio's store with a key of its own, the tables above, and one transaction at a time."""

    def __init__(self, user_id: str, device_id: str, directory: Path, secret: bytes) -> None:
        self._seal_key = local_seal.derive(secret, "matrix device store")
        self._hash_key = local_seal.derive(secret, "names in the matrix device store")
        pickle_key = base64.b64encode(local_seal.derive(secret, "olm pickles")).decode()
        old_mask = os.umask(0o077)
        try:
            super().__init__(user_id, device_id, str(directory), pickle_key, DATABASE_NAME)
            self.database.execute_sql("PRAGMA journal_mode = WAL")
            self.database.execute_sql("PRAGMA synchronous = FULL")
            connection = self.database.connection()
            olm_tables.make(connection)
            remember_calls(connection)
            connection.create_function("streha_hash", 1, self._hash, deterministic=True)
            self._claim_older_room_keys()
        finally:
            os.umask(old_mask)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is written together, or not at all. Never await inside."""
        with self.database.atomic():
            yield

    def close(self) -> None:
        """Write everything into the main file and let it go."""
        with suppress(Exception):  # the checkpoint is a courtesy: the log is read at the next start
            self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database.close()

    # Single values ----------------------------------------------------------------------------------

    def value(self, name: str) -> Any:
        """Return the value last kept under this name, or nothing."""
        row = self._one("SELECT sealed FROM streha_values WHERE name = ?", name)
        return None if row is None else self._unsealed(f"value {name}", row[0])

    def keep_value(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        self._do("REPLACE INTO streha_values VALUES (?, ?)", name, self._sealed(f"value {name}", value))

    # Room keys and what was read with them ------------------------------------------------------------

    def room_key(self, session_id: str) -> dict[str, Any] | None:
        """Return what is kept of a room session, or nothing."""
        row = self._one("SELECT sealed FROM streha_room_keys WHERE session_id = ?", session_id)
        return None if row is None else self._unsealed(f"room key {session_id}", row[0])

    def keep_room_key(self, session_id: str, record: Mapping[str, Any]) -> None:
        """Keep a room session in its present state."""
        self._do(
            "INSERT INTO streha_room_keys (session_id, sealed) VALUES (?, ?) "
            "ON CONFLICT (session_id) DO UPDATE SET sealed = excluded.sealed",
            session_id,
            self._sealed(f"room key {session_id}", record),
        )

    def room_keys_used(self, session_ids: Iterable[str], *, now: float) -> None:
        """Note that these room sessions came, or something was read with them."""
        for session_id in session_ids:
            self._do("UPDATE streha_room_keys SET used_at = ? WHERE session_id = ?", now, session_id)

    def claims(self, session_id: str) -> list[tuple[int, RoomKeyClaim]]:
        """Return who says that a room session is theirs, oldest first, each with its position."""
        rows = self._all(
            "SELECT position, sealed FROM streha_room_key_claims WHERE session_id = ? ORDER BY position", session_id
        )
        return [(position, RoomKeyClaim(*self._unsealed(f"claim {session_id}", sealed))) for position, sealed in rows]

    def add_claim(self, session_id: str, claim: RoomKeyClaim) -> None:
        """Remember that a device says that a room session is its own."""
        parts = [claim.room_id, claim.sender, claim.sender_key, claim.ed25519]
        self._do(
            "INSERT OR IGNORE INTO streha_room_key_claims (session_id, claim, sender, device, sealed) "
            "VALUES (?, ?, ?, ?, ?)",
            session_id,
            self._hash(json.dumps(parts)),
            self._hash(claim.sender),
            self._hash(claim.sender_key),
            self._sealed(f"claim {session_id}", parts),
        )

    def drop_claim(self, position: int) -> None:
        """Forget a claim."""
        self._do("DELETE FROM streha_room_key_claims WHERE position = ?", position)

    def forget_room_keys(self, *, now: float) -> int:
        """Drop claims beyond the bounds, and sessions that nobody claims or uses any more; return how many."""
        self._do(
            "DELETE FROM streha_room_key_claims WHERE device IN ("
            "SELECT device FROM streha_room_key_claims GROUP BY device HAVING count(*) > ?) AND position IN ("
            "SELECT position FROM (SELECT position, ROW_NUMBER() OVER (PARTITION BY device ORDER BY position DESC) "
            "AS nth FROM streha_room_key_claims) WHERE nth > ?)",
            MOST_ROOM_KEYS_PER_DEVICE,
            MOST_ROOM_KEYS_PER_DEVICE,
        )
        dropped = self._changes()
        self._do(
            "DELETE FROM streha_room_key_claims WHERE position IN (SELECT position FROM streha_room_key_claims "
            "WHERE sender NOT IN (SELECT streha_hash(user_id) FROM streha_users) "
            "ORDER BY position DESC LIMIT -1 OFFSET ?)",
            MOST_ROOM_KEYS_OF_STRANGERS,
        )
        dropped += self._changes()
        oldest = now - ROOM_KEY_LIFE.total_seconds()
        self._do(
            "DELETE FROM streha_room_keys WHERE (used_at > 0 AND used_at < ?) "
            "OR session_id NOT IN (SELECT session_id FROM streha_room_key_claims)",
            oldest,
        )
        if self._changes():
            self._do(
                "DELETE FROM streha_room_key_claims WHERE session_id NOT IN (SELECT session_id FROM streha_room_keys)"
            )
            self._do(
                "DELETE FROM streha_read_messages WHERE session_id NOT IN (SELECT session_id FROM streha_room_keys)"
            )
        return dropped

    def forget_room_keys_of(self, room_ids: Collection[str]) -> None:
        """Drop every session of these rooms. What room it is lies sealed, so all are opened: many rooms at once."""
        rows = self._all("SELECT position, session_id, sealed FROM streha_room_key_claims")
        for position, session_id, sealed in rows:
            if RoomKeyClaim(*self._unsealed(f"claim {session_id}", sealed)).room_id in room_ids:
                self.drop_claim(position)
        self._do("DELETE FROM streha_room_keys WHERE session_id NOT IN (SELECT session_id FROM streha_room_key_claims)")
        self._do("DELETE FROM streha_read_messages WHERE session_id NOT IN (SELECT session_id FROM streha_room_keys)")

    def first_reading(self, session_id: str, message_index: int, event_id: str) -> bool:
        """Remember which event a message belongs to; False when the same message came as another event."""
        self._do("INSERT OR IGNORE INTO streha_read_messages VALUES (?, ?, ?)", session_id, message_index, event_id)
        row = self._one(
            "SELECT event_id FROM streha_read_messages WHERE session_id = ? AND message_index = ?",
            session_id,
            message_index,
        )
        return bool(row is not None and row[0] == event_id)

    def message_was_read(self, session_id: str, message_index: int) -> bool:
        """Tell whether the message with this index was read before."""
        query = "SELECT 1 FROM streha_read_messages WHERE session_id = ? AND message_index = ?"
        return self._one(query, session_id, message_index) is not None

    def forget_readings(self, session_id: str, *, before: int) -> None:
        """Forget messages that the session, ratcheted forward, can never open again."""
        self._do("DELETE FROM streha_read_messages WHERE session_id = ? AND message_index < ?", session_id, before)

    def was_read(self, event_id: str) -> bool:
        """Tell whether this event was read before."""
        query = "SELECT 1 FROM streha_read_messages WHERE event_id = ?"
        return self._one(query, event_id) is not None

    # Whose keys are whose -----------------------------------------------------------------------------

    def users(self) -> dict[str, dict[str, Any]]:
        """Return what is kept of every user's published keys."""
        rows = self._all("SELECT user_id, sealed FROM streha_users")
        return {user_id: self._unsealed(f"user {user_id}", sealed) for user_id, sealed in rows}

    def keep_user(self, user_id: str, record: Mapping[str, Any]) -> None:
        """Keep what a user has published."""
        self._do("REPLACE INTO streha_users VALUES (?, ?)", user_id, self._sealed(f"user {user_id}", record))

    def knows_user(self, user_id: str) -> bool:
        """Tell whether anything is kept of this user."""
        return self._one("SELECT 1 FROM streha_users WHERE user_id = ?", user_id) is not None

    # What a shortened answer left out -------------------------------------------------------------------

    def gaps(self) -> list[dict[str, Any]]:
        """Return what is still to be fetched of every room."""
        return [self._unsealed("gap", sealed) for (sealed,) in self._all("SELECT sealed FROM streha_gaps")]

    def gap(self, room_id: str) -> dict[str, Any] | None:
        """Return what is still to be fetched of one room, or nothing."""
        row = self._one("SELECT sealed FROM streha_gaps WHERE room = ?", self._hash(room_id))
        return None if row is None else dict(self._unsealed("gap", row[0]))

    def keep_gap(self, room_id: str, record: Mapping[str, Any]) -> None:
        """Remember what is still to be fetched of a room."""
        self._do("REPLACE INTO streha_gaps VALUES (?, ?)", self._hash(room_id), self._sealed("gap", record))

    def close_gap(self, room_id: str) -> None:
        """Note that nothing of a room is still to be fetched."""
        self._do("DELETE FROM streha_gaps WHERE room = ?", self._hash(room_id))

    # nio's one-to-one sessions --------------------------------------------------------------------------

    def load_sessions(self) -> SessionStore:
        """Return all one-to-one sessions, each with the time of its last use: nio's own forgets it."""
        sessions = SessionStore()
        with self.database.bind_ctx(self.models):
            account = self._get_account()
            for row in account.olm_sessions if account else ():
                session = Session.from_pickle(row.session, row.creation_time, self.pickle_key, row.last_usage_date)
                sessions.add(row.sender_key, session)
        return sessions

    def save_session(self, curve_key: str, session: Any) -> None:
        """Keep a one-to-one session as nio does, in one statement: it does so for every key that is given out."""
        self._do(
            "REPLACE INTO olmsessions (account_id, sender_key, session, session_id, creation_time, last_usage_date) "
            "SELECT id, ?, ?, ?, ?, ? FROM accounts WHERE user_id = ? AND device_id = ?",
            curve_key,
            session.pickle(self.pickle_key),
            session.id,
            session.creation_time.isoformat(" ", "microseconds"),
            session.use_time.isoformat(" ", "microseconds"),
            self.user_id,
            self.device_id,
        )

    def forget_one_to_one_sessions(self, session_ids: Iterable[str]) -> None:
        """Drop Olm sessions that are beyond the bounds, or were never anybody's."""
        for session_id in session_ids:
            self._do("DELETE FROM olmsessions WHERE session_id = ?", session_id)

    def _claim_older_room_keys(self) -> None:
        """Give room keys of an earlier version, which named one device each, that device's claim."""
        rows = self._all(
            "SELECT session_id, sealed FROM streha_room_keys "
            "WHERE session_id NOT IN (SELECT session_id FROM streha_room_key_claims)"
        )
        with self.transaction():
            for session_id, sealed in rows:
                known = self._unsealed(f"room key {session_id}", sealed)
                if "sender_key" in known:
                    parts = (known["room_id"], known["sender"], known["sender_key"], known["ed25519"])
                    self.add_claim(session_id, RoomKeyClaim(*parts))
