"""Messages to many devices in few requests: packed, sent side by side, all of them within one time limit.

What is in them is decided in `bots.keys.sharing`; here is only how they travel, and which of them the homeserver took.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from bots.keys.published_keys import PublishedDevice
from bots.olm.room_sessions import RoomSession, type_of_device
from bots.wire.homeserver import Homeserver
from core import logs
from core.errors import DeliveryError

log = logs.get(__name__)

MOST_PER_REQUEST = 300
MOST_AT_ONCE = 8


@dataclass(slots=True, kw_only=True, eq=False)
class Parcel:
    """One message to one device, and the room session it is about."""

    device: PublishedDevice
    session: RoomSession
    standing: str
    content: dict[str, Any]
    # How often the device had begun anew when this was sealed: what was sealed before it did, it may not open.
    lost: int = 0

    @property
    def address(self) -> type_of_device:
        """To whom it goes."""
        return self.device.user_id, self.device.device_id


async def send(homeserver: Homeserver, kind: str, parcels: Collection[Parcel], patience: float) -> list[Parcel]:
    """Send parcels side by side; return those that the homeserver took in time."""
    sent: list[Parcel] = []
    places, until = asyncio.Semaphore(MOST_AT_ONCE), asyncio.get_running_loop().time() + patience

    async def send_one(batch: list[Parcel]) -> None:
        messages: dict[str, dict[str, Any]] = {}
        for parcel in batch:
            messages.setdefault(parcel.device.user_id, {})[parcel.device.device_id] = parcel.content
        try:
            async with asyncio.timeout_at(until), places:
                await homeserver.send_to_devices(kind, new_transaction_id(), messages)
        except (DeliveryError, TimeoutError) as error:
            log.warning("keys_not_delivered", count=len(batch), error=kind_of(error))
        else:
            sent.extend(batch)

    async with asyncio.TaskGroup() as group:
        for batch in _batches(parcels):
            group.create_task(send_one(batch))
    return sent


def new_transaction_id() -> str:
    """Return a name under which a request is one, however often it is made."""
    return secrets.token_urlsafe(18)


def kind_of(error: Exception) -> str:
    """Return what may be written about a request that failed."""
    return error.code if isinstance(error, DeliveryError) else type(error).__name__


def _batches(parcels: Iterable[Parcel]) -> list[list[Parcel]]:
    """Fill requests: a request holds one message for a device, so a device's next one goes into another."""
    layers: list[list[Parcel]] = []
    depth: dict[type_of_device, int] = {}
    for parcel in parcels:
        layer = depth[parcel.address] = depth.get(parcel.address, -1) + 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append(parcel)
    return [
        layer[start : start + MOST_PER_REQUEST] for layer in layers for start in range(0, len(layer), MOST_PER_REQUEST)
    ]
