"""Who one is, the agencies of the network, and the people one works with."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput, NotFound
from core.texts import mark
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.absences import AbsenceAnswer, PutAbsence
from server.api.wire.directory import AgenciesAnswer, PeopleAnswer, PersonAnswer

BOTH_DAYS = mark("Name the first day and the last.")


async def show_me(call: Call[Nothing]) -> PersonAnswer:
    """Return who is signed in."""
    return PersonAnswer.of(call.actor)


async def list_agencies(call: Call[Nothing]) -> AgenciesAnswer:
    """Return every agency of the network."""
    return AgenciesAnswer.of(await call.services.agencies.all_agencies())


async def list_people(call: Call[Nothing]) -> PeopleAnswer:
    """Return the staff of the agencies that share a case with the actor's."""
    return PeopleAnswer.of(await call.services.cases.colleagues(call.actor))


async def show_absence(call: Call[Nothing]) -> AbsenceAnswer:
    """Return from when until when the actor is away."""
    return AbsenceAnswer.of(await call.services.absences.see(call.actor))


async def put_absence(call: Call[PutAbsence]) -> AbsenceAnswer:
    """Record that the actor, or a colleague they see to, is away, or is there again."""
    asked, absences = call.asked, call.services.absences
    if asked.first is None or asked.last is None:
        if asked.first is not asked.last:
            raise InvalidInput(BOTH_DAYS)
        await absences.end(call.actor, asked.person)
        return AbsenceAnswer()
    return AbsenceAnswer.of(await absences.put(call.actor, asked.first, asked.last, asked.person))


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
        path="/api/me/absence",
        summary="From when until when one is away",
        call=show_absence,
        access=Access.STAFF,
        takes=Nothing,
        gives=AbsenceAnswer,
    ),
    Route(
        method="PUT",
        path="/api/absences",
        summary="Record that one, or a colleague one sees to, is away, or is there again",
        call=put_absence,
        access=Access.STAFF,
        refuses=(NotFound,),
        takes=PutAbsence,
        gives=AbsenceAnswer,
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
