"""What a reader of the live stream is told. How it is written down stands in `server.api.event_stream`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.live.acts import Object
from server.live.place import Place


class Ending(StrEnum):
    """Why the server ends a stream."""

    SLOW = "slow"
    SIGNED_OUT = "signed_out"
    CLOSING = "closing"
    TOO_MANY = "too_many"


class _Placed:
    """An event whose id says where to go on from."""

    __slots__ = ()
    place: Place

    @property
    def position(self) -> int:
        """The position of its place."""
        return self.place.position


@dataclass(frozen=True, slots=True)
class Changed(_Placed):
    """Something that the reader may know of has changed: ids only, the reader fetches what it may see."""

    place: Place
    act: str
    object: Object
    id: UUID | None
    case: UUID | None


@dataclass(frozen=True, slots=True)
class AccessChanged(_Placed):
    """What the reader may see has changed."""

    place: Place


@dataclass(frozen=True, slots=True)
class Reset(_Placed):
    """Nobody can say what the reader has missed: it loads everything anew, and follows from here."""

    place: Place


@dataclass(frozen=True, slots=True)
class Alive:
    """Nothing was missed up to now, and up to this place where there is one."""

    at: datetime
    place: Place | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The server ends the stream after this."""

    reason: Ending


News = Changed | AccessChanged
Event = News | Reset | Alive | Ended


class Packet:
    """Events that go out together, perhaps to many readers. Whoever writes them keeps here what they became."""

    __slots__ = ("events", "first", "written")

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = tuple(events)
        # The lowest position of what is news in it.
        self.first = min((each.position for each in events if isinstance(each, News)), default=None)
        self.written: dict[bool, bytes] = {}

    def after(self, position: int) -> Packet | None:
        """Return what of it is new to a reader who has seen everything up to a position."""
        if self.first is None or self.first > position:
            return self
        fresh = [each for each in self.events if not isinstance(each, News) or each.position > position]
        return Packet(fresh) if fresh else None
