"""Mending one-to-one sessions that broke: a new one with every device whose message could not be opened.

Owns the empty messages by which such a device learns of its new session. No other is begun within an hour (nio's rule),
so one that is lost would leave the device unheard for that long: each is kept, sealed as it is, also over a restart,
and repeated as the same request until the homeserver has taken it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from bots.keys.key_directory import KeyDirectory
from bots.keys.parcels import new_transaction_id
from bots.keys.published_keys import PublishedDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.room_sessions import type_of_device
from bots.wire.homeserver import Homeserver
from core.errors import DeliveryError, Permanent

# How long one request may take: the next sync waits for it.
PATIENCE = 3.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# Together more than an hour: from then on a device that cannot be heard is found anew.
MOST_TRIES = 80
_UNSENT = "dummies not taken"

type_of_messages = dict[str, dict[str, Any]]


class Mending:
    """Starts sessions anew and tells the devices."""

    def __init__(
        self,
        homeserver: Homeserver,
        machine: OlmMachine,
        directory: KeyDirectory,
        start_sessions: Callable[[Collection[PublishedDevice]], Awaitable[set[type_of_device]]],
    ) -> None:
        self._homeserver = homeserver
        self._machine = machine
        self._directory = directory
        self._start_sessions = start_sessions
        # By the name of their request: what the homeserver may not have taken.
        self._unsent: dict[str, type_of_messages] = dict(machine.store.value(_UNSENT) or {})
        self._tries: Counter[str] = Counter()
        self._failures = 0
        self._not_before = 0.0

    async def mend(self) -> None:
        """Start what is to be started, and send whatever was not taken yet; raises what kept any of it from working."""
        try:
            await self._start()
        finally:
            await self._tell()

    async def _start(self) -> None:
        broken = list(self._machine.wedged_devices)
        if not broken:
            return
        devices = [self._directory.keys_of(entry.user_id).devices.get(entry.device_id) for entry in broken]
        known = [device for device in devices if device is not None]
        started = await self._start_sessions(known)
        messages: type_of_messages = {}
        with self._machine.store.transaction():
            for device in known:
                if (device.user_id, device.device_id) in started:
                    dummy = self._machine.write_to(device, "m.dummy", {})
                    messages.setdefault(device.user_id, {})[device.device_id] = dummy
            if messages:
                self._unsent[new_transaction_id()] = messages
                self._keep()
        # A device without a key to offer is not asked again until its next message cannot be opened.
        self._machine.wedged_devices[:] = [entry for entry in self._machine.wedged_devices if entry not in broken]

    async def _tell(self) -> None:
        """Send what is left, if it is time; one that is refused keeps no other back."""
        if not self._unsent or time.monotonic() < self._not_before:
            return
        failed: Exception | None = None
        for name, messages in list(self._unsent.items()):
            self._tries[name] += 1
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._homeserver.send_to_devices("m.room.encrypted", name, messages)
            except (DeliveryError, TimeoutError) as error:
                failed = error
                if self._tries[name] < MOST_TRIES:
                    if isinstance(error, Permanent):
                        continue
                    break
            del self._unsent[name], self._tries[name]
            self._keep()
        if failed is None:
            self._failures = 0
            return
        self._not_before = time.monotonic() + min(FIRST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1
        raise failed

    def _keep(self) -> None:
        self._machine.store.keep_value(_UNSENT, self._unsent)
