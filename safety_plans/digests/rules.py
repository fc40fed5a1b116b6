"""When a digest is told, and what it counts: pure rules.

On every working morning each person hears, alone with the bot, how much is due and overdue of what they own; on the
first working morning of a week each agency's security officers hear how much its people have. Numbers only (network's
rules for risk and reviews, *Levels*): never of what. Who has nothing hears nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from agencies.model import PersonId
from agencies.roster import moment_of
from cases.model import CaseId
from safety_plans.calendar import MORNING

# More open reviews than this and one person cannot keep up: fifteen of them bury three (the same rules).
MANY = 5
# No holidays are longer; a calendar without a working day must not hang anybody.
FURTHEST = 31
Working = Callable[[date], bool]


class What(StrEnum):
    """What somebody has to see to."""

    REVIEW = "review"
    CLOCK = "clock"
    MEASURE = "measure"


class Kind(StrEnum):
    """Whom a digest is for."""

    PERSON = "person"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """The morning of a working day: when it is, its day, and the next working day."""

    at: datetime
    day: date
    following: date

    @classmethod
    def of(cls, day: date, zone: ZoneInfo, working: Working) -> Morning:
        """Return the morning of a day."""
        return cls(at=morning_at(day, zone), day=day, following=next_working(day, working))

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return when the next working day begins."""
        return moment_of(datetime.combine(self.following, time()), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Something, and who has to see to it. `late`: it is overdue; `due`: before the next working day begins."""

    case_id: CaseId
    owner_id: PersonId
    what: What
    due: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a digest says."""

    reviews: int
    # What is due, and what is overdue, of each sort.
    due: Mapping[What, int]
    late: Mapping[What, int]
    # How many people have more than MANY reviews.
    burdened: int

    @property
    def pressing(self) -> bool:
        """Whether there is anything to be done now."""
        return bool(self.due or self.late)


def numbers(carried: Iterable[Carried]) -> Numbers:
    """Count what is carried."""
    found = list(carried)
    load = Counter(each.owner_id for each in found if each.what is What.REVIEW)
    return Numbers(
        reviews=sum(load.values()),
        due=Counter(each.what for each in found if each.due),
        late=Counter(each.what for each in found if each.late),
        burdened=sum(each > MANY for each in load.values()),
    )


def morning_at(day: date, zone: ZoneInfo) -> datetime:
    """Return when the morning of a day is."""
    return moment_of(datetime.combine(day, MORNING), zone).astimezone(UTC)


def next_morning(now: datetime, zone: ZoneInfo, working: Working | None = None) -> datetime:
    """Return the next morning, of a working day where it is said which those are; never the present moment."""
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=number) for number in range(FURTHEST))
    mornings = (morning_at(each, zone) for each in days if working is None or working(each))
    return next((each for each in mornings if each > now), morning_at(today + timedelta(days=1), zone))


def next_working(day: date, working: Working) -> date:
    """Return the working day after a day."""
    days = (day + timedelta(days=number) for number in range(1, FURTHEST))
    return next((each for each in days if working(each)), day + timedelta(days=1))


def told_now(kind: Kind, last: date, now: datetime, zone: ZoneInfo, working: Working) -> bool:
    """Whether whoever had their last digest on a day is to have one now: once a working day, or once a week.

    So one that was missed is told later the same day, and an agency's on another working day of the week.
    """
    today = now.astimezone(zone).date()
    if not working(today) or now < morning_at(today, zone):
        return False
    if kind is Kind.PERSON:
        return today > last
    return today.isocalendar()[:2] > last.isocalendar()[:2]
