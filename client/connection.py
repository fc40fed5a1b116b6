"""One signed-in connection to the API: challenge, session, requests, repeats of what may be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp

from client import errors
from client.answers import Challenge, Session
from client.key_file import KeyFile
from client.line import CONNECT_SECONDS, REQUEST_SECONDS, Line, Read, bounded, read
from core.errors import NotAuthenticated, Unavailable
from crypto import sign_in

Sleep = Callable[[float], Awaitable[None]]

PAUSES = (0.5, 2.0)


class Connection:
    """Sends requests as one person. Signs in by itself, and again when the session has ended."""

    def __init__(
        self, key: KeyFile, *, language: str = "en", sleep: Sleep = asyncio.sleep, seconds: float = REQUEST_SECONDS
    ) -> None:
        self._key = key
        self._line = Line(key.api_url, language=language, seconds=seconds)
        self._sleep = sleep
        self._token = ""

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.__aexit__(kind, error, trace)

    async def ask(
        self,
        gives: type[Read],
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        repeat: bool = False,
    ) -> Read:
        """Send a request as the person and read the answer.

        `repeat` says that doing it twice is doing it once: it is then sent again when nothing answers.
        """
        return read(gives, await self._signed_in(method, path, body, query, repeat=repeat), self._key.api_url)

    async def tell(self, method: str, path: str, body: object = None, *, repeat: bool = False) -> None:
        """Send a request as the person that has no answer but success."""
        await self._signed_in(method, path, body, None, repeat=repeat)

    @asynccontextmanager
    async def listen(
        self, path: str, headers: Mapping[str, str], *, silent_seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a request whose answer goes on, and give its pieces; a line that is silent too long is lost."""
        try:
            response = await self._begin(path, headers, silent_seconds)
            try:
                yield response.content.iter_any()
            finally:
                response.close()
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(errors.UNREACHABLE, address=self._key.api_url) from error

    async def sign_out(self) -> None:
        """End the session, where there is one."""
        if self._token:
            await self._signed_in("DELETE", "api/sign-in/sessions/current", None, None, repeat=False)
            self._token = ""

    async def _begin(self, path: str, headers: Mapping[str, str], silent_seconds: float) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silent_seconds)
        while True:
            fresh = not self._token
            if fresh:
                await self._sign_in()
            given = {**headers, "Authorization": f"Bearer {self._token}"}
            response = await self._line.begin(path, given, timeout)
            if response.status == 200:
                return response
            async with response:
                refused = errors.refusal(response.status, await bounded(response), self._key.api_url)
            if not isinstance(refused, NotAuthenticated):
                raise refused
            self._token = ""
            if fresh:
                raise refused

    async def _signed_in(
        self, method: str, path: str, body: object, query: dict[str, str] | None, *, repeat: bool
    ) -> bytes:
        for pause in (*PAUSES, None):
            try:
                return await self._once_signed_in(method, path, body, query)
            except Unavailable:
                if not repeat or pause is None:
                    raise
                await self._sleep(pause)
        raise AssertionError("the last pause is None")

    async def _once_signed_in(self, method: str, path: str, body: object, query: dict[str, str] | None) -> bytes:
        fresh = not self._token
        if fresh:
            await self._sign_in()
        try:
            return await self._line.send(method, path, body, query, token=self._token)
        except NotAuthenticated:
            self._token = ""
            if fresh:
                raise
        await self._sign_in()
        return await self._line.send(method, path, body, query, token=self._token)

    async def _sign_in(self) -> None:
        person = self._key.person_id
        asked = await self._line.send("POST", "api/sign-in/challenges", {"person": person}, None)
        nonce = read(Challenge, asked, self._key.api_url).nonce
        if len(nonce) != sign_in.NONCE_BYTES:
            raise Unavailable(errors.NOT_UNDERSTOOD, address=self._key.api_url)
        signature = sign_in.answer(
            self._key.seed, network=self._key.network, origin=self._key.origin, person=person.bytes, nonce=nonce
        )
        answer = {"person": person, "nonce": nonce, "signature": signature}
        self._token = read(
            Session, await self._line.send("POST", "api/sign-in/sessions", answer, None), self._key.api_url
        ).token
