"""Readers of many streams, in a process of their own: what they cost is the same whoever writes, and nobody's else.

`python -m tests.bench.stream_readers` reads commands from its standard input, one JSON line each, and answers each with
one line. `{"open": {"name": …, "port": …, "requests": […]}}` opens streams under a name, `{"hear": name}` begins to
wait for one piece of news on each of them, and `{"heard": name}` returns when each came, by the monotonic clock that
all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from tests.bench.row import MeasurementFailed

NEWS = b"event: change"
BEGUN = b"event: alive"
PATIENCE_SECONDS = 60.0
AT_ONCE = 20


class Stream(asyncio.Protocol):
    """One stream: knows when it began, and when the last news came."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.begun = asyncio.get_running_loop().create_future()
        self.heard_at = 0.0
        self.wave: Wave | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by asyncio)."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Note when news came (called by asyncio)."""
        if NEWS in data:
            self.heard_at = time.monotonic()
            if self.wave is not None:
                self.wave.less()
        elif not self.begun.done() and BEGUN in data:
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits (called by asyncio)."""
        del exc
        if not self.begun.done():
            self.begun.set_exception(MeasurementFailed("a stream was refused"))


class Wave:
    """One piece of news on its way to every stream."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._missing = len(streams)
        self._streams = streams
        self.over = asyncio.Event()
        for each in streams:
            each.wave = self

    def less(self) -> None:
        """One more stream has heard it."""
        self._missing -= 1
        if self._missing == 0:
            self.over.set()

    @property
    def times(self) -> list[float]:
        """When each of them heard it."""
        return [each.heard_at for each in self._streams]


class Readers:
    """The process, as the benchmark speaks to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def open(self, name: str, port: int, requests: Sequence[bytes]) -> None:
        """Open a stream for each of these requests."""
        sent = [each.decode() for each in requests]
        await self._ask({"open": {"name": name, "port": port, "requests": sent}})

    async def hear(self, name: str) -> None:
        """Begin to wait for news."""
        await self._ask({"hear": name})

    async def heard(self, name: str) -> list[float]:
        """Return when each stream heard them."""
        return cast("list[float]", await self._ask({"heard": name}))

    async def _ask(self, command: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await self._process.stdout.readline()
        if not answer:
            raise MeasurementFailed("the process of the readers ended")
        return json.loads(answer)


@asynccontextmanager
async def readers() -> AsyncIterator[Readers]:
    """Run the readers until the context is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=4 * 1024 * 1024,
    )  # fmt: skip
    try:
        yield Readers(process)
    finally:
        process.terminate()
        await process.wait()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    opened: dict[str, list[Stream]] = {}
    waves: dict[str, Wave] = {}
    while line := await commands.readline():
        answer: object = None
        match json.loads(line):
            case {"open": {"name": name, "port": port, "requests": requests}}:
                opened[name] = await _open(port, requests)
            case {"hear": name}:
                waves[name] = Wave(opened[name])
            case {"heard": name}:
                await waves[name].over.wait()
                answer = waves[name].times
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


async def _open(port: int, requests: Sequence[str]) -> list[Stream]:
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(AT_ONCE)

    async def one(request: str) -> Stream:
        async with room:
            transport, stream = await loop.create_connection(Stream, "127.0.0.1", port)
            transport.write(request.encode())
            await stream.begun
            return stream

    async with asyncio.TaskGroup() as tasks:
        opening = [tasks.create_task(one(each)) for each in requests]
    return [each.result() for each in opening]


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_serve())
