"""Whether the time can be relied upon to erase by it: only once engines were at work for a day since it last leaped.

A machine whose clock leaps years ahead, and its database's with it, would hold everything to be over, and what is
erased never comes back. So engines note that they are at work. Whether time leaped follows from what was noted last;
how long they were at work is the sum of short stretches alone, so that no further leap can make up for them.
What only reminds, calls or ends a session needs no such care: a leap does that too early, and it can be done again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core import logs, queries
from core.clock import Clock
from core.database import Database, Reading, Row

log = logs.get(__name__)
_SQL = queries.load("core")

# Where nobody was at work for longer than this, nothing tells the pause from a leap.
LEAP = timedelta(days=2)
# So far engines' clocks may differ: each agrees with the database's within two seconds, or sweeps nothing.
APART = timedelta(seconds=10)
# What was noted no further apart than this is of one stretch at work; engines note it every minute.
STRETCH = timedelta(minutes=10)
# So long engines must have been at work: a day in which somebody can set a clock right.
ENOUGH = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awake:
    """When an engine was last at work, for how long they were since time last leaped, and when it did if ever."""

    at: datetime
    steady: timedelta
    leaped_at: datetime | None

    @property
    def waits(self) -> timedelta:
        """How much longer engines must be at work before anything is erased."""
        return max(ENOUGH - self.steady, timedelta())

    @property
    def reliable(self) -> bool:
        """Whether what is over may be erased."""
        return not self.waits


def noted(known: Awake | None, now: datetime) -> Awake:
    """Return what is known once an engine is at work now; pure.

    A pause that is no leap neither counts nor takes away what was counted: a machine that is off by night gets there.
    """
    if known is None:
        return Awake(at=now, steady=timedelta(), leaped_at=None)
    since = now - known.at
    if not -APART <= since <= LEAP:
        return Awake(at=now, steady=timedelta(), leaped_at=now)
    if since > STRETCH:
        return replace(known, at=now)
    # Another engine's clock may be a little ahead: what it noted stands.
    counted = max(since, timedelta())
    return replace(known, at=known.at + counted, steady=min(known.steady + counted, ENOUGH))


async def note(database: Database, clock: Clock) -> Awake:
    """Note that an engine is at work, say where time leaped, and return what is known since."""
    async with database.transaction() as tx:
        row = await tx.row(_SQL["lock_awake"])
        known = None if row is None else _awake(row)
        # Only now: whoever waited for another engine is not to hold that for a step back.
        now = clock.now()
        found = noted(known, now)
        await tx.run(_SQL["note_awake"], found.at, found.steady.total_seconds(), found.leaped_at)
    if known is not None and found.leaped_at is not None and found.leaped_at != known.leaped_at:
        log.error("time_leaped", seconds=round((now - known.at).total_seconds()))
    return found


async def known_in(reading: Reading) -> Awake | None:
    """Return what was noted last; nothing before an engine's first round."""
    row = await reading.row(_SQL["awake"])
    return None if row is None else _awake(row)


def _awake(row: Row) -> Awake:
    return Awake(at=row["at"], steady=timedelta(seconds=row["steady_seconds"]), leaped_at=row["leaped_at"])
