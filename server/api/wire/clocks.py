"""The clocks and dates of a case over the wire."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from agencies.model import PersonId
from cases.model import CaseId
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.service import ClocksView
from server.api.wire import Codename, Moment, Wire


class WindClock(Wire, frozen=True, kw_only=True):
    """That something was so at a time, now unless it says otherwise; or that its clock has `ended`.

    `owner` is who looks after it from now on, a member of the case's core.
    """

    kind: Annotated[ClockKind, msgspec.Meta(examples=["contact"])]
    at: Moment | None = None
    owner: PersonId | None = None
    ended: bool = False


class SetDate(Wire, frozen=True, kw_only=True):
    """When somebody goes to court or is moved; or that this is `off`. Where and why is not told here."""

    at: Annotated[Moment, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])]
    off: bool = False


class ClockAnswer(Wire, frozen=True, kw_only=True):
    """Who looks by when. From `stale_since` on it is not to be relied upon: custody then counts as ended."""

    kind: Annotated[ClockKind, msgspec.Meta(examples=["contact"])]
    owner: PersonId
    since: Moment
    due_at: Moment
    stale_since: Annotated[Moment | None, msgspec.Meta(examples=[None])]


class ClocksAnswer(Wire, frozen=True, kw_only=True):
    """The clocks of a case, the earliest first, and its dates."""

    case: CaseId
    codename: Codename
    clocks: list[ClockAnswer]
    dates: Annotated[list[Moment], msgspec.Meta(examples=[["2031-05-14T09:30:00Z"]])]

    @classmethod
    def of(cls, view: ClocksView) -> Self:
        """Return them as they are sent."""
        return cls(
            case=view.case_id,
            codename=view.codename,
            clocks=[
                ClockAnswer(
                    kind=each.kind,
                    owner=each.owner_id,
                    since=each.since,
                    due_at=each.due_at,
                    stale_since=each.stale_since(view.now),
                )
                for each in view.clocks
            ],
            dates=[each.at for each in view.dates],
        )
