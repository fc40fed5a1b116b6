"""An example of the far side of `server.carriers.gateway`: takes signed letters, and says what it would ring.

An agency's own gateway does the same before it dials: check the signature over the bytes as they came, refuse what is
more than five minutes off, do nothing twice for one id, and answer at once. Start: python -m deploy.gateway PORT, with
the key in STREHA_GATEWAY_KEY. It shows the last two digits of a number only. The ids that it has rung are forgotten
when it ends: a letter that is on its way at that moment may ring twice.

The way in (`deploy.gateway_inward`) is tried so, with its key in STREHA_GATEWAY_INWARD_KEY, as if FROM had texted:
STREHA_PUBLIC_ORIGIN=https://streha.example python -m deploy.gateway answer FROM TEXT
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession, web

from core.clock import Clock, SystemClock
from crypto import webhook_signature
from deploy.gateway_inward import Inward, Said

LARGEST_LETTER = 4096
# Far more than can come within the five minutes in which an old letter would still pass.
REMEMBERED = 10_000
SHOWN_DIGITS = 2


class Gateway:
    """Takes letters that the key signed, each once; `ring` does what the gateway is for."""

    def __init__(self, key: str, ring: Callable[[dict[str, Any]], Awaitable[None]], clock: Clock) -> None:
        self._key = webhook_signature.read_key(key)
        self._ring = ring
        self._clock = clock
        self._seen: OrderedDict[str, None] = OrderedDict()

    def application(self) -> web.Application:
        """Return what is served: one path, and nothing is told to whoever cannot sign."""
        served = web.Application(client_max_size=LARGEST_LETTER)
        served.router.add_post("/calls", self.take)
        return served

    async def take(self, request: web.Request) -> web.Response:
        """Take one letter, or refuse it."""
        letter_id, body = request.headers.get("webhook-id", ""), await request.read()
        moment = request.headers.get("webhook-timestamp", "")
        signatures = request.headers.get("webhook-signature", "")
        if not (moment.isascii() and moment.isdigit() and len(moment) < 12) or not webhook_signature.is_signed(
            self._key, letter_id, int(moment), body, signatures, int(self._clock.now().timestamp())
        ):
            return web.Response(status=401)
        if letter_id not in self._seen:
            letter = json.loads(body)
            # Before it rings: the same letter may come again while it does.
            self._seen[letter_id] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            try:
                await self._ring(letter)
            except BaseException:
                self._seen.pop(letter_id, None)
                raise
        return web.Response(status=202)


async def _show(letter: dict[str, Any]) -> None:
    print(f"{letter['means']} to ...{letter['to'][-SHOWN_DIGITS:]}: {letter['text']}", flush=True)  # noqa: T201 (it is an example)


async def _serve(port: int) -> None:
    runner = web.AppRunner(Gateway(os.environ["STREHA_GATEWAY_KEY"], _show, SystemClock()).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def _answer(number: str, text: str) -> None:
    origin, clock = os.environ.get("STREHA_PUBLIC_ORIGIN", "http://127.0.0.1:8008"), SystemClock()
    async with ClientSession() as session:
        inward = Inward(origin, os.environ["STREHA_GATEWAY_INWARD_KEY"], clock, session)
        said = Said(number=number, text=text, received=clock.now())
        print(await inward.hand_on(said, attempts=3) or "NO ANSWER: nothing was handed on.", flush=True)  # noqa: T201 (as above)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["answer", whose, *words]:
            asyncio.run(_answer(whose, " ".join(words)))
        case [port]:
            asyncio.run(_serve(int(port)))
        case _:
            sys.exit("python -m deploy.gateway PORT, or: python -m deploy.gateway answer FROM TEXT")
