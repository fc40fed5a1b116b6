"""When a level that somebody tells counts: at once where nothing is lowered, else with a second person. Pure rules.

Raising takes one person, lowering two, and of two levels the higher stands meanwhile: our own design, in the rules for
risk and reviews, *Levels*. What the two looked at is sealed: whoever reads it checks it again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.model import PersonId
from core.errors import Conflict, InvalidInput
from core.texts import mark
from safety_plans.assessments.judging import rank
from safety_plans.model import Level

SECOND_WITHIN = timedelta(hours=72)
NOT_A_LEVEL = mark("An assessment ends with a level. Decide which.")
ASK_THEM = mark("Only the owner of the review or a leader of the case can do this. Ask them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The level that a person tells, of an assessment made at a time. Kept where it waits for a second person."""

    level: Level
    by: PersonId
    at: datetime
    assessed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a case's level rests on: the `members` of its core, some of whom `assess`; what waits; what came last."""

    level: Level
    members: Collection[PersonId]
    assess: Collection[PersonId]
    waiting: Told | None
    last_event: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What stands now, as it was assessed then; and what waits for a second person."""

    level: Level
    assessed_at: datetime
    waiting: Told | None


def outcome(told: Told, standing: Standing) -> Outcome:
    """Return what stands once somebody of the core has told a level; raise where they may not tell it.

    Whoever may not assess can still raise a level, and can be the second person who looks at a lower one.
    """
    if told.level is Level.NOT_YET_ASSESSED:
        raise InvalidInput(NOT_A_LEVEL)
    counted = Outcome(level=told.level, assessed_at=told.assessed_at, waiting=None)
    if rank(told.level) > rank(standing.level):
        return counted
    first = standing.waiting
    if first is not None and seconds(told, first, standing):
        return Outcome(level=told.level, assessed_at=first.assessed_at, waiting=None)
    if told.by not in standing.assess:
        raise Conflict(ASK_THEM)
    # The first assessment lowers nothing.
    if rank(told.level) == rank(standing.level) or standing.level is Level.NOT_YET_ASSESSED:
        return counted
    return Outcome(level=standing.level, assessed_at=told.assessed_at, waiting=told)


def seconds(told: Told, first: Told, standing: Standing) -> bool:
    """Whether a person confirms what another told, who is still there, in time, with nothing happened since."""
    return (
        told.level is first.level
        and told.by != first.by
        and first.by in standing.members
        and told.at <= first.at + SECOND_WITHIN
        and (standing.last_event is None or standing.last_event <= first.assessed_at)
    )
