"""A clock that tests move by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from safety_plans.calendar import Calendar

# Where the invented network works.
ZONE = ZoneInfo("Europe/Belgrade")
SERBIA = Calendar("RS", ZONE)


class MovableClock:
    """Stands still at the moment it is given, or runs with the machine's clock where none is given."""

    def __init__(self, start: datetime | None = None) -> None:
        self._standing_at = start
        self._ahead = timedelta(0)

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return self._ahead if self._standing_at is None else self._standing_at - SystemClock().now()

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return SystemClock().now() + self._ahead if self._standing_at is None else self._standing_at

    def move(self, by: timedelta) -> datetime:
        """Let time pass, or go back; return the new present."""
        if self._standing_at is None:
            self._ahead += by
        else:
            self._standing_at += by
        return self.now()

    def set(self, moment: datetime) -> None:
        """Go to a moment."""
        self.move(moment - self.now())
