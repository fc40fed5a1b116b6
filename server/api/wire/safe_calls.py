"""Safe-calls over the wire: by when somebody is heard from, and who listens for it; never who it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import msgspec

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from operations.safe_calls.model import SafeCallId, SafeCallPlan
from operations.safe_calls.service import SafeCallView
from server.api.wire import Codename, Moment, Wire

NOT_YET = msgspec.Meta(examples=[None])
LastDay = Annotated[date | None, msgspec.Meta(examples=["2031-06-14"])]


class PlanSafeCall(Wire, frozen=True, kw_only=True):
    """Somebody is expected to be heard from by a time; every day at the same hour, where a last day is named."""

    listeners: Annotated[list[PersonId], msgspec.Meta(max_length=10)]
    buddy: PersonId
    due_at: Moment
    last_day: LastDay = None

    def plan(self) -> SafeCallPlan:
        """Return it as the rules take it."""
        return SafeCallPlan(
            listeners=self.listeners, buddy_id=self.buddy, due_at=self.due_at, last_day=self.last_day
        )  # fmt: skip


class TellHeard(Wire, frozen=True, kw_only=True):
    """That they were heard from: now, unless it says when."""

    at: Moment | None = None


class SafeCallAnswer(Wire, frozen=True, kw_only=True):
    """A safe-call as it stands; without `due_at` nobody is expected any more.

    `late` from when its grace is over; `ends` whether the asker may call it off.
    """

    safe_call: SafeCallId
    codename: Codename
    case: CaseId
    compartment: CompartmentId
    circle: Codename
    planned_by: PersonId
    listeners: list[PersonId]
    buddy: PersonId
    due_at: Moment | None
    last_day: LastDay
    heard_at: Annotated[Moment | None, NOT_YET]
    heard_by: Annotated[PersonId | None, NOT_YET]
    late: bool
    ends: bool
    known: bool

    @classmethod
    def of(cls, view: SafeCallView) -> Self:
        """Return a safe-call as it is sent."""
        found = view.call
        return cls(
            safe_call=found.id, codename=found.codename, case=found.case_id, compartment=found.compartment_id,
            circle=view.circle, planned_by=found.planned_by, listeners=list(found.listeners), buddy=found.buddy_id,
            due_at=found.due_at, last_day=found.last_day, heard_at=found.heard_at, heard_by=found.heard_by,
            late=view.late, ends=view.ends, known=view.known,
        )  # fmt: skip


class SafeCallsAnswer(Wire, frozen=True, kw_only=True):
    """Those of one's circles that are awaited or ended lately, the next first."""

    safe_calls: list[SafeCallAnswer]
