"""A bot that knows the sentences of three people of a scene, and rooms in which they write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from bots.talk.own_sentences import OwnSentences
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.settings import Settings
from tests.clock import MovableClock
from tests.forced import knowing, settle
from tests.people import Scene
from tests.talk import BOT, Talk, house_of


@pytest.fixture
def own(database: Database, clock: MovableClock, tmp_path: Path) -> OwnSentences:
    return knowing(database, clock, tmp_path)


@pytest.fixture
async def talk(
    database: Database, clock: MovableClock, settings: Settings, scene: Scene, own: OwnSentences
) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession() as session:
        nowhere = Occupants(Homeserver("http://127.0.0.1:9", session))
        handling = Handling(database, clock, settings, nowhere, BOT, own)
        house = await house_of(database, clock)
        await settle(own, database, clock, [scene.member, scene.coordinator, scene.ngo.worker])
        yield Talk(handling=handling, house=house, database=database, clock=clock)
