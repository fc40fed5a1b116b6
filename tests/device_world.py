"""The bot's device in a world of its own: a real homeserver, strict clients, and rooms as channels are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp

from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.wire.homeserver import Homeserver
from core.clock import Clock, SystemClock
from deploy.stack import LocalStack
from deploy.witness import Witness, Witnesses
from tests.attesting import attest_devices

SECRET = b"an invented store key of 32 bytes"
ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 50},
}
JOINED_ONLY = {
    "type": "m.room.history_visibility",
    "state_key": "",
    "content": {"history_visibility": "joined"},
}
numbers = count(1)


@dataclass(kw_only=True)
class World:
    """One homeserver, its strict clients, and the bot devices of one test."""

    stack: LocalStack
    witnesses: Witnesses
    http: aiohttp.ClientSession
    resources: AsyncExitStack
    # The bot that was opened last, and everybody who is linked, by what their clients show.
    bot_now: MatrixDevice | None = None
    clients: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.stack.addresses.homeserver_url

    async def account(self, name: str) -> tuple[str, str]:
        localpart = f"{name}-{next(numbers)}"
        password = f"{localpart}-password"
        return await self.stack.register(localpart, password), password

    async def person(self, name: str, *, autojoin: bool = True) -> Witness:
        user_id, password = await self.account(name)
        witness = await self.witnesses.add(user_id, user_id, password, autojoin=autojoin)
        await self.link(witness)
        return witness

    async def link(self, witness: Witness) -> None:
        """Confirm somebody's device, for the bot that there is and for those to come."""
        self.clients.append((witness.user_id, witness.device_id, await witness.session_key()))
        if self.bot_now is not None:
            await attest_devices(self.bot_now, self.clients)

    async def bot(self, directory: Path, clock: Clock | None = None) -> MatrixDevice:
        user_id, password = await self.account("bot")
        await self.stack.lift_rate_limits(user_id)
        return await self.open(directory, user_id, password, clock)

    async def open(self, directory: Path, user_id: str, password: str, clock: Clock | None = None) -> MatrixDevice:
        device = await MatrixDevice.open(
            homeserver_url=self.url,
            user_id=user_id,
            password=password,
            directory=directory,
            store_secret=SECRET,
            clock=clock or SystemClock(),
        )
        self.resources.push_async_callback(device.close)
        self.bot_now = device
        await attest_devices(device, self.clients)
        return device

    async def signed_in(self, user_id: str, password: str) -> tuple[Homeserver, str]:
        """Sign in without any encryption, as a script would."""
        anonymous = Homeserver(self.url, self.http)
        _user_id, device_id, token = await anonymous.login(user_id, password, display_name="a script")
        return anonymous.as_device(token), device_id


async def room_with(bot: MatrixDevice, *members: Witness) -> str:
    """Create a room as a channel is, and wait until everybody is in and knows the bot.

    Everybody says a word first: to do so, a client has to learn whose device the bot's is. A strict client
    refuses for good what reaches it before.
    """
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION, JOINED_ONLY],
        power_levels={},
        creation_content={"m.federate": False},
        invite=[member.user_id for member in members],
    )
    for member in members:
        await member.joined(room_id, bot.user_id, *(other.user_id for other in members))
        await member.send(room_id, "Here")
    await messages(bot, len(members))
    for arrival in bot.pending():
        bot.done(arrival.event_id)
    return room_id


async def until(bot: MatrixDevice, fulfilled: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await fulfilled():
            await bot.sync_once(1)


async def messages(bot: MatrixDevice, wanted: int = 1) -> list[Received]:
    """Sync until so many messages are pending."""
    async with asyncio.timeout(60):
        while True:
            found = [arrival for arrival in bot.pending() if isinstance(arrival, Received)]
            if len(found) >= wanted:
                return found
            await bot.sync_once(1)


async def say(bot: MatrixDevice, room_id: str, body: str) -> str:
    sealed = bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": body, "m.mentions": {}})
    return await bot.put(sealed)
