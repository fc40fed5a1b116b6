"""What must be looked at again and again in a case, and the days that everything turns on."""

from __future__ import annotations

from typing import Any

from cases.model import CaseId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.clocks import ClocksAnswer, SetDate, WindClock


async def show_clocks(call: Call[Nothing]) -> ClocksAnswer:
    """Return the clocks and dates of a case."""
    return ClocksAnswer.of(await call.services.clocks.see(call.actor, CaseId(call.ids["case"])))


async def wind_clock(call: Call[WindClock]) -> ClocksAnswer:
    """Record that it was so, and so begin a clock or begin it anew; or end it."""
    asked, case_id = call.asked, CaseId(call.ids["case"])
    if asked.ended:
        return ClocksAnswer.of(await call.services.clocks.end(call.actor, case_id, asked.kind))
    return ClocksAnswer.of(await call.services.clocks.looked(call.actor, case_id, asked.kind, asked.at, asked.owner))


async def set_date(call: Call[SetDate]) -> ClocksAnswer:
    """Record a day at court or of a transfer, or that it is off; the risk is to be assessed around it."""
    act = call.services.clocks.take_date if call.asked.off else call.services.clocks.add_date
    return ClocksAnswer.of(await act(call.actor, CaseId(call.ids["case"]), call.asked.at))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/cases/{case}/clocks",
        summary="What must be looked at again and again in a case, and its dates",
        call=show_clocks,
        access=Access.IN_CORE,
        takes=Nothing,
        gives=ClocksAnswer,
    ),
    Route(
        method="PUT",
        path="/api/cases/{case}/clocks",
        summary="Record that somebody looked: the clock begins anew, or ends",
        call=wind_clock,
        access=Access.KEEPS_CLOCK,
        takes=WindClock,
        gives=ClocksAnswer,
    ),
    Route(
        method="PUT",
        path="/api/cases/{case}/dates",
        summary="Record a day at court or of a transfer, or that it is off",
        call=set_date,
        access=Access.IN_CORE,
        takes=SetDate,
        gives=ClocksAnswer,
    ),
)
