"""The time line of a case over the wire: codenames, generic steps and moments; what they are about stands in briefs."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from operations.model import Happening, MilestoneKind
from operations.timeline import Expected, Happened, TimelineView
from server.api.wire import Codename, Moment, Wire

NOT_ALWAYS = msgspec.Meta(examples=[None])
Entry = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1, examples=[4711])]


class ListTimeline(Wire, frozen=True, kw_only=True):
    """Before which entry, where what has happened is asked for by pages."""

    before: Entry | None = None


class ExpectedAnswer(Wire, frozen=True, kw_only=True):
    """What is expected: a step of an operation, or without one that somebody is heard from."""

    at: Moment
    about: UUID
    codename: Codename
    circle: Codename
    drill: bool
    step: Annotated[MilestoneKind | None, msgspec.Meta(examples=["departed"])]
    late: bool

    @classmethod
    def of(cls, found: Expected) -> Self:
        """Return it as it is sent."""
        about = found.about
        return cls(
            at=found.at, about=about.id, codename=about.codename, circle=about.circle, drill=about.drill,
            step=found.step, late=found.late,
        )  # fmt: skip


class HappenedAnswer(Wire, frozen=True, kw_only=True):
    """What was done, and when it came; `written_at` when whoever confirmed a step wrote so. By nobody: by the clock."""

    entry: Entry
    at: Moment
    what: Annotated[Happening, msgspec.Meta(examples=["milestone_confirmed"])]
    about: UUID
    codename: Codename
    circle: Codename
    drill: bool
    by: PersonId | None
    step: Annotated[MilestoneKind | None, msgspec.Meta(examples=["departed"])]
    written_at: Annotated[Moment | None, NOT_ALWAYS]
    why: Annotated[str | None, NOT_ALWAYS]

    @classmethod
    def of(cls, found: Happened) -> Self:
        """Return it as it is sent."""
        about = found.about
        return cls(
            entry=found.entry, at=found.at, what=found.what, about=about.id, codename=about.codename,
            circle=about.circle, drill=about.drill, by=found.by, step=found.step, written_at=found.written_at,
            why=found.why,
        )  # fmt: skip


class TimelineAnswer(Wire, frozen=True, kw_only=True):
    """What is expected, the first first; what has happened, the last first. `more`: before it there is more."""

    expected: list[ExpectedAnswer]
    happened: list[HappenedAnswer]
    more: Entry | None

    @classmethod
    def of(cls, found: TimelineView) -> Self:
        """Return a time line as it is sent."""
        return cls(
            expected=[ExpectedAnswer.of(each) for each in found.expected],
            happened=[HappenedAnswer.of(each) for each in found.happened],
            more=found.more,
        )
