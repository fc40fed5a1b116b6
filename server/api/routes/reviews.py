"""Risk levels, and the reviews that follow from them."""

from __future__ import annotations

from typing import Any

from cases.model import CaseId
from core.errors import Conflict
from safety_plans.model import ReviewId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.reviews import NoteEvent, OrganisationAnswer, ReviewAnswer, ReviewsAnswer, SetLevel


async def set_level(call: Call[SetLevel]) -> ReviewAnswer:
    """Record the level of a case, or that a lower one waits for a second person; the next review is the answer."""
    asked = call.asked
    return ReviewAnswer.of(
        await call.services.reviews.set_level(call.actor, CaseId(call.ids["case"]), asked.level, asked.assessed_at)
    )


async def list_reviews(call: Call[Nothing]) -> ReviewsAnswer:
    """Return the open reviews of the actor's cases."""
    return ReviewsAnswer.of(await call.services.reviews.due(call.actor))


async def complete_review(call: Call[Nothing]) -> ReviewAnswer:
    """Record that a review was done; the next one is the answer."""
    return ReviewAnswer.of(await call.services.reviews.complete(call.actor, ReviewId(call.ids["review"])))


async def note_event(call: Call[NoteEvent]) -> ReviewAnswer:
    """Record that something happened which must be assessed in time; the open review is the answer."""
    return ReviewAnswer.of(
        await call.services.reviews.note_event(call.actor, CaseId(call.ids["case"]), call.asked.within)
    )


async def show_organisation(call: Call[Nothing]) -> OrganisationAnswer:
    """Return by when one's own organisation assesses its safety."""
    return OrganisationAnswer.of(await call.services.organisations.own(call.actor))


async def complete_organisation(call: Call[Nothing]) -> OrganisationAnswer:
    """Record that one's organisation assessed its safety; by when it does again is the answer."""
    return OrganisationAnswer.of(await call.services.organisations.done(call.actor))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="PUT",
        path="/api/cases/{case}/level",
        summary="Record the risk level of a case",
        call=set_level,
        access=Access.IN_CORE,
        takes=SetLevel,
        gives=ReviewAnswer,
    ),
    Route(
        method="GET",
        path="/api/reviews",
        summary="The open reviews of one's cases",
        call=list_reviews,
        access=Access.STAFF,
        takes=Nothing,
        gives=ReviewsAnswer,
    ),
    Route(
        method="POST",
        path="/api/reviews/{review}/completion",
        summary="Record that a review was done without a change of level",
        call=complete_review,
        access=Access.KEEPS_REVIEW,
        takes=Nothing,
        gives=ReviewAnswer,
    ),
    Route(
        method="GET",
        path="/api/organisation/review",
        summary="By when one's own organisation assesses its safety",
        call=show_organisation,
        access=Access.STAFF,
        takes=Nothing,
        gives=OrganisationAnswer,
    ),
    Route(
        method="POST",
        path="/api/organisation/review/completion",
        summary="Record that one's own organisation assessed its safety",
        call=complete_organisation,
        access=Access.SEES_TO_SAFETY,
        refuses=(Conflict,),
        takes=Nothing,
        gives=OrganisationAnswer,
    ),
    Route(
        method="POST",
        path="/api/cases/{case}/events",
        summary="Record that something happened which must be assessed in time",
        call=note_event,
        access=Access.IN_CORE,
        takes=NoteEvent,
        gives=ReviewAnswer,
    ),
)
