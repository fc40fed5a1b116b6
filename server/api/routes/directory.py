"""Who one is, the agencies of the network, and the people one works with."""

from __future__ import annotations

from typing import Any

from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.directory import AgenciesAnswer, PeopleAnswer, PersonAnswer


async def show_me(call: Call[Nothing]) -> PersonAnswer:
    """Return who is signed in."""
    return PersonAnswer.of(call.actor)


async def list_agencies(call: Call[Nothing]) -> AgenciesAnswer:
    """Return every agency of the network."""
    return AgenciesAnswer.of(await call.services.agencies.all_agencies())


async def list_people(call: Call[Nothing]) -> PeopleAnswer:
    """Return the staff of the agencies that share a case with the actor's."""
    return PeopleAnswer.of(await call.services.cases.colleagues(call.actor))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/me",
        summary="Who is signed in",
        call=show_me,
        access=Access.STAFF,
        takes=Nothing,
        gives=PersonAnswer,
    ),
    Route(
        method="GET",
        path="/api/agencies",
        summary="All agencies of the network",
        call=list_agencies,
        access=Access.STAFF,
        takes=Nothing,
        gives=AgenciesAnswer,
    ),
    Route(
        method="GET",
        path="/api/people",
        summary="The staff of one's own agency and of those one shares a case with",
        call=list_people,
        access=Access.STAFF,
        takes=Nothing,
        gives=PeopleAnswer,
    ),
)
