"""Hundreds of cuts under load: whatever is cut and wherever it is taken up again, nothing is lost or told twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from uuid import uuid4

from agencies.model import Person
from alerts.service import AlertView
from cases import ledger
from core.settings import Settings
from safety_plans.model import Level
from server.live.audience import hearings
from tests.following import following, serve_live, touch
from tests.people import Network, Scene
from tests.served import ServedApi

SEED = 7
# A thousand take most of a minute.
CUTS = 1_000 if os.environ.get("HOSTILE_TESTS") == "all" else 250
READERS = 25


class Stubborn:
    """A reader whose line is cut again and again, and who always goes on from the last id."""

    def __init__(self, person: Person, tokens: Sequence[str], chance: Random, position: int) -> None:
        self.person = person
        self.heard: list[int] = []
        self.names: set[str] = set()
        self.cuts = 0
        self._tokens = tokens
        self._chance = chance
        self._last = position
        self._place = str(position)

    async def follow(self, apis: Sequence[ServedApi], cuts: int, load: Load) -> None:
        """Be cut so many times, then read until nothing more can come."""
        while self.cuts < cuts:
            await self._read(apis, most=self._chance.choice((0, 0, 1, 1, 2, 8)))
            self.cuts += 1
        load.less()
        end = await load.over()
        while self._last < end:
            await self._read(apis, most=10, end=end)

    async def _read(self, apis: Sequence[ServedApi], most: int, end: int | None = None) -> None:
        at = self._chance.randrange(len(apis))
        async with following(apis[at], self._tokens[at], after=self._place) as reader:
            for _ in range(most):
                event = await reader.next()
                if event is None:
                    break
                self.names.add(event.name)
                if event.name == "change":
                    self.heard.append(event.id)
                # As every browser does: any event's id is where it goes on from.
                self._last, self._place = event.id or self._last, event.place or self._place
                if end is not None and self._last >= end:
                    break
            # Whatever is on its way is lost with the connection.
            reader.response.close()


class Load:
    """What happens meanwhile, until every reader has had its cuts."""

    def __init__(self, network: Network, scene: Scene, alert: AlertView, chance: Random, readers: int) -> None:
        self._network = network
        self._scene = scene
        self._alert = alert
        self._chance = chance
        self._busy = readers
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def less(self) -> None:
        """One reader has had its cuts."""
        self._busy -= 1

    async def over(self) -> int:
        """Wait until nothing more happens; return the last position."""
        return await asyncio.shield(self._over)

    async def run(self) -> None:
        """Let things happen, some of them in transactions that end long after others that began later."""
        network, scene = self._network, self._scene
        while self._busy:
            async with asyncio.TaskGroup() as tasks, network.database.transaction() as slow:
                await touch(network, scene, self._alert, self._chance.randrange(3), tx=slow)
                for _ in range(self._chance.randrange(4)):
                    tasks.create_task(self._act())
                await asyncio.sleep(self._chance.random() / 50)
        await ledger.sequence_all(network.database)
        self._over.set_result(await ledger.position(network.database))

    async def _act(self) -> None:
        network, scene = self._network, self._scene
        match self._chance.randrange(4):
            case 0:
                await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            case 1:
                await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
            case 2:
                await touch(network, scene, self._alert, self._chance.randrange(1, 15))
            case _:
                async with network.database.transaction() as tx:
                    await touch(network, scene, self._alert, 1, act="signed_in", tx=tx)


async def test_a_stream_that_is_cut_hundreds_of_times_loses_nothing_and_tells_nothing_twice(
    network: Network, settings: Settings, tmp_path: Path
) -> None:
    scene = await network.scene()
    alert = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    settings = replace(settings, requests_per_minute=100_000)
    chance = Random(SEED)  # noqa: S311 (an invented storm, no secret)
    people = [scene.coordinator, scene.deputy, scene.member, scene.ngo.worker, scene.police.officer, scene.stranger]
    async with AsyncExitStack() as stack:
        apis = [
            await stack.enter_async_context(serve_live(network, settings, tmp_path, alive_seconds=0.02, per_person=50))
            for _ in range(2)
        ]
        tokens = {each.id: [await api.token(each) for api in apis] for each in people}
        begin = await touch(network, scene, alert)
        readers = [
            Stubborn(person, tokens[person.id], Random(chance.random()), begin)  # noqa: S311 (as above)
            for person in (people * READERS)[:READERS]
        ]
        load = Load(network, scene, alert, chance, READERS)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            for reader in readers:
                tasks.create_task(reader.follow(apis, CUTS // READERS, load))

        entries = await ledger.entries(network.database, begin, 1_000_000)
        async with network.database.reading() as reading:
            granted = await hearings(reading, entries, [each.id for each in people])
        for reader in readers:
            due = [
                entry.position for entry, its in zip(entries, granted, strict=True) if reader.person.id in its.change
            ]
            assert reader.heard == due
            assert reader.names <= {"change", "alive"}
    assert sum(reader.cuts for reader in readers) == CUTS
    assert len(entries) > CUTS // 10
    assert len(readers[0].heard) > CUTS // 10
