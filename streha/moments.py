"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from core.errors import InvalidInput
from core.texts import mark


def whole_moment(words: str) -> datetime:
    """Return the moment that is written in full, with its zone."""
    try:
        parsed = datetime.fromisoformat(words)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise InvalidInput(mark("A time looks like 2031-05-14T09:30:00Z, with its zone."))
    return parsed


def last_time(words: str, now: datetime) -> datetime:
    """Return when it was last this hour and minute by the machine's clock, or the moment that is written in full."""
    try:
        if len(words) > len("HH:MM"):
            written = datetime.fromisoformat(words)
            return written if written.tzinfo is not None else written.astimezone()
        wall = time.fromisoformat(words)
    except ValueError:
        raise InvalidInput(mark("A time looks like 03:12, a moment like 2031-05-14T03:12.")) from None
    today = datetime.combine(now.astimezone().date(), wall).astimezone()
    if today <= now:
        return today
    return datetime.combine(now.astimezone().date() - timedelta(days=1), wall).astimezone()
