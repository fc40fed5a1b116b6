"""What a device that can only raise says and hears."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

import msgspec

from alerts.devices.service import DeviceView, Reached
from alerts.vocabulary import Status
from server.api.wire import Moment, NameOfPerson, Wire


class RaiseByDevice(Wire, frozen=True, kw_only=True):
    """A call for help; an `Exercise` is a drill. Where it is raised is the device's own."""

    status: Status = Status.ACTUAL


class DeviceRaiseAnswer(Wire, frozen=True, kw_only=True):
    """How far a raise came: `stored`, `delivered` to so many rooms, `accepted` by these people, `ended`.

    Where an alert was open already it is told of that one: `sent` is when it was first raised.
    """

    id: UUID
    status: Status
    sent: Moment
    state: Annotated[Reached, msgspec.Meta(examples=["delivered"])]
    rooms: Annotated[int, msgspec.Meta(examples=[4])]
    accepted_by: list[NameOfPerson]

    @classmethod
    def of(cls, view: DeviceView) -> Self:
        """Return a raise as it is sent."""
        return cls(
            id=view.key,
            status=view.status,
            sent=view.sent,
            state=view.state,
            rooms=view.rooms,
            accepted_by=list(view.accepted_by),
        )
