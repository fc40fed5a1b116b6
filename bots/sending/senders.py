"""Putting sealed events with the token of the device that sealed them, whichever bot does it: one event each.

Owns the table `matrix_devices`. A homeserver knows a repeated transaction id by the token it came with: with another
device's token the same message would be a second event.
"""

from __future__ import annotations

from collections.abc import Iterable

from bots.device.device import ENCRYPTED, MatrixDevice
from bots.olm.room_sessions import Sealed
from bots.statements import SQL
from bots.wire.homeserver import Homeserver
from core import logs
from core.clock import Clock
from core.database import Transaction
from core.errors import Permanent

log = logs.get(__name__)

SIGNED_OUT = "M_UNKNOWN_TOKEN"


class Senders:
    """The devices whose messages this bot can put."""

    def __init__(self, clock: Clock, device: MatrixDevice) -> None:
        self._clock = clock
        self._device = device
        self._others: dict[str, Homeserver] = {}
        self._gone: set[str] = set()
        self._announced = False

    async def announce(self, tx: Transaction) -> None:
        """Let later bots have this device's token, in the transaction that stores what it sealed."""
        if self._announced:
            return
        sealed = self._device.credentials.token_for_bots()
        await tx.run(SQL["keep_device"], self._device.device_id, sealed, self._clock.now())
        await tx.run(SQL["forget_devices"], self._device.device_id)
        tx.afterwards(self._have_announced)

    async def meet(self, tx: Transaction, device_ids: Iterable[str]) -> None:
        """Look for the tokens of other devices."""
        wanted = set(device_ids) - {self._device.device_id} - self._others.keys() - self._gone
        if not wanted:
            return
        for row in await tx.rows(SQL["devices"], sorted(wanted)):
            device_id = row["device_id"]
            token = self._device.credentials.token_of(self._device.user_id, device_id, row["sealed_token"])
            if token is None:
                log.warning("device_of_other_store_key", device_id=device_id)
            else:
                self._others[device_id] = self._device.homeserver.as_device(token)

    def can_put(self, device_id: str) -> bool:
        """Tell whether what a device has sealed can be put as its own."""
        return device_id == self._device.device_id or device_id in self._others

    async def put(self, sealed: Sealed) -> str:
        """Send a sealed event and return its id; repeated by whomever, it stays one event."""
        other = self._others.get(sealed.device_id)
        if other is None:
            return await self._device.put(sealed)
        try:
            return await other.put_event(sealed.room_id, ENCRYPTED, sealed.transaction_id, sealed.content)
        except Permanent as error:
            if error.code == SIGNED_OUT:
                # What it sent, if anything, nobody can find out any more: it is sealed anew and marked.
                self._gone.add(sealed.device_id)
                self._others.pop(sealed.device_id, None)
            raise

    def _have_announced(self) -> None:
        self._announced = True
