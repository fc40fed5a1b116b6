"""Continuous proof: what is known of it, and when it is due, failing, or interrupted. Pure rules.

A proof is a self-test of CAP status `System`: every few minutes a message goes the whole way of an alert into a room of
its own, where a second Matrix client, the prober, reads it and answers; it is proven once the bot has heard the answer.
Nobody else hears of it. `alerts.proof.proving` carries these rules out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

# CAP `status` of what is said to prove that it works, and of what is told where it fails: neither is anybody's alert,
# counts in a report or stands in a list.
System = Literal["System"]
STATUS: System = "System"
# So long may nothing be proven before the desks that are staffed at all hours hear that it fails.
FAILS_AFTER = timedelta(minutes=15)
# Proofs are kept so long, and the last that succeeded for ever.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of continuous proof.

    `begun_at` and `proven_at` are of the last one that succeeded; `waiting_since` is when the oldest began that came
    after it and was not answered, `newest_at` when the newest did, `first_at` when the oldest that is kept did.
    """

    begun_at: datetime | None = None
    proven_at: datetime | None = None
    waiting_since: datetime | None = None
    newest_at: datetime | None = None
    first_at: datetime | None = None

    def due(self, now: datetime, interval: timedelta) -> bool:
        """Tell whether the next proof is to begin."""
        return self.newest_at is None or now - self.newest_at >= interval

    def interrupted(self, now: datetime, interval: timedelta) -> bool:
        """Tell whether nobody began proofs for a while: what is unanswered from before says nothing about now."""
        return self.newest_at is not None and now - self.newest_at >= 2 * interval

    def fails(self, now: datetime) -> bool:
        """Tell whether nothing was proven for so long, although it was tried, that people must be told."""
        return self.waiting_since is not None and now - self.waiting_since >= FAILS_AFTER

    def works_since(self, moment: datetime) -> bool:
        """Tell whether it was proven after a moment."""
        return self.proven_at is not None and self.proven_at > moment

    @property
    def took(self) -> timedelta | None:
        """How long the last one that succeeded took, from the row that began it until the answer was heard."""
        return None if self.proven_at is None or self.begun_at is None else self.proven_at - self.begun_at

    def age(self, now: datetime) -> timedelta | None:
        """Return since when nothing is proven: since the last success, else since the first attempt that is known."""
        since = self.proven_at or self.first_at
        return None if since is None else max(now - since, timedelta(0))
