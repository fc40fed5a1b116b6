"""How long the device has been at work: the time by which keys grow old.

A machine that wakes with a wrong date, or whose clock is stepped, is months older from one moment to the next; what
others speak with is not. Whoever forgot their keys for that could not read the next call for help, nor the one after
it, until their client changed its key by itself.
"""

from __future__ import annotations

from datetime import timedelta

from bots.olm.olm_store import OlmStore
from core.clock import Clock

LIVED = "time lived"
# What one look may add: a device that was away, or whose clock has leapt, ages by no more.
MOST_AT_ONCE = timedelta(hours=1)
# Kept no more often than this.
LOOK = timedelta(minutes=1)


class LivedTime:
    """Seconds that begin at the moment of the first look, as machine time, and go on only while somebody looks."""

    def __init__(self, store: OlmStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # The time lived at the last look that was kept, and that look's moment.
        self._kept: tuple[float, float] | None = None
        kept = store.value(LIVED)
        if kept:
            self._kept = (float(kept[0]), float(kept[1]))

    def now(self) -> float:
        """Return the time lived. Inside a transaction."""
        seen = self._clock.now().timestamp()
        lived, before = self._kept or (seen, float("-inf"))
        passed = seen - before
        if 0 <= passed < LOOK.total_seconds():
            return lived + passed
        if self._kept is not None:
            lived += min(max(passed, 0.0), MOST_AT_ONCE.total_seconds())
        self._kept = (lived, seen)
        self._store.keep_value(LIVED, [lived, seen])
        return lived
