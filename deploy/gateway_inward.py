"""An example of the way in: hands on what somebody texted or keyed in to `server.api.routes.telephone`.

An agency's own gateway does the same whenever a text message or keys come: one id for each, signed anew each time it is
sent, and sent on with the same id for as long as Streha does not answer. What is answered is said back to whoever
wrote, a refusal's words too: it may say that nothing was raised.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import uuid4

import aiohttp

from core.clock import Clock
from crypto import webhook_signature

PATH = "/api/telephone/words"
# The whole of an attempt; then the next one begins, twice as long after the last as that one was, but not longer.
ATTEMPT_SECONDS = 20.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 15.0
# Of a refusal with one of these the same may be answered otherwise later.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came from a telephone."""

    number: str
    text: str
    received: datetime
    means: Literal["text", "voice"] = "text"
    id: str = field(default_factory=lambda: f"msg_{uuid4().hex}")


class Inward:
    """Signs what people say, and hands it on."""

    def __init__(self, origin: str, key: str, clock: Clock, session: aiohttp.ClientSession) -> None:
        self._url = origin.rstrip("/") + PATH
        self._key = webhook_signature.read_key(key)
        self._clock = clock
        self._session = session

    async def hand_on(self, said: Said, *, attempts: int = 20) -> str:
        """Hand it on until it is answered, and return what to say back. What was refused for good is told as it was."""
        words, wait = "", FIRST_WAIT_SECONDS
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            try:
                status, words = await self.once(said)
            except (aiohttp.ClientError, TimeoutError):
                continue
            if status not in PASSING:
                break
        return words

    async def once(self, said: Said) -> tuple[int, str]:
        """Send it once; return the status, and what to say back."""
        body = json.dumps(
            {"from": said.number, "means": said.means, "text": said.text, "received": said.received.isoformat()}
        ).encode()
        moment = int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": said.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": webhook_signature.sign(self._key, said.id, moment, body),
        }
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
        async with self._session.post(
            self._url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            told = await answer.json(content_type=None)
            return answer.status, str(told.get("text") or told.get("detail") or "")
