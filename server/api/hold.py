"""Nobody learns from the time an answer takes what its words keep from them.

To find that something is not there takes less work than to find that the asker may not know of it. Whatever is
answered as absent therefore leaves only when a full step has passed since the request was read, and where the work
took longer, at the next step. (Not since the request began: whoever sends its end late must not choose how near to a
step the work begins.) Nothing is held meanwhile, neither a connection to the database nor a lock.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from core.errors import NotFound

# Several times what the longest of these refusals takes on a machine that is busy.
STEP_SECONDS = 0.05


class Hold:
    """Keeps back what is answered as absent."""

    def __init__(
        self,
        step: float = STEP_SECONDS,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step = step
        self._now = now
        self._sleep = sleep

    @asynccontextmanager
    async def of_absence(self) -> AsyncIterator[None]:
        """Let `NotFound` pass at the next full step after this was entered, and everything else at once."""
        began = self._now()
        try:
            yield
        except NotFound:
            taken = self._now() - began
            await self._sleep(self._step * (math.floor(taken / self._step) + 1) - taken)
            raise
