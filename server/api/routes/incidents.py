"""Incident records: what is known after an alert, and the clocks that run until it is done."""

from __future__ import annotations

from typing import Any

from alerts.model import AlertId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.incidents import AddFact, IncidentAnswer


async def show_incident(call: Call[Nothing]) -> IncidentAnswer:
    """Return the incident record of an alert."""
    return IncidentAnswer.of(await call.services.incidents.see(call.actor, AlertId(call.ids["alert"])))


async def add_fact(call: Call[AddFact]) -> IncidentAnswer:
    """Note a fact of an incident, once in a section. That a leak was told is for whoever leads the case to note."""
    asked, alert_id = call.asked, AlertId(call.ids["alert"])
    return IncidentAnswer.of(await call.services.incidents.add(call.actor, alert_id, asked.section, asked.fact))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/alerts/{alert}/incident",
        summary="The incident record of an alert",
        call=show_incident,
        access=Access.SEES_ALERT,
        takes=Nothing,
        gives=IncidentAnswer,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/incident/facts",
        summary="Note what is known of an incident",
        call=add_fact,
        access=Access.SEES_ALERT,
        takes=AddFact,
        gives=IncidentAnswer,
    ),
)
