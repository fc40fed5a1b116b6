"""Connections lent and given back, without a detour where there is none to make.

The driver's pool opens, recycles and closes connections, and gives one that came back to whoever waits. It starts a
task of its own, with a timer, each time one is given back; a request does that twice. What comes back whole while
nobody waits therefore stays at hand here, and is lent again as it is. Whatever failed, and whatever has lain or served
long, goes the driver's way, which looks after it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from core import metrics

ACQUIRE_SECONDS = 5.0
# So long one lies at hand unused before the driver may close it, and after so many loans one of all is looked after.
LIES_SECONDS = 60.0
LOANS = 1000


class Pool:
    """The connections of one kind of one process."""

    def __init__(self, pool: Any, name: str, is_open: Callable[[Any], bool]) -> None:
        self._pool = pool
        self._name = name
        # Tells whether a connection at hand still is one.
        self._is_open = is_open
        # The longest unused first, each with when it came back.
        self._at_hand: deque[tuple[Any, float]] = deque()
        self._waiting = 0
        self._loans = 0
        self._closing = False

    def lent(self) -> Lent:
        """Return a context that has a connection while it is entered."""
        return Lent(self)

    async def take(self) -> Any:
        """Take a connection, and tell how long that took."""
        while self._at_hand:
            connection, _since = self._at_hand.pop()
            if self._is_open(connection):
                # Given at once: taking the time, and counting who waits, would cost more than it does.
                metrics.POOL_ACQUIRE.observe(0.0, self._name)
                return connection
            await self._pool.release(connection)
        began = time.monotonic()
        self._waiting += 1
        metrics.POOL_WAITING.add(1, self._name)
        try:
            return await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        finally:
            self._waiting -= 1
            metrics.POOL_WAITING.add(-1, self._name)
            metrics.POOL_ACQUIRE.observe(time.monotonic() - began, self._name)

    async def give_back(self, connection: Any, *, whole: bool) -> None:
        """Give a connection back; `whole` where nothing has failed meanwhile."""
        self._loans += 1
        looked_after = self._waiting or self._closing or not self._loans % LOANS
        # Lost after its work was done is no failure of that work: it is only given back.
        if not whole or looked_after or not self._is_open(connection) or connection.is_in_transaction():
            await self._pool.release(connection)
            return
        now = time.monotonic()
        self._at_hand.append((connection, now))
        if now - self._at_hand[0][1] > LIES_SECONDS:
            await self._pool.release(self._at_hand.popleft()[0])

    def idle(self) -> int:
        """How many connections are open and lent to nobody."""
        return int(self._pool.get_idle_size()) + sum(self._is_open(each) for each, _since in self._at_hand)

    def open(self) -> int:
        """How many connections are open."""
        return int(self._pool.get_size())

    def allowed(self) -> int:
        """How many connections may be open."""
        return int(self._pool.get_max_size())

    async def close(self) -> None:
        """Close every connection once it has come back; nothing is lent any more."""
        self._closing = True
        while self._at_hand:
            await self._pool.release(self._at_hand.pop()[0])
        await self._pool.close()

    def terminate(self) -> None:
        """End every connection at once."""
        self._pool.terminate()


class Lent:
    """A connection that is lent while this is entered."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: Any = None

    async def __aenter__(self) -> Any:
        """Take the connection."""
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        await self._pool.give_back(self._connection, whole=kind is None)
