"""Giving room keys out: to the signed devices of a room's linked members, in as few requests as possible.

Owns who gets a key (devices that their owner's confirmed identity has signed, by the rule of `bots.keys.attested`;
every other device is told that the key is withheld), the fetching of identities and one-time keys, and the record of
what arrived. A device that fails is recorded and tried at the next sharing; the others are not held up by it: every
request has a few seconds, and whoever speaks goes on with those who hold the key by then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from bots.keys.key_directory import KeyDirectory
from bots.keys.mending import Mending
from bots.keys.parcels import Parcel, kind_of, new_transaction_id, send
from bots.keys.published_keys import PublishedDevice, Shown, UserKeys, mentions, read_user
from bots.olm.olm_machine import MEGOLM, OlmMachine
from bots.olm.room_sessions import RoomSession, RoomSessions, type_of_device
from bots.wire.guard import alone
from bots.wire.homeserver import Homeserver
from core import logs
from core.errors import DeliveryError

log = logs.get(__name__)

# How long whoever speaks waits for one answer, and for others who give keys out in the same room.
PATIENCE = 3.0
# How long a client may take after its first key from this device until it has asked whose device it is.
SETTLING = 5.0
# A device that begins anew gets its rooms' keys again; one that does so without end, once in so many seconds.
AGAIN_ONCE_IN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Who can read the next message in a room, by (user id, device id)."""

    room_id: str
    session_id: str
    holders: frozenset[type_of_device]
    # Devices that nobody knows to be their owner's: they get no key, and were told so.
    withheld: frozenset[type_of_device]
    # Devices that should hold the key and do not yet; and those among them for which there is no way to send it.
    failed: frozenset[type_of_device]
    without_way: frozenset[type_of_device]
    # Users who cannot read the next message on any device; and those whose devices could not be asked for now.
    unreached: frozenset[str]
    unasked: frozenset[str]
    # Devices that have met this one only now, or are about to. A strict client refuses, for good, a message that
    # comes before it has fetched its sender's identity: what matters is said to them again a little later.
    newcomers: frozenset[type_of_device]
    # How often each device began anew since it was first given this key: what it held before says nothing any more.
    lost: Mapping[type_of_device, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What one room needs."""

    session: RoomSession
    members: frozenset[str]
    # What makes each signed device worth a key: its owner's identity and its own key.
    standings: Mapping[type_of_device, str]
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
        # One sharing at a time in a room, so that nothing is given twice; kept as long as somebody has it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._met_at: dict[type_of_device, float] = {}
        # Devices that had no one-time key to offer and were told that they get nothing.
        self._told_no_way: set[type_of_device] = set()
        # From when on a device that began anew is given its keys again.
        self._again_at: dict[type_of_device, float] = {}
        self._watchers: list[Callable[[], None]] = []
        self._mending = Mending(homeserver, machine, directory, self._start_sessions)
        machine.watch_sessions(self._begun_anew)

    async def share(
        self, rooms: Mapping[str, Collection[str]], *, ahead: bool = False, patience: float = PATIENCE
    ) -> dict[str, Sharing]:
        """See to it that the linked members' signed devices, and only they, hold each room's key.

        With `ahead`, a key that is nearly worn is followed by another. Who is not in time is left for the next time;
        a room is left out whose members could not be asked for and in which nobody holds the key yet.
        """
        members = {room_id: frozenset(users) - {self._machine.user_id} for room_id, users in rooms.items()}
        async with AsyncExitStack() as held:
            await self._take_turns(held, members)
            await self._ask(frozenset[str]().union(*members.values()), patience)
            plans = {room_id: self._plan(room_id, users, ahead=ahead) for room_id, users in members.items()}
            await self._claim([device for plan in plans.values() for device in plan.wanting], patience)
            await self._deliver(list(plans.values()), patience)
            newcomers = self._newcomers()
            found = {room_id: self._outcome(plan, newcomers) for room_id, plan in plans.items()}
            return {room_id: each for room_id, each in found.items() if each.holders or not each.unasked}

    def complete(
        self, rooms: Mapping[str, Collection[str]], owed: Mapping[str, Sharing] | None = None
    ) -> frozenset[str]:
        """Return those of these rooms in which the next message needs no key to be given out, nor soon will.

        Whom a room `owed` something after its last sharing is passed over: that is tried again at its own time.
        """
        owed = owed or {}
        return frozenset(
            room_id for room_id, users in rooms.items() if self._is_complete(room_id, users, owed.get(room_id))
        )

    def known_of(self, room_id: str, users: Collection[str]) -> Sharing | None:
        """Return what a sharing would find that gives nothing and asks nobody; nothing where there is no key."""
        session = self._sessions.current(room_id)
        members = frozenset(users) - {self._machine.user_id}
        return None if session is None else self._outcome(self._seen_now(session, members), frozenset())

    def watch(self, woken: Callable[[], None]) -> None:
        """Call this whenever keys are to be given out: to whom, or whose identity counts, may have changed."""
        self._watchers.append(woken)
        self._directory.watch(woken)

    def doubt(self, user_ids: Iterable[str]) -> None:
        """Have those asked for again who can be given no key at all, as far as is known."""
        self._directory.doubt(user_ids)

    def keep_until(self, room_id: str, closes_at: datetime) -> None:
        """Let the room's key neither age nor wear until then."""
        self._sessions.keep_until(room_id, closes_at)

    def renew(self, room_id: str) -> None:
        """Have the room's key followed by another at the next sharing ahead, however young it is."""
        self._sessions.renew(room_id)

    async def refresh(self, user_ids: Iterable[str]) -> None:
        """Ask for the keys of those of these users whose keys may have changed."""
        outdated = self._directory.outdated(user_ids)
        if outdated:
            asked_at = self._directory.asking()
            self._directory.learn(await self._homeserver.query_keys(outdated), outdated, asked_at)

    async def ask_confirmed(self) -> None:
        """Ask for the keys of everybody who is confirmed, also where nothing is said to have changed."""
        known = self._directory.attestations
        confirmed = sorted(each for each in known.users if known.confirmed(each))
        if confirmed:
            asked_at = self._directory.asking()
            self._directory.learn(await self._homeserver.query_keys(confirmed), confirmed, asked_at)

    async def shown(self, user_ids: Collection[str]) -> dict[str, Shown]:
        """Ask for these users' keys and return what the answer proves by itself, whatever was known before."""
        asked_at = self._directory.asking()
        answer = await self._homeserver.query_keys(sorted(user_ids))
        self._directory.learn(answer, user_ids, asked_at)
        return {
            user: Shown(keys=read_user(answer, user, UserKeys(user_id=user), now=0.0), answer=answer)
            for user in user_ids
            if mentions(answer, user)
        }

    async def mend(self) -> None:
        """Start new sessions with devices whose messages could not be opened."""
        await self._mending.mend()

    def _begun_anew(self, user_id: str, curve25519: str) -> None:
        """Give a known device its rooms' keys again that has begun a new session: it may not have opened them."""
        device = self._directory.keys_of(user_id).device_with_key(curve25519)
        if device is None or not self._sessions.key_lost((user_id, device.device_id)):
            return
        now = time.monotonic()
        self._again_at = {each: at for each, at in self._again_at.items() if at + AGAIN_ONCE_IN > now}
        at = self._again_at.get((user_id, device.device_id))
        if at is None or at <= now:
            self._again_at[user_id, device.device_id] = now if at is None else at + AGAIN_ONCE_IN
        for woken in self._watchers:
            woken()

    async def _take_turns(self, held: AsyncExitStack, room_ids: Iterable[str]) -> None:
        """Wait for whoever gives keys out in these rooms, but not long: keys given twice do no harm."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for room_id in sorted(room_ids):
                    await held.enter_async_context(self._locks.setdefault(room_id, asyncio.Lock()))

    async def _ask(self, user_ids: Collection[str], patience: float) -> None:
        """Ask whose keys may have changed; without an answer, go on with what was proven before."""
        try:
            async with asyncio.timeout(patience):
                await self.refresh(user_ids)
        except (DeliveryError, TimeoutError) as error:
            log.warning("keys_not_asked", count=len(user_ids), error=kind_of(error))

    def _plan(self, room_id: str, members: frozenset[str], *, ahead: bool) -> _Plan:
        session = self._sessions.for_sharing(room_id, self._standings(members), ahead=ahead)
        plan = self._seen_now(session, members)
        for device in plan.wanting:
            key = session.owed_to.get(device.user_id) or session.session_key
            session.owed.setdefault((device.user_id, device.device_id), key)
        for user_id in members:
            if self._directory.keys_of(user_id).current or not self._directory.attestations.confirmed(user_id):
                session.owed_to.pop(user_id, None)
            else:
                # Devices that show up later get the key as it is now: they belong in the room already.
                session.owed_to.setdefault(user_id, session.session_key)
        return plan

    def _seen_now(self, session: RoomSession, members: frozenset[str]) -> _Plan:
        plan = _Plan(session=session, members=members, standings=self._standings(members))
        for user_id in sorted(members):
            for device in self._directory.keys_of(user_id).devices.values():
                if (user_id, device.device_id) not in plan.standings:
                    plan.unsigned.append(device)
                elif (user_id, device.device_id) not in session.holders:
                    plan.wanting.append(device)
        return plan

    def _standings(self, members: Iterable[str]) -> dict[type_of_device, str]:
        found = {}
        for user_id in members:
            identity = self._directory.keys_of(user_id).identity
            for device in self._directory.readers(user_id):
                found[user_id, device.device_id] = f"{identity} {device.curve25519}"
        return found

    def _is_complete(self, room_id: str, users: Collection[str], owed: Sharing | None) -> bool:
        members = frozenset(users) - {self._machine.user_id}
        session = self._sessions.current(room_id)
        if session is None or not session.shared or self._sessions.nearly_worn(room_id):
            return False
        unasked = set(self._directory.outdated(members))
        standings = self._standings(members)
        if session.read_by_others(standings):
            return False
        missing = standings.keys() - session.holders.keys()
        return unasked <= (owed.unasked if owed else set()) and missing <= (owed.failed if owed else set())

    async def _claim(self, devices: Iterable[PublishedDevice], patience: float) -> None:
        strangers = {
            (device.user_id, device.device_id): device for device in devices if not self._machine.can_write_to(device)
        }
        if not strangers:
            return
        try:
            async with asyncio.timeout(patience):
                started = await self._start_sessions(list(strangers.values()))
        except (DeliveryError, TimeoutError) as error:
            log.warning("one_time_keys_not_claimed", count=len(strangers), error=kind_of(error))
            return
        self._told_no_way -= started
        await self._tell_no_way([device for address, device in strangers.items() if address not in started], patience)

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
                with alone(_passed_over("one_time_key")):
                    if self._machine.start_session(device, device.device_id, one_time_key):
                        started.add((device.user_id, device.device_id))
            if started:
                self._machine.keep_session_owners()
        self._met_at |= dict.fromkeys(started, time.monotonic())
        if len(started) < len(devices):
            log.warning("devices_without_one_time_key", count=len(devices) - len(started))
        return started

    def _newcomers(self) -> frozenset[type_of_device]:
        """Return the devices that were met a moment ago; forget since when the others are known."""
        settled = time.monotonic() - SETTLING
        self._met_at = {device: met_at for device, met_at in self._met_at.items() if met_at > settled}
        return frozenset(self._met_at)

    async def _deliver(self, plans: Collection[_Plan], patience: float) -> None:
        """Send every key and every refusal there is, side by side, and note what the homeserver took."""
        keys: list[Parcel] = []
        with self._machine.store.transaction():
            for plan in plans:
                for device in plan.wanting:
                    with alone(_passed_over("room_key")):
                        keys += self._key_for(device, plan)
        refusals = [
            Parcel(device=device, session=plan.session, standing="", content=self._refusal(plan.session))
            for plan in plans
            for device in plan.unsigned
            if (device.user_id, device.device_id) not in plan.session.withheld
        ]
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(send(self._homeserver, "m.room.encrypted", keys, patience))
            refusing = group.create_task(send(self._homeserver, "m.room_key.withheld", refusals, patience))
        for parcel in sending.result():
            if parcel.lost != parcel.session.lost[parcel.address]:
                # It began anew while this was on its way.
                continue
            parcel.session.holders[parcel.address] = parcel.standing
            parcel.session.owed.pop(parcel.address, None)
        for parcel in refusing.result():
            parcel.session.withheld.add(parcel.address)
        for plan in plans:
            plan.session.shared = True
            self._sessions.follow(plan.session)

    def _key_for(self, device: PublishedDevice, plan: _Plan) -> list[Parcel]:
        address = device.user_id, device.device_id
        lost = plan.session.lost[address]
        if not self._machine.can_write_to(device) or (lost and time.monotonic() < self._again_at.get(address, 0.0)):
            return []
        content = {
            "algorithm": MEGOLM,
            "room_id": plan.session.room_id,
            "session_id": plan.session.session_id,
            "session_key": plan.session.owed[address],
            "m.shared_history": False,
        }
        sealed = self._machine.write_to(device, "m.room_key", content)
        standing = plan.session.sent_to[address] = plan.standings[address]
        return [Parcel(device=device, session=plan.session, standing=standing, content=sealed, lost=lost)]

    def _refusal(self, session: RoomSession) -> dict[str, Any]:
        return {
            "algorithm": MEGOLM,
            "code": "m.unverified",
            "reason": "This device is not confirmed to be its owner's.",
            "room_id": session.room_id,
            "session_id": session.session_id,
            "sender_key": self._machine.curve25519,
        }

    async def _tell_no_way(self, devices: Iterable[PublishedDevice], patience: float) -> None:
        """Tell devices that offered no good one-time key, once, that there is no way to send them anything."""
        content = {
            "algorithm": MEGOLM,
            "code": "m.no_olm",
            "reason": "This device offers no key to write to it.",
            "sender_key": self._machine.curve25519,
        }
        messages: dict[str, dict[str, Any]] = {}
        untold = [each for each in devices if (each.user_id, each.device_id) not in self._told_no_way]
        for device in untold:
            messages.setdefault(device.user_id, {})[device.device_id] = content
        if not messages:
            return
        with suppress(DeliveryError, TimeoutError):
            async with asyncio.timeout(patience):
                await self._homeserver.send_to_devices("m.room_key.withheld", new_transaction_id(), messages)
            self._told_no_way |= {(each.user_id, each.device_id) for each in untold}

    def _outcome(self, plan: _Plan, newcomers: frozenset[type_of_device]) -> Sharing:
        # A session that was to follow and did not is none that the room is spoken to with.
        session = self._sessions.current(plan.session.room_id) or plan.session
        holders = frozenset(session.holders)
        unable = _addresses(device for device in plan.wanting if not self._machine.can_write_to(device))
        return Sharing(
            room_id=session.room_id,
            session_id=session.session_id,
            holders=holders,
            withheld=_addresses(plan.unsigned),
            failed=frozenset(plan.standings) - holders,
            without_way=unable - holders,
            unreached=plan.members - {user_id for user_id, _device in holders},
            unasked=frozenset(self._directory.outdated(plan.members)),
            newcomers=(newcomers & plan.standings.keys()) | (unable - holders - self._told_no_way),
            lost=dict(session.lost),
        )


def _addresses(devices: Iterable[PublishedDevice]) -> frozenset[type_of_device]:
    return frozenset((device.user_id, device.device_id) for device in devices)


def _passed_over(what: str) -> Callable[[BaseException], None]:
    """Return what notes a device that could not be served, so that the others are."""

    def failed(error: BaseException) -> None:
        log.warning("device_passed_over", state=what, error=type(error).__name__)

    return failed
