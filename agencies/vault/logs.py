"""The vault's logs in PostgreSQL: statements in their order, and nothing of what they say.

Whoever appends holds the row of the log: of two who come at once, one finds that the other was first. A statement is
stored as it was signed, and is never changed or taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agencies.store import SQL
from core.database import MOVED_ON, Reading, Transaction
from core.errors import Conflict
from crypto.vault.log import START, Entry, Kind

# So many entries leave in one answer, or are read at once.
PAGE = 1000
DIRECTORY_LOG = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many entries a log has, and the hash of the last; 32 zero bytes where there is none."""

    length: int = 0
    head: bytes = START


async def extents(tx: Reading, logs: Sequence[tuple[Kind, UUID]]) -> list[Extent]:
    """Return how far these logs go, all at one moment."""
    rows = await tx.rows(SQL["vault_lengths"], [int(kind) for kind, _log in logs], [log for _kind, log in logs])
    found = {(row["kind"], row["log"]): Extent(length=row["length"], head=row["head"]) for row in rows}
    return [found.get((int(kind), log), Extent()) for kind, log in logs]


async def is_founded(tx: Reading) -> bool:
    """Tell whether there is a network, which says who is on the staff."""
    return bool(await tx.value(SQL["is_founded"], int(Kind.DIRECTORY), DIRECTORY_LOG))


async def hold(tx: Transaction, kind: Kind, log: UUID) -> Extent:
    """Hold a log until the transaction ends, and return how far it goes."""
    await tx.run(SQL["begin_vault_log"], int(kind), log, START)
    row = await tx.row(SQL["lock_vault_log"], int(kind), log)
    if row is None:
        # Nobody deletes a log; it was made a line above.
        raise Conflict(MOVED_ON)
    return Extent(length=row["length"], head=row["head"])


async def entries(tx: Reading, kind: Kind, log: UUID, first: int, limit: int = PAGE) -> list[bytes]:
    """Return statements of a log from a number on, in their order."""
    if limit <= 0:
        return []
    return [bytes(row["statement"]) for row in await tx.rows(SQL["vault_entries"], int(kind), log, first, limit)]


async def append(tx: Transaction, entry: Entry, data: bytes, now: datetime) -> int:
    """Store the next entry of a log that is held; return how many there are."""
    head = entry.head
    await tx.run(
        SQL["append_vault_entry"], int(head.kind), UUID(bytes=head.log), head.number, data, head.hash, now
    )  # fmt: skip
    return head.number + 1


async def stands(tx: Reading, entry: Entry) -> bool:
    """Tell whether just this entry is in its log already: its author did not hear the answer, and asks again."""
    head = entry.head
    return bool(await tx.value(SQL["vault_entry_hash"], int(head.kind), UUID(bytes=head.log), head.number) == head.hash)
