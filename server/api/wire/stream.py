"""The live stream over the wire: where to begin, and the data of each event; `server.api.event_stream` frames them.

What changed is told by ids alone; the reader fetches what it may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec

from server.api.wire import Moment, Wire
from server.live import place
from server.live.acts import Object
from server.live.events import Ending

EVENT_ID = f"^{place.WRITTEN}$"
EXAMPLE_ID = "120.5f3a9c01"
# The position of a board is the first half of an id.
BEGIN_AFTER = f"^({place.WRITTEN}|[0-9]{{1,18}})$"


class FollowStream(Wire, frozen=True, kw_only=True):
    """After which event's id, or which board's position, to begin; without one, now. `Last-Event-ID` goes before it."""

    after: Annotated[str, msgspec.Meta(pattern=BEGIN_AFTER, examples=[EXAMPLE_ID])] | None = None


class StreamChange(Wire, frozen=True, kw_only=True):
    """Something that the reader may know of has changed."""

    act: Annotated[str, msgspec.Meta(examples=["alert_raised"])]
    object: Object
    id: UUID | None
    case: UUID | None


class StreamAccess(Wire, frozen=True, kw_only=True):
    """What the reader may see has changed: load everything anew."""


class StreamReset(Wire, frozen=True, kw_only=True):
    """Too far behind, or an id that this ledger does not have: load everything anew, follow from this id."""


class StreamAlive(Wire, frozen=True, kw_only=True):
    """A sign of life, when the stream opens and every 15 seconds; with an id, nothing before it is missing."""

    at: Moment


class StreamEnded(Wire, frozen=True, kw_only=True):
    """The server ends the stream. After `signed_out`, sign in again; else go on from the last id."""

    reason: Ending


# What each event tells, for the API's description.
EVENTS: Mapping[str, type[Wire]] = {
    "change": StreamChange,
    "access": StreamAccess,
    "reset": StreamReset,
    "alive": StreamAlive,
    "ended": StreamEnded,
}
