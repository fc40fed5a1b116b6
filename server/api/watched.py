"""What a watchdog on another machine may ask: how long ago calling people was proven, and who gave signs of life.

Only ages, and only for who signs with the key that operator and watchdog share: when nobody is called, whoever means
harm must not learn it here. Without the key, or with another, there is no such page.
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from alerts.proof import proving
from core import heartbeat
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from crypto import webhook_signature
from server.api.services import Services
from server.api.wire import Wire

PATH = "/proofz"


class Watched(Wire, frozen=True, kw_only=True):
    """Ages in seconds; nothing where it never was. `failing` tells that people were told not to rely on it."""

    proof: float | None
    failing: bool
    engine: float | None
    bots: float | None


async def watched(database: Database, clock: Clock) -> Watched:
    """Return how long ago everything gave its last sign."""
    async with database.reading(urgent=True) as reading:
        proof = await proving.state(reading)
        beats = await heartbeat.beats_in(reading)
    now = clock.now()
    since = proof.age(now)
    engine, bots = ((now - beats[role]).total_seconds() if role in beats else None for role in ("engine", "bots"))
    return Watched(
        proof=None if since is None else since.total_seconds(), failing=proof.fails(now), engine=engine, bots=bots
    )


def add_to(app: web.Application, services: Services) -> None:
    """Serve the page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not _is_signed(request, services.settings, services.clock):
            raise web.HTTPNotFound
        told = await watched(services.database, services.clock)
        return web.Response(body=msgspec.json.encode(told), content_type="application/json")

    app.router.add_get(PATH, answer, allow_head=False)


def _is_signed(request: web.Request, settings: Settings, clock: Clock) -> bool:
    """Tell whether who asks has the key. A watchdog's time is that of machines, however far tests have moved ours."""
    moment = request.headers.get("webhook-timestamp", "")
    if not settings.watchdog_key or not (moment.isascii() and moment.isdigit() and len(moment) < 12):
        return False
    try:
        key = webhook_signature.read_key(settings.watchdog_key.reveal())
    except ValueError:
        return False
    now = int((clock.now() - clock.offset).timestamp())
    signatures = request.headers.get("webhook-signature", "")
    return webhook_signature.is_signed(key, request.headers.get("webhook-id", ""), int(moment), b"", signatures, now)
