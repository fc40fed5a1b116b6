"""Voice and text through an agency's or a provider's gateway: one signed webhook for each letter.

The gateway is told whom to call and the one neutral sentence, never whom or what it is about; by its CAP `status`
whether it is real, an exercise, a test, or of Streha itself (`System`: that calling people is not proven). All of them
ring. It answers 2xx when it has taken the letter on; the same `webhook-id` is the same letter. `deploy.gateway` is an
example of the far side.
"""

from __future__ import annotations

import json
import ssl

import aiohttp

from core.clock import Clock
from core.errors import Permanent, Temporary
from core.settings import Settings
from crypto import webhook_signature
from server.carriers.carrier import Letter, ToBeMended

# What asking again may mend; whatever else a gateway refuses, it refuses for good.
_PASSING = frozenset({404, 408, 425, 429})
# The key or a clock is wrong: of the gateway, or of this engine alone.
_NOT_KNOWN = frozenset({401, 403})
# Where a gateway may say after how many seconds it wants to be asked again.
_BUSY = frozenset({429, 503})


class Gateway:
    """Hands letters over to the gateway of the settings. A redirect is not followed: the key is not for others."""

    def __init__(self, settings: Settings, clock: Clock, session: aiohttp.ClientSession, tls: ssl.SSLContext) -> None:
        self._url = settings.gateway_url
        self._key = webhook_signature.read_key(settings.gateway_key.reveal())
        self._clock = clock
        self._session = session
        self._tls = tls

    async def carry(self, letter: Letter) -> None:
        """Post the letter."""
        body = json.dumps(
            {
                "means": letter.means,
                "to": letter.address,
                "text": letter.text,
                "language": letter.language,
                "status": letter.status or "Test",
                "sent": None if letter.sent is None else letter.sent.isoformat(timespec="seconds"),
            }
        ).encode()
        moment = int(self._clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": str(letter.id),
            "webhook-timestamp": str(moment),
            "webhook-signature": webhook_signature.sign(self._key, str(letter.id), moment, body),
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, ssl=self._tls, allow_redirects=False
            ) as answer:
                status, later = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Temporary("The gateway does not answer.", code=type(error).__name__) from error
        if 200 <= status < 300:
            return
        if status >= 500 or status in _PASSING:
            wait = float(later) if status in _BUSY and later.isascii() and later.isdigit() and len(later) < 6 else None
            raise Temporary("The gateway could not take this now.", code=f"HTTP_{status}", retry_after=wait)
        if status in _NOT_KNOWN:
            raise ToBeMended("The gateway does not know the key.", code=f"HTTP_{status}")
        raise Permanent("The gateway refused.", code=f"HTTP_{status}")
