"""Who is called when a step is late, and when: the ladder by level, as pure data and rules.

Grace and minutes: network's rules for alerts and operations, *Protective operations*. Both confirmers are asked when a
step is due, and called by telephone halfway through the grace; when that is over, the others follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from safety_plans.model import Level

# After the last rung it is raised again so often, while nobody confirms the step and no alert is open.
AGAIN = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


class Rung(StrEnum):
    """Whom lateness calls."""

    PROMPT = "prompt"
    VOICE = "voice"
    BUDDY = "buddy"
    # The alert of a missed milestone: leaders and duty desks, until somebody accepts.
    DESK = "desk"
    LIAISON = "liaison"
    POLICE = "police"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How long a step may be late, and how long after that each further rung is due."""

    grace: timedelta
    rungs: tuple[tuple[timedelta, Rung], ...]

    @property
    def steps(self) -> tuple[tuple[timedelta, Rung], ...]:
        """Every rung, with how long after the step was due it comes."""
        first = ((timedelta(), Rung.PROMPT), (self.grace / 2, Rung.VOICE))
        return (*first, *((self.grace + wait, rung) for wait, rung in self.rungs))


_SLOW = Ladder(grace=15 * MINUTE, rungs=((10 * MINUTE, Rung.BUDDY), (20 * MINUTE, Rung.DESK)))
_HIGH = Ladder(
    grace=10 * MINUTE, rungs=((5 * MINUTE, Rung.BUDDY), (10 * MINUTE, Rung.DESK), (20 * MINUTE, Rung.LIAISON))
)
LADDERS: dict[Level, Ladder] = {
    Level.LOW: _SLOW,
    Level.MEDIUM: _SLOW,
    Level.HIGH: _HIGH,
    # What nobody has assessed counts as high.
    Level.NOT_YET_ASSESSED: _HIGH,
    Level.VERY_HIGH: Ladder(
        grace=5 * MINUTE,
        rungs=(
            (timedelta(), Rung.BUDDY), (timedelta(), Rung.DESK), (5 * MINUTE, Rung.LIAISON), (10 * MINUTE, Rung.POLICE),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The rungs that are due by now, how many were climbed then, and when the next is due."""

    rungs: tuple[Rung, ...]
    climbed: int
    next_step_at: datetime


def climb(level: Level, due_at: datetime, climbed: int, now: datetime) -> Climb:
    """Return what is due of a step that should have been confirmed at `due_at`, after so many rungs.

    After an outage several rungs are due at once, and none is left out.
    """
    steps = LADDERS[level].steps
    known = [rung for wait, rung in steps[climbed:] if due_at + wait <= now]
    reached = climbed + len(known)
    if reached < len(steps):
        return Climb(rungs=tuple(known), climbed=reached, next_step_at=due_at + steps[reached][0])
    if not known:
        return Climb(rungs=(Rung.AGAIN,), climbed=reached, next_step_at=now + AGAIN)
    return Climb(rungs=tuple(known), climbed=reached, next_step_at=now + AGAIN)


def missed_at(level: Level, due_at: datetime) -> datetime:
    """Return from when a step that is due counts as missed: its grace is over."""
    return due_at + LADDERS[level].grace
