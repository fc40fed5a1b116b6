"""Operations over the wire: a window, a level, generic steps; what they are about stands in a sealed brief."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from operations.acting import OperationView
from operations.drills import answered_after
from operations.model import (
    Despite,
    HandOver,
    Milestone,
    MilestoneKind,
    Missing,
    OperationId,
    OperationStatus,
    Refusal,
)
from operations.planning import MOST_STEPS, Plan, Step
from operations.readiness import Readiness
from safety_plans.model import Level
from server.api.wire import Codename, Moment, Wire

TOKEN_BYTES = 32
EXAMPLE_TOKEN = b64encode(bytes(range(TOKEN_BYTES))).decode()
NOT_YET = msgspec.Meta(examples=[None])


class ListOperations(Wire, frozen=True, kw_only=True):
    """Which are asked for: those that are not over, or those too of which nothing is left to do."""

    ended: bool = False


class PlannedStep(Wire, frozen=True, kw_only=True):
    """A step: when it is expected, and which two confirm it. Without a time it is only noted."""

    kind: Annotated[MilestoneKind, msgspec.Meta(examples=["departed"])]
    due_at: Moment | None = None
    confirmers: Annotated[list[PersonId], msgspec.Meta(max_length=10)] = msgspec.field(default_factory=list)


class PlanOperation(Wire, frozen=True, kw_only=True):
    """A way from who is to go until everybody is home. `place` is a token that clients make of place and date.

    Somebody is brought to the `receiver`, where one is named: that person alone says that they were taken over. A
    `drill` is an exercise and stays one.
    """

    coordinator: PersonId
    buddy: PersonId
    liaison: PersonId | None = None
    begins_at: Moment
    ends_at: Annotated[Moment, msgspec.Meta(examples=["2031-05-14T17:30:00Z"])]
    steps: Annotated[list[PlannedStep], msgspec.Meta(max_length=MOST_STEPS)]
    place: (
        Annotated[bytes, msgspec.Meta(min_length=TOKEN_BYTES, max_length=TOKEN_BYTES, examples=[EXAMPLE_TOKEN])] | None
    ) = None
    receiver: PersonId | None = None
    drill: bool = False

    def plan(self) -> Plan:
        """Return it as the rules take it."""
        steps = [Step(kind=each.kind, due_at=each.due_at, confirmers=tuple(each.confirmers)) for each in self.steps]
        return Plan(
            coordinator_id=self.coordinator, buddy_id=self.buddy, liaison_id=self.liaison, begins_at=self.begins_at,
            ends_at=self.ends_at, steps=steps, place_token=self.place, receiver_id=self.receiver,
            drill=self.drill,
        )  # fmt: skip


class Decision(StrEnum):
    """What those who lead say of an operation as a whole."""

    APPROVE = "approve"
    GO = "go"
    POSTPONE = "postpone"
    CLOSE = "close"


class DecideOperation(Wire, frozen=True, kw_only=True):
    """What is decided; said twice it changes nothing. `despite`: why somebody goes although something is missing."""

    decision: Annotated[Decision, msgspec.Meta(examples=["go"])]
    despite: Annotated[Despite, msgspec.Meta(examples=["summoned"])] | None = None


class Word(StrEnum):
    """What is said on the way."""

    REACHED = "reached"
    DELAYED = "delayed"
    DARK = "dark"
    DIVERTED = "diverted"
    ABORTED = "aborted"
    RECEIVED = "received"
    REFUSED = "refused"


class TellPassage(Wire, frozen=True, kw_only=True):
    """What is said on the way, once for each key.

    `reached` takes the position of a step, else it means the next one; when it was written, now unless it says
    otherwise; and who said so by telephone. `delayed` and `dark` take minutes. `received` and `refused` are for who
    receives, and for who leads or looks after the day when told so by them; a refusal says why.
    """

    key: UUID
    word: Annotated[Word, msgspec.Meta(examples=["dark"])]
    position: Annotated[int, msgspec.Meta(ge=1, le=MOST_STEPS, examples=[2])] | None = None
    written_at: Moment | None = None
    heard_from: PersonId | None = None
    minutes: Annotated[int, msgspec.Meta(ge=1, le=480, examples=[60])] | None = None
    why: Annotated[Refusal, msgspec.Meta(examples=["no_place"])] | None = None


class NameReceiver(Wire, frozen=True, kw_only=True):
    """Who receives instead: a member of the circle who does not go along."""

    receiver: PersonId


class StepAnswer(Wire, frozen=True, kw_only=True):
    """A step as it stands. `late` from when its grace is over; `passed` where a later one was confirmed instead.

    Of an exercise, `answered_seconds` is how long after it was due the confirmation came, where somebody was asked.
    """

    position: Annotated[int, msgspec.Meta(examples=[1])]
    kind: Annotated[MilestoneKind, msgspec.Meta(examples=["departed"])]
    planned_at: Moment | None
    due_at: Moment | None
    confirmers: list[PersonId]
    confirmed_at: Annotated[Moment | None, NOT_YET]
    confirmed_by: Annotated[PersonId | None, NOT_YET]
    heard_from: Annotated[PersonId | None, NOT_YET]
    written_at: Annotated[Moment | None, NOT_YET]
    passed: bool
    late: bool
    answered_seconds: Annotated[int | None, msgspec.Meta(examples=[95])]

    @classmethod
    def of(cls, step: Milestone, *, late: bool, answered: timedelta | None) -> Self:
        """Return a step as it is sent."""
        return cls(
            position=step.position, kind=step.kind, planned_at=step.planned_at, due_at=step.due_at,
            confirmers=list(step.confirmers), confirmed_at=step.confirmed_at, confirmed_by=step.confirmed_by,
            heard_from=step.heard_from, written_at=step.written_at, passed=step.passed, late=late,
            answered_seconds=None if answered is None else round(answered.total_seconds()),
        )  # fmt: skip


class OperationAnswer(Wire, frozen=True, kw_only=True):
    """An operation as it stands.

    `leads` tells that the asker leads the day or its case, `decisions` are what they may decide of it now, `plans_anew`
    that they may put another plan in its place, `placed` that its place is compared with others' of the day, `known`
    that nothing was new.
    """

    operation: OperationId
    codename: Codename
    case: CaseId
    compartment: CompartmentId
    circle: Codename
    level: Annotated[Level, msgspec.Meta(examples=["high"])]
    status: Annotated[OperationStatus, msgspec.Meta(examples=["planned"])]
    coordinator: PersonId
    buddy: PersonId
    liaison: PersonId | None
    receiver: PersonId | None
    handed_over: Annotated[HandOver | None, NOT_YET]
    refused_at: Annotated[Moment | None, NOT_YET]
    refusal: Annotated[Refusal | None, NOT_YET]
    begins_at: Moment
    ends_at: Moment
    dark_until: Annotated[Moment | None, NOT_YET]
    delayed_minutes: Annotated[int, msgspec.Meta(examples=[0])]
    steps: list[StepAnswer]
    drill: bool
    leads: bool
    decisions: list[Decision]
    plans_anew: bool
    placed: bool
    known: bool

    @classmethod
    def of(cls, view: OperationView) -> Self:
        """Return an operation as it is sent."""
        found = view.operation
        return cls(
            operation=found.id, codename=found.codename, case=found.case_id, compartment=found.compartment_id,
            circle=view.circle, level=found.level, status=found.status, coordinator=found.coordinator_id,
            buddy=found.buddy_id, liaison=found.liaison_id, receiver=found.receiver_id,
            handed_over=found.handed_over, refused_at=found.refused_at, refusal=found.refusal,
            begins_at=found.begins_at, ends_at=found.ends_at,
            dark_until=found.dark_until, delayed_minutes=found.delayed_minutes,
            steps=[
                StepAnswer.of(each, late=each.position in view.late, answered=answered_after(found, each))
                for each in found.milestones
            ],
            drill=found.drill,
            decisions=[Decision(each) for each in view.decisions],
            leads=view.leads,
            plans_anew=view.plans_anew,
            placed=found.place_token is not None,
            known=view.known,
        )  # fmt: skip


class OperationsAnswer(Wire, frozen=True, kw_only=True):
    """The operations of one's circles, the first first."""

    operations: list[OperationAnswer]


class MissingAnswer(Wire, frozen=True, kw_only=True):
    """Something that is missing, of these people if of any; over what is `hard` go is not said without a reason."""

    what: Annotated[Missing, msgspec.Meta(examples=["no_key"])]
    people: list[PersonId]
    hard: bool


class ReadinessAnswer(Wire, frozen=True, kw_only=True):
    """All that is missing before somebody goes, and how many people can know time and place."""

    missing: list[MissingAnswer]
    exposed: Annotated[int, msgspec.Meta(examples=[11])]

    @classmethod
    def of(cls, found: Readiness) -> Self:
        """Return readiness as it is sent."""
        missing = [MissingAnswer(what=each.what, people=list(each.people), hard=each.hard) for each in found.missing]
        return cls(missing=missing, exposed=found.exposed)
