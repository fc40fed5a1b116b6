"""The inbox on the device's own disk: what has come and is not done, and what waits for its key.

Owns which rows are handed over first. Calls for help have a place of their own, so that no number of other words hides
one, and senders take turns in it, so that nobody's calls hide another's. Which rows call for help is known in memory
alone (a temporary table of this connection, undone with its transaction): on the disk they look like all others. So it
is with what may be a sentence of somebody's own, which a bot that stands by keeps as long as a call for help.
What calls for help, and what may be a sentence, is said by `bots.device.intake`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bots.olm.bounds import MOST_HANDED_OVER, MOST_SENTENCES_KEPT, MOST_WAITING, MOST_WAITING_PER_SENDER
from bots.olm.sealed_rows import SealedRows

_WAITING, _READY = "waiting", "ready"
_CALLS = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE streha_calls (position INTEGER PRIMARY KEY, sender BLOB);
CREATE TEMP TRIGGER streha_call_done AFTER DELETE ON main.streha_inbox BEGIN
    DELETE FROM streha_calls WHERE position = OLD.position;
END;
CREATE TEMP TABLE streha_sentences (position INTEGER PRIMARY KEY, sender BLOB);
CREATE TEMP TRIGGER streha_sentence_done AFTER DELETE ON main.streha_inbox BEGIN
    DELETE FROM streha_sentences WHERE position = OLD.position;
END;
"""
_IN_MEMORY = ("streha_calls", "streha_sentences")
_ROWS = "SELECT position, event_id, state, received_at, sealed FROM streha_inbox "


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One event in the inbox; `record` is what `bots.device.intake` wrote."""

    position: int
    event_id: str
    waiting: bool
    received_at: float
    record: dict[str, Any]


def remember_calls(connection: sqlite3.Connection) -> None:
    """Make the places in memory for what calls for help, and for what may be a sentence of somebody's own."""
    connection.executescript(_CALLS)


class Inbox(SealedRows):
    """The rows of one device's inbox."""

    def find_calls(
        self, is_call: Callable[[Mapping[str, Any]], bool], may_be_sentence: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        """Note which rows call for help, and which may be sentences, of all that lie there since before the start."""
        for row in self._rows("WHERE state = ?", _READY):
            self._note(row.event_id, is_call(row.record), may_be_sentence(row.record))

    def add_to_inbox(
        self,
        event_id: str,
        record: Mapping[str, Any],
        *,
        now: float,
        session_id: str | None = None,
        call: bool = False,
        sentence: bool = False,
    ) -> bool:
        """Keep an event until it is done; one that waits for a key names its session. False if known."""
        self._do(
            "INSERT OR IGNORE INTO streha_inbox (event_id, state, session_id, received_at, sealed, sender) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            event_id,
            _READY if session_id is None else _WAITING,
            session_id,
            now,
            self._sealed(f"inbox {event_id}", record),
            self._hash(record.get("sender", "")),
        )
        added = bool(self._changes())
        if added:
            self._note(event_id, call, sentence)
        return added

    def inbox(self, *, ready: bool, before: float | None = None) -> list[InboxRow]:
        """Return what is ready, or what waits untold since before a moment, oldest first.

        It is so much at once as is bounded, and as much of what calls for help beside it.
        """
        rows = self._rows(
            "WHERE state = ? AND told = 0 AND received_at <= ? "
            "AND position NOT IN (SELECT position FROM temp.streha_calls) ORDER BY position LIMIT ?",
            _READY if ready else _WAITING,
            float("inf") if before is None else before,
            MOST_HANDED_OVER,
        )
        if ready:
            rows += self._rows(
                "JOIN (SELECT position AS place, ROW_NUMBER() OVER (PARTITION BY sender ORDER BY position) AS nth "
                "FROM temp.streha_calls) ON position = place ORDER BY nth, position LIMIT ?",
                MOST_HANDED_OVER,
            )
        return sorted(rows, key=lambda row: row.position)

    def came_after(self, position: int) -> list[InboxRow]:
        """Return what is ready and came after a place, oldest first, so much at once as is bounded."""
        return self._rows(
            "WHERE state = ? AND position > ? ORDER BY position LIMIT ?", _READY, position, MOST_HANDED_OVER
        )

    def calls_before(self, moment: float) -> list[str]:
        """Return the events that call for help and could be handed over before a moment, all of them."""
        rows = self._all(
            "SELECT event_id FROM streha_inbox WHERE position IN (SELECT position FROM temp.streha_calls) "
            "AND coalesce(ready_at, received_at) <= ? ORDER BY position",
            moment,
        )
        return [event_id for (event_id,) in rows]

    def waiting_for(self, session_id: str) -> list[InboxRow]:
        """Return the events that wait for this session's key, oldest first."""
        return self._rows("WHERE state = ? AND session_id = ? ORDER BY position", _WAITING, session_id)

    def make_ready(
        self, event_id: str, record: Mapping[str, Any], *, now: float, call: bool = False, sentence: bool = False
    ) -> None:
        """Turn a waiting event into one to hand over."""
        self._do(
            "UPDATE streha_inbox SET state = ?, session_id = NULL, told = 0, ready_at = ?, sealed = ? "
            "WHERE event_id = ?",
            _READY,
            now,
            self._sealed(f"inbox {event_id}", record),
            event_id,
        )
        self._note(event_id, call, sentence)

    def finish(self, event_id: str) -> None:
        """Forget a handled event; one that still waits for its key stays, and is not told again."""
        self._do("DELETE FROM streha_inbox WHERE event_id = ? AND state = ?", event_id, _READY)
        self._do("UPDATE streha_inbox SET told = 1 WHERE event_id = ?", event_id)

    def drop(self, event_id: str) -> None:
        """Forget an event, whatever its state."""
        self._do("DELETE FROM streha_inbox WHERE event_id = ?", event_id)

    def finish_before(self, moment: float, *, calls_before: float) -> int:
        """Finish all that could be handed over before a moment.

        What calls for help, or may be a sentence, is finished before another, earlier moment. Of sentences beyond their
        bound go those of whoever has most, the oldest first; returned is how many those are.
        """
        self._do(
            "DELETE FROM streha_inbox WHERE state = ? AND coalesce(ready_at, received_at) <= "
            "CASE WHEN position IN (SELECT position FROM temp.streha_calls UNION ALL "
            "SELECT position FROM temp.streha_sentences) THEN ? ELSE ? END",
            _READY,
            calls_before,
            moment,
        )
        self._do("UPDATE streha_inbox SET told = 1 WHERE state = ? AND told = 0 AND received_at <= ?", _WAITING, moment)
        (sentences,) = self._one("SELECT count(*) FROM temp.streha_sentences")
        return 0 if sentences <= MOST_SENTENCES_KEPT else self._finish_sentences(moment)

    def forget_overflow(self) -> int:
        """Drop what nobody can read beyond the bounds, of whoever has most waiting, oldest first; return how many."""
        (waiting,) = self._one("SELECT count(*) FROM streha_inbox WHERE state = ?", _WAITING)
        if waiting <= MOST_WAITING_PER_SENDER:
            return 0
        self._do(
            "DELETE FROM streha_inbox WHERE position IN (SELECT position FROM ("
            "SELECT position, nth, ROW_NUMBER() OVER (ORDER BY nth, position DESC) AS place FROM ("
            "SELECT position, ROW_NUMBER() OVER (PARTITION BY sender ORDER BY position DESC) AS nth "
            "FROM streha_inbox WHERE state = ?)) WHERE nth > ? OR place > ?)",
            _WAITING,
            MOST_WAITING_PER_SENDER,
            MOST_WAITING,
        )
        return self._changes()

    def _finish_sentences(self, moment: float) -> int:
        self._do(
            "DELETE FROM streha_inbox WHERE state = ? AND coalesce(ready_at, received_at) <= ? AND position IN ("
            "SELECT position FROM (SELECT position, ROW_NUMBER() OVER (ORDER BY nth, position DESC) AS place FROM ("
            "SELECT position, ROW_NUMBER() OVER (PARTITION BY sender ORDER BY position DESC) AS nth "
            "FROM temp.streha_sentences)) WHERE place > ?)",
            _READY,
            moment,
            MOST_SENTENCES_KEPT,
        )
        return self._changes()

    def _note(self, event_id: str, *noted: bool) -> None:
        """Note a row in those places in memory, in their order, where it belongs."""
        for table, belongs in zip(_IN_MEMORY, noted, strict=True):
            if belongs:
                self._do(
                    f"INSERT OR IGNORE INTO temp.{table} "  # noqa: S608 (a name of ours)
                    "SELECT position, sender FROM streha_inbox WHERE event_id = ?",
                    event_id,
                )

    def _rows(self, which: str, *values: Any) -> list[InboxRow]:
        return [
            InboxRow(
                position=position,
                event_id=event_id,
                waiting=state == _WAITING,
                received_at=received_at,
                record=self._unsealed(f"inbox {event_id}", sealed),
            )
            for position, event_id, state, received_at, sealed in self._all(_ROWS + which, *values)
        ]
