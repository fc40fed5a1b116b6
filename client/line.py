"""Requests to the API and their answers, whoever asks: bounded in time and size, every failure in our own words."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from client import errors
from client.answers import Answer
from core.errors import Unavailable

Read = TypeVar("Read", bound=Answer)

REQUEST_SECONDS = 20.0
CONNECT_SECONDS = 5.0
LONG_BODY = 512 * 1024
# Contents of 8 MiB, in Base64, and what stands beside them.
LARGEST_ANSWER = 12 * 1024 * 1024


class Line:
    """Sends requests to one address while the context is entered. Nobody is followed elsewhere."""

    def __init__(self, api_url: str, *, language: str = "en", seconds: float = REQUEST_SECONDS) -> None:
        self._address = api_url
        self._base = URL(api_url)
        self._language = language
        self._seconds = seconds
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

    async def begin(
        self, path: str, headers: Mapping[str, str], waiting: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:  # fmt: skip
        """Send a request whose answer goes on; whoever reads it closes it."""
        http = self._entered()
        return await http.get(self._base / path, headers=headers, timeout=waiting, allow_redirects=False)

    async def send(
        self, method: str, path: str, body: object, query: dict[str, str] | None, *, token: str = ""
    ) -> bytes:
        """Send a request and return the body of its answer; a refusal is raised in the server's words."""
        http = self._entered()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data: bytes | io.BytesIO | None = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            encoded = msgspec.json.encode(body)
            # What is long is handed over in pieces, so that nothing else waits for it.
            data = encoded if len(encoded) < LONG_BODY else io.BytesIO(encoded)
        try:
            async with (
                asyncio.timeout(self._seconds),
                http.request(
                    method, self._base / path, params=query, data=data, headers=headers, allow_redirects=False
                ) as response,
            ):
                answer = await bounded(response)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(errors.UNREACHABLE, address=self._address) from error
        if response.status not in (200, 201, 204):
            raise errors.refusal(response.status, answer, self._address)
        return answer

    def _entered(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("enter the connection first")
        return self._http


async def bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return a body that is not larger than any answer is."""
    received = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        received += chunk
        if len(received) > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("endless answer")
    return bytes(received)


def read(gives: type[Read], data: bytes, address: str) -> Read:
    """Return an answer as it was asked for, or say that what answered is not Streha."""
    try:
        return msgspec.json.decode(data, type=gives)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable(errors.NOT_UNDERSTOOD, address=address) from None
