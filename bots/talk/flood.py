"""How much of one person's writing the bot answers: bounds in memory, on the clock.

Only words that the bot would act on count, and a panic never does. What nobody could check counts by itself, so that
whoever writes under a false name takes nothing from the one whose name it is.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bots.device.received import Received
from core.clock import Clock

MOST_REMEMBERED = 10_000
PER_MINUTE = 20
PER_MINUTE_IN_ROOM = 60


class Flood:
    """Lets so many words a minute pass: of each sender, and in each room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()
        self._admitted: OrderedDict[str, None] = OrderedDict()

    def admits(self, event_id: str, sender: str, room_id: str, *, checked: bool) -> bool:
        """Whether there is room for one more word. The same event, tried again, needs none."""
        if event_id in self._admitted:
            return True
        return min(each.left for each in self._buckets_of(sender, room_id, checked=checked)) >= 1

    def count(self, event_id: str, sender: str, room_id: str, *, checked: bool) -> None:
        """Count a word that was admitted and is acted on, once."""
        if event_id in self._admitted:
            return
        # Of both or of neither: what is refused in the room must not use up what its sender has left.
        for each in self._buckets_of(sender, room_id, checked=checked):
            each.left -= 1
        self._admitted[event_id] = None
        _bound(self._admitted)

    def _buckets_of(self, sender: str, room_id: str, *, checked: bool) -> tuple[_Bucket, _Bucket]:
        of_sender = self._bucket((checked, sender), PER_MINUTE)
        return of_sender, self._bucket((checked, "in", room_id), PER_MINUTE_IN_ROOM)

    def _bucket(self, key: Hashable, size: int) -> _Bucket:
        now = self._clock.now()
        bucket = self._buckets.pop(key, None) or _Bucket(left=size, at=now)
        passed = max(now - bucket.at, timedelta(0)) / timedelta(minutes=1)
        bucket.left, bucket.at = min(bucket.left + passed * size, size), now
        self._buckets[key] = bucket
        _bound(self._buckets)
        return bucket


class Seldom:
    """Keeps what is said of one cause apart by an interval."""

    def __init__(self, clock: Clock, interval: timedelta) -> None:
        self._clock = clock
        self._interval = interval
        self._last: OrderedDict[Hashable, datetime] = OrderedDict()

    def due(self, cause: Hashable) -> bool:
        """Whether it is time to say it again."""
        last = self._last.get(cause)
        # A clock that was set back keeps nobody silent.
        return last is None or not timedelta(0) <= self._clock.now() - last < self._interval

    def was_said(self, cause: Hashable) -> None:
        """Note that it has been said: only then, so that what failed is tried again."""
        self._last.pop(cause, None)
        self._last[cause] = self._clock.now()
        _bound(self._last)


def by_turns(arrivals: Iterable[Received]) -> list[Received]:
    """Return the first of every sender, then the second: whoever sends much keeps nobody else waiting for it."""
    sent: Counter[str] = Counter()
    turns: list[tuple[int, Received]] = []
    for each in arrivals:
        turns.append((sent[each.sender], each))
        sent[each.sender] += 1
    return [each for _turn, each in sorted(turns, key=lambda turn: turn[0])]


@dataclass(slots=True, kw_only=True)
class _Bucket:
    left: float
    at: datetime


def _bound(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
