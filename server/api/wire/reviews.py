"""Levels and reviews over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

import msgspec

from agencies.model import AgencyId, PersonId
from cases.model import CaseId
from safety_plans.model import Level, Reason, ReviewId, ReviewState
from safety_plans.organisations.service import OrganisationView
from safety_plans.service import ReviewView
from safety_plans.triggers import Within
from server.api.wire import Codename, Moment, Wire


class SetLevel(Wire, frozen=True, kw_only=True):
    """The level that was decided, and when the assessment was made: now unless it says otherwise.

    Anybody of the core may raise it. A lower one counts once a second person tells it too, within 72 hours.
    """

    level: Level
    assessed_at: Moment | None = None


class NoteEvent(Wire, frozen=True, kw_only=True):
    """In what time something that happened must be assessed. What it was is not told here."""

    within: Annotated[Within, msgspec.Meta(examples=["24h"])]


class OrganisationAnswer(Wire, frozen=True, kw_only=True):
    """By when one's own organisation assesses its safety; from `stale_since` on the last time does not count.

    Where it helps in no open case there is no time.
    """

    agency: AgencyId
    since: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])]
    due_at: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])]
    stale_since: Annotated[Moment | None, msgspec.Meta(examples=[None])]

    @classmethod
    def of(cls, view: OrganisationView) -> Self:
        """Return it as it is sent."""
        review = view.review
        if review is None:
            return cls(agency=view.agency_id, since=None, due_at=None, stale_since=None)
        return cls(
            agency=review.agency_id, since=review.since, due_at=review.due_at, stale_since=review.stale_since(view.now)
        )  # fmt: skip


class ReviewAnswer(Wire, frozen=True, kw_only=True):
    """The duty to assess a case again by a time, and of what kind its cause is."""

    id: ReviewId
    case: CaseId
    codename: Codename
    level: Level
    owner: PersonId
    opened_at: Moment
    due_at: Moment
    state: ReviewState
    reason: Annotated[Reason, msgspec.Meta(examples=["interval"])]
    # A lower level that somebody told, and that a second person has yet to look at.
    lowering: Annotated[Level | None, msgspec.Meta(examples=[None])] = None
    # Since when the level is not to be relied upon, because the review was due and was not done.
    stale_since: Annotated[Moment | None, msgspec.Meta(examples=[None])] = None

    @classmethod
    def of(cls, view: ReviewView) -> Self:
        """Return a review as it is sent."""
        return cls(
            id=view.review.id,
            case=view.review.case_id,
            codename=view.codename,
            level=view.review.level,
            owner=view.review.owner_id,
            opened_at=view.review.opened_at,
            due_at=view.review.due_at,
            state=view.review.state,
            reason=view.review.reason,
            lowering=view.lowering,
            stale_since=view.stale_since,
        )


class ReviewsAnswer(Wire, frozen=True, kw_only=True):
    """The open reviews of the asker's cases, the earliest first."""

    reviews: list[ReviewAnswer]

    @classmethod
    def of(cls, views: Iterable[ReviewView]) -> Self:
        """Return reviews as they are sent."""
        return cls(reviews=[ReviewAnswer.of(each) for each in views])
