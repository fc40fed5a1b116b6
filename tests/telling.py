"""What a failed story leaves to read in the output of its run: what people's clients had read, and how Streha stood.

Everybody in it is invented. Nothing of this is in the program: it logs no word of what is said, nor does its demo.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.database import Database
from deploy.witness import Message, Witness, WitnessError, Witnesses

LAST_MESSAGES = 25
LAST_ROWS = 40
LAST_LOGGED = 15
QUIET = frozenset({"debug", "info"})

FAILED = pytest.StashKey[bool]()


def sections(funcargs: Mapping[str, object], error: BaseException | None) -> Iterator[tuple[str, str]]:
    """Return what each strict client of a failed test had read: of its fixtures, or who did not see what it should."""
    found = {witness: None for value in funcargs.values() for witness in _witnesses_in(value)}
    found |= {each.witness: None for each in _single(error) if isinstance(each.witness, Witness)}
    for witness in found:
        yield f"what {witness.name} had read at last, of {len(witness.messages)}", read_by(witness)


def read_by(witness: Witness) -> str:
    """Return what a client has read at last, and what it could not read, a line for each."""
    lines = [_line(each) for each in witness.messages[-LAST_MESSAGES:]]
    lines += [
        f"{_moment(each.at)} {each.room_id} CANNOT READ {each.event_id}: {each.reason}" for each in witness.failures
    ]
    return "\n".join(lines)


async def outbox_of(database: Database) -> str:
    """Return the messages that were left last, and whatever still waits, a line for each: their kinds, no words."""
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT * FROM (SELECT * FROM outbox ORDER BY (state IN ('pending', 'sending')) DESC, sequence DESC"
            " LIMIT $1) AS last ORDER BY sequence",
            LAST_ROWS,
        )
    return "\n".join(
        f"{row['created_at']:%H:%M:%S} {row['state']} {row['template']} to {row['target_kind']} {row['target_id']}"
        f" tried {row['attempts']} {row['failure'] or ''}"
        for row in rows
    )


def logged_in(directory: Path) -> str:
    """Return what the processes of a network logged last of what was not as it should be."""
    lines = []
    for path in sorted(directory.glob("*.log")):
        grave = [line for line in path.read_text(errors="replace").splitlines() if _is_grave(line)]
        lines += [f"{path.stem}: {line}" for line in grave[-LAST_LOGGED:]]
    return "\n".join(lines)


def _is_grave(line: str) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and "event" in record and record.get("level") not in QUIET


def _witnesses_in(value: object) -> Iterable[Witness]:
    if isinstance(value, Witness):
        return [value]
    clients = getattr(value, "clients", value)
    return clients.all if isinstance(clients, Witnesses) else []


def _single(error: BaseException | None) -> Iterator[WitnessError]:
    """Return the errors of witnesses in an error, which may be a group."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _single(each)
    elif isinstance(error, WitnessError):
        yield error


def _line(message: Message) -> str:
    sure = "" if message.shield in (None, "none") else f" ({message.shield}: {message.shield_reason})"
    rung = f" rings {', '.join(message.mentions)}" if message.mentions else ""
    return f"{_moment(message.at)} {message.room_id} {message.sender}{sure}: {message.body!r}{rung}"


def _moment(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%H:%M:%S}"
