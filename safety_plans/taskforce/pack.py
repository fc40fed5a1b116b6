"""What a monthly meeting goes through, case by case: levels, what is due until the month ends, what nobody did in time.

Owns which things belong to a month, and in which order people go through them: who is in greatest danger first, of a
case what is late first. What could not be read is part of it, for whoever prepares must not take silence for rest.
The source of the meeting is the Western Balkans report 2012 (task forces); the order is our own design.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from core.errors import InvalidInput
from core.texts import mark
from safety_plans.model import Level
from safety_plans.plans.owed import Owed

# A stale or unknown level is treated as high until somebody has assessed it again.
_RANKS = {Level.VERY_HIGH: 0, Level.HIGH: 1, Level.NOT_YET_ASSESSED: 1, Level.MEDIUM: 2, Level.LOW: 3}
_HIGH = _RANKS[Level.HIGH]
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Kind(StrEnum):
    """What is due."""

    MEASURE = "measure"
    REFERRAL = "referral"
    FEEDBACK = "feedback"
    DEBRIEFING = "debriefing"
    DECISION = "decision"
    CLOCK = "clock"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody does by a day. `what` is content, or of a clock its kind; `owner` is a name."""

    kind: Kind
    what: str
    owner: str
    on: dt.date
    overdue: bool


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One case. Without a level none is known to whoever prepares; `unread` says what is lacking here, and why.

    `plans` counts the plans that were read; `lacking` says where one of them breaks the rules of its state.
    """

    codename: str
    level: str | None = None
    review_due: dt.datetime | None = None
    stale_since: dt.datetime | None = None
    plans: int = 0
    due: Sequence[Due] = ()
    unread: Sequence[str] = ()
    lacking: Sequence[str] = ()


def last_day(month: str | None, today: dt.date) -> dt.date:
    """Return the last day of a month as people write it (2027-03); of this month where none is named."""
    first = today.replace(day=1)
    if month is not None:
        try:
            # Just this form: the library would also read a week.
            first = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC).date()
        except ValueError:
            raise InvalidInput(mark("A month looks like 2027-03.")) from None
    return first.replace(day=monthrange(first.year, first.month)[1])


def kind_of(owed: Owed) -> Kind:
    """Return which kind of thing it is that somebody owes of a plan."""
    if owed.where.startswith("referrals"):
        return Kind.FEEDBACK if owed.where.endswith(".feedback") else Kind.REFERRAL
    return Kind.DEBRIEFING if owed.where.startswith("staff") else Kind.MEASURE


def until(found: Iterable[Due], last: dt.date) -> list[Due]:
    """Return what is late or due until a day, each once: what is late first, then by owner and day."""
    chosen = {each for each in found if each.overdue or each.on <= last}
    return sorted(chosen, key=lambda each: (not each.overdue, each.owner, each.on, each.kind, each.what))


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return cases as people go through them: by danger, then those whose assessment is due first."""
    return sorted(entries, key=lambda each: (_rank(each), each.review_due or _NEVER, each.codename))


def late_of(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Return how many things each owner has not done in time, most first."""
    counted = Counter(due.owner for each in entries for due in each.due if due.overdue)
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))


def _rank(entry: Entry) -> int:
    rank = _RANKS[Level(entry.level)] if entry.level in list(Level) else _HIGH
    return rank if entry.stale_since is None else min(rank, _HIGH)
