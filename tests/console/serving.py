"""A served console as stories need it: live, its roles giving signs of life, and behind a line that can be cut.

Everything is real: the database, the services, the application and its listener. The line is the outside world.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agencies.model import Person
from core import heartbeat
from core.settings import Settings
from server.api.wire.directory import token_bytes, token_text
from tests.clock import MovableClock
from tests.people import Network
from tests.served import ServedApi, serve_api
from tests.tunnel import Tunnel, tunnel

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedConsole:
    """A console that listens at `origin`, the clock it goes by, and the line to it."""

    api: ServedApi
    clock: MovableClock
    line: Tunnel
    origin: str

    @property
    def home(self) -> str:
        """The console's address."""
        return f"{self.origin}/console/"

    async def address_for(self, person: Person) -> str:
        """Return the address that signs a browser in as a person."""
        token = token_bytes(await self.api.token(person))
        link = await self.api.services.browser_sign_in.link(person, token)
        return f"{self.home}#{token_text(link.code)}"

    async def beat(self, *roles: str) -> None:
        """Let roles give a sign of life now; without a name, all that must."""
        network = self.api.network
        for role in roles or ("engine", "bots"):
            await heartbeat.beat(network.database, role, network.clock.now())


@asynccontextmanager
async def serve_console(
    network: Network, clock: MovableClock, settings: Settings, directory: Path, *, name: str = HOST
) -> AsyncIterator[ServedConsole]:
    """Serve the console over the network's database, under a name, while the context is entered."""
    async with tunnel(HOST, 0) as line, serve_behind(line, network, settings, directory, name=name) as api:
        console = ServedConsole(api=api, clock=clock, line=line, origin=origin_of(line, name))
        await console.beat()
        yield console


@asynccontextmanager
async def serve_behind(
    line: Tunnel, network: Network, settings: Settings, directory: Path, *, name: str = HOST
) -> AsyncIterator[ServedApi]:
    """Serve the API and its live stream at the other end of a line, from now on."""
    async with (
        serve_api(network, settings, directory, origin=origin_of(line, name)) as api,
        asyncio.TaskGroup() as tasks,
    ):
        line.lead_to(api.services.settings.api_port)
        feeding = tasks.create_task(api.services.feed.run())
        yield api
        feeding.cancel()


def origin_of(line: Tunnel, name: str = HOST) -> str:
    """Return where people reach what is served behind a line."""
    return f"http://{name}:{line.port}"
