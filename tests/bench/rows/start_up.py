"""How long the bot takes from its start until it is at work, when it is in a thousand rooms."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import vodozemac

from core import heartbeat
from tests.bench.bot_network import LOOK, PASSWORD, PATIENCE, BotNetwork, bot_network
from tests.bench.row import Measure, Row
from tests.evil_member import EvilMember

ROOMS, TINY_ROOMS = 1000, 3
HANDLED = "streha_bot_event_lag_seconds_count"

AGAIN = "start, as before, until a word said meanwhile is handled"
ANEW = "start as a new device, until its first round is done"


class _Starting:
    """The measures."""

    def __init__(self, running: BotNetwork, sender: EvilMember, room: str) -> None:
        self._running = running
        self._sender = sender
        self._room = room

    async def again(self) -> float:
        """Start with what lies on the disk."""
        devices = await self._sender.devices_of(self._running.network.environment()["STREHA_MATRIX_USER"])
        await self._running.network.stop_role("bots")
        session = vodozemac.GroupSession()
        # Those whose directories were removed are still published.
        for device in devices:
            await self._sender.share(session, self._room, device)
        await self._sender.put(self._room, "m.room.encrypted", self._sender.said(session, self._room, "Good morning"))
        started = time.monotonic()
        await self._running.network.start_role("bots")
        await self._running.until_told(HANDLED, 1.0)
        return time.monotonic() - started

    async def anew(self) -> float:
        """Start where the device's directory was removed, as the runbook of a lost device says."""
        network = self._running.network
        await network.stop_role("bots")
        shutil.rmtree(network.directory / "bot" / "device")
        started, since = time.monotonic(), network.clock.now()
        await network.start_role("bots")
        async with asyncio.timeout(PATIENCE):
            while (await heartbeat.beats(network.database))["bots"] < since:  # noqa: ASYNC110 (another process's)
                await asyncio.sleep(LOOK)
        return time.monotonic() - started


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    async with bot_network(directory, fast=True, members=1) as running:
        cases = [await running.open_case(running.members) for _ in range(TINY_ROOMS if tiny else ROOMS)]
        # The bot makes them, eight at once.
        await running.settled(cases)
        homeserver = running.network.stack.addresses.homeserver_url
        sender = await EvilMember.sign_in(homeserver, running.http, running.members[0].matrix_user, PASSWORD)
        await running.link(running.members[0], sender.device_id, sender.ed25519)
        room = await running.channel(cases[0])
        await sender.join(room)
        starting = _Starting(running, sender, room)
        yield {AGAIN: starting.again, ANEW: starting.anew}


ROW = Row(
    name="start-up",
    title="The bot in 1,000 rooms: from the start of its process until it is at work",
    prepared=_prepared,
    rounds_at_most=3,
    notes=(
        "Every room is a channel that the bot has made, with two people invited.",
        "As before: stopped in order, and started with what lies on its disk.",
        "As a new device: signs in, gets its keys and its identity's signature, hears of all rooms at once.",
    ),
)
