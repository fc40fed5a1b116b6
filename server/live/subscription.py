"""One reader's place in the feed: what waits until its connection is ready, what it has seen, and why it ended.

Handing something over never waits. The stream of a reader who takes nothing ends; coming back, it asks for the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agencies.model import PersonId
from server.live.events import Ending, Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a feed bears."""

    # Further behind than this, a reader loads everything anew.
    behind: int = 2_000
    per_person: int = 8
    # A browser gives all its windows together six connections to one place: some must be left for calling for help.
    per_session: int = 3
    streams: int = 2_000
    # What may gather while a reader is still being told what it missed.
    held: int = 1_000
    # What one reader may leave unread in this process; what its connection holds comes on top.
    unread_bytes: int = 256 * 1024
    stalled_seconds: float = 10.0
    alive_seconds: float = 15.0
    look_seconds: float = 1.0


class Sink(Protocol):
    """Where a reader's events are written."""

    @property
    def gone(self) -> bool:
        """Whether the reader has closed the connection."""
        ...

    @property
    def unread(self) -> int:
        """How many bytes this process still holds for the reader."""
        ...

    @property
    def taken(self) -> int:
        """How many bytes have left this process."""
        ...

    def write(self, packet: Packet) -> None:
        """Send a packet, or keep it until the connection takes it; never wait."""
        ...


class Subscription:
    """One open stream of one person."""

    def __init__(
        self, person_id: PersonId, session: bytes, limits: Limits, forget: Callable[[Subscription], None]
    ) -> None:
        self.person_id = person_id
        # The hash under which the session is kept; never the token itself.
        self.session = session
        self._limits = limits
        self._forget = forget
        self._opening = Packet([])
        # Up to here everything was handed over, or is known from elsewhere.
        self._seen = 0
        self._anew = False
        self._held: list[Packet] = []
        self._sink: Sink | None = None
        # How many bytes are taken when the opening is.
        self._opened_at = 0
        self._taken = 0
        self._moved_at = 0.0
        self._over = asyncio.Event()
        self.reason: Ending | None = None

    def begin(self, opening: Packet, seen: int) -> None:
        """Set what the reader hears first, and up to where everything is known with it."""
        self._opening = opening
        if not self._anew:
            self._seen = seen

    def open(self, sink: Sink) -> None:
        """Write what has gathered, and from now on everything at once."""
        gathered, self._held = self._held, []
        self._sink, self._moved_at = sink, time.monotonic()
        sink.write(self._opening)
        self._opened_at = sink.taken + sink.unread
        for packet in gathered:
            self.offer(packet)

    def offer(self, packet: Packet) -> None:
        """Hand over what is new to this reader. Never waits: where too much is unread already, the stream ends."""
        if self._over.is_set():
            return
        if self._sink is None:
            self._held.append(packet)
            if len(self._held) > self._limits.held:
                self.end(Ending.SLOW)
        elif self._unread(self._sink) > self._limits.unread_bytes:
            self.end(Ending.SLOW)
        elif (fresh := packet.after(self._seen)) is not None:
            self._sink.write(fresh)

    def _unread(self, sink: Sink) -> int:
        """Return what waits beyond the opening, which may be long: whoever comes back from far takes its time."""
        return sink.unread - max(0, self._opened_at - sink.taken)

    def assure(self, alive: Packet, position: int, alive_alone: Packet) -> None:
        """Say that nothing was missed, up to this position unless the reader is ahead of it."""
        if self._sink is not None:
            self.offer(alive if position >= self._seen else alive_alone)

    def reset(self, packet: Packet, position: int) -> None:
        """Have the reader load everything anew, and go on from a position, be it an earlier one."""
        # What it is told before that, if it does not follow yet, says nothing of where it goes on.
        self._seen, self._anew = position, True
        self.offer(packet)

    def look(self) -> None:
        """End the stream of a reader who is gone, or has taken nothing for too long."""
        if self._sink is None or self._over.is_set():
            return
        now, taken = time.monotonic(), self._sink.taken
        if self._sink.gone:
            self.end(None)
        elif not self._sink.unread or taken != self._taken:
            self._taken, self._moved_at = taken, now
        elif now - self._moved_at >= self._limits.stalled_seconds:
            self.end(Ending.SLOW)

    def end(self, reason: Ending | None) -> None:
        """End the stream; without a reason where nobody is there to be told."""
        if not self._over.is_set():
            self.reason = reason
            self._over.set()
            self._forget(self)

    async def over(self) -> Ending | None:
        """Wait until the stream has ended; return why."""
        await self._over.wait()
        return self.reason
