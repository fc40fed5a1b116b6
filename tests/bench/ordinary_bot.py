"""The bot that most people would write: matrix-nio as its documentation shows it, one room after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nio import (  # type: ignore[import-untyped]  # nio ships no types
    AsyncClient,
    AsyncClientConfig,
    LoginResponse,
    RoomSendResponse,
    SyncResponse,
)

from tests.bench.row import MeasurementFailed


class OrdinaryBot:
    """A signed-in client with a store."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def say(self, messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Send these contents to these rooms, one after the other."""
        for room_id, content in messages:
            answer = await self._client.room_send(room_id, "m.room.message", content, ignore_unverified_devices=True)
            if not isinstance(answer, RoomSendResponse):
                raise MeasurementFailed("the ordinary bot could not send")


@asynccontextmanager
async def ordinary_bot(homeserver_url: str, user_id: str, password: str, directory: Path) -> AsyncIterator[OrdinaryBot]:
    """Sign an account in on a further device and let it learn its rooms."""
    await asyncio.to_thread(directory.mkdir)
    client = AsyncClient(homeserver_url, user_id, store_path=str(directory), config=AsyncClientConfig())
    try:
        if not isinstance(await client.login(password, device_name="ordinary bot"), LoginResponse):
            raise MeasurementFailed("the ordinary bot could not sign in")
        if client.should_upload_keys:
            await client.keys_upload()
        if not isinstance(await client.sync(timeout=0, full_state=True), SyncResponse):
            raise MeasurementFailed("the ordinary bot could not look around")
        if client.should_query_keys:
            await client.keys_query()
        yield OrdinaryBot(client)
    finally:
        await client.close()
