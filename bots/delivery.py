"""Delivery: from outbox to rooms, each message exactly once, each room in order, alerts first.

A pass claims messages, puts their rooms right, gives keys out for all rooms together, encrypts, and stores
every ciphertext with its transaction id. Only then does anything leave. Whoever repeats a PUT with the same
transaction id from the same device makes the same event, so that this process may be killed at any point:
before the ciphertext is stored nothing has happened, afterwards the same event is put again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from bots import rooms
from bots.device import MatrixDevice
from bots.housekeeping import Housekeeping
from bots.lease import Lease
from bots.occupants import Occupants
from bots.rendering import Names, Renderer, names_for
from bots.room_sessions import KeysNotShared, Sealed
from bots.rooms import Room, StoredSend
from bots.sharing import Sharing
from core import logs, outbox
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, Permanent, StrehaError, Temporary, Unavailable
from core.outbox import Claimed, Lane, Message, Target

log = logs.get(__name__)

BATCH = 200
PUTS_AT_ONCE = 40
PUT_SECONDS = 15.0
OWED_RETRY_SECONDS = 1.0
LONGEST_WAIT = timedelta(minutes=1)
# A message whose lease was lost this often without a word takes a process down with it: quarantined.
LEASES_LOST = 3
NEWCOMERS_SETTLE = timedelta(seconds=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A message with its stored ciphertext."""

    claimed: Claimed
    sealed: Sealed


class Delivery:
    """Delivers what the outbox holds."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, lease: Lease, housekeeping: Housekeeping,
        occupants: Occupants, renderer: Renderer,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._lease = lease
        self._housekeeping = housekeeping
        self._occupants = occupants
        self._renderer = renderer
        self._puts = asyncio.Semaphore(PUTS_AT_ONCE)
        self._woken = asyncio.Event()
        # Rooms with a device that could not be given its key yet, and their members.
        self._owing: dict[str, frozenset[str]] = {}

    def wake(self) -> None:
        """Look into the outbox now."""
        self._woken.set()

    async def run(self, interval: float) -> None:
        """Deliver for ever: when woken, and every few seconds regardless."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                try:
                    while await self.deliver(tasks):
                        pass
                    if self._owing:
                        await self._share(dict(self._owing))
                except Unavailable:
                    log.warning("delivery_interrupted", error="database")
                try:
                    async with asyncio.timeout(OWED_RETRY_SECONDS if self._owing else interval):
                        await self._woken.wait()
                except TimeoutError:
                    continue

    async def deliver(self, tasks: asyncio.TaskGroup) -> int:
        """Claim a batch, make it ready and start its PUTs; return how many messages were claimed."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            claimed = await outbox.claim(tx, now, BATCH)
            if not claimed:
                return 0
            stored = await rooms.stored_sends(tx, [each.id for each in claimed])
            found = await rooms.rooms(tx, {each.message.target for each in claimed})
            names = await names_for(tx, [each.message for each in claimed])
        claimed = await self._without_poison(claimed)
        found = await self._settled(found)
        keyed = await self._keys_given(claimed, found)
        ready = await self._sealed(claimed, found, stored, names, keyed)
        by_room: dict[str, list[_Ready]] = defaultdict(list)
        for each in ready:
            by_room[each.sealed.room_id].append(each)
        for messages in by_room.values():
            tasks.create_task(self._put_in_order(messages))
        return len(claimed)

    async def _without_poison(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Set aside what has taken its deliverer down again and again."""
        healthy = []
        for each in claimed:
            if each.attempts > LEASES_LOST and each.failure is None:
                await self._give_up(each, "quarantined", "lease_lost")
            else:
                healthy.append(each)
        return healthy

    async def _settled(self, found: dict[Target, Room]) -> dict[Target, Room]:
        """Put rooms right first: a removed person must be out before anything is said."""
        unsettled = [target for target, room in found.items() if not room.settled]
        if not unsettled:
            return found
        await self._housekeeping.settle(unsettled)
        async with self._database.transaction() as tx:
            return {**found, **await rooms.rooms(tx, unsettled)}

    async def _keys_given(self, claimed: Sequence[Claimed], found: Mapping[Target, Room]) -> Mapping[str, Sharing]:
        """Give keys out for every room that will be spoken in; return who holds them, by room."""
        spoken_in = {each.message.target for each in claimed}
        members = await self._members([room for target, room in found.items() if target in spoken_in])
        return await self._share(members) if members else {}

    async def _members(self, spoken_in: Iterable[Room]) -> dict[str, frozenset[str]]:
        """Return which of its members are in each room, asking for all side by side: after a restart nobody knows."""
        members: dict[str, frozenset[str]] = {}

        async def look(room_id: str, room: Room) -> None:
            try:
                members[room_id] = await self._occupants.joined(room_id) & room.members.keys()
            except DeliveryError as error:
                log.warning("members_unknown", error=error.code)

        async with asyncio.TaskGroup() as tasks:
            for room in spoken_in:
                if room.room_id is not None:
                    tasks.create_task(look(room.room_id, room))
        return members

    async def _share(self, members: Mapping[str, frozenset[str]]) -> Mapping[str, Sharing]:
        """Give keys out, and remember the rooms in which a device did not get the one it is owed."""
        try:
            shared = await self._device.share_keys_many(members)
        except DeliveryError as error:
            log.warning("keys_not_shared", error=error.code, count=len(members))
            return {}
        for room_id, each in shared.items():
            if each.failed:
                self._owing[room_id] = members[room_id]
            else:
                self._owing.pop(room_id, None)
        unreached = sum(len(each.unreached) for each in shared.values())
        if unreached:
            log.error("members_without_keys", count=unreached)
        return shared

    async def _sealed(
        self, claimed: Sequence[Claimed], found: Mapping[Target, Room], stored: Mapping[UUID, StoredSend],
        names: Names, keyed: Mapping[str, Sharing],
    ) -> list[_Ready]:  # fmt: skip
        """Encrypt and store everything, in one transaction that a bot without the lease cannot commit."""
        ready: list[_Ready] = []
        fresh: list[StoredSend] = []
        blocked: set[Target] = set()
        # A strict client that met this device a moment ago may refuse these for good: they are said twice.
        repeats: list[Message] = []
        for each in claimed:
            target = each.message.target
            room = found.get(target)
            if room is None or room.closed:
                await self._give_up(each, "failed", "room_closed")
                continue
            earlier = stored.get(each.id)
            if target in blocked:
                await self._put_off(each, "earlier_message_waits")
                continue
            if _still_good(earlier, room, self._device.device_id):
                ready.append(_Ready(claimed=each, sealed=_resealed(earlier)))
                continue
            shared = keyed.get(str(room.room_id))
            if shared is None or not room.settled:
                blocked.add(target)
                await self._put_off(each, "room_not_ready")
                continue
            try:
                sealed = self._encrypt(each, room, names, repeated=earlier is not None)
            except KeysNotShared:
                blocked.add(target)
                await self._put_off(each, "keys_not_shared")
                continue
            except Exception as error:  # noqa: BLE001 (whatever is wrong with one message must not stop the others)
                log.failure("message_not_sealed", error, outbox_id=each.id)
                await self._give_up(each, "quarantined", type(error).__name__)
                continue
            ready.append(_Ready(claimed=each, sealed=sealed))
            fresh.append(_to_store(each, sealed, room))
            if shared.newcomers and not each.message.repeated:
                repeats.append(replace(each.message, key=f"again:{each.message.key}", repeated=True))
        if fresh:
            now = self._clock.now()
            async with self._database.transaction(urgent=True) as tx:
                await self._lease.require(tx)
                await rooms.store_sends(tx, fresh, now)
                await outbox.post(tx, repeats, now, due_at=now + NEWCOMERS_SETTLE)
        return ready

    def _encrypt(self, each: Claimed, room: Room, names: Names, *, repeated: bool) -> Sealed:
        wanted = set(each.message.mentions)
        mentions = [user for user, person_id in room.members.items() if person_id in wanted]
        repeated = repeated or each.message.repeated
        content = self._renderer.content(each.message, room.language, names, mentions, repeated=repeated)
        return self._device.encrypt(str(room.room_id), "m.room.message", content)

    async def _put_in_order(self, messages: Sequence[_Ready]) -> None:
        """Put one room's messages one after the other; whatever goes wrong is recorded here."""
        sent: list[tuple[UUID, str]] = []
        try:
            for position, each in enumerate(messages):
                try:
                    async with self._puts, asyncio.timeout(PUT_SECONDS):
                        sent.append((each.claimed.id, await self._device.put(each.sealed)))
                except (Temporary, TimeoutError) as error:
                    for waiting in messages[position:]:
                        await self._put_off(waiting.claimed, _kind(error), getattr(error, "retry_after", None))
                    break
                except Permanent as error:
                    await self._give_up(each.claimed, "failed", error.code or "refused")
            if sent:
                async with self._database.transaction(urgent=True) as tx:
                    await outbox.mark_sent(tx, [message_id for message_id, _ in sent], self._clock.now())
                    await rooms.note_events(tx, sent)
        except Unavailable:
            # The lease runs out and the same ciphertext is put again, which makes the same event.
            log.warning("delivery_not_recorded", count=len(sent))
        except StrehaError as error:
            log.failure("delivery_failed", error)
        finally:
            # What came for this room in the meantime has been waiting for its turn.
            self.wake()

    async def _put_off(self, each: Claimed, failure: str, wait_seconds: float | None = None) -> None:
        alert = each.message.lane is Lane.ALERT
        wait = timedelta(seconds=wait_seconds or min(2 ** (each.attempts - 1), 5 if alert else 60))
        async with self._database.transaction(urgent=True) as tx:
            await outbox.put_off(tx, each.id, self._clock.now() + min(wait, LONGEST_WAIT), failure)

    async def _give_up(self, each: Claimed, state: str, failure: str) -> None:
        log.error(
            "message_not_delivered", outbox_id=each.id, alert_id=each.message.alert_id, state=state, error=failure
        )
        async with self._database.transaction(urgent=True) as tx:
            await outbox.give_up(tx, each.id, state, failure)


def _still_good(earlier: StoredSend | None, room: Room, device_id: str) -> bool:
    """Whether a stored ciphertext may be sent: made by this device, and for nobody who has left since."""
    return (
        earlier is not None
        and earlier.device_id == device_id
        and earlier.room_id == room.room_id
        and earlier.membership_version == room.version
    )


def _resealed(earlier: StoredSend | None) -> Sealed:
    assert earlier is not None  # noqa: S101 (only called for what `_still_good` accepted)
    return Sealed(
        room_id=earlier.room_id,
        transaction_id=earlier.transaction_id,
        content=earlier.content,
        device_id=earlier.device_id,
        session_id="",
        message_index=-1,
    )


def _to_store(each: Claimed, sealed: Sealed, room: Room) -> StoredSend:
    return StoredSend(
        outbox_id=each.id,
        room_id=sealed.room_id,
        device_id=sealed.device_id,
        transaction_id=sealed.transaction_id,
        content=sealed.content,
        membership_version=room.version,
    )


def _kind(error: Exception) -> str:
    return error.code if isinstance(error, DeliveryError) and error.code else type(error).__name__
