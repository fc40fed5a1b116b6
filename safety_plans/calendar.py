"""Working days, mornings and nights: when in a day something falls due, so that somebody is there. Pure rules.

Due times snap earlier to 10:00 local on a working day (network's rules for risk and reviews, *Levels*); what must be
done within hours does not. Where no working morning is left, the morning of a day of rest is; never a night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

MORNING = time(10)
NIGHT = (time(22), time(7))
# Of what would fall into a night, when nothing better is left: two hours later somebody may still be rung.
EVENING = time(19)
DAY = timedelta(days=1)
# What is brought forward leaves at least this part of its time: a day of rest makes nobody assess twice in a row.
_AT_LEAST = 4


@lru_cache(maxsize=300)
def _holidays_of(country: str) -> holidays.HolidayBase | None:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return None


def holidays_known(country: str) -> bool:
    """Whether the holidays of a country (ISO 3166-1, two letters) are known; if not, weekends alone are free."""
    return _holidays_of(country) is not None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one country, and the time of day in `zone`."""

    country: str
    zone: ZoneInfo

    def working(self, day: date) -> bool:
        """Whether people work on a day."""
        of_country = _holidays_of(self.country)
        return day.weekday() < 5 if of_country is None else of_country.is_working_day(day)

    def at_night(self, moment: datetime) -> bool:
        """Whether people sleep at a moment, who are not on duty."""
        begins, ends = NIGHT
        local = moment.astimezone(self.zone).time()
        return local >= begins or local < ends

    def day_of(self, moment: datetime) -> date:
        """Return which day a moment lies in."""
        return moment.astimezone(self.zone).date()

    def morning(self, day: date) -> datetime:
        """Return when work begins on a day."""
        return self._at(day, MORNING)

    def due(self, since: datetime, within: timedelta) -> datetime:
        """Return when what is to be done `within` a time is due: never later than that, and awake where it can be."""
        latest = since + within
        return latest if within < DAY else self.snapped(latest, since + within / _AT_LEAST)

    def snapped(self, latest: datetime, earliest: datetime) -> datetime:
        """Return the last working morning between these; else of any day; else the evening before a night."""
        mornings = list(self._mornings(latest, earliest))
        working = [each for each in mornings if self.working(self.day_of(each))]
        if mornings:
            return (working or mornings)[0]
        return self._evening_before(latest) if self.at_night(latest) else latest

    def _mornings(self, latest: datetime, earliest: datetime) -> Iterator[datetime]:
        """Return the mornings between these, the last first, up to and with the first of a working day."""
        day = self.day_of(latest)
        while (morning := self.morning(day)) >= earliest:
            if morning <= latest:
                yield morning
                if self.working(day):
                    return
            day -= DAY

    def _evening_before(self, moment: datetime) -> datetime:
        evening = self._at(self.day_of(moment), EVENING)
        return evening if evening <= moment else self._at(self.day_of(moment) - DAY, EVENING)

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone).astimezone(UTC)
