"""Following the live stream: what changes, for as long as one listens, whatever breaks on the way.

Every event's id is where to go on from. A line that is lost, or silent for longer than its signs of life, is taken up
again, after waits that grow and are never quite the same; that it was lost, and that it is back, is told.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from random import random

import msgspec

from client.answers import Answer, Change
from client.connection import Connection, Sleep
from core.errors import LimitReached, Unavailable

# Signs of life come every fifteen seconds.
SILENT_SECONDS = 40.0
SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
CROWDED_PAUSE = 30.0
LARGEST_EVENT = 1024 * 1024
# What an id may be that is sent back in a header; what it says is the server's business.
_ID = re.compile(rb"[0-9A-Za-z._-]{1,100}")
_LINE_ENDS = re.compile(rb"\r\n|\n|\r(?!\Z)")


class Tidings(StrEnum):
    """What a listener is told."""

    # Follows, or follows again, and nothing was missed.
    LIVE = "live"
    # Does not follow any more; tries again.
    LOST = "lost"
    CHANGE = "change"
    # Load everything anew: one's rights have changed, or nobody knows what was missed.
    ACCESS = "access"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that a listener is told; `change` says what changed."""

    tidings: Tidings
    # The event's id: where to go on from, and nothing that a listener could reckon with.
    place: str | None = None
    change: Change | None = None


class _Ended(Answer, frozen=True, kw_only=True):
    reason: str = ""


async def follow(
    connection: Connection, after: str | None = None, *, sleep: Sleep = asyncio.sleep,
    chance: Callable[[], float] = random,
) -> AsyncGenerator[Told, None]:  # fmt: skip
    """Follow from an event's id, or from now on; ends only with an error that trying again cannot mend."""
    place, live, failures = after, False, 0
    while True:
        pause = 0.0
        try:
            async with aclosing(_events(connection, place)) as events:
                async for event in events:
                    place = place if event.id is None else event.id
                    if event.name == "ended":
                        pause = CROWDED_PAUSE if event.ended_with("too_many") else 0.0
                        break
                    if not live:
                        live, failures = True, 0
                        yield Told(tidings=Tidings.LIVE, place=place)
                    told = event.told()
                    if told is not None:
                        yield told
        except (Unavailable, LimitReached):
            # Said below, once; the next attempt knows more.
            pass
        if live:
            live = False
            yield Told(tidings=Tidings.LOST, place=place)
        await sleep(pause or _backoff(failures, chance()))
        failures += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it stands in a stream."""

    name: str
    id: str | None
    data: bytes

    def told(self) -> Told | None:
        """Return what this tells a listener; nothing where it is a sign of life, or of another version."""
        if self.name == Tidings.CHANGE:
            try:
                change = msgspec.json.decode(self.data, type=Change)
            except (msgspec.DecodeError, UnicodeDecodeError):
                # Something has changed, and nobody can tell what.
                return Told(tidings=Tidings.RESET, place=self.id)
            return Told(tidings=Tidings.CHANGE, place=self.id, change=change)
        if self.name in (Tidings.ACCESS, Tidings.RESET):
            return Told(tidings=Tidings(self.name), place=self.id)
        return None

    def ended_with(self, reason: str) -> bool:
        """Whether the server ended the stream for this reason."""
        try:
            return msgspec.json.decode(self.data, type=_Ended).reason == reason
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False


class EventReader:
    """Makes events of bytes, in whatever pieces they come (HTML Living Standard, 9.2.6)."""

    def __init__(self) -> None:
        self._rest = b""
        self._fields: dict[str, bytes] = {}
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take bytes in; return the events that they complete."""
        *lines, self._rest = _LINE_ENDS.split(self._rest + data)
        if len(self._rest) > LARGEST_EVENT:
            raise ValueError("an endless event")
        for line in lines:
            if line:
                self._take(line)
            elif (event := self._done()) is not None:
                yield event

    def _take(self, line: bytes) -> None:
        # Of one event, however many lines it has: a server may never end it.
        self._size += len(line)
        if self._size > LARGEST_EVENT:
            raise ValueError("an endless event")
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data" and "data" in self._fields:
            value = self._fields["data"] + b"\n" + value
        self._fields[name.decode(errors="replace")] = value

    def _done(self) -> Event | None:
        fields, self._fields, self._size = self._fields, {}, 0
        if "data" not in fields:
            return None
        id_ = fields.get("id", b"")
        return Event(
            name=fields.get("event", b"message").decode(errors="replace"),
            id=id_.decode() if _ID.fullmatch(id_) else None,
            data=fields["data"],
        )


async def _events(connection: Connection, after: str | None) -> AsyncGenerator[Event, None]:
    headers = {"Accept": "text/event-stream"} | ({} if after is None else {"Last-Event-ID": after})
    reader = EventReader()
    async with connection.listen("api/stream", headers, silent_seconds=SILENT_SECONDS) as pieces:
        async for piece in pieces:
            for event in reader.feed(piece):
                yield event


def _backoff(failures: int, chance: float) -> float:
    """Return how long to wait: half of it certain, half by chance, so that not everybody comes back at once."""
    most: float = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(failures, 10))
    return most / 2 * (1 + chance)
