"""Ways that are watched step by step: planned, decided, and what is said on them."""

from __future__ import annotations

from typing import Any

from cases.model import CaseId, CompartmentId
from core.errors import Conflict, InvalidInput
from core.texts import mark
from operations.acting import OperationView
from operations.model import OperationId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.operations import (
    DecideOperation,
    Decision,
    ListOperations,
    NameReceiver,
    OperationAnswer,
    OperationsAnswer,
    PlanOperation,
    ReadinessAnswer,
    TellPassage,
    Word,
)
from server.api.wire.timeline import ListTimeline, TimelineAnswer

MINUTES = mark("For how many minutes? Say so.")
WHY = mark("Why were they not taken over? Say so.")


async def list_operations(call: Call[ListOperations]) -> OperationsAnswer:
    """Return the operations of the actor's circles."""
    found = await call.services.operations.see_all(call.actor, ended=call.asked.ended)
    return OperationsAnswer(operations=[OperationAnswer.of(each) for each in found])


async def show_operation(call: Call[Nothing]) -> OperationAnswer:
    """Return one operation."""
    return OperationAnswer.of(await call.services.operations.see(call.actor, OperationId(call.ids["operation"])))


async def show_readiness(call: Call[Nothing]) -> ReadinessAnswer:
    """Return what is missing before somebody goes."""
    return ReadinessAnswer.of(await call.services.operations.readiness(call.actor, OperationId(call.ids["operation"])))


async def show_timeline(call: Call[ListTimeline]) -> TimelineAnswer:
    """Return what is expected in a case, and what has happened."""
    found = await call.services.timeline.see(call.actor, CaseId(call.ids["case"]), call.asked.before)
    return TimelineAnswer.of(found)


async def plan_operation(call: Call[PlanOperation]) -> OperationAnswer:
    """Keep a new plan in a circle; the id that whoever plans has chosen makes it one."""
    circle, key = CompartmentId(call.ids["compartment"]), call.ids["operation"]
    return OperationAnswer.of(await call.services.operations.plan(call.actor, circle, key, call.asked.plan()))


async def plan_operation_anew(call: Call[PlanOperation]) -> OperationAnswer:
    """Put another plan in the place of one that nobody has begun."""
    operation_id = OperationId(call.ids["operation"])
    return OperationAnswer.of(await call.services.operations.plan_anew(call.actor, operation_id, call.asked.plan()))


async def decide_operation(call: Call[DecideOperation]) -> OperationAnswer:
    """Approve an operation, say go, postpone or close it."""
    operations, operation_id = call.services.operations, OperationId(call.ids["operation"])
    if call.asked.decision is Decision.GO:
        return OperationAnswer.of(await operations.go(call.actor, operation_id, call.asked.despite))
    act = {
        Decision.APPROVE: operations.approve,
        Decision.POSTPONE: operations.postpone,
        Decision.CLOSE: operations.close,
    }[call.asked.decision]
    return OperationAnswer.of(await act(call.actor, operation_id))


async def tell_passage(call: Call[TellPassage]) -> OperationAnswer:
    """Record what is said on the way."""
    return OperationAnswer.of(await _told(call, OperationId(call.ids["operation"])))


async def name_receiver(call: Call[NameReceiver]) -> OperationAnswer:
    """Record who receives instead."""
    operation_id = OperationId(call.ids["operation"])
    return OperationAnswer.of(await call.services.handing_over.name(call.actor, operation_id, call.asked.receiver))


async def _told(call: Call[TellPassage], operation_id: OperationId) -> OperationView:
    asked, under_way = call.asked, call.services.under_way
    match asked.word:
        case Word.REACHED:
            return await under_way.confirm(call.actor, operation_id, asked.position, asked.written_at, asked.heard_from)
        case Word.DIVERTED:
            return await under_way.divert(call.actor, operation_id)
        case Word.ABORTED:
            return await under_way.abort(call.actor, operation_id)
        case Word.RECEIVED:
            return await call.services.handing_over.receive(call.actor, operation_id, asked.written_at)
        case Word.REFUSED:
            if asked.why is None:
                raise InvalidInput(WHY)
            return await call.services.handing_over.refuse(call.actor, operation_id, asked.why)
    if asked.minutes is None:
        raise InvalidInput(MINUTES)
    act = under_way.delay if asked.word is Word.DELAYED else under_way.dark
    return await act(call.actor, operation_id, asked.minutes, asked.key)


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/operations",
        summary="The operations of one's circles",
        call=list_operations,
        access=Access.STAFF,
        takes=ListOperations,
        gives=OperationsAnswer,
    ),
    Route(
        method="GET",
        path="/api/cases/{case}/timeline",
        summary="Operations and safe-calls of a case on one time line: what is expected, and what has happened",
        call=show_timeline,
        access=Access.PART_IN_CASE,
        takes=ListTimeline,
        gives=TimelineAnswer,
    ),
    Route(
        method="GET",
        path="/api/operations/{operation}",
        summary="One operation with its steps",
        call=show_operation,
        access=Access.PART_IN_COMPARTMENT,
        takes=Nothing,
        gives=OperationAnswer,
    ),
    Route(
        method="GET",
        path="/api/operations/{operation}/readiness",
        summary="What is missing before somebody goes, and how many can know time and place",
        call=show_readiness,
        access=Access.PART_IN_COMPARTMENT,
        takes=Nothing,
        gives=ReadinessAnswer,
    ),
    Route(
        method="PUT",
        path="/api/compartments/{compartment}/operations/{operation}",
        summary="Plan an operation in a circle; the same id plans it once",
        call=plan_operation,
        access=Access.PART_IN_COMPARTMENT,
        takes=PlanOperation,
        gives=OperationAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="POST",
        path="/api/operations/{operation}/passages",
        summary="What is said on the way: reached, later, silent, elsewhere, ended early, taken over or not",
        call=tell_passage,
        access=Access.HAS_PART,
        takes=TellPassage,
        gives=OperationAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="PUT",
        path="/api/operations/{operation}/receiver",
        summary="Who receives instead, until somebody was taken over",
        call=name_receiver,
        access=Access.LEADS_OPERATION,
        takes=NameReceiver,
        gives=OperationAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="PUT",
        path="/api/operations/{operation}/decision",
        summary="Approve an operation, say go, postpone or close it",
        call=decide_operation,
        access=Access.LEADS_OPERATION,
        takes=DecideOperation,
        gives=OperationAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="PUT",
        path="/api/operations/{operation}/plan",
        summary="Plan an operation anew that nobody has begun; it is to be approved again",
        call=plan_operation_anew,
        access=Access.LEADS_OPERATION,
        takes=PlanOperation,
        gives=OperationAnswer,
        refuses=(Conflict,),
    ),
)
