"""The word that answers a test ring, in rooms: exact, for whoever was rung, and never instead of accepting an alert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from agencies.model import DeskId
from agencies.rosters import Rosters
from alerts.duty import ringing
from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.outbox import Lane
from core.settings import Settings
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import BOT, Talk, house_of

BELGRADE = ZoneInfo("Europe/Belgrade")
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def talk(database: Database, clock: MovableClock, settings: Settings, scene: Scene) -> AsyncIterator[Talk]:
    """Let people write in the rooms of the scene; the police's first officer has just been rung."""
    house = await house_of(database, clock)
    assert scene.police.desk_id is not None
    rosters = Rosters(database, clock, "Europe/Belgrade")
    await rosters.add(
        DeskId(scene.police.desk_id), scene.police.officer.id, clock.now(), clock.now() + timedelta(hours=12)
    )
    await ringing.ring_due(database, clock, BELGRADE)
    async with aiohttp.ClientSession() as session:
        handling = Handling(database, clock, settings, Occupants(Homeserver("http://127.0.0.1:9", session)), BOT)
        yield Talk(handling=handling, house=house, database=database, clock=clock)


async def state(database: Database) -> str:
    async with database.reading() as tx:
        return str(await tx.value("SELECT state FROM duty_rings"))


@pytest.mark.parametrize("word", ["here", "Here!", "tu sam", "Tu sam.", "ту сам", "ack", "primam", "примам"])
async def test_the_word_answers_in_every_language_and_ack_does_too(
    talk: Talk, database: Database, scene: Scene, word: str
) -> None:
    room = scene.police.desk_id if word != "tu sam" else scene.police.officer.id
    message = await talk.say(scene.police.officer, room, word)
    assert await state(database) == "answered"
    told = await outgoing.said(database, "duty_answered")
    assert scene.police.desk_id in {each.target.id for each in told}
    assert not await talk.answers()
    # The same words handed over again have no effect, nor has the same word said again.
    await talk.handling.handle(message)
    assert len(await outgoing.said(database, "duty_answered")) == len(told)


@pytest.mark.parametrize("words", ["here I am", "I am here", "tu sam ja", "here quiet-heron", "over here", "sam"])
async def test_talk_is_no_answer(talk: Talk, database: Database, scene: Scene, words: str) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, words)
    assert await state(database) == "ringing"


async def test_who_was_not_rung_says_it_to_the_others(talk: Talk, database: Database, scene: Scene) -> None:
    for word in ("here", "tu san", "ту сан"):
        await talk.say(scene.police.officers[1], scene.police.desk_id, word)
        await talk.say(scene.member, scene.case.core.id, word)
    assert await state(database) == "ringing"
    assert not await talk.answers()


async def test_a_near_miss_of_who_was_rung_is_asked_about(talk: Talk, database: Database, scene: Scene) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "tu san")
    (asked,) = await talk.answers("reply_ask_meant")
    assert asked.parameters["command"] == "here"
    assert await state(database) == "ringing"
    await talk.say(scene.police.officer, scene.police.desk_id, "da")
    assert await state(database) == "answered"


async def test_a_device_that_could_not_be_checked_answers_nothing(talk: Talk, database: Database, scene: Scene) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "here", bound=False)
    assert await state(database) == "ringing"
    # And nobody is told of what may be talk, where they would be of a command.
    await talk.say(scene.member, scene.case.core.id, "here", bound=False)
    assert not await outgoing.said(database, "reply_unbound")


async def test_a_real_alert_beside_it_is_what_ack_accepts(
    talk: Talk, database: Database, network: Network, scene: Scene
) -> None:
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    talk.clock.move(MINUTE)
    await talk.say(scene.police.officer, scene.police.desk_id, "ack")
    seen = (await network.alerts.see(scene.coordinator, raised.alert.id)).alert
    assert seen.has_acknowledged(scene.police.officer.id)
    # Whoever accepts an alert is reached.
    assert await state(database) == "answered"


async def test_here_accepts_no_alert(talk: Talk, database: Database, network: Network, scene: Scene) -> None:
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    talk.clock.move(MINUTE)
    await talk.say(scene.police.officer, scene.police.desk_id, "here")
    seen = (await network.alerts.see(scene.coordinator, raised.alert.id)).alert
    assert not seen.has_acknowledged(scene.police.officer.id)
    assert await state(database) == "answered"


async def test_an_ack_with_a_codename_means_an_alert(talk: Talk, database: Database, scene: Scene) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "ack quiet-heron")
    assert await state(database) == "ringing"
    assert len(await talk.answers("reply_no_alert")) == 1


async def test_a_word_written_before_the_ring_is_about_something_else(
    talk: Talk, database: Database, scene: Scene
) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "here", at=talk.clock.now() - MINUTE)
    assert await state(database) == "ringing"


async def test_what_the_test_says_waits_behind_every_alert(database: Database, talk: Talk, scene: Scene) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "here")
    async with database.reading() as tx:
        lanes = {row["lane"] for row in await tx.rows("SELECT lane FROM outbox WHERE template LIKE 'duty%'")}
    assert lanes == {Lane.ORDINARY}
