"""Alerts: raise, look, accept, stand down. Raising and accepting are never limited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from alerts.model import AlertId
from core import logs, metrics
from core.errors import DeliveryError, StrehaError, Unavailable
from core.texts import mark
from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.services import Services
from server.api.wire import Nothing
from server.api.wire.alerts import AlertAnswer, AlertsAnswer, EndAlert, ListAlerts, RaiseAlert

log = logs.get(__name__)

NOT_RAISED = mark(
    "The alert was NOT raised. In danger ring {police} now, and ring your colleagues. "
    "Repeat it with the same key until it is accepted: it is never raised twice."
)


@contextmanager
def not_raised(services: Services) -> Iterator[None]:
    """Say plainly that nobody was called, and what to do, whatever failed."""
    try:
        yield
    except web.HTTPException:
        raise
    except Exception as error:
        if isinstance(error, StrehaError) and not isinstance(error, Unavailable | DeliveryError):
            raise
        log.failure("raise_failed", error)
        metrics.RAISES_NOT_STORED.count("api")
        raise Unavailable(NOT_RAISED, police=services.settings.police_number) from error


async def raise_alert(call: Call[RaiseAlert]) -> AlertAnswer:
    """Raise an alert, once per key, or make it part of the one that is open. The raiser makes up the key, an id."""
    asked = call.asked
    return AlertAnswer.of(
        await call.services.alerts.raise_(
            call.actor, asked.compartment, call.ids["alert"], event=asked.event, status=asked.status
        )
    )


async def list_alerts(call: Call[ListAlerts]) -> AlertsAnswer:
    """Return the alerts that the actor may see."""
    return AlertsAnswer.of(await call.services.alerts.see_all(call.actor, ended=call.asked.ended))


async def show_alert(call: Call[Nothing]) -> AlertAnswer:
    """Return one alert."""
    return AlertAnswer.of(await call.services.alerts.see(call.actor, AlertId(call.ids["alert"])))


async def acknowledge(call: Call[Nothing]) -> AlertAnswer:
    """Record that the actor accepts the alert."""
    return AlertAnswer.of(await call.services.alerts.acknowledge(call.actor, AlertId(call.ids["alert"])))


async def stand_down(call: Call[EndAlert]) -> AlertAnswer:
    """End an alert; the raiser's own word only pauses it."""
    alert_id = AlertId(call.ids["alert"])
    return AlertAnswer.of(await call.services.alerts.stand_down(call.actor, alert_id, call.asked.reason))


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
        summary="Accept an alert by name",
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
)
