"""Delivery: from outbox to rooms, each message exactly once, each room in order, alerts on a lane of their own.

A pass claims messages and has them made ready (`bots.sending.preparation`): every ciphertext is stored with its
transaction id before anything leaves. Whoever repeats a PUT with the same transaction id and the token of the same
device (`bots.sending.senders`) makes the same event, so that this process may be killed at any point: before the
ciphertext is stored nothing has happened, afterwards the same event is put again, by this bot or by another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NoReturn
from uuid import UUID

from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.rooms import rooms
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.occupants import FORBIDDEN, Occupants
from bots.sending.key_giving import KeyGiving
from bots.sending.last_look import LastLook
from bots.sending.outcomes import Outcomes
from bots.sending.preparation import Preparation, Ready
from bots.sending.senders import Senders
from bots.words.rendering import Renderer
from cases.last_head import LastHead
from core import logs, outbox
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, Unavailable
from core.outbox import Claimed, Lane

log = logs.get(__name__)

BATCH = 200
# Each lane has its own: what is ordinary never stands before an alert.
PUTS_AT_ONCE = {Lane.ALERT: 40, Lane.ORDINARY: 20}
PUT_SECONDS = 15.0
# What no repetition can mend. Everything else may be a proxy's word, a restart, a missing right: tried again.
REFUSED_FOR_GOOD = frozenset({"M_TOO_LARGE", "M_BAD_JSON", "M_NOT_JSON"})


class Delivery:
    """Delivers what the outbox holds."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, lease: Lease, housekeeping: Housekeeping,
        occupants: Occupants, renderer: Renderer, last_head: LastHead | None = None,
    ) -> None:  # fmt: skip
        self._last_head = last_head or LastHead(database, clock)
        self._database = database
        self._clock = clock
        self._lease = lease
        self._outcomes = Outcomes(database, clock)
        self._senders = Senders(clock, device)
        self._last_look = LastLook(database, lease)
        self._keys = KeyGiving(database, clock, device, occupants)
        self._preparation = Preparation(
            database, clock, device, lease, housekeeping, self._keys, renderer, self._outcomes, self._senders
        )
        self._puts = {lane: asyncio.Semaphore(places) for lane, places in PUTS_AT_ONCE.items()}
        self._woken = {lane: asyncio.Event() for lane in Lane}
        self._under_way: set[UUID] = set()
        # Messages whose attempt, of this number, was ended by the database.
        self._interrupted: dict[UUID, int] = {}

    @property
    def keys(self) -> KeyGiving:
        """Who gives keys out for what is said here."""
        return self._keys

    def wake(self) -> None:
        """Look into the outbox now."""
        for woken in self._woken.values():
            woken.set()

    async def run(self, lane: Lane, interval: float) -> NoReturn:
        """Deliver one lane for ever: when woken, and every few seconds regardless. Lanes never wait for each other."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken[lane].clear()
                try:
                    while await self.deliver(tasks, lane):
                        pass
                    await self._keys.give_owed()
                except Unavailable:
                    log.warning("delivery_interrupted", error="database")
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(interval, self._keys.owed_in)):
                        await self._woken[lane].wait()
        raise AssertionError("unreachable: the loop has no end")

    async def deliver(self, tasks: asyncio.TaskGroup, lane: Lane) -> int:
        """Claim a batch, have it made ready and start its PUTs; return how many messages were claimed."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            # A bot that is not active any more must not keep from its successor what it cannot send itself.
            await self._lease.require(tx)
            await outbox.renew(tx, self._under_way, now)
            interrupted = dict(self._interrupted)
            await outbox.interrupted(tx, interrupted)
            claimed = await outbox.claim(tx, now, BATCH, lane)
        # The other lane may have told of these at the same time, and an attempt may have ended since.
        self._interrupted = dict(self._interrupted.items() - interrupted.items())
        if claimed:
            try:
                # Where the database was restored, what was claimed is withdrawn by this, and is not sent.
                await self._last_head.look(quickly=True)
            except Unavailable:
                self._interrupted |= {each.id: each.attempts for each in claimed if each.id not in self._under_way}
                raise
        for batch in _batches([each for each in claimed if each.id not in self._under_way]):
            ids = {each.id for each in batch}
            self._under_way |= ids
            ready: list[Ready] = []
            try:
                ready = await self._preparation.prepare(batch, tasks)
            except Unavailable:
                self._interrupted |= {each.id: each.attempts for each in batch}
                raise
            finally:
                self._under_way -= ids - {each.claimed.id for each in ready}
            by_room: dict[str, list[Ready]] = defaultdict(list)
            for each in ready:
                by_room[each.sealed.room_id].append(each)
            for messages in by_room.values():
                tasks.create_task(self._put_in_order(messages))
        return len(claimed)

    async def _put_in_order(self, messages: Sequence[Ready]) -> None:
        """Put one room's messages one after the other; whatever goes wrong is recorded here."""
        sent: list[tuple[Ready, str]] = []
        # Messages that are said together are one event: it is put once, and each is looked at.
        events: dict[str, str] = {}
        try:
            for position, each in enumerate(messages):
                try:
                    async with self._puts[each.claimed.message.lane]:
                        await self._last_look.require(each)
                        token = each.sealed.transaction_id
                        if token not in events:
                            async with asyncio.timeout(PUT_SECONDS):
                                events[token] = await self._senders.put(each.sealed)
                        sent.append((each, events[token]))
                except (DeliveryError, TimeoutError) as error:
                    code = _kind(error)
                    if code in REFUSED_FOR_GOOD:
                        await self._outcomes.give_up(each.claimed, "failed", code)
                        continue
                    wait = error.retry_after if isinstance(error, DeliveryError) else None
                    for waiting in messages[position:]:
                        await self._outcomes.put_off(waiting.claimed, code, wait)
                    if code == FORBIDDEN:
                        await self._keys.doubt(each.sealed.room_id)
                    break
            await self._record(sent)
        except Unavailable:
            # The same ciphertext is put again, which makes the same event.
            self._interrupted |= {each.claimed.id: each.claimed.attempts for each in messages}
            log.warning("delivery_not_recorded", count=len(sent))
        except Exception as error:  # noqa: BLE001 (what goes wrong in one room must not end the bot)
            log.failure("delivery_failed", error)
        finally:
            self._under_way -= {each.claimed.id for each in messages}
            # What came for this room in the meantime has been waiting for its turn.
            self.wake()

    async def _record(self, sent: Sequence[tuple[Ready, str]]) -> None:
        """Record what the homeserver accepted, and whom it cannot have reached."""
        if not sent:
            return
        unreached = sum(len(each.unreached) for each, _event in sent)
        if unreached:
            log.error("mentioned_people_unreached", count=unreached)
        async with self._database.transaction(urgent=True) as tx:
            reached, now = [(each.claimed.id, each.unreached) for each, _event in sent], self._clock.now()
            # The alert before its messages, as whoever ends it holds them too: neither waits for the other in turn.
            for each, _event in sent:
                await self._outcomes.call_otherwise(tx, each.claimed, each.unreached)
                if each.unreached and len(each.unreached) == len(each.claimed.message.mentions):
                    await self._outcomes.tell(tx, each.claimed)
            await outbox.mark_sent(tx, reached, now)
            await rooms.note_events(tx, [(each.claimed.id, event) for each, event in sent])
            for each, _event in sent:
                tx.afterwards(partial(self._outcomes.sent, each.claimed, now, each.unreached))


def _kind(error: Exception) -> str:
    return error.code if isinstance(error, DeliveryError) and error.code else type(error).__name__


def _batches(claimed: Sequence[Claimed]) -> Iterator[Sequence[Claimed]]:
    """Split off, one by one, what may have taken its deliverers down, so that it takes nothing else with it."""
    ordinary = [each for each in claimed if not each.suspect]
    if ordinary:
        yield ordinary
    for each in claimed:
        if each.suspect:
            yield [each]
