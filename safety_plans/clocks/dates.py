"""Reviews around the days at court and of transfers: before them, and after, when people think that it is over.

7 days and 1 day before, 24 hours and 30 days after each (network's rules for risk and reviews, *Events*, pre-set).
"""

from __future__ import annotations

from datetime import timedelta

from safety_plans.calendar import DAY, Calendar
from safety_plans.clocks.rules import CaseDate
from safety_plans.model import Reason
from safety_plans.triggers import Duty

BEFORE = (7 * DAY, DAY)
AFTER = (DAY, 30 * DAY)
# Over how many days of rest a review before a date is brought forward.
BROUGHT_FORWARD = timedelta(days=4)


def around(date: CaseDate, calendar: Calendar) -> list[Duty]:
    """Return what must be assessed around a date. What comes after it no assessment before it satisfies."""
    told = date.told_at
    # Brought forward at most to when it was told: what falls due before that would be overdue at once.
    before = [
        Duty(
            reason=Reason.DATE, since=told, due_at=max(calendar.snapped(at, max(at - BROUGHT_FORWARD, told)), told)
        )
        for at in (date.at - each for each in BEFORE)
        if at > told
    ]  # fmt: skip
    after = [Duty(reason=Reason.DATE, since=date.at, due_at=calendar.due(date.at, each)) for each in AFTER]
    return before + after
