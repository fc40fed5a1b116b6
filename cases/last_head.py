"""What is known outside the database: the last head of the ledger that this process saw, kept in a file beside it.

A database cannot tell that it was restored: it believes that it is yesterday. Each process therefore remembers the
newest head that it has seen, in memory and in a file (`ledger-head`), and compares: where the ledger does not lead
through it any more, entries are lost, and the hold begins (`cases.hold`). A dump that was read in elsewhere is noticed
without any file, for it is another database. A backup of the whole cluster that is started with no file left anywhere
is not noticed; neither is the loss of what no process had seen yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, Self

from cases import hold
from cases.hold import Hold, Standing, Why
from cases.ledger import Head
from core import logs, private_files
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, Unavailable

log = logs.get(__name__)

FILE_NAME = "ledger-head"
# Who wrote down what came before the head may have had another machine's clock.
CLOCKS_APART = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A head that was seen, and how often somebody had resumed by then."""

    generation: int
    head: Head

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a file; raises OSError, ValueError or InvalidInput where it holds no head."""
        generation, _, head = file.read_text().partition(" ")
        return cls(generation=int(generation), head=Head.read(head))

    def written(self) -> bytes:
        """Return it as it stands in the file."""
        return f"{self.generation} {self.head}\n".encode()


class LastHead:
    """Remembers for one process; without a directory only as long as it lives."""

    def __init__(self, database: Database, clock: Clock, directory: Path | None = None) -> None:
        self._database = database
        self._clock = clock
        self._file = None if directory is None else directory / FILE_NAME
        self._known: Known | None = None
        # When that was first seen: nothing that came later can be of a backup in which it is not.
        self._seen_at: datetime | None = None
        self._loaded = False
        self._kept: Known | None = None
        # What was last told of: nothing is told at every look.
        self._held = False
        self._place_unknown = False
        self._turn = asyncio.Lock()

    async def look(self, *, quickly: bool = False) -> Hold | None:
        """Compare what is known with the database; begin the hold where it was restored. Return the hold it is on.

        `quickly` leaves out which database it is, and the file. Raises Unavailable where the database does not answer:
        then nothing can be done either.
        """
        async with self._turn:
            if not self._loaded:
                self._known = self._kept = self._read()
                self._loaded = True
            place = None if quickly else await self._place()
            async with self._database.reading(urgent=True) as reading:
                found = await hold.standing(reading, self._known.head.position if self._known else 0)
            why = _restored(self._known, found, place)
            if why is None and place is not None and found.place is None:
                async with self._database.transaction(urgent=True) as tx:
                    await hold.settle_here(tx, place)
            if why is not None:
                found = await self._begin(why, found, place)
            self._tell(found)
            if found.hold is None and found.head is not None:
                seen = Known(generation=found.generation, head=found.head)
                if seen != self._known:
                    self._known, self._seen_at = seen, self._clock.now()
                if not quickly:
                    await asyncio.to_thread(self._keep, self._known)
            return found.hold

    async def keep(self, interval: float) -> NoReturn:
        """Look every few seconds, for ever."""
        while True:
            try:
                await self.look()
            except Unavailable:
                log.warning("ledger_head_not_compared", error="database")
            except Exception as error:  # noqa: BLE001 (nothing here may end the process that calls people)
                log.failure("ledger_head_not_compared", error)
            await asyncio.sleep(interval)

    async def _begin(self, why: Why, found: Standing, place: str | None) -> Standing:
        known = self._known if why is Why.HEAD_LOST else None
        lost, generation = (None, 0) if known is None else (known.head, known.generation)
        seen_at = None if known is None or self._seen_at is None else self._seen_at + CLOCKS_APART
        place = place or await self._place()
        async with self._database.transaction(urgent=True) as tx:
            if await hold.begin(
                tx, why, self._clock.now(), place=place, lost=lost, generation=generation, seen_at=seen_at
            ):
                log.error("hold_began", error=why, position=0 if found.head is None else found.head.position)
            return await hold.standing(tx)

    def _tell(self, found: Standing) -> None:
        if self._held and found.hold is None:
            log.info("hold_ended")
        self._held = found.hold is not None

    async def _place(self) -> str | None:
        """Return which database this is; nothing where it does not say, which is told once."""
        if self._place_unknown:
            return None
        try:
            async with self._database.reading(urgent=True) as reading:
                return await hold.here(reading)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 (a right that is missing here must not keep alerts from going out)
            self._place_unknown = True
            log.failure("database_not_recognised", error)
            return None

    def _read(self) -> Known | None:
        if self._file is None or not self._file.exists():
            return None
        try:
            written = datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
            self._seen_at = written + self._clock.offset
            return Known.read(self._file)
        except (OSError, ValueError, InvalidInput) as error:
            log.failure("ledger_head_not_read", error)
            return None

    def _keep(self, known: Known) -> None:
        if self._file is None or known == self._kept:
            return
        try:
            private_files.write(self._file, known.written())
        except OSError as error:
            log.failure("ledger_head_not_kept", error)
        else:
            self._kept = known


def _restored(known: Known | None, found: Standing, place: str | None) -> Why | None:
    """Return why a database must have been restored: pure, of what is known and what was found.

    A head of before the last resumption proves nothing: somebody has compared since.
    """
    missed = known is not None and (
        known.generation > found.generation
        or (known.generation == found.generation and found.hash_there != known.head.hash)
    )
    if missed and known is not None:
        told = (
            found.hold is not None
            and found.hold.lost is not None
            and found.hold.lost.position >= known.head.position
            and found.generation >= known.generation
        )
        return None if told else Why.HEAD_LOST
    if found.hold is None and place is not None and found.place is not None and found.place != place:
        return Why.ANOTHER_DATABASE
    return None
