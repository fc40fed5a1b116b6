"""A homeserver that cannot be trusted: a proxy before a real one that spoils its answers by rules.

Owns the rules, how an answer is spoilt, and the account of what was done and asked. Every choice comes from one
seed, so that a failure can be played again. What an answer is made to say is `tests.forging`; who means it ill
from within, with sessions of their own, is `tests.evil_member`.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from deploy import ports
from tests import forging

LARGEST = 64 * 1024 * 1024
# How long an answer is kept back at most; less when the rules end.
DELAY_SECONDS = 1.5
# So that what is put into an answer arrives at once: nobody waits longer for news than this.
LONGEST_POLL_MILLISECONDS = 300

PARTS: dict[str, re.Pattern[str]] = {
    "sync": re.compile(r"GET .*/sync$"),
    "keys/query": re.compile(r"POST .*/keys/query$"),
    "keys/claim": re.compile(r"POST .*/keys/claim$"),
    "keys/upload": re.compile(r"POST .*/keys/upload$"),
    "sendToDevice": re.compile(r"PUT .*/sendToDevice/"),
    "send": re.compile(r"PUT .*/rooms/[^/]*/send/"),
    "messages": re.compile(r"GET .*/rooms/[^/]*/messages$"),
    "joined_members": re.compile(r"GET .*/rooms/[^/]*/joined_members$"),
    "members": re.compile(r"GET .*/rooms/[^/]*/members$"),
    "state": re.compile(r"GET .*/rooms/[^/]*/state(/|$)"),
    "joined_rooms": re.compile(r"GET .*/joined_rooms$"),
    "createRoom": re.compile(r"POST .*/createRoom$"),
    "invite": re.compile(r"POST .*/rooms/[^/]*/invite$"),
    "kick": re.compile(r"POST .*/rooms/[^/]*/kick$"),
}


class What(StrEnum):
    """What may happen to an answer."""

    # One of its values becomes another one.
    CORRUPT = "corrupt"
    # Some of its bytes become others: it may be no JSON any more.
    GARBLE = "garble"
    # It says what the rule's own function makes of it.
    FORGE = "forge"
    # The connection ends: before the homeserver has heard of the request, or after it has obeyed.
    DROP = "drop"
    DELAY = "delay"
    # The request is made twice; news are told a second time.
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    # The connection ends in the middle of the answer.
    TRUNCATE = "truncate"
    # Another answer than the homeserver's, which hears nothing.
    STATUS = "status"
    # There is no answer while the rules last.
    HANG = "hang"


@dataclass(slots=True, kw_only=True, eq=False)
class Rule:
    """What happens to the next `times` answers of a part; a forger lets an answer pass by returning nothing."""

    part: str
    what: What
    times: int = 1
    status: int = 502
    body: str = "<html>This is not the service you are looking for.</html>"
    forge: Callable[[Any], Any | None] = lambda answer: answer

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise ValueError(self.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was done, for whoever looks at a failure."""

    part: str
    what: What
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that reached the proxy."""

    part: str | None
    path: str
    content: bytes

    @property
    def json(self) -> Any:
        """The request's content."""
        return json.loads(self.content)


@dataclass(slots=True, repr=False)
class AdverseHomeserver:
    """Hands everything on, spoilt by the rules as long as there are any. The bot's requests only go through here."""

    homeserver: str
    seed: int = 0
    rules: list[Rule] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _over: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _session: aiohttp.ClientSession = field(init=False)
    _last_news: bytes | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 (chosen to be repeatable)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port; give the address."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await runner.setup()
        port = ports.choose(requested=None, remembered=None)
        await web.TCPSite(runner, ports.LOOPBACK, port).start()
        try:
            # No answer is kept compressed, for it may have to be changed.
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector, headers={"Accept-Encoding": "identity"}) as session:
                self._session = session
                yield f"http://{ports.LOOPBACK}:{port}"
        finally:
            self.calm()
            await runner.cleanup()

    def adopt(self, *rules: Rule, seed: int | None = None) -> None:
        """Begin to spoil answers, choosing by a new seed where one is given."""
        self._over.clear()
        self.rules.extend(rules)
        if seed is not None:
            self.seed, self._random = seed, random.Random(seed)  # noqa: S311 (as above)

    def calm(self) -> None:
        """End all rules; what hangs is let go."""
        self.rules.clear()
        self._over.set()

    def told(self) -> str:
        """Return what was done, for the message of a failure."""
        return f"seed {self.seed}: " + "; ".join(f"{each.what} {each.part} {each.detail}" for each in self.deeds)

    # One request ------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        line = f"{request.method} {request.path}"
        part = next((name for name, path in PARTS.items() if path.match(line)), None)
        if part != "sync":
            self.asked.append(Asked(part=part, path=request.raw_path, content=body))
        rule = self._next(part)
        if rule is None or rule.what is What.FORGE:
            return await self._forged(request, body, part)
        self._did(rule)
        match rule.what:
            case What.STATUS:
                return web.Response(status=rule.status, text=rule.body, content_type="application/json")
            case What.HANG:
                await self._over.wait()
                return _cut(request)
            case What.DROP:
                if self._random.random() < 0.5:
                    await self._fetch(request, body)
                return _cut(request)
            case What.DELAY:
                status, answer = await self._fetch(request, body)
                with suppress(TimeoutError):
                    async with asyncio.timeout(DELAY_SECONDS):
                        await self._over.wait()
            case What.DUPLICATE:
                status, answer = await self._twice(request, body, part)
            case _:
                status, answer = await self._fetch(request, body)
        if rule.what is What.TRUNCATE:
            return await self._half(request, status, answer)
        return _answer(status, self._spoilt(rule, answer))

    async def _forged(self, request: web.Request, body: bytes, part: str | None) -> web.Response:
        status, answer = await self._fetch(request, body)
        if part == "sync" and status == 200:
            self._last_news = answer
        # Asked for only now: while the homeserver waited for news, somebody may have made a rule.
        for rule in [each for each in self.rules if each.part == part and each.what is What.FORGE]:
            forged = rule.forge(json.loads(answer))
            if forged is not None:
                self._use(rule)
                self._did(rule)
                status, answer = 200, json.dumps(forged).encode()
        return _answer(status, answer)

    async def _twice(self, request: web.Request, body: bytes, part: str | None) -> tuple[int, bytes]:
        if part == "sync" and self._last_news is not None:
            return 200, self._last_news
        await self._fetch(request, body)
        return await self._fetch(request, body)

    async def _half(self, request: web.Request, status: int, answer: bytes) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        response.content_length = len(answer)
        await response.prepare(request)
        await response.write(answer[: self._random.randrange(len(answer))] if answer else b"")
        return _cut(request, response)

    async def _fetch(self, request: web.Request, body: bytes) -> tuple[int, bytes]:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() in {"authorization", "content-type"}
        }
        url = self.homeserver + re.sub(r"(?<=[?&]timeout=)\d+", _no_longer, request.raw_path)
        async with self._session.request(
            request.method, URL(url, encoded=True), data=body or None, headers=headers,
            allow_redirects=False,
        ) as answer:  # fmt: skip
            return answer.status, await answer.read()

    # Rules ------------------------------------------------------------------------------------------

    def _next(self, part: str | None) -> Rule | None:
        """Return the first rule for a part, spent by one. Forgers are asked when the answer is there."""
        for rule in self.rules:
            if rule.part == part and rule.what is not What.FORGE:
                self._use(rule)
                return rule
        return None

    def _use(self, rule: Rule) -> None:
        rule.times -= 1
        if rule.times <= 0:
            self.rules.remove(rule)

    def _did(self, rule: Rule, detail: str = "") -> None:
        self.deeds.append(Deed(part=rule.part, what=rule.what, detail=detail))

    def _spoilt(self, rule: Rule, answer: bytes) -> bytes:
        if self._over.is_set():
            # The rules ended while the homeserver waited for news: these belong to the calm, and are taken for good.
            return answer
        match rule.what:
            case What.GARBLE:
                return forging.garbled(answer, self._random)
            case What.REORDER:
                return json.dumps(forging.shuffled(json.loads(answer), self._random)).encode()
            case What.CORRUPT:
                value, place = forging.corrupted(json.loads(answer), self._random)
                self._did(rule, place)
                return value
            case _:
                return answer


def _no_longer(milliseconds: re.Match[str]) -> str:
    return str(min(int(milliseconds[0]), LONGEST_POLL_MILLISECONDS))


def _answer(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """End the connection without another word."""
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response(status=502)
