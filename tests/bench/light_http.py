"""An HTTP client that costs next to nothing, so that what is measured is the server.

It speaks just enough HTTP/1.1 for what our own servers answer: kept-alive connections, one request at a time on
each, answers with a Content-Length.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from tests.bench.row import MeasurementFailed

_LENGTH = b"\r\nContent-Length: "


class Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._received = bytearray()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request as it is; return the answer's status and body."""
        if self._transport is None or self._transport.is_closing():
            raise MeasurementFailed("the server has closed a connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by asyncio)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Give the answer once all of it is there (called by asyncio)."""
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0 or self._answer is None:
            return
        length = 0
        begins = self._received.find(_LENGTH, 0, head)
        if begins >= 0:
            begins += len(_LENGTH)
            length = int(self._received[begins : self._received.index(b"\r\n", begins)])
        if len(self._received) >= head + 4 + length:
            status, body = int(self._received[9:12]), bytes(self._received[head + 4 :])
            self._received.clear()
            self._answer.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits (called by asyncio)."""
        del exc
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(MeasurementFailed("the server has closed a connection"))


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """Open so many connections to a server on this machine."""
    loop = asyncio.get_running_loop()
    opened: list[Connection] = []
    try:
        for _ in range(count):
            _transport, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            opened.append(connection)
        yield opened
    finally:
        for each in opened:
            each.close()


def request(method: str, path: str, *, token: str = "", body: bytes = b"") -> bytes:
    """Return a request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def all_at_once(opened: Sequence[Connection], requests: Iterable[bytes]) -> list[float]:
    """Send one request on each connection, all at once; return how many seconds each answer took."""

    async def ask(connection: Connection, sent: bytes) -> float:
        started_at = time.monotonic()
        status, body = await connection.ask(sent)
        took = time.monotonic() - started_at
        if status >= 300:
            raise MeasurementFailed(f"answered {status}: {body[:200]!r}")
        return took

    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ask(each, sent)) for each, sent in zip(opened, requests, strict=True)]
    return [each.result() for each in asked]


async def one_by_one(connection: Connection, requests: Iterable[bytes]) -> list[float]:
    """Send requests one after the other; return how many seconds each answer took."""
    took = []
    for sent in requests:
        took += await all_at_once([connection], [sent])
    return took
