"""Delivery: from outbox to rooms, each message exactly once, each room in order, alerts first.

A pass claims messages and has them made ready (`bots.preparation`): every ciphertext is stored with its
transaction id before anything leaves. Whoever repeats a PUT with the same transaction id from the same
device makes the same event, so that this process may be killed at any point: before the ciphertext is
stored nothing has happened, afterwards the same event is put again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from bots import rooms
from bots.device import MatrixDevice
from bots.housekeeping import Housekeeping
from bots.lease import Lease
from bots.occupants import Occupants
from bots.outcomes import Outcomes
from bots.preparation import Preparation, Ready
from bots.rendering import Renderer
from core import logs, outbox
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, Permanent, StrehaError, Temporary, Unavailable

log = logs.get(__name__)

BATCH = 200
PUTS_AT_ONCE = 40
PUT_SECONDS = 15.0
OWED_RETRY_SECONDS = 1.0
SIGNED_OUT = "M_UNKNOWN_TOKEN"


class Delivery:
    """Delivers what the outbox holds."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, lease: Lease, housekeeping: Housekeeping,
        occupants: Occupants, renderer: Renderer,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._outcomes = Outcomes(database, clock)
        self._preparation = Preparation(
            database, clock, device, lease, housekeeping, occupants, renderer, self._outcomes
        )
        self._puts = asyncio.Semaphore(PUTS_AT_ONCE)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._woken.set()

    async def run(self, interval: float) -> NoReturn:
        """Deliver for ever: when woken, and every few seconds regardless."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._woken.clear()
                try:
                    while await self.deliver(tasks):
                        pass
                    await self._preparation.give_owed_keys()
                except Unavailable:
                    log.warning("delivery_interrupted", error="database")
                with suppress(TimeoutError):
                    async with asyncio.timeout(OWED_RETRY_SECONDS if self._preparation.owes_keys else interval):
                        await self._woken.wait()
        raise AssertionError("unreachable: the loop has no end")

    async def deliver(self, tasks: asyncio.TaskGroup) -> int:
        """Claim a batch, have it made ready and start its PUTs; return how many messages were claimed."""
        async with self._database.transaction(urgent=True) as tx:
            claimed = await outbox.claim(tx, self._clock.now(), BATCH)
        if claimed:
            by_room: dict[str, list[Ready]] = defaultdict(list)
            for each in await self._preparation.prepare(claimed):
                by_room[each.sealed.room_id].append(each)
            for messages in by_room.values():
                tasks.create_task(self._put_in_order(messages))
        return len(claimed)

    async def _put_in_order(self, messages: Sequence[Ready]) -> None:
        """Put one room's messages one after the other; whatever goes wrong is recorded here."""
        sent: list[tuple[Ready, str]] = []
        try:
            for position, each in enumerate(messages):
                try:
                    async with self._puts, asyncio.timeout(PUT_SECONDS):
                        sent.append((each, await self._device.put(each.sealed)))
                except (Temporary, TimeoutError) as error:
                    for waiting in messages[position:]:
                        wait = error.retry_after if isinstance(error, DeliveryError) else None
                        await self._outcomes.put_off(waiting.claimed, _kind(error), wait)
                    break
                except Permanent as error:
                    if error.code == SIGNED_OUT:
                        # Nothing is wrong with the message: it waits for a device that may send.
                        for waiting in messages[position:]:
                            await self._outcomes.put_off(waiting.claimed, error.code)
                        break
                    await self._outcomes.give_up(each.claimed, "failed", error.code or "refused")
            await self._record(sent)
        except Unavailable:
            # The lease runs out and the same ciphertext is put again, which makes the same event.
            log.warning("delivery_not_recorded", count=len(sent))
        except StrehaError as error:
            log.failure("delivery_failed", error)
        finally:
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
            reached = [(each.claimed.id, each.unreached) for each, _event in sent]
            await outbox.mark_sent(tx, reached, self._clock.now())
            await rooms.note_events(tx, [(each.claimed.id, event) for each, event in sent])


def _kind(error: Exception) -> str:
    return error.code if isinstance(error, DeliveryError) and error.code else type(error).__name__
