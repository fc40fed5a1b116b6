"""How many requests one address or one person may make: token buckets, in this process's memory.

Raising and accepting an alert is never limited. The buckets' number is bounded: the one that was used
the longest ago is forgotten first.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache

from core.errors import LimitReached
from core.texts import mark

KEYS = 10_000
MINUTE = 60.0


class Buckets:
    """One bucket per key: it holds a minute's allowance and refills evenly."""

    def __init__(self, per_minute: int, *, keys: int = KEYS, now: Callable[[], float] = time.monotonic) -> None:
        self._full = float(max(1, per_minute))
        self._per_second = self._full / MINUTE
        self._keys = keys
        self._now = now
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> None:
        """Take one request from the key's bucket, or say how long to wait."""
        level = self._level(key)
        if level < 1:
            self._keep(key, level)
            raise self._refusal(level)
        self._keep(key, level - 1)

    def require(self, key: Hashable) -> None:
        """Refuse if the key's bucket is empty; take nothing."""
        level = self._level(key)
        if level < 1:
            raise self._refusal(level)

    def empty(self, key: Hashable) -> bool:
        """Tell whether the key's bucket is empty."""
        return self._level(key) < 1

    def spend(self, key: Hashable) -> None:
        """Take what is there of one request, without ever refusing."""
        self._keep(key, max(0.0, self._level(key) - 1))

    def _level(self, key: Hashable) -> float:
        level, at = self._buckets.get(key, (self._full, self._now()))
        return min(self._full, level + (self._now() - at) * self._per_second)

    def _keep(self, key: Hashable, level: float) -> None:
        self._buckets[key] = (level, self._now())
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)

    def _refusal(self, level: float) -> LimitReached:
        return LimitReached(
            mark("Too many requests. Wait {seconds} seconds and try again."),
            seconds=math.ceil((1 - level) / self._per_second),
        )


@lru_cache(maxsize=KEYS)
def network_of(address: str | None) -> str:
    """Return what one household or office has in common: an IPv4 address, the first half of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
