"""Devices that can only raise: a panic button's two questions. Raising is never limited."""

from __future__ import annotations

from typing import Any

from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.routes.alerts import not_raised
from server.api.wire import Nothing
from server.api.wire.devices import DeviceRaiseAnswer, RaiseByDevice


async def raise_with_device(call: Call[RaiseByDevice]) -> DeviceRaiseAnswer:
    """Raise a panic where the device may, once per key, or make it part of the open alert. The device makes up the key.

    Where the device has no place to raise in any more, its agency is told instead, and this is refused.
    """
    device, key = call.raising_device, call.ids["raise"]
    return DeviceRaiseAnswer.of(await call.services.devices.raise_(device, key, status=call.asked.status))


async def show_raise(call: Call[Nothing]) -> DeviceRaiseAnswer:
    """Return how far a raise of this device came."""
    return DeviceRaiseAnswer.of(await call.services.devices.see(call.raising_device, call.ids["raise"]))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="PUT",
        path="/api/device/raises/{raise}",
        summary="Raise with a device; the same key raises it once",
        call=raise_with_device,
        access=Access.DEVICE,
        takes=RaiseByDevice,
        gives=DeviceRaiseAnswer,
        limit=Limit.NEVER,
        guard=not_raised,
    ),
    Route(
        method="GET",
        path="/api/device/raises/{raise}",
        summary="How far a raise of the device came",
        call=show_raise,
        access=Access.DEVICE,
        takes=Nothing,
        gives=DeviceRaiseAnswer,
    ),
)
