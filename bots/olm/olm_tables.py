"""The tables of the device's own disk beside nio's: what they are, and how an older store gets them.

`bots.olm.olm_store` owns what is written there. No name stands in them in clear but people's Matrix ids in
`streha_users`; where rows of one person or device must be found together, they carry a keyed hash of the name.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

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
    sealed BLOB NOT NULL,
    sender BLOB,
    ready_at REAL
);
CREATE INDEX IF NOT EXISTS streha_inbox_session ON streha_inbox (session_id) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS streha_room_keys (
    session_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    used_at REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS streha_room_key_claims (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    claim BLOB NOT NULL,
    sender BLOB NOT NULL,
    device BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (session_id, claim)
);
CREATE INDEX IF NOT EXISTS streha_room_key_claims_device ON streha_room_key_claims (device);
CREATE INDEX IF NOT EXISTS streha_room_key_claims_sender ON streha_room_key_claims (sender);
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
CREATE TABLE IF NOT EXISTS streha_gaps (
    room BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
);
"""
# Columns that stores of an earlier version lack.
_LATER = (
    ("streha_inbox", "sender", "BLOB"),
    ("streha_inbox", "ready_at", "REAL"),
    ("streha_room_keys", "used_at", "REAL NOT NULL DEFAULT 0"),
)


@dataclass(frozen=True, slots=True)
class RoomKeyClaim:
    """Which device says of a room session that it is its own, and of which room."""

    room_id: str
    sender: str
    sender_key: str
    ed25519: str


def make(connection: sqlite3.Connection) -> None:
    """Make the tables, or give those of an earlier version what they lack."""
    connection.executescript(_TABLES)
    for table, column, kind in _LATER:
        if column not in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
