"""The floor under every message: events of a given size put by an HTTP client that does nothing else.

What it sends only looks encrypted. It signs the bot's account in on a further device, so that the
homeserver lets it into the same rooms at the same rates.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp

from bots.wire.homeserver import Homeserver
from core.ids import new_id
from tests.bench.row import MeasurementFailed

# As many as the bot's own client opens.
CONNECTIONS = 64


class BareHttp:
    """A signed-in HTTP client."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def put(self, events: Iterable[tuple[str, bytes]]) -> float:
        """Put an event into a room for each of these, all rooms at once; return the seconds it took."""
        by_room: dict[str, list[bytes]] = {}
        for room_id, content in events:
            by_room.setdefault(room_id, []).append(_likeness(content))
        started_at = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for room_id, bodies in by_room.items():
                tasks.create_task(self._put_in_order(room_id, bodies))
        return time.monotonic() - started_at

    async def _put_in_order(self, room_id: str, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            path = f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/send/m.room.encrypted/{new_id()}"
            async with self._session.put(path, data=body) as answer:
                if answer.status != 200:
                    raise MeasurementFailed("the homeserver refused a bare event")
                await answer.read()


@asynccontextmanager
async def bare_http(homeserver_url: str, user_id: str, password: str) -> AsyncIterator[BareHttp]:
    """Sign an account in without any encryption."""
    async with aiohttp.ClientSession() as once:
        _user, _device, token = await Homeserver(homeserver_url, once).login(user_id, password, display_name="bare")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(homeserver_url, headers=headers, connector=connector) as session:
        yield BareHttp(session)


def _likeness(content: bytes) -> bytes:
    """Return an encrypted event of the same size and shape that nobody can read."""
    event = json.loads(content)
    length = len(event["ciphertext"])
    event["ciphertext"] = base64.b64encode(os.urandom(length)).decode()[:length]
    return json.dumps(event).encode()
