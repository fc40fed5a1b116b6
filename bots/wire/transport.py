"""Requests to a homeserver: made in time, answered in bounds, every failure named.

Owns the mapping of failures: no answer, an unreadable one, 5xx and 429 become `Temporary`, every other
refusal `Permanent` with the Matrix error code. What an answer says beyond its code is never repeated.
`bots.wire.homeserver` owns which requests there are.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Self, TypeVar

import aiohttp

from bots.wire import untrusted_json
from core.errors import Permanent, Temporary

LARGEST_ANSWER = 64 * 1024 * 1024
PATIENCE = 20.0
# A code is shown and logged, so it must not be able to carry a sentence.
_CODE = re.compile(r"[A-Z][A-Z0-9_.]{0,63}")
_T = TypeVar("_T")


class AuthenticationWanted(Permanent):
    """The homeserver wants the account's password for this step."""

    def __init__(self, session: str) -> None:
        super().__init__("The homeserver wants the account's password for this step.", code="M_UNAUTHORIZED")
        self.session = session


class Transport:
    """One account's way to one homeserver; without a token, only what needs none."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        access_token: str = "",
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._access_token = access_token
        self._patience = patience

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def as_device(self, access_token: str) -> Self:
        """Return the same homeserver with this device's token."""
        return type(self)(self._url, self._session, access_token, patience=self._patience)

    async def call_or_none(self, method: str, path: str) -> dict[str, Any] | None:
        """Make a request; return nothing when the homeserver has no such thing."""
        try:
            return await self.call(method, path)
        except Permanent as error:
            if error.code == "M_NOT_FOUND":
                return None
            raise

    async def call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        extra_patience: float = 0.0,
        list_as: str | None = None,
    ) -> dict[str, Any]:
        """Make a request and return its answer, or raise Temporary or Permanent.

        A good answer that is no object but a list becomes the part `list_as` of one.
        """
        headers = {"Authorization": f"Bearer {self._access_token}"} if self._access_token else {}
        body: bytes | None = None
        if content is not None:
            headers["Content-Type"] = "application/json"
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            async with (
                asyncio.timeout(self._patience + extra_patience),
                self._session.request(
                    method,
                    self._url + path,
                    data=body,
                    params=query,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None),
                ) as response,
            ):
                body_read = await _bounded(response)
                if list_as is not None and 200 <= response.status < 300:
                    body_read = b'{"%b":%b}' % (list_as.encode(), body_read)
                return await _judged(response.status, body_read)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Temporary("The homeserver does not answer.", code=type(error).__name__) from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(256 * 1024):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise Temporary("The homeserver's answer is too large.", code="too_large")
    return bytes(body)


async def _judged(status: int, body: bytes) -> dict[str, Any]:
    """Return a good answer; raise what any other answer means. What it says is never repeated."""
    try:
        answer = await untrusted_json.read_object_aside(body)
    except ValueError:
        answer = {}
        if 200 <= status < 300:
            raise Temporary("The homeserver's answer cannot be read.", code="unreadable") from None
    if 200 <= status < 300:
        return answer
    code = answer.get("errcode")
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else f"HTTP_{status}"
    if status == 429:
        raise Temporary("The homeserver asks to wait.", code=code, retry_after=_wait(answer))
    if status >= 500 or status == 408:
        raise Temporary("The homeserver could not do this now.", code=code)
    if status == 401 and isinstance(answer.get("flows"), list):
        session = answer.get("session")
        raise AuthenticationWanted(session if isinstance(session, str) else "")
    raise Permanent("The homeserver refused.", code=code)


def _wait(answer: Mapping[str, Any]) -> float | None:
    wait = answer.get("retry_after_ms")
    return min(float(wait) / 1000, 3600.0) if isinstance(wait, int | float) and wait >= 0 else None


def part_in(answer: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    """Return a part that the answer must have: one that says nothing does not say that there is nothing."""
    value = answer.get(name)
    if not isinstance(value, kind):
        raise Temporary("The homeserver's answer lacks a part.", code="incomplete")
    return value


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """Return a text that the answer must have."""
    value = part_in(answer, name, str)
    if not value:
        raise Temporary("The homeserver's answer lacks a part.", code="incomplete")
    return value


def list_in(answer: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list of the answer; an empty one when it has none."""
    value = answer.get(name)
    return value if isinstance(value, list) else []
