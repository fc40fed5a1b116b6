"""The ledger as a chain: one sequencer gives every recorded act its position and hash; anyone may verify.

Rows arrive unchained (`core.ledger`), so nobody who raises an alert ever waits for the chain. Positions are given
after commit and without a gap: whoever has read up to one has missed nothing before it (ADR 0019). A verified
head that was written down earlier proves that nothing before it was changed or taken away, and that nothing of
it was cut off.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from cases.store import SQL
from core.database import UNAVAILABLE, Database, Reading, Row
from core.errors import Conflict, InvalidInput, Unavailable
from core.texts import mark
from crypto import chain

NOT_A_HEAD = mark("A head looks like 120:9342…, as streha ledger verify prints it.")

LOCK = 0x4C45_4447_4552  # "LEDGER"; one sequencer per database
BATCH = 500
# How often others may fill the places that were counted on before it is given up; the next wake looks again.
ATTEMPTS = 8
# Woken, by the statement that chains, whenever entries got their positions.
CHANNEL = "streha_positions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The hash at a position: whoever has it knows whether anything up to there was changed since."""

    position: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def read(cls, written: str) -> Self:
        """Return what somebody wrote down."""
        found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", written.strip().lower())
        if found is None:
            raise InvalidInput(NOT_A_HEAD)
        return cls(position=int(found[1]), hash=bytes.fromhex(found[2]))


BEGINNING = Head(position=0, hash=chain.START)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One chained act."""

    position: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    act: str
    case_id: UUID | None
    object_id: UUID | None
    facts: dict[str, str | int | bool]
    hash: bytes

    @property
    def head(self) -> Head:
        """The head of the chain that ends here."""
        return Head(position=self.position, hash=self.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries in order, and the head that the first of them follows."""

    after: Head
    entries: Sequence[Entry]

    @property
    def head(self) -> Head:
        """The head at the end of it."""
        return self.entries[-1].head if self.entries else self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification found, up to the last entry that fits.

    `broken_at` is the first position that does not fit. `hidden` are entries with a position that no walk along
    the chain meets. `lost` is the head that was written down, where this chain does not lead through it.
    """

    head: Head
    waiting: int
    broken_at: int | None = None
    hidden: int = 0
    lost: Head | None = None

    @property
    def entries(self) -> int:
        """How many entries fit."""
        return self.head.position

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken_at is None and not self.hidden and self.lost is None


async def sequence(database: Database) -> Stretch | None:
    """Chain what waits, at most a batch of it, and return it; None where nothing waits.

    Nothing is held while the hashes are made: two statements, of which the second either gives every place that was
    counted on or, where others have chained anything since the first, none. Then it looks again: so an entry that was
    committed after the others had looked is left by nobody.
    """
    for _ in range(ATTEMPTS):
        with suppress(Conflict):
            async with database.reading() as reading:
                waiting = await reading.rows(SQL["unchained"], BATCH)
                if not waiting:
                    return None
                found = _linked(waiting)
                if await reading.value(
                    SQL["chain"], [row["entry"] for row in waiting], [each.position for each in found.entries],
                    [each.hash for each in found.entries], LOCK,
                ):  # fmt: skip
                    return found
    raise Unavailable(UNAVAILABLE)


async def sequence_all(database: Database) -> None:
    """Chain everything that waits."""
    while (chained := await sequence(database)) is not None and len(chained.entries) == BATCH:
        pass


async def verify(database: Database, known: Head | None = None) -> Verified:
    """Recompute the whole chain and compare, also with a head that was written down earlier.

    Only such a head shows that the end was cut off, or that all of it was made anew.
    """
    head, broken_at = BEGINNING, None
    lost = None if known == head else known
    async for row in _rows(database):
        next_ = _next(head, row)
        if (row["position"], row["hash"]) != (next_.position, next_.hash):
            broken_at = next_.position
            break
        head = next_
        lost = None if known == head else lost
    async with database.transaction() as tx:
        waiting = await tx.value(SQL["ledger_waiting"])
        chained = await tx.value(SQL["ledger_chained"], head.position)
    hidden = chained - head.position
    return Verified(head=head, waiting=waiting, broken_at=broken_at, hidden=hidden, lost=lost)


async def head(database: Database) -> Head:
    """Return the head of the chain as it stands."""
    async with database.reading() as reading:
        return await _head(reading)


async def position(database: Database) -> int:
    """Return the position of the last chained act; 0 before the first."""
    return (await head(database)).position


async def entries(database: Database, after: int = 0, limit: int = 100) -> list[Entry]:
    """Return a page of chained acts in order."""
    async with database.reading() as reading:
        return await _page(reading, after, limit)


async def following(database: Database, after: int, limit: int = BATCH) -> Stretch:
    """Return what was chained after a position, and the head there; where there is none, only the head as it stands.

    Whoever knew the head at that position compares: a ledger that was restored comes to it again by other entries.
    """
    async with database.reading() as reading:
        if after <= BEGINNING.position:
            return Stretch(after=BEGINNING, entries=await _page(reading, 0, limit))
        found = await _page(reading, after - 1, limit + 1)
        if not found or found[0].position != after:
            return Stretch(after=await _head(reading), entries=[])
        return Stretch(after=found[0].head, entries=found[1:])


async def _page(reading: Reading, after: int, limit: int) -> list[Entry]:
    rows = await reading.rows(SQL["ledger_page"], after, limit)
    return [_entry(row, Head(position=row["position"], hash=row["hash"])) for row in rows]


async def _rows(database: Database) -> AsyncIterator[Row]:
    after = 0
    while True:
        async with database.transaction() as tx:
            page = await tx.rows(SQL["ledger_page"], after, BATCH)
        for row in page:
            yield row
        if len(page) < BATCH:
            return
        after = page[-1]["position"]


async def _head(reading: Reading) -> Head:
    row = await reading.row(SQL["ledger_head"])
    return BEGINNING if row is None else Head(position=row["position"], hash=row["hash"])


def _entry(row: Row, head: Head) -> Entry:
    return Entry(
        position=head.position, at=row["at"], actor_kind=row["actor_kind"], actor_id=row["actor_id"], act=row["act"],
        case_id=row["case_id"], object_id=row["object_id"], facts=row["facts"], hash=head.hash,
    )  # fmt: skip


def _linked(waiting: Sequence[Row]) -> Stretch:
    """Return what waits as it stands in the chain, which ended where it was read."""
    first = waiting[0]
    head = after = (
        BEGINNING if first["head_hash"] is None else Head(position=first["head_position"], hash=first["head_hash"])
    )
    entries_ = []
    for row in waiting:
        head = _next(head, row)
        entries_.append(_entry(row, head))
    return Stretch(after=after, entries=entries_)


def _next(head: Head, row: Row) -> Head:
    """Return the head that an act comes to which follows a head."""
    position = head.position + 1
    hash_ = chain.act(
        head.hash, position=position, at=row["at"], actor_kind=row["actor_kind"], actor_id=row["actor_id"],
        act=row["act"], case_id=row["case_id"], object_id=row["object_id"], facts=row["facts"],
    )  # fmt: skip
    return Head(position=position, hash=hash_)
