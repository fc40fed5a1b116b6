"""How often reminders ring one person: pure rules.

Fifteen cases that fall due on one morning would ring their owner fifteen times. The first few ring; what exceeds them
stands in its channel without ringing, and at the end of the hour one message says how many there were. What must be
assessed within two hours, what is of very high risk, and every alert rings whoever it names and is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from agencies.model import PersonId

MOST = 5
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """How often somebody was rung since a moment, and how many rings were folded into one to come."""

    person_id: PersonId
    since: datetime
    rung: int
    folded: int

    @property
    def told_at(self) -> datetime | None:
        """When they are told of what was folded."""
        return self.since + HOUR if self.folded else None

    def again(self, times: int, now: datetime) -> Rung:
        """Return how it is after so many further rings: those that exceed what one hour holds are folded.

        The hour of whoever is still to be told of folded ones ends with being told.
        """
        over = now >= self.since + HOUR and not self.folded
        begun = replace(self, since=now, rung=0) if over else self
        ringing = min(times, max(0, MOST - begun.rung))
        return replace(begun, rung=begun.rung + ringing, folded=begun.folded + times - ringing)

    def told(self, now: datetime) -> Rung:
        """Return how it is once they were told, which rang too."""
        return replace(self, since=now, rung=1, folded=0)


def wanted(mentions: Iterable[Sequence[UUID]]) -> dict[PersonId, int]:
    """Return how often each is to be rung, in the order in which all who write here take the rows."""
    counted = Counter(PersonId(each) for people in mentions for each in people)
    return {each: counted[each] for each in sorted(counted)}


def let_through(mentions: Iterable[Sequence[UUID]], allowed: Mapping[PersonId, int]) -> list[tuple[UUID, ...]]:
    """Return whom each of these rings still rings: of somebody's first ones so many as are allowed."""
    left = dict(allowed)
    found = []
    for people in mentions:
        rung = tuple(each for each in people if left.get(PersonId(each), 0) > 0)
        for each in rung:
            left[PersonId(each)] -= 1
        found.append(rung)
    return found
