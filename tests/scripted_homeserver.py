"""A homeserver that answers as a test says: real HTTP, invented answers, and an account of what was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bots.account.credentials import Credentials
from bots.device.device import MatrixDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.wire.homeserver import Homeserver
from core.clock import Clock

SECRET = b"an invented store key of 32 bytes"
BOT = "@bot:streha.example"

# What is answered: an object, or a status with an object, or raw bytes; None is to say nothing at all.
Answer = Mapping[str, Any] | tuple[int, Mapping[str, Any]] | bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    path: str
    query: Mapping[str, str]
    content: Any


Rule = Callable[[Asked], Awaitable[Answer]]


@dataclass(slots=True, kw_only=True)
class ScriptedHomeserver:
    """Answers by the first rule whose name is part of the path; what has no rule gets an empty object."""

    url: str = ""
    rules: dict[str, Rule] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def always(self, part: str, answer: Answer) -> None:
        """Give one answer to every such request."""

        async def rule(_asked: Asked) -> Answer:
            return answer

        self.rules[part] = rule

    def one_by_one(self, part: str, *answers: Answer) -> None:
        """Give these answers in their order, and the last one again and again."""
        left = list(answers)

        async def rule(_asked: Asked) -> Answer:
            return left.pop(0) if len(left) > 1 else left[0]

        self.rules[part] = rule

    def to(self, part: str) -> list[Asked]:
        """Return the requests whose path has this part."""
        return [each for each in self.asked if part in each.path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        asked = Asked(path=request.path, query=dict(request.query), content=json.loads(body) if body else None)
        self.asked.append(asked)
        rule = next((rule for part, rule in self.rules.items() if part in request.path), None)
        answer: Answer = {} if rule is None else await rule(asked)
        if answer is None:
            await self.ended.wait()
            answer = {}
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        whole = content if isinstance(content, bytes) else json.dumps(content).encode()
        return web.Response(status=status, body=whole, content_type="application/json")


@asynccontextmanager
async def serving() -> AsyncIterator[ScriptedHomeserver]:
    """Serve a homeserver without any rule yet."""
    scripted = ScriptedHomeserver()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        scripted.url = f"http://{host}:{port}"
        yield scripted
    finally:
        scripted.ended.set()
        await runner.cleanup()


@asynccontextmanager
async def device_of(
    scripted: ScriptedHomeserver, directory: Path, clock: Clock, *, patience: float = 5.0
) -> AsyncIterator[MatrixDevice]:
    """Open a device that has taken its first answer in; closing it is a restart's first half."""
    async with AsyncExitStack() as resources:
        session = await resources.enter_async_context(aiohttp.ClientSession())
        store = OlmStore(BOT, "BOT", directory, SECRET)
        resources.callback(store.close)
        machine = OlmMachine(BOT, "BOT", store)
        homeserver = Homeserver(scripted.url, session, "a-token", patience=patience)
        yield MatrixDevice(homeserver, machine, Credentials(directory, SECRET), clock, resources)
