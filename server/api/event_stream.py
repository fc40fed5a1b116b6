"""Writing the live stream: server-sent events on one connection, without waiting for its reader.

Events are written straight to the transport, whatever they are once for all their readers. How much may wait there, and
for how long, `server.live.subscription` decides; here a connection that does not take even its end is dropped.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import lru_cache

import msgspec
from aiohttp import HttpVersion11, hdrs, web

from server.api.wire import Nothing, Wire
from server.api.wire.stream import StreamAlive, StreamChange, StreamEnded
from server.live.events import AccessChanged, Alive, Changed, Ended, Ending, Event, Packet, Reset
from server.live.place import Place
from server.live.subscription import Subscription

CONTENT_TYPE = "text/event-stream"
LAST_EVENT_ID = "Last-Event-ID"
# A proxy that gathered an answer before passing it on would hold back an alert.
HEADERS = {hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}
SOCKET_BYTES = 64 * 1024
LEAVE_SECONDS = 2.0


async def send(request: web.Request, subscription: Subscription) -> web.StreamResponse:
    """Answer a request with a stream, for as long as it lasts."""
    response = web.StreamResponse(headers=HEADERS)
    response.content_type = CONTENT_TYPE
    response.charset = "utf-8"
    try:
        with suppress(ConnectionError):
            await response.prepare(request)
            # The headers go out now; all else is written past the response.
            await response.write(b"")
            transport = request.transport
            if transport is not None:
                subscription.open(_Line(transport, chunked=request.version >= HttpVersion11))
                reason = await subscription.over()
                if reason is not None:
                    await _take_leave(response, transport, reason)
    finally:
        subscription.end(None)
    return response


def resumed(request: web.Request) -> dict[str, str]:
    """Return what a reader that comes back says of where it was, in the words of the query."""
    last = request.headers.get(LAST_EVENT_ID)
    return {} if last is None else {"after": last}


@lru_cache(maxsize=4096)
def frame(event: Event) -> bytes:
    """Return one event as it stands in the stream."""
    match event:
        case Changed():
            data = StreamChange(act=event.act, object=event.object, id=event.id, case=event.case)
            return _frame("change", event.place, data)
        case AccessChanged():
            return _frame("access", event.place, Nothing())
        case Reset():
            return _frame("reset", event.place, Nothing())
        case Alive():
            return _frame("alive", event.place, StreamAlive(at=event.at))
        case Ended():
            return _frame("ended", None, StreamEnded(reason=event.reason))


class _Line:
    """One connection, as the feed writes to it."""

    def __init__(self, transport: asyncio.Transport, *, chunked: bool) -> None:
        self._transport = transport
        self._chunked = chunked
        self._written = transport.get_write_buffer_size()
        # What a slow reader leaves unread is bounded in the system too.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)

    @property
    def gone(self) -> bool:
        """Whether the connection is closed."""
        return self._transport.is_closing()

    @property
    def unread(self) -> int:
        """How many bytes wait in this process."""
        return self._transport.get_write_buffer_size()

    @property
    def taken(self) -> int:
        """How many bytes have left this process."""
        return self._written - self.unread

    def write(self, packet: Packet) -> None:
        """Write a packet, or leave it to the transport."""
        if not self._transport.is_closing():
            data = _written(packet, chunked=self._chunked)
            self._transport.write(data)
            self._written += len(data)


async def _take_leave(response: web.StreamResponse, transport: asyncio.Transport, reason: Ending) -> None:
    """Say why the stream ends, and drop the connection where nobody takes it."""
    response.force_close()
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await response.write(frame(Ended(reason)))
            # Ended is what has left this process, not what waits in it.
            transport.set_write_buffer_limits(high=0)
            await response.write_eof()
    except TimeoutError:
        transport.abort()


def _written(packet: Packet, *, chunked: bool) -> bytes:
    found = packet.written.get(chunked)
    if found is None:
        found = b"".join(frame(each) for each in packet.events)
        if chunked:
            found = b"%x\r\n%b\r\n" % (len(found), found)
        packet.written[chunked] = found
    return found


def _frame(name: str, place: Place | None, data: Wire) -> bytes:
    id_ = b"" if place is None else b"id: %b\n" % str(place).encode()
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), id_, msgspec.json.encode(data))
