"""The time. Everything that decides by time takes a `Clock`, so that tests and the demo can move it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from core.errors import InvalidInput
from core.texts import mark


class Clock(Protocol):
    """Tells the present moment, aware and in UTC."""

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's: zero except in tests and the demo."""
        ...

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)  # noqa: TID251 (the one place that asks the machine)


@dataclass(frozen=True, slots=True)
class OffsetFileClock:
    """The machine's clock moved ahead by the whole seconds that a file names; several processes share it."""

    path: Path

    @property
    def offset(self) -> timedelta:
        """How far ahead; zero while the file is absent or half written."""
        try:
            return timedelta(seconds=int(self.path.read_text()))
        except (OSError, ValueError, OverflowError):
            return timedelta(0)

    def now(self) -> datetime:
        """Return the moved moment in UTC."""
        return SystemClock().now() + self.offset


class Pace:
    """How often something is done that need not be done at every turn: at first, and again after an interval."""

    def __init__(self, clock: Clock, interval: timedelta) -> None:
        self._clock = clock
        self._interval = interval
        self._last: datetime | None = None

    def due(self) -> bool:
        """Whether it is time to do it."""
        # A clock that was ahead and is set back keeps nothing from being done until then.
        return self._last is None or not timedelta(0) <= self._clock.now() - self._last < self._interval

    def done(self) -> None:
        """Note that it was done: only then, so that what failed is tried again."""
        self._last = self._clock.now()


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def sensible(moment: datetime) -> datetime:
    """Return the moment in UTC; refuse one without a zone or outside this century."""
    if moment.utcoffset() is None:
        raise InvalidInput(mark("This time has no time zone. Add one, for example Z for UTC."))
    if not EARLIEST <= moment < LATEST:
        raise InvalidInput(mark("This time is not in this century. Check the year."))
    return moment.astimezone(UTC)
