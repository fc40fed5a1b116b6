"""What a shortened answer left out: fetched oldest first, beside the sync, until nothing is missing.

Owns which events of a room are still to be fetched (a *gap*, from a place in the homeserver's stream to another)
and the fetching. What is quickly had is taken in with the answer itself, in its order. The rest is kept on the
disk as a gap of its room and fetched by `run`, page by page: each page is taken in together with the new start
of its gap. So neither a room that never answers nor an endless one holds up anything else, and a gap outlives the
process. `bots.device.intake` takes the events in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, NoReturn

from bots.olm.bounds import MOST_GAPS, MOST_PAGES, MOST_PER_PAGE, MOST_ROOMS_AT_ONCE
from bots.olm.olm_store import OlmStore
from bots.wire.guard import alone
from bots.wire.homeserver import Homeserver
from bots.wire.identifiers import is_room_id, is_token
from core import logs, metrics
from core.clock import Clock
from core.errors import DeliveryError, Permanent

log = logs.get(__name__)

# How long an answer may be held up by what it left out, and how much of a room is asked for meanwhile.
QUICK_SECONDS = 3.0
QUICK_PAGES = 3
LONGEST_RETRY_SECONDS = 60.0
# A refusal may be somebody's mistake on the way; one that is repeated so often is meant.
MOST_REFUSALS = 5
# A gap older than this is told to the operator: there may be a panic in it.
TOLD_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is still to be fetched of a room."""

    room_id: str
    start: str
    end: str
    found_at: float
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """What was fetched of a gap, oldest first, and what is left of it."""

    rest: Gap | None
    events: list[Any] = field(default_factory=list)


def gaps_in(answer: Mapping[str, Any], since: str, now: float) -> list[Gap]:
    """Return what an answer left out since the last one.

    An answer that does not say where its time lines begin leaves out everything up to itself: what comes twice is
    known by its id.
    """
    rooms = answer.get("rooms")
    joined = rooms.get("join") if isinstance(rooms, dict) else None
    gaps: list[Gap] = []
    for room_id, room in joined.items() if isinstance(joined, dict) else ():
        match room:
            case {"timeline": {"limited": True} as timeline} if is_room_id(room_id):
                before = timeline.get("prev_batch")
                end = before if is_token(before) else str(answer["next_batch"])
                gaps.append(Gap(room_id=room_id, start=since, end=end, found_at=now))
    if len(gaps) > MOST_GAPS:
        log.error("older_events_beyond_bound", count=len(gaps) - MOST_GAPS)
    return gaps[:MOST_GAPS]


class Backfill:
    """Fetches what is missing, and gives it to whoever takes it in."""

    def __init__(
        self,
        homeserver: Homeserver,
        store: OlmStore,
        clock: Clock,
        take_in: Callable[[str, Older], None],
        *,
        quick_seconds: float = QUICK_SECONDS,
    ) -> None:
        self._homeserver = homeserver
        self._store = store
        self._clock = clock
        self._take_in = take_in
        self._quick_seconds = quick_seconds
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._told: set[str] = set()
        self._woken = asyncio.Event()

    async def at_once(self, answer: Mapping[str, Any], since: str) -> dict[str, Older]:
        """Fetch of what an answer left out as much as is quickly had; say what is left of every room."""
        found: dict[str, Older] = {}
        for gap in gaps_in(answer, since, self._clock.now().timestamp()):
            known = self._store.gap(gap.room_id)
            found[gap.room_id] = Older(rest=gap if known is None else replace(_gap(known), end=gap.end))
        if not found:
            return found
        places = asyncio.Semaphore(MOST_ROOMS_AT_ONCE)

        async def fetch(room_id: str) -> None:
            async with places:
                for _page in range(QUICK_PAGES):
                    older = found[room_id]
                    if older.rest is None:
                        return
                    page = await self._page(older.rest)
                    found[room_id] = Older(events=[*older.events, *page.events], rest=page.rest)

        with suppress(TimeoutError):
            async with asyncio.timeout(self._quick_seconds), asyncio.TaskGroup() as group:
                for room_id, older in found.items():
                    # What was missing before is older still, and comes first.
                    if older.rest is not None and older.rest.start == since:
                        group.create_task(_quietly(fetch(room_id)))
        self._woken.set()
        return found

    async def run(self, heard: Callable[[], None]) -> NoReturn:
        """Fetch what is missing, for ever; call `heard` whenever something may have come."""
        while True:
            self._woken.clear()
            missing = bool(self._store.gaps())
            pause = await self.fill()
            if missing:
                heard()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def fill(self) -> float | None:
        """Fetch one page of every gap that is due; return in how many seconds the next one is, if there is any."""
        gaps = [_gap(record) for record in self._store.gaps()]
        self._tell(gaps)
        now = time.monotonic()
        due = [gap for gap in gaps if self._due.get(gap.room_id, 0.0) <= now]
        places = asyncio.Semaphore(MOST_ROOMS_AT_ONCE)

        async def fetch(gap: Gap) -> None:
            async with places:
                with alone(partial(self._unforeseen, gap.room_id)):
                    await self._fetch(gap)

        async with asyncio.TaskGroup() as group:
            for gap in due:
                group.create_task(fetch(gap))
        open_rooms = {str(record["room_id"]) for record in self._store.gaps()}
        self._due = {room_id: at for room_id, at in self._due.items() if room_id in open_rooms}
        self._failures = {room_id: times for room_id, times in self._failures.items() if room_id in open_rooms}
        metrics.GAPS_OPEN.set(len(open_rooms))
        if not open_rooms:
            return None
        return max(min(self._due.get(room_id, 0.0) for room_id in open_rooms) - time.monotonic(), 0.0)

    async def _fetch(self, gap: Gap) -> None:
        try:
            older = await self._page(gap)
        except DeliveryError as error:
            if not self._given_up(gap.room_id, error):
                return
            older = Older(rest=None)
        else:
            self._failures.pop(gap.room_id, None)
            self._due.pop(gap.room_id, None)
        known = self._store.gap(gap.room_id)
        end = gap.end if known is None else _gap(known).end
        if older.rest is not None:
            older = replace(older, rest=replace(older.rest, end=end))
        elif end != gap.end:
            # Meanwhile more was left out.
            older = replace(older, rest=replace(gap, start=gap.end, end=end, pages=0))
        self._take_in(gap.room_id, older)

    def _given_up(self, room_id: str, error: DeliveryError) -> bool:
        """Note a failure; tell whether it is final."""
        failures = self._failures[room_id] = self._failures.get(room_id, 0) + 1
        if isinstance(error, Permanent) and failures >= MOST_REFUSALS:
            log.error("older_events_refused", error=error.code, attempts=failures)
            return True
        wait = error.retry_after or 2.0 ** min(failures, 10)
        self._due[room_id] = time.monotonic() + min(wait, LONGEST_RETRY_SECONDS)
        log.warning("older_events_not_fetched", error=error.code, attempts=failures)
        return False

    def _unforeseen(self, room_id: str, error: BaseException) -> None:
        """Leave a room for a while whose answer nobody foresaw: the others are fetched all the same."""
        self._due[room_id] = time.monotonic() + LONGEST_RETRY_SECONDS
        log.failure("older_events_not_fetched", error)

    async def _page(self, gap: Gap) -> Older:
        events, further = await self._homeserver.messages(
            gap.room_id, start=gap.start, end=gap.end, limit=MOST_PER_PAGE
        )
        if further is None or further in {gap.start, gap.end}:
            return Older(events=events, rest=None)
        if gap.pages + 1 >= MOST_PAGES:
            log.error("older_events_beyond_bound", count=gap.pages)
            return Older(events=events, rest=None)
        return Older(events=events, rest=replace(gap, start=further, pages=gap.pages + 1))

    def _tell(self, gaps: list[Gap]) -> None:
        """Tell the operator once of every gap that stays open for long."""
        long_ago = self._clock.now().timestamp() - TOLD_AFTER_SECONDS
        late = {gap.room_id for gap in gaps if gap.found_at < long_ago}
        if late - self._told:
            log.error("older_events_missing", count=len(late))
        self._told = late


def to_record(gap: Gap) -> dict[str, Any]:
    """Return a gap as it is kept."""
    return asdict(gap)


def _gap(record: Mapping[str, Any]) -> Gap:
    return Gap(**record)


async def _quietly(fetching: Awaitable[None]) -> None:
    """Leave to `run` what cannot be fetched now."""
    with suppress(DeliveryError):
        await fetching
