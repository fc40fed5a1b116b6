"""Giving room keys out: to the signed devices of a room's members, in as few requests as possible.

Owns the question who gets a key (devices that their owner's identity has signed; every other device is told
that the key is withheld), the fetching of identities and one-time keys, and the record of what arrived.
A device that fails is recorded and tried at the next sharing; the others are not held up by it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from bots.homeserver import Homeserver
from bots.key_directory import KeyDirectory, PublishedDevice
from bots.olm_machine import MEGOLM, OlmMachine
from bots.room_sessions import RoomSession, RoomSessions, type_of_device
from core import logs
from core.errors import DeliveryError

log = logs.get(__name__)

MOST_PER_REQUEST = 300
MOST_AT_ONCE = 8
# How long a client may take after its first key from this device until it has asked whose device it is.
SETTLING = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Who can read the next message in a room, by (user id, device id)."""

    room_id: str
    session_id: str
    holders: frozenset[type_of_device]
    # Devices without their owner's signature: they get no key, and were told so.
    withheld: frozenset[type_of_device]
    # Devices that should hold the key and do not yet.
    failed: frozenset[type_of_device]
    # Users who cannot read the next message on any device.
    unreached: frozenset[str]
    # Devices that have met this one only now. A strict client refuses, for good, a message that comes before
    # it has fetched its sender's identity: what matters is said to them again a little later.
    newcomers: frozenset[type_of_device]


@dataclass(slots=True, kw_only=True, eq=False)
class _Parcel:
    """One message to one device, and the room session it is about."""

    device: PublishedDevice
    session: RoomSession
    content: dict[str, Any]

    @property
    def address(self) -> type_of_device:
        return self.device.user_id, self.device.device_id


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What one room needs."""

    session: RoomSession
    members: frozenset[str]
    wanting: list[PublishedDevice] = field(default_factory=list)
    unsigned: list[PublishedDevice] = field(default_factory=list)


class KeySharing:
    """Shares the sessions of one device."""

    def __init__(
        self, homeserver: Homeserver, machine: OlmMachine, directory: KeyDirectory, sessions: RoomSessions
    ) -> None:
        self._homeserver = homeserver
        self._machine = machine
        self._directory = directory
        self._sessions = sessions
        self._locks: dict[str, asyncio.Lock] = {}
        self._met_at: dict[type_of_device, float] = {}

    async def share(self, rooms: Mapping[str, Collection[str]]) -> dict[str, Sharing]:
        """See to it that the members' signed devices, and only they, hold each room's key."""
        members = {room_id: frozenset(users) - {self._machine.user_id} for room_id, users in rooms.items()}
        async with AsyncExitStack() as held:
            for room_id in sorted(members):
                await held.enter_async_context(self._locks.setdefault(room_id, asyncio.Lock()))
            await self.refresh(user_id for users in members.values() for user_id in users)
            plans = {room_id: self._plan(room_id, users) for room_id, users in members.items()}
            await self._claim(device for plan in plans.values() for device in plan.wanting)
            await self._deliver(list(plans.values()))
            await self._tell_withheld(list(plans.values()))
            newcomers = self._newcomers()
            return {room_id: _outcome(plan, newcomers) for room_id, plan in plans.items()}

    async def refresh(self, user_ids: Iterable[str]) -> None:
        """Ask for the keys of those of these users whose keys may have changed."""
        outdated = self._directory.outdated(user_ids)
        if outdated:
            asked_at = self._directory.asking()
            self._directory.learn(await self._homeserver.query_keys(outdated), outdated, asked_at)

    async def mend(self) -> None:
        """Start new sessions with devices whose messages could not be opened."""
        broken = list(self._machine.wedged_devices)
        if not broken:
            return
        devices = [self._directory.keys_of(entry.user_id).devices.get(entry.device_id) for entry in broken]
        known = [device for device in devices if device is not None]
        started = await self._start_sessions(known)
        messages: dict[str, dict[str, Any]] = {}
        with self._machine.store.transaction():
            for device in known:
                if (device.user_id, device.device_id) in started:
                    dummy = self._machine.write_to(device, "m.dummy", {})
                    messages.setdefault(device.user_id, {})[device.device_id] = dummy
        # A device without a key to offer is not asked again until its next message cannot be opened.
        self._machine.wedged_devices[:] = [entry for entry in self._machine.wedged_devices if entry not in broken]
        if messages:
            await self._homeserver.send_to_devices("m.room.encrypted", _transaction_id(), messages)

    def _plan(self, room_id: str, members: frozenset[str]) -> _Plan:
        devices = [
            device for user_id in sorted(members) for device in self._directory.keys_of(user_id).devices.values()
        ]
        signed = {(device.user_id, device.device_id): device.curve25519 for device in devices if device.cross_signed}
        plan = _Plan(session=self._sessions.for_sharing(room_id, signed), members=members)
        for device in devices:
            address = device.user_id, device.device_id
            if not device.cross_signed:
                plan.unsigned.append(device)
            elif address not in plan.session.holders:
                plan.wanting.append(device)
        return plan

    async def _claim(self, devices: Iterable[PublishedDevice]) -> None:
        strangers = {
            (device.user_id, device.device_id): device
            for device in devices
            if not self._machine.has_session(device.curve25519)
        }
        if strangers:
            try:
                await self._start_sessions(list(strangers.values()))
            except DeliveryError as error:
                log.warning("one_time_keys_not_claimed", count=len(strangers), error=error.code)

    async def _start_sessions(self, devices: Collection[PublishedDevice]) -> set[type_of_device]:
        wanted: dict[str, list[str]] = {}
        for device in devices:
            wanted.setdefault(device.user_id, []).append(device.device_id)
        claimed = await self._homeserver.claim_keys(wanted)
        started: set[type_of_device] = set()
        with self._machine.store.transaction():
            for device in devices:
                keys = claimed.get(device.user_id)
                one_time_key = keys.get(device.device_id) if isinstance(keys, dict) else None
                if self._machine.start_session(device, device.device_id, one_time_key):
                    started.add((device.user_id, device.device_id))
        self._met_at |= dict.fromkeys(started, time.monotonic())
        if len(started) < len(devices):
            log.warning("devices_without_one_time_key", count=len(devices) - len(started))
        return started

    def _newcomers(self) -> frozenset[type_of_device]:
        """Return the devices that were met a moment ago; forget since when the others are known."""
        settled = time.monotonic() - SETTLING
        self._met_at = {device: met_at for device, met_at in self._met_at.items() if met_at > settled}
        return frozenset(self._met_at)

    async def _deliver(self, plans: Collection[_Plan]) -> None:
        parcels: list[_Parcel] = []
        with self._machine.store.transaction():
            for plan in plans:
                for device in plan.wanting:
                    address = device.user_id, device.device_id
                    key = plan.session.owed.setdefault(address, plan.session.session_key)
                    if not self._machine.has_session(device.curve25519):
                        continue
                    content = {
                        "algorithm": MEGOLM,
                        "room_id": plan.session.room_id,
                        "session_id": plan.session.session_id,
                        "session_key": key,
                        "m.shared_history": False,
                    }
                    sealed = self._machine.write_to(device, "m.room_key", content)
                    parcels.append(_Parcel(device=device, session=plan.session, content=sealed))
        for parcel in await self._send("m.room.encrypted", parcels):
            parcel.session.holders[parcel.address] = parcel.device.curve25519
            parcel.session.owed.pop(parcel.address, None)
        for plan in plans:
            plan.session.shared = True

    async def _tell_withheld(self, plans: Collection[_Plan]) -> None:
        parcels = [
            _Parcel(
                device=device,
                session=plan.session,
                content={
                    "algorithm": MEGOLM,
                    "code": "m.unverified",
                    "reason": "This device is not signed by its owner.",
                    "room_id": plan.session.room_id,
                    "session_id": plan.session.session_id,
                    "sender_key": self._machine.curve25519,
                },
            )
            for plan in plans
            for device in plan.unsigned
            if (device.user_id, device.device_id) not in plan.session.withheld
        ]
        for parcel in await self._send("m.room_key.withheld", parcels):
            parcel.session.withheld.add(parcel.address)

    async def _send(self, kind: str, parcels: Collection[_Parcel]) -> list[_Parcel]:
        """Send parcels side by side; return those that the homeserver took."""
        sent: list[_Parcel] = []
        places = asyncio.Semaphore(MOST_AT_ONCE)

        async def send(batch: list[_Parcel]) -> None:
            messages: dict[str, dict[str, Any]] = {}
            for parcel in batch:
                messages.setdefault(parcel.device.user_id, {})[parcel.device.device_id] = parcel.content
            try:
                async with places:
                    await self._homeserver.send_to_devices(kind, _transaction_id(), messages)
            except DeliveryError as error:
                log.warning("keys_not_delivered", count=len(batch), error=error.code)
            else:
                sent.extend(batch)

        async with asyncio.TaskGroup() as group:
            for batch in _batches(parcels):
                group.create_task(send(batch))
        return sent


def _batches(parcels: Iterable[_Parcel]) -> list[list[_Parcel]]:
    """Fill requests: a request holds one message for a device, so a device's next one goes into another."""
    layers: list[list[_Parcel]] = []
    depth: dict[type_of_device, int] = {}
    for parcel in parcels:
        layer = depth[parcel.address] = depth.get(parcel.address, -1) + 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append(parcel)
    return [
        layer[start : start + MOST_PER_REQUEST] for layer in layers for start in range(0, len(layer), MOST_PER_REQUEST)
    ]


def _outcome(plan: _Plan, newcomers: frozenset[type_of_device]) -> Sharing:
    holders = frozenset(plan.session.holders)
    return Sharing(
        room_id=plan.session.room_id,
        session_id=plan.session.session_id,
        holders=holders,
        withheld=frozenset((device.user_id, device.device_id) for device in plan.unsigned),
        failed=frozenset((device.user_id, device.device_id) for device in plan.wanting) - holders,
        unreached=plan.members - {user_id for user_id, _device in holders},
        newcomers=newcomers & holders,
    )


def _transaction_id() -> str:
    return secrets.token_urlsafe(18)
