"""Taking a stream up: what a reader missed since the place where it was, or that nobody can say.

The feed (`server.live.feed`) lets everything later gather for the reader before it asks, so nothing falls in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies.model import PersonId
from cases import ledger
from cases.ledger import Entry, Head
from core import logs
from core.database import Database
from core.errors import Unavailable
from server.live.audience import hearings
from server.live.events import Alive, Event, News, Reset
from server.live.place import Place
from server.live.telling import news_of

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a reader is told first, and up to which position everything is known with it."""

    events: Sequence[Event]
    seen: int
    # Whether it loads everything anew.
    anew: bool = False


async def opening(
    database: Database, person_id: PersonId, after: Place | None, until: Head, *, behind: int, now: datetime
) -> Opening:
    """Return how a stream begins of somebody who was at a place, or begins now, for a feed that is at `until`."""
    if after is None:
        return _resumed(until, [], until.position, now)
    try:
        found = await _taken_up(database, person_id, after, until, behind=behind, now=now)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 (as in the feed: what cannot be judged is never passed over)
        log.failure("feed_entries_not_judged", error, position=until.position)
        found = None
    return found or Opening(events=[Alive(now, None), Reset(Place.at(until))], seen=until.position, anew=True)


async def _taken_up(
    database: Database, person_id: PersonId, after: Place, until: Head, *, behind: int, now: datetime
) -> Opening | None:
    """Return how it goes on; None where it cannot: so far behind, or at a place that this ledger does not have."""
    if after.position == until.position:
        return _resumed(until, [], until.position, now) if after.fits(until) else None
    if after.position > until.position:
        # If the place is right, another process was faster than this one, and nothing is missing.
        ahead = (await ledger.following(database, after.position, 0)).after
        return _resumed(ahead, [], ahead.position, now) if after.fits(ahead) else None
    if after.position < until.position - behind:
        return None
    missed = await ledger.following(database, after.position, until.position - after.position)
    if not after.fits(missed.after) or missed.head != until:
        return None
    return _resumed(missed.after, await _judged(database, person_id, missed.entries), until.position, now)


async def _judged(database: Database, person_id: PersonId, entries: Sequence[Entry]) -> list[News]:
    async with database.reading() as reading:
        heard = await hearings(reading, entries, [person_id])
    return news_of(person_id, entries, heard)


def _resumed(at: Head, news: Sequence[News], seen: int, now: datetime) -> Opening:
    return Opening(events=[Alive(now, Place.at(at)), *news], seen=seen)
