"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from core.errors import InvalidInput
from core.texts import mark

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def duration(words: str) -> timedelta:
    """Return a length of time as people write it: 30m, 12h, 7d."""
    number, unit = words[:-1], words[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit() or len(number) > len("9999"):
        raise InvalidInput(mark("A length of time looks like 30m, 12h or 7d."))
    return int(number) * _UNITS[unit]


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
