"""Answering what rings and is no alert: test rings of duty, and calls for help by telephone."""

from __future__ import annotations

from typing import Any

from agencies.duty_ring import DutyRingId
from alerts.telephone.desk_call import DeskCallId
from core.errors import Conflict
from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.wire import Nothing


async def answer_ring(call: Call[Nothing]) -> Nothing:
    """Say that the actor is reached. It accepts no alert."""
    await call.services.rung.answer_ring(call.actor, DutyRingId(call.ids["ring"]))
    return Nothing()


async def take_call(call: Call[Nothing]) -> Nothing:
    """Say that the actor sees to a call for help: nobody is called for it any more."""
    await call.services.rung.take_call(call.actor, DeskCallId(call.ids["call"]))
    return Nothing()


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/duty-rings/{ring}/answer",
        summary="Answer a test ring of one's duty",
        call=answer_ring,
        access=Access.RUNG,
        takes=Nothing,
        status=204,
        refuses=(Conflict,),
    ),
    Route(
        method="POST",
        path="/api/desk-calls/{call}/acknowledgement",
        summary="See to a call for help by telephone for which no case is known",
        call=take_call,
        access=Access.RUNG,
        takes=Nothing,
        status=204,
        refuses=(Conflict,),
        limit=Limit.NEVER,
    ),
)
