"""Safe-calls: by when somebody without an app is heard from, and the word that they were."""

from __future__ import annotations

from typing import Any

from cases.model import CompartmentId
from core.errors import Conflict
from operations.safe_calls.model import SafeCallId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.safe_calls import PlanSafeCall, SafeCallAnswer, SafeCallsAnswer, TellHeard


async def list_safe_calls(call: Call[Nothing]) -> SafeCallsAnswer:
    """Return the safe-calls of the actor's circles."""
    found = await call.services.safe_calls.see_all(call.actor)
    return SafeCallsAnswer(safe_calls=[SafeCallAnswer.of(each) for each in found])


async def plan_safe_call(call: Call[PlanSafeCall]) -> SafeCallAnswer:
    """Keep a new safe-call in a circle; the id that whoever plans has chosen makes it one."""
    circle, key = CompartmentId(call.ids["compartment"]), call.ids["safe_call"]
    return SafeCallAnswer.of(await call.services.safe_calls.plan(call.actor, circle, key, call.asked.plan()))


async def tell_heard(call: Call[TellHeard]) -> SafeCallAnswer:
    """Record that they were heard from."""
    call_id = SafeCallId(call.ids["safe_call"])
    return SafeCallAnswer.of(await call.services.safe_calls.heard(call.actor, call_id, call.asked.at))


async def call_off(call: Call[Nothing]) -> SafeCallAnswer:
    """Record that nobody is expected to be heard from any more."""
    return SafeCallAnswer.of(await call.services.safe_calls.call_off(call.actor, SafeCallId(call.ids["safe_call"])))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/safe-calls",
        summary="The safe-calls of one's circles",
        call=list_safe_calls,
        access=Access.STAFF,
        takes=Nothing,
        gives=SafeCallsAnswer,
    ),
    Route(
        method="PUT",
        path="/api/compartments/{compartment}/safe-calls/{safe_call}",
        summary="Plan a safe-call in a circle; the same id plans it once",
        call=plan_safe_call,
        access=Access.PART_IN_COMPARTMENT,
        takes=PlanSafeCall,
        gives=SafeCallAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="POST",
        path="/api/safe-calls/{safe_call}/heard",
        summary="Somebody was heard from",
        call=tell_heard,
        access=Access.PART_IN_COMPARTMENT,
        takes=TellHeard,
        gives=SafeCallAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="PUT",
        path="/api/safe-calls/{safe_call}/end",
        summary="Nobody is expected to be heard from any more",
        call=call_off,
        access=Access.LEADS_OPERATION,
        takes=Nothing,
        gives=SafeCallAnswer,
        refuses=(Conflict,),
    ),
)
