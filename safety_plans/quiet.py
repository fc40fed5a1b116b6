"""The hours in which nobody is rung by what can wait until morning: one pure rule.

Network's rules for risk and reviews, *Levels*: at night only what must be assessed within two hours goes on, through
the duty desk. Alerts know no quiet hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agencies.roster import moment_of
from core.errors import InvalidInput
from core.texts import mark

NOT_QUIET_HOURS = mark('STREHA_QUIET_HOURS looks like "22:00-07:00", by the clock on the wall.')
# People who work by day must be left some of it.
LONGEST = timedelta(hours=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """From one hour of the wall's clock, included, until another, past midnight or not. Alike, there are none."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str, zone: str) -> Self:
        """Return the quiet hours as they are set, or say that they are none."""
        try:
            begins, ends = (time.fromisoformat(each.strip()) for each in text.split("-"))
            found = cls(begins=begins, ends=ends, zone=ZoneInfo(zone))
        except (ValueError, ZoneInfoNotFoundError):
            raise InvalidInput(NOT_QUIET_HOURS) from None
        if begins.tzinfo or ends.tzinfo or found.length > LONGEST:
            raise InvalidInput(NOT_QUIET_HOURS)
        return found

    @property
    def length(self) -> timedelta:
        """How long they are by the clock on the wall, between nothing and a day."""
        return (_since_midnight(self.ends) - _since_midnight(self.begins)) % timedelta(days=1)

    def at(self, moment: datetime) -> bool:
        """Whether a moment lies in them."""
        local = moment.astimezone(self.zone).time()
        if self.begins <= self.ends:
            return self.begins <= local < self.ends
        return local >= self.begins or local < self.ends

    def until(self, moment: datetime) -> datetime:
        """Return when somebody may be rung at a moment or after it: at once, or when the quiet hours end."""
        if not self.at(moment):
            return moment
        local = moment.astimezone(self.zone)
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        return moment_of(datetime.combine(day, self.ends), self.zone)


def _since_midnight(hour: time) -> timedelta:
    return timedelta(hours=hour.hour, minutes=hour.minute, seconds=hour.second, microseconds=hour.microsecond)
