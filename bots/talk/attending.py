"""Attending to what has come: panics at once and side by side, everything else in its order beside them.

What is handled is forgotten; what cannot be stored now stays in the device's inbox and is tried again, and so does any
panic that fails. Where a panic cannot be stored, the room hears so at once, whatever else waits; and once more when
this bot, cut off for longer than its lease, cannot tell any more whether another has raised it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import NoReturn

from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.received import Arrival, Received
from bots.rooms.last_known import LastKnown
from bots.talk.flood import by_turns
from bots.talk.handling import Handling, NotYet, is_panic
from bots.words.rendering import text_content
from bots.words.replies import NOT_KNOWN, NOT_RAISED
from core import logs, metrics
from core.clock import Clock
from core.errors import Unavailable
from core.settings import Settings
from core.texts import render

log = logs.get(__name__)

RETRY_SECONDS = 1.0
PANICS_AT_ONCE = 32


class Attending:
    """Hands every arrival to `bots.talk.handling`, once if that is possible."""

    def __init__(
        self, clock: Clock, settings: Settings, device: MatrixDevice, handling: Handling, last_known: LastKnown,
        lease: Lease,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._settings = settings
        self._device = device
        self._handling = handling
        self._last_known = last_known
        self._lease = lease
        self._panics_woken = asyncio.Event()
        self._others_woken = asyncio.Event()
        self._under_way: set[str] = set()
        # What was tried and could not be done yet.
        self._left: set[str] = set()
        # What the room was told of a panic that could not be stored.
        self._warned: dict[str, str] = {}
        self._newest = float("-inf")
        self._watchers: list[Callable[[Arrival], None]] = []

    def watch(self, handled: Callable[[Arrival], None]) -> None:
        """Call this with everything that was handled."""
        self._watchers.append(handled)

    def wake(self) -> None:
        """Look into the inbox now."""
        self._panics_woken.set()
        self._others_woken.set()

    async def run(self) -> NoReturn:
        """Attend for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._attend_to_panics(tasks))
            tasks.create_task(self._attend_to_others())
        raise AssertionError("unreachable: the loops have no end")

    async def _attend_to_panics(self, tasks: asyncio.TaskGroup) -> NoReturn:
        while True:
            self._panics_woken.clear()
            panics, _others = in_turn(self._device.pending(), self._left)
            for arrival in panics:
                if arrival.event_id not in self._under_way and len(self._under_way) < PANICS_AT_ONCE:
                    self._under_way.add(arrival.event_id)
                    tasks.create_task(self._attend_to_panic(arrival))
            await self._woken(self._panics_woken, soon=bool(panics))

    async def _attend_to_panic(self, arrival: Arrival) -> None:
        try:
            await self._handled(arrival)
        finally:
            self._under_way.discard(arrival.event_id)
            # What this room said after its panic had to wait until it was tried.
            self._others_woken.set()

    async def _attend_to_others(self) -> NoReturn:
        while True:
            self._others_woken.clear()
            _panics, others = in_turn(self._device.pending(), self._left)
            done = True
            for arrival in others:
                done = await self._handled(arrival)
                if not done:
                    # The database does not answer: it is not asked in vain for each of the others too.
                    break
            await self._woken(self._others_woken, soon=not done)

    async def _woken(self, woken: asyncio.Event, *, soon: bool) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS if soon else self._settings.sweep_interval):
                await woken.wait()

    async def _handled(self, arrival: Arrival) -> bool:
        """Handle one arrival; False where it has to be tried again."""
        try:
            await self._handling.handle(arrival)
        except NotYet:
            # It stays in the inbox and is looked at again, and keeps no other waiting.
            return True
        except Exception as error:  # noqa: BLE001 (a failing command is recorded and skipped)
            if not isinstance(error, Unavailable):
                log.failure("command_failed", error)
            if is_panic(arrival):
                await self._say_not_raised(arrival)
            if is_panic(arrival) or isinstance(error, Unavailable):
                self._left.add(arrival.event_id)
                metrics.EVENTS_LEFT.set(len(self._left))
                return False
        self._device.done(arrival.event_id)
        self._left.discard(arrival.event_id)
        self._warned.pop(arrival.event_id, None)
        metrics.EVENTS_LEFT.set(len(self._left))
        self._measure(arrival)
        for handled in self._watchers:
            handled(arrival)
        return True

    def _measure(self, arrival: Arrival) -> None:
        """Tell how late an event was handled. Its time is the homeserver's word, so never beyond the present."""
        now = self._clock.now()
        lag = max((now - arrival.sent_at).total_seconds(), 0.0)
        metrics.EVENT_LAG.observe(lag)
        self._newest = max(self._newest, now.timestamp() - lag)
        metrics.EVENT_NEWEST.set(self._newest)

    async def _say_not_raised(self, arrival: Arrival) -> None:
        """Answer a panic at once when it cannot be stored; it stays in the inbox and is tried again."""
        metrics.RAISES_NOT_STORED.count("channel")
        text = NOT_RAISED if self._lease.runs else NOT_KNOWN
        # Each is said once, and what is not known any more is not said again to be otherwise.
        if self._warned.get(arrival.event_id) in {text, NOT_KNOWN}:
            return
        try:
            joined = await self._device.homeserver.joined_members(arrival.room_id)
            members = self._last_known.may_hear(arrival.room_id, joined)
            await self._device.share_keys(arrival.room_id, members)
            body = render(text, self._settings.default_language, police=self._settings.police_number)
            content = text_content(body, members)
            await self._device.put(self._device.encrypt(arrival.room_id, "m.room.message", content))
            self._warned[arrival.event_id] = text
        except Exception as error:  # noqa: BLE001 (nothing in a room, or about it, may end the bot)
            log.failure("not_raised_not_said", error)


def in_turn(pending: Iterable[Arrival], left: Collection[str]) -> tuple[Sequence[Arrival], Sequence[Arrival]]:
    """Part panics from the rest; those that were `left` before come last, so that they keep nobody from being heard.

    Senders take turns: nobody's hundred panics stand before another's first. What a room said after its panic waits
    until that was tried: it may be about the alert.
    """
    panics: list[Received] = []
    others: list[Arrival] = []
    rooms: set[str] = set()
    for arrival in pending:
        if isinstance(arrival, Received) and is_panic(arrival):
            panics.append(arrival)
            if arrival.event_id not in left:
                rooms.add(arrival.room_id)
        elif arrival.room_id not in rooms:
            others.append(arrival)
    return sorted(by_turns(panics), key=lambda each: each.event_id in left), others
