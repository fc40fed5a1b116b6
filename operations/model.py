"""An operation as the server knows it: a window, a level, generic milestones, and who confirms them.

What kind it is, where it goes and what each step means there stands in a sealed brief (network's rules for alerts and
operations, *Protective operations*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from safety_plans.model import Level

OperationId = NewType("OperationId", UUID)
MilestoneId = NewType("MilestoneId", UUID)


class OperationStatus(StrEnum):
    """Where an operation stands. `diverted` is under way still, to somewhere else."""

    PLANNED = "planned"
    APPROVED = "approved"
    GO = "go"
    IN_PROGRESS = "in_progress"
    DIVERTED = "diverted"
    COMPLETED = "completed"
    CLOSED = "closed"
    ABORTED = "aborted"
    POSTPONED = "postponed"


class MilestoneKind(StrEnum):
    """A milestone in the order of most ways; what it means on this one stands in the brief."""

    READY = "ready"
    DEPARTED = "departed"
    WAYPOINT = "waypoint"
    INSIDE = "inside"
    CLEARED = "cleared"
    ARRIVED = "arrived"
    HOME_SAFE = "home_safe"
    DEBRIEFED = "debriefed"


class Missing(StrEnum):
    """What is missing; the first six of somebody by name."""

    NOT_JOINED = "not_joined"
    NO_DEVICE = "no_device"
    NO_KEY = "no_key"
    AWAY = "away"
    NO_TELEPHONE = "no_telephone"
    NOT_SEEN = "not_seen"
    # No bot is at work: nobody can tell who reads the channel.
    NOT_KNOWN = "not_known"
    NOBODY_ON_DUTY = "nobody_on_duty"
    # Nobody confirmed it in time: it counts as ended.
    CUSTODY = "custody"
    LEVEL = "level"
    # Whoever is called at night has a codename and nothing to act on.
    NO_CARD = "no_card"


class Despite(StrEnum):
    """Why somebody goes although something is missing."""

    SUMMONED = "summoned"
    NO_OTHER_DAY = "no_other_day"
    STAYING_IS_WORSE = "staying_is_worse"
    SEEN_TO = "seen_to"


class Refusal(StrEnum):
    """Why somebody is not taken over at the end of a way."""

    NO_PLACE = "no_place"
    NOT_AGREED = "not_agreed"
    SOMEBODY_ELSE = "somebody_else"
    NOT_SAFE_HERE = "not_safe_here"
    OTHER_CARE = "other_care"
    PAPERS = "papers"


class HandOver(StrEnum):
    """How it stands with a person who is brought to somebody: whoever brings them answers for them until `accepted`."""

    AWAITED = "awaited"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    # The way was ended before: nobody is brought there any more.
    OVER = "over"


class Happening(StrEnum):
    """What a time line tells of operations and safe-calls: acts as the ledger names them."""

    PLANNED = "operation_planned"
    APPROVED = "operation_approved"
    GONE = "operation_gone"
    POSTPONED = "operation_postponed"
    CLOSED = "operation_closed"
    RECEIVER_NAMED = "operation_receiver_named"
    CONFIRMED = "milestone_confirmed"
    LATE = "milestone_late"
    DELAYED = "operation_delayed"
    DARK = "operation_dark"
    DIVERTED = "operation_diverted"
    ABORTED = "operation_aborted"
    RECEIVED = "operation_received"
    REFUSED = "operation_refused"
    CALL_PLANNED = "safe_call_planned"
    HEARD = "safe_call_heard"
    CALL_LATE = "safe_call_late"
    CALL_OVER = "safe_call_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One step of the way. `due_at` is when it is expected as re-planned; without it the step is only noted.

    `written_at` is when whoever confirmed it says they wrote that, `confirmed_at` when it came here: a telephone may
    come back after an hour. `passed` is a step that nobody confirmed, but a later one was. `rung` counts the rungs of
    the ladder that were climbed while it was late.
    """

    id: MilestoneId
    position: int
    kind: MilestoneKind
    planned_at: datetime | None
    due_at: datetime | None
    confirmers: tuple[PersonId, ...]
    confirmed_at: datetime | None = None
    confirmed_by: PersonId | None = None
    heard_from: PersonId | None = None
    written_at: datetime | None = None
    passed: bool = False
    silent_until: datetime | None = None
    rung: int = 0
    next_step_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to come."""
        return self.confirmed_at is None and not self.passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One way, from who is to go until everybody is home. The coordinator leads the day; the buddy looks after them.

    Where somebody is brought to a `receiver_id`, that person alone says that they were taken over.
    """

    id: OperationId
    case_id: CaseId
    compartment_id: CompartmentId
    codename: str
    level: Level
    status: OperationStatus
    coordinator_id: PersonId
    buddy_id: PersonId
    liaison_id: PersonId | None
    begins_at: datetime
    ends_at: datetime
    planned_at: datetime
    milestones: Sequence[Milestone]
    place_token: bytes | None = None
    dark_until: datetime | None = None
    delayed_minutes: int = 0
    # How many tasks of the countdown were told, and when the next is due.
    task: int = 0
    next_task_at: datetime | None = None
    receiver_id: PersonId | None = None
    refused_at: datetime | None = None
    refusal: Refusal | None = None
    # Only practised: everything said of it says so, and nothing in earnest follows from it.
    drill: bool = False

    @property
    def next(self) -> Milestone | None:
        """The first step that is still to come."""
        return next((each for each in self.milestones if each.waits), None)

    @property
    def watched(self) -> Milestone | None:
        """The first step to come that has a time: its lateness calls people."""
        return next((each for each in self.milestones if each.waits and each.due_at is not None), None)

    @property
    def hand_over(self) -> Milestone | None:
        """The step at which somebody is taken over by who receives: the last arrival with a time."""
        if self.receiver_id is None:
            return None
        arrivals = (
            each for each in reversed(self.milestones) if each.kind is MilestoneKind.ARRIVED and each.planned_at
        )
        return next(arrivals, None)

    @property
    def handed_over(self) -> HandOver | None:
        """How it stands with the hand-over; None where nobody is to receive anybody."""
        step = self.hand_over
        if step is None:
            return None
        if step.confirmed_at is not None:
            return HandOver.ACCEPTED
        if step.passed:
            return HandOver.OVER
        return HandOver.AWAITED if self.refused_at is None else HandOver.REFUSED

    @property
    def people(self) -> frozenset[PersonId]:
        """Everybody who has a part in it by name."""
        named = {self.coordinator_id, self.buddy_id, *(each for step in self.milestones for each in step.confirmers)}
        return frozenset(named | {each for each in (self.liaison_id, self.receiver_id) if each is not None})
