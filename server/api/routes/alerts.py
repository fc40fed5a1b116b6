"""Alerts: raise, look, accept, stand down. Raising and accepting are never limited."""

from __future__ import annotations

from typing import Any

from agencies.model import AgencyId
from alerts.model import AlertId
from core.texts import mark
from server.api.access import Access
from server.api.not_stored import saying
from server.api.route import Call, Limit, Route
from server.api.wire import Nothing
from server.api.wire.alerts import (
    AlertAnswer,
    AlertsAnswer,
    EndAlert,
    ListAlerts,
    NoteConversation,
    NoteEmergencyCall,
    RaiseAlert,
)
from server.api.wire.drills import DrillsAnswer

not_raised = saying(
    mark(
        "The alert was NOT raised. In danger ring {police} now, and ring your colleagues. "
        "Repeat it with the same key until it is accepted: it is never raised twice."
    ),
    "api",
)


async def raise_alert(call: Call[RaiseAlert]) -> AlertAnswer:
    """Raise an alert, once per key, or make it part of the one that is open. The raiser makes up the key, an id."""
    asked = call.asked
    return AlertAnswer.of(
        await call.services.alerts.raise_(
            call.actor, asked.compartment, call.ids["alert"], event=asked.event, status=asked.status, child=asked.child
        ),
        call.language,
    )


async def list_alerts(call: Call[ListAlerts]) -> AlertsAnswer:
    """Return the alerts that the actor may see."""
    return AlertsAnswer.of(await call.services.alerts.see_all(call.actor, ended=call.asked.ended), call.language)


async def show_alert(call: Call[Nothing]) -> AlertAnswer:
    """Return one alert."""
    return AlertAnswer.of(await call.services.alerts.see(call.actor, AlertId(call.ids["alert"])), call.language)


async def acknowledge(call: Call[Nothing]) -> AlertAnswer:
    """Record that the actor accepts the alert; of its owner, who was asked, that they still see to it."""
    return AlertAnswer.of(await call.services.alerts.acknowledge(call.actor, AlertId(call.ids["alert"])), call.language)


async def stand_down(call: Call[EndAlert]) -> AlertAnswer:
    """End an alert; the raiser's own word only pauses it."""
    alert_id = AlertId(call.ids["alert"])
    return AlertAnswer.of(await call.services.alerts.stand_down(call.actor, alert_id, call.asked.reason), call.language)


async def note_conversation(call: Call[NoteConversation]) -> AlertAnswer:
    """Record that the actor spoke with somebody who raised the alert or was called for it."""
    alert_id, asked = AlertId(call.ids["alert"]), call.asked
    return AlertAnswer.of(
        await call.services.alerts.note_conversation(call.actor, alert_id, asked.person, asked.at), call.language
    )


async def note_emergency_call(call: Call[NoteEmergencyCall]) -> AlertAnswer:
    """Note whether the police, or an ambulance, was called for an alert, by whom and when; it accepts nothing."""
    asked, alert_id = call.asked, AlertId(call.ids["alert"])
    return AlertAnswer.of(
        await call.services.emergency_calls.note(
            call.actor, alert_id, called=asked.called, called_by=asked.by, at=asked.at, service=asked.service
        ),
        call.language,
    )


async def show_drills(call: Call[Nothing]) -> DrillsAnswer:
    """Return how soon an agency accepts exercises, by tier and hour of the day."""
    figures = await call.services.drills.of_agency(call.actor, AgencyId(call.ids["agency"]))
    return DrillsAnswer.of(figures, call.services.settings.time_zone)


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/alerts",
        summary="The alerts one may see",
        call=list_alerts,
        access=Access.STAFF,
        takes=ListAlerts,
        gives=AlertsAnswer,
    ),
    Route(
        method="PUT",
        path="/api/alerts/{alert}",
        summary="Raise an alert; the same key raises it once",
        call=raise_alert,
        access=Access.PART_IN_COMPARTMENT,
        takes=RaiseAlert,
        gives=AlertAnswer,
        lapsed=True,
        limit=Limit.NEVER,
        guard=not_raised,
    ),
    Route(
        method="GET",
        path="/api/alerts/{alert}",
        summary="One alert: who was called, who accepted",
        call=show_alert,
        access=Access.SEES_ALERT,
        takes=Nothing,
        gives=AlertAnswer,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/acknowledgement",
        summary="Accept an alert by name; as its owner, say that one still sees to it",
        call=acknowledge,
        access=Access.CALLED,
        takes=Nothing,
        gives=AlertAnswer,
        limit=Limit.NEVER,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/stand-down",
        summary="End an alert, with a reason",
        call=stand_down,
        access=Access.CALLED_OR_RAISED,
        takes=EndAlert,
        gives=AlertAnswer,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/conversations",
        summary="Note that one spoke with somebody who takes part; it accepts nothing",
        call=note_conversation,
        access=Access.CALLED_OR_RAISED,
        takes=NoteConversation,
        gives=AlertAnswer,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/emergency-calls",
        summary="Note whether the police or an ambulance was called, and by whom",
        call=note_emergency_call,
        access=Access.CALLED_OR_RAISED,
        takes=NoteEmergencyCall,
        gives=AlertAnswer,
    ),
    Route(
        method="GET",
        path="/api/agencies/{agency}/drills",
        summary="How soon an agency accepts exercises",
        call=show_drills,
        access=Access.ADMINISTERS,
        takes=Nothing,
        gives=DrillsAnswer,
    ),
)
