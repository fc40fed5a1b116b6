"""A line between two programs that tests can cut: TCP connections passed on until then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Tunnel:
    """Passes connections on to one address, or refuses them while it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0

    def lead_to(self, port: int) -> None:
        """Pass further connections on to another port."""
        self._target = (self._target[0], port)

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self._cut = True
        self._flowing.set()
        for writer in self._open:
            writer.transport.abort()

    def stall(self) -> None:
        """Keep connections open, take new ones, and pass nothing on."""
        self._flowing.clear()

    def mend(self) -> None:
        """Pass connections on again."""
        self._cut = False
        self._flowing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        if self._cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        both = {writer, far_writer}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass_on(reader, far_writer))
                tasks.create_task(self._pass_on(far_reader, writer))
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(64 * 1024):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def tunnel(host: str, port: int) -> AsyncIterator[Tunnel]:
    """Listen on a free port while the context is entered."""
    made = Tunnel(host, port)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        server.close()
        await server.wait_closed()
