"""The device's own disk: Olm account and sessions, room keys, inbox, sync token, in one SQLite file.

Owns the file, its lock and its transactions. Everything that could be read or used by a thief is sealed
with keys derived from the store key. nio's tables hold the account and the one-to-one sessions (pickled
under that key); the tables here hold what nio keeps nowhere or not safely. `bots.olm_machine` decides
what is written, `bots.intake` when; several steps become one by `transaction()`.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nio.store import SqliteStore  # type: ignore[import-untyped]  # nio ships no types

from core.errors import Conflict
from core.texts import mark
from crypto import local_seal

DATABASE_NAME = "olm.sqlite"
# More than anybody can leave unread; the oldest go first, so that a flood cannot fill the disk.
MOST_WAITING = 2000
# What is handed over at once; the rest follows when these are done.
MOST_HANDED_OVER = 500
_WAITING, _READY = "waiting", "ready"

_TABLES = """
CREATE TABLE IF NOT EXISTS streha_values (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS streha_inbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    session_id TEXT,
    received_at REAL NOT NULL,
    told INTEGER NOT NULL DEFAULT 0,
    sealed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS streha_inbox_session ON streha_inbox (session_id) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS streha_room_keys (
    session_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS streha_read_messages (
    session_id TEXT NOT NULL,
    message_index INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (session_id, message_index)
);
CREATE INDEX IF NOT EXISTS streha_read_messages_event ON streha_read_messages (event_id);
CREATE TABLE IF NOT EXISTS streha_users (
    user_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
);
"""


class StoreInUse(Conflict):
    """Another process has this device open."""


class StoreLock:
    """Held while a process has the device open; the operating system lets go when the process ends."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(directory / "device.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise StoreInUse(
                mark("Another process is using this Matrix device. Stop it first, or use another directory.")
            ) from error

    def release(self) -> None:
        """Let another process open the device."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One event in the inbox; `record` is what `bots.intake` wrote."""

    event_id: str
    waiting: bool
    received_at: float
    record: dict[str, Any]


class OlmStore(SqliteStore):  # type: ignore[misc]  # nio ships no types
    """nio's store with a key of its own, the tables above, and one transaction at a time."""

    def __init__(self, user_id: str, device_id: str, directory: Path, secret: bytes) -> None:
        self._seal_key = local_seal.derive(secret, "matrix device store")
        pickle_key = base64.b64encode(local_seal.derive(secret, "olm pickles")).decode()
        old_mask = os.umask(0o077)
        try:
            super().__init__(user_id, device_id, str(directory), pickle_key, DATABASE_NAME)
            self.database.execute_sql("PRAGMA journal_mode = WAL")
            self.database.execute_sql("PRAGMA synchronous = FULL")
            self.database.connection().executescript(_TABLES)
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

    # Inbox ------------------------------------------------------------------------------------------

    def add_to_inbox(
        self, event_id: str, record: Mapping[str, Any], *, now: float, session_id: str | None = None
    ) -> bool:
        """Keep an event until it is done; one that waits for a key names its session. False if known."""
        self._do(
            "INSERT OR IGNORE INTO streha_inbox (event_id, state, session_id, received_at, sealed) "
            "VALUES (?, ?, ?, ?, ?)",
            event_id,
            _READY if session_id is None else _WAITING,
            session_id,
            now,
            self._sealed(f"inbox {event_id}", record),
        )
        return bool(self._one("SELECT changes()")[0])

    def inbox(self, *, ready: bool, before: float | None = None) -> list[InboxRow]:
        """Return what is ready, or what waits untold since before a moment, oldest first."""
        rows = self._all(
            "SELECT event_id, state, received_at, sealed FROM streha_inbox "
            "WHERE state = ? AND told = 0 AND received_at <= ? ORDER BY position LIMIT ?",
            _READY if ready else _WAITING,
            float("inf") if before is None else before,
            MOST_HANDED_OVER,
        )
        return [self._row(*row) for row in rows]

    def waiting_for(self, session_id: str) -> list[InboxRow]:
        """Return the events that wait for this session's key, oldest first."""
        rows = self._all(
            "SELECT event_id, state, received_at, sealed FROM streha_inbox "
            "WHERE state = ? AND session_id = ? ORDER BY position",
            _WAITING,
            session_id,
        )
        return [self._row(*row) for row in rows]

    def make_ready(self, event_id: str, record: Mapping[str, Any]) -> None:
        """Turn a waiting event into one to hand over."""
        self._do(
            "UPDATE streha_inbox SET state = ?, session_id = NULL, told = 0, sealed = ? WHERE event_id = ?",
            _READY,
            self._sealed(f"inbox {event_id}", record),
            event_id,
        )

    def finish(self, event_id: str) -> None:
        """Forget a handled event; one that still waits for its key stays, and is not told again."""
        self._do("DELETE FROM streha_inbox WHERE event_id = ? AND state = ?", event_id, _READY)
        self._do("UPDATE streha_inbox SET told = 1 WHERE event_id = ?", event_id)

    def drop(self, event_id: str) -> None:
        """Forget an event, whatever its state."""
        self._do("DELETE FROM streha_inbox WHERE event_id = ?", event_id)

    def forget_overflow(self) -> int:
        """Drop the oldest events that nobody can read beyond the bound; return how many."""
        self._do(
            "DELETE FROM streha_inbox WHERE state = ? AND position NOT IN "
            "(SELECT position FROM streha_inbox WHERE state = ? ORDER BY position DESC LIMIT ?)",
            _WAITING,
            _WAITING,
            MOST_WAITING,
        )
        return int(self._one("SELECT changes()")[0])

    # Room keys and what was read with them ------------------------------------------------------------

    def room_key(self, session_id: str) -> dict[str, Any] | None:
        """Return what is kept of a room session, or nothing."""
        row = self._one("SELECT sealed FROM streha_room_keys WHERE session_id = ?", session_id)
        return None if row is None else self._unsealed(f"room key {session_id}", row[0])

    def keep_room_key(self, session_id: str, record: Mapping[str, Any]) -> None:
        """Keep a room session in its present state."""
        self._do(
            "REPLACE INTO streha_room_keys VALUES (?, ?)",
            session_id,
            self._sealed(f"room key {session_id}", record),
        )

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

    def forget_one_to_one_sessions(self, session_ids: Iterable[str]) -> None:
        """Drop Olm sessions that are beyond the bound for one device."""
        for session_id in session_ids:
            self._do("DELETE FROM olmsessions WHERE session_id = ?", session_id)

    # Sealing and SQL ----------------------------------------------------------------------------------

    def _row(self, event_id: str, state: str, received_at: float, sealed: bytes) -> InboxRow:
        record = self._unsealed(f"inbox {event_id}", sealed)
        return InboxRow(event_id=event_id, waiting=state == _WAITING, received_at=received_at, record=record)

    def _sealed(self, name: str, value: Any) -> bytes:
        return local_seal.seal(self._seal_key, name, json.dumps(value).encode())

    def _unsealed(self, name: str, sealed: bytes) -> Any:
        return json.loads(local_seal.unseal(self._seal_key, name, sealed))

    def _do(self, statement: str, *values: Any) -> None:
        self.database.execute_sql(statement, values)

    def _one(self, statement: str, *values: Any) -> Any:
        return self.database.execute_sql(statement, values).fetchone()

    def _all(self, statement: str, *values: Any) -> list[Any]:
        return list(self.database.execute_sql(statement, values).fetchall())
