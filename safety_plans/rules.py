"""When a case must be assessed again, and who is told when it was not: pure rules.

Intervals: the monthly ceiling and "weekly or daily where high-risk" are the IOM handbook's (2007, as
quoted by ASTRA 2021); the split between the levels is our own design.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from safety_plans.calendar import Calendar
from safety_plans.model import Level

REVIEW_AT_LEAST_EVERY: dict[Level, timedelta] = {
    Level.VERY_HIGH: timedelta(hours=24),
    Level.HIGH: timedelta(days=7),
    Level.MEDIUM: timedelta(days=14),
    Level.LOW: timedelta(days=30),
    Level.NOT_YET_ASSESSED: timedelta(days=7),
}
# A new case is treated as high until somebody has assessed it: the first assessment starts within a day.
FIRST_ASSESSMENT_WITHIN = timedelta(hours=24)
OVERDUE_REPEAT = timedelta(days=1)
_OVERDUE_AFTER_VERY_HIGH = timedelta(hours=2)
_OVERDUE_AFTER = timedelta(hours=24)
# Within this time of its last step every review that was due takes the next one.
LONGEST_WAIT_AFTER_DUE = max(OVERDUE_REPEAT, _OVERDUE_AFTER, _OVERDUE_AFTER_VERY_HIGH)


def due_at(level: Level, assessed_at: datetime, calendar: Calendar) -> datetime:
    """Return when a case of this level must be assessed again, by the days of those who assess it."""
    return calendar.due(assessed_at, REVIEW_AT_LEAST_EVERY[level])


def overdue_at(level: Level, due: datetime, *, urgent: bool = False) -> datetime:
    """Return when a review that was not done goes to the agency's duty desk; an urgent one as soon as can be."""
    soon = urgent or level is Level.VERY_HIGH
    return due + (_OVERDUE_AFTER_VERY_HIGH if soon else _OVERDUE_AFTER)


def stale_since(due: datetime, now: datetime) -> datetime | None:
    """Return since when a level is not to be relied upon, its review being open; nothing before that is due."""
    return due if due <= now else None


def leaders_rung(step: int, *, urgent: bool) -> bool:
    """Whether a reminder also rings those who lead the case: an urgent one at once, any other a day after the desk."""
    return urgent or step > 1


def next_step_at(level: Level, due: datetime, step: int, now: datetime, *, urgent: bool = False) -> datetime:
    """Return when the step after `step` is due: 0 waits for the due time, 1 for overdue, then daily."""
    if step == 0:
        return due
    if step == 1:
        return max(overdue_at(level, due, urgent=urgent), now)
    return now + OVERDUE_REPEAT
