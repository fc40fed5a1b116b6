"""The live stream as tests follow it: an API whose feed runs, and readers that take one event at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from alerts.service import AlertView
from cases import ledger
from core import ledger as acts
from core.database import Database, Transaction
from core.settings import Settings
from server.api.services import Services
from server.live.feed import Feed
from server.live.place import WRITTEN, Place
from server.live.subscription import Limits
from tests.people import Network, Scene
from tests.served import ServedApi, serve_api
from tests.waiting import until

PATIENCE_SECONDS = 60.0
# No sign of life comes by itself; what is done before the feed listens is found soon all the same.
CALM = Limits(alive_seconds=3600, look_seconds=0.2, per_session=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event: the position of its id, 0 where it has none, and the id itself."""

    name: str
    id: int
    data: Any
    place: str = field(default="", compare=False)

    @property
    def what(self) -> tuple[str, str]:
        """Return what it says in short."""
        return self.name, self.data.get("act") or self.data.get("reason") or ""


class Reader:
    """One open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> Heard | None:
        """Return the next event; None when the stream has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            lines: dict[str, str] = {}
            while line := (await self.response.content.readline()).decode():
                if line == "\n":
                    place = lines.get("id", "")
                    # Every id can be known again in another ledger.
                    assert "id" not in lines or re.fullmatch(WRITTEN, place)
                    return Heard(
                        name=lines["event"], id=Place.read(place or "0").position,
                        data=msgspec.json.decode(lines["data"]), place=place,
                    )  # fmt: skip
                name, _, value = line.rstrip("\n").partition(": ")
                assert name not in lines
                lines[name] = value
            return None

    async def news(self) -> Heard:
        """Return the next event that is no sign of life."""
        while (heard := await self.next()) is not None:
            if heard.name != "alive":
                return heard
        raise AssertionError("the stream has ended")

    async def until(self, act: str) -> list[Heard]:
        """Return everything but signs of life up to an act, or up to another kind of event."""
        found = [await self.news()]
        while act not in found[-1].what:
            found.append(await self.news())
        return found

    async def rest(self) -> list[Heard]:
        """Return everything up to the end."""
        found = []
        while (heard := await self.next()) is not None:
            found.append(heard)
        return found


@asynccontextmanager
async def following(
    api: ServedApi, token: str, after: int | str | None = None, **headers: str
) -> AsyncIterator[Reader]:
    """Open a stream, and take the sign of life with which it opens."""
    path = "/api/stream" if after is None else f"/api/stream?after={after}"
    given = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with api.http.get(api.url + path, headers=given) as response:
        assert response.status == 200, await response.read()
        reader = Reader(response)
        first = await reader.next()
        assert first is not None
        assert first.name == "alive"
        yield reader


@asynccontextmanager
async def serve_live(
    network: Network,
    settings: Settings,
    directory: Path,
    *,
    feed_database: Database | None = None,
    **limits: Any,
) -> AsyncIterator[ServedApi]:
    """Serve the API with its feed at work; the feed may have a line to the database of its own.

    What happened before is chained: whoever follows without a position hears only what happens from now on.
    """
    await ledger.sequence_all(network.database)

    def feed(wired: Services) -> Feed:
        return Feed(feed_database or network.database, network.clock, wired.sign_in, replace(CALM, **limits))

    async with serve_api(network, settings, directory, feed=feed) as api, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(api.services.feed.run())
        await until(lambda: api.services.feed.following)
        try:
            yield api
        finally:
            running.cancel()


async def touch(
    network: Network, scene: Scene, alert: AlertView, count: int = 1, *, act: str = "alert_escalated",
    tx: Transaction | None = None,
) -> int:  # fmt: skip
    """Tell in the ledger that something happened to an alert, so many times; return the position of the last."""
    told = acts.Act(
        act=act, at=network.clock.now(), actor_kind="system", case_id=scene.case.id, object_id=alert.alert.id
    )
    if tx is not None:
        for _ in range(count):
            await acts.record(tx, told)
        return 0
    async with network.database.transaction() as own:
        await touch(network, scene, alert, count, act=act, tx=own)
    await ledger.sequence_all(network.database)
    return await ledger.position(network.database)


async def restore(database: Database, position: int) -> None:
    """Do to the ledger what a backup does that was made at a position."""
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE ledger DISABLE TRIGGER USER")
        await tx.run("DELETE FROM ledger WHERE position > $1 OR position IS NULL", position)
        await tx.run("ALTER TABLE ledger ENABLE TRIGGER USER")
