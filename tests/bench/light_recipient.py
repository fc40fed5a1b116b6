"""A light Matrix client for rows with more recipients than strict clients fit on one machine.

It has what any recipient costs Streha and the homeserver: an account, a device signed by its owner, one-to-one
sessions, a sync that waits for news, and a ring that is really decrypted. It leaves out what a strict client does for
itself: nobody's keys are asked for, nobody's signature is checked, no state is kept, and nothing is shown.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol
from urllib.parse import quote

import aiohttp
import vodozemac

from core.clock import SystemClock
from tests.bench.row import MeasurementFailed
from tests.evil_member import MEGOLM, EvilMember

# Of a room only what is new, and nothing of who is in it: others' coming and going is not what is measured.
_FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "timeline": {"limit": 50, "types": ["m.room.encrypted"]},
            "state": {"types": []},
            "ephemeral": {"types": []},
            "account_data": {"types": []},
        },
    }
)
_POLL_MILLISECONDS = 30_000
_AGAIN_SECONDS = 0.5
_WRONG = (vodozemac.OlmDecryptionException, vodozemac.SessionCreationException, vodozemac.DecodeException)
clock = SystemClock()


class Read(Protocol):
    """What a client of either kind has read; `at` is when, in milliseconds since 1970."""

    @property
    def room_id(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def event_id(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def at(self) -> int: ...


class Recipient(Protocol):
    """A client of either kind."""

    @property
    def messages(self) -> Sequence[Read]: ...
    async def wait_for(
        self, wanted: Callable[[Read], bool], room_id: str, patience: float, /, *, after: int
    ) -> Read: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that was decrypted."""

    room_id: str
    sender: str
    event_id: str
    body: str
    at: int


@dataclass(slots=True, kw_only=True, eq=False)
class LightRecipient:
    """One such client; `member` is its device."""

    member: EvilMember
    messages: list[Heard] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _sessions: list[vodozemac.Session] = field(default_factory=list)
    _keys: dict[str, vodozemac.InboundGroupSession] = field(default_factory=dict)
    _unread: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _since: str | None = None

    async def join(self, room_id: str, patience: float) -> None:
        """Accept the invitation to a room, once it is there."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    with suppress(AssertionError):
                        return await self.member.join(room_id)
                    await asyncio.sleep(_AGAIN_SECONDS)
        except TimeoutError:
            raise MeasurementFailed("somebody was not invited") from None

    async def look(self, *, wait: bool) -> None:
        """Take in what is new; with `wait`, once there is something."""
        since = f"&since={quote(self._since)}" if self._since else ""
        timeout = _POLL_MILLISECONDS if wait else 0
        answer = await self.member.call("GET", f"/sync?timeout={timeout}&filter={quote(_FILTER)}{since}")
        self._since = str(answer["next_batch"])
        for event in answer.get("to_device", {}).get("events", []):
            self._take_key(event.get("content", {}))
        for room_id, news in answer.get("rooms", {}).get("join", {}).items():
            self._unread += [(room_id, event) for event in news.get("timeline", {}).get("events", [])]
        self._unread = [each for each in self._unread if not self._read(*each)]

    async def listen(self) -> NoReturn:
        """Take in what is new for ever."""
        while True:
            try:
                await self.look(wait=True)
            except (aiohttp.ClientError, AssertionError):
                await asyncio.sleep(_AGAIN_SECONDS)

    async def wait_for(
        self, wanted: Callable[[Read], bool], room_id: str, patience: float, /, *, after: int
    ) -> Read:  # fmt: skip
        """Return the first message in a room that fulfils the condition, leaving out as many as were read before."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    self._changed.clear()
                    for each in self.messages[after:]:
                        if each.room_id == room_id and wanted(each):
                            return each
                    await self._changed.wait()
        except TimeoutError:
            raise MeasurementFailed("a light client has not read what it should") from None

    def _take_key(self, content: dict[str, Any]) -> None:
        """Keep the key of a room session, where that is what somebody sent to this device."""
        box = content.get("ciphertext", {}).get(self.member.curve25519)
        if box is None:
            return
        opened = self._opened(str(content["sender_key"]), box)
        if opened is not None and opened.get("type") == "m.room_key":
            key = vodozemac.SessionKey(opened["content"]["session_key"])
            self._keys[opened["content"]["session_id"]] = vodozemac.InboundGroupSession(key)

    def _opened(self, sender_key: str, box: dict[str, Any]) -> dict[str, Any] | None:
        body = str(box["body"])
        message = vodozemac.AnyOlmMessage.from_parts(box["type"], base64.b64decode(body + "=" * (-len(body) % 4)))
        for session in self._sessions:
            with suppress(*_WRONG):
                known: dict[str, Any] = json.loads(session.decrypt(message))
                return known
        first = message.to_pre_key()
        if first is None:
            return None
        with suppress(*_WRONG):
            theirs = vodozemac.Curve25519PublicKey.from_base64(sender_key)
            session, plaintext = self.member.account.create_inbound_session(theirs, first)
            self._sessions.append(session)
            fresh: dict[str, Any] = json.loads(plaintext)
            return fresh
        return None

    def _read(self, room_id: str, event: dict[str, Any]) -> bool:
        """Decrypt an event; return whether nothing has to be kept of it."""
        content = event.get("content", {})
        if content.get("algorithm") != MEGOLM:
            return True
        session = self._keys.get(content["session_id"])
        if session is None:
            return False
        plain = json.loads(session.decrypt(vodozemac.MegolmMessage.from_base64(content["ciphertext"])).plaintext)
        body = str(plain.get("content", {}).get("body", ""))
        at = round(clock.now().timestamp() * 1000)
        heard = Heard(room_id=room_id, sender=event["sender"], event_id=event["event_id"], body=body, at=at)
        self.messages.append(heard)
        self._changed.set()
        return True


@asynccontextmanager
async def http_for_many() -> AsyncIterator[aiohttp.ClientSession]:
    """Give connections without a limit: each client has one that waits for news."""
    patience = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=patience) as http:
        yield http
