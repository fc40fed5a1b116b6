"""One signed-in connection to the API: challenge, session, requests, repeats of what may be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from client import errors
from client.answers import Answer, Challenge, Session
from client.key_file import KeyFile
from core.errors import NotAuthenticated, Unavailable
from crypto import sign_in

Read = TypeVar("Read", bound=Answer)
Sleep = Callable[[float], Awaitable[None]]

REQUEST_SECONDS = 20.0
CONNECT_SECONDS = 5.0
PAUSES = (0.5, 2.0)
LARGEST_ANSWER = 8 * 1024 * 1024


class Connection:
    """Sends requests as one person. Signs in by itself, and again when the session has ended."""

    def __init__(
        self, key: KeyFile, *, language: str = "en", sleep: Sleep = asyncio.sleep, seconds: float = REQUEST_SECONDS
    ) -> None:
        self._key = key
        self._base = URL(key.api_url)
        self._language = language
        self._sleep = sleep
        self._seconds = seconds
        self._token = ""
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            headers={"Accept-Language": self._language, "User-Agent": "streha"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

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
        return _read(gives, await self._signed_in(method, path, body, query, repeat=repeat), self._key.api_url)

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
        if self._http is None:
            raise RuntimeError("enter the connection first")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silent_seconds)
        while True:
            fresh = not self._token
            if fresh:
                await self._sign_in()
            given = {**headers, "Authorization": f"Bearer {self._token}"}
            response = await self._http.get(self._base / path, headers=given, timeout=timeout, allow_redirects=False)
            if response.status == 200:
                return response
            async with response:
                refused = errors.refusal(response.status, await _bounded(response), self._key.api_url)
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
            return await self._send(method, path, body, query, token=self._token)
        except NotAuthenticated:
            self._token = ""
            if fresh:
                raise
        await self._sign_in()
        return await self._send(method, path, body, query, token=self._token)

    async def _sign_in(self) -> None:
        person = self._key.person_id
        asked = await self._send("POST", "api/sign-in/challenges", {"person": person}, None)
        nonce = _read(Challenge, asked, self._key.api_url).nonce
        if len(nonce) != sign_in.NONCE_BYTES:
            raise Unavailable(errors.NOT_UNDERSTOOD, address=self._key.api_url)
        signature = sign_in.answer(
            self._key.seed, network=self._key.network, origin=self._key.origin, person=person.bytes, nonce=nonce
        )
        answer = {"person": person, "nonce": nonce, "signature": signature}
        self._token = _read(
            Session, await self._send("POST", "api/sign-in/sessions", answer, None), self._key.api_url
        ).token

    async def _send(
        self, method: str, path: str, body: object, query: dict[str, str] | None, *, token: str = ""
    ) -> bytes:
        if self._http is None:
            raise RuntimeError("enter the connection first")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.request(
                    method, self._base / path, params=query, data=data, headers=headers, allow_redirects=False
                ) as response,
            ):
                answer = await _bounded(response)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(errors.UNREACHABLE, address=self._key.api_url) from error
        if response.status not in (200, 201, 204):
            raise errors.refusal(response.status, answer, self._key.api_url)
        return answer


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        received += chunk
        if len(received) > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("endless answer")
    return bytes(received)


def _read(gives: type[Read], data: bytes, address: str) -> Read:
    try:
        return msgspec.json.decode(data, type=gives)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable(errors.NOT_UNDERSTOOD, address=address) from None
