"""When the homeserver needs fresh keys of this device: pure rules on what it says it holds.

One-time keys are refilled below half; whoever wants a session meanwhile gets the fallback key, which is changed
once it was used, and weekly in any case. A homeserver that says nothing, or nothing that can be, is asked
(`bots.device.device` does so) rather than believed to have enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bots.olm.bounds import MOST_ONE_TIME_KEYS_BELIEVED

SIGNED_KEY = "signed_curve25519"
# A used fallback key may be used again while messages cross; so it is not changed at every use.
FALLBACK_INTERVAL = timedelta(hours=1)
LONGEST_FALLBACK_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What is to be published."""

    one_time_keys: bool
    fallback_key: bool

    def __bool__(self) -> bool:
        return self.one_time_keys or self.fallback_key


def held_of(counts: Any) -> int | None:
    """Return how many one-time keys the homeserver says it holds; nothing when it does not say so credibly.

    Counts that do not name the kind mean that there are none of it.
    """
    if not isinstance(counts, dict):
        return None
    held = counts.get(SIGNED_KEY, 0)
    if not isinstance(held, int) or isinstance(held, bool) or not 0 <= held <= MOST_ONE_TIME_KEYS_BELIEVED:
        return None
    return held


def wanted(*, held: int, most: int, unused_fallback: Any, fallback_made_at: float, now: float) -> Upkeep:
    """Return what the homeserver needs; `unused_fallback` are the kinds it says were not used, if it does."""
    age = now - fallback_made_at
    used = isinstance(unused_fallback, list) and SIGNED_KEY not in unused_fallback
    return Upkeep(
        one_time_keys=held < most // 2,
        fallback_key=(used and age >= FALLBACK_INTERVAL.total_seconds())
        or age >= LONGEST_FALLBACK_LIFE.total_seconds(),
    )
