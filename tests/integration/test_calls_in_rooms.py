"""Saying in a room whether the police was called: exact words, a name, and nothing that could be taken for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import aiohttp
import pytest

from alerts.police.emergency import Police, Service
from alerts.vocabulary import Status
from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.settings import Settings
from tests import outgoing
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import BOT, Talk, house_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def talk(database: Database, clock: MovableClock, settings: Settings, scene: Scene) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession() as session:
        nowhere = Occupants(Homeserver("http://127.0.0.1:9", session))
        handling = Handling(database, clock, settings, nowhere, BOT)
        house = await house_of(database, clock)
        assert scene.case.core.id in {each.id for each in house.values()}
        yield Talk(handling=handling, house=house, database=database, clock=clock)


async def asked(talk: Talk, scene: Scene, word: str = "panic") -> None:
    """Let a member call for help, and the coordinator accept in the channel."""
    await talk.say(scene.member, scene.case.core.id, word)
    talk.clock.move(MINUTE)
    await talk.say(scene.coordinator, scene.case.core.id, "ack")
    talk.clock.move(MINUTE)


async def police(network: Network, scene: Scene) -> Police | None:
    (view,) = await network.alerts.see_all(scene.coordinator)
    return view.alert.police


@pytest.mark.parametrize(
    ("words", "known"), [("192 me", Police.CALLED), ("192 ја", Police.CALLED), ("192 ne", Police.NOT_CALLED)]
)
async def test_who_is_asked_answers_in_the_room(
    talk: Talk, scene: Scene, network: Network, database: Database, words: str, known: Police
) -> None:
    await asked(talk, scene)
    (question,) = await outgoing.said(database, "alert_police_asked")
    assert question.target.id == scene.case.core.id
    said = await talk.say(scene.coordinator, scene.case.core.id, words)
    assert await police(network, scene) is known
    template = "alert_police_called" if known is Police.CALLED else "alert_police_not_called"
    told = await outgoing.said(database, template)
    assert scene.case.core.id in {each.target.id for each in told}
    assert {each.parameters["person"] for each in told} == {str(scene.coordinator.id)}
    count = await outgoing.count(database)
    await talk.handling.handle(said)
    assert await outgoing.count(database) == count


async def test_a_name_of_somebody_there_is_taken_and_any_other_is_asked_about(
    talk: Talk, scene: Scene, network: Network
) -> None:
    await asked(talk, scene)
    for words in ("192 is on the way", "192", f"192 {scene.stranger.name}", "192 da"):
        await talk.say(scene.coordinator, scene.case.core.id, words)
        assert await police(network, scene) is Police.ASKED, words
    assert [each.template for each in await talk.answers()] == ["reply_police_who"] * 4
    await talk.say(scene.coordinator, scene.case.core.id, f"192 {scene.member.name}!")
    (view,) = await network.alerts.see_all(scene.coordinator)
    (call,) = view.alert.emergency_calls
    assert (call.called, call.called_by, call.said_by) == (True, scene.member.id, scene.coordinator.id)


async def test_once_it_is_known_talk_of_the_police_is_talk(talk: Talk, scene: Scene, network: Network) -> None:
    await asked(talk, scene)
    await talk.say(scene.coordinator, scene.case.core.id, "192 drugi")
    count = len(await talk.answers())
    await talk.say(scene.coordinator, scene.case.core.id, "192 is on the way")
    assert len(await talk.answers()) == count
    await talk.say(scene.coordinator, scene.case.core.id, "194 me")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert [(each.service, each.called_by) for each in view.alert.emergency_calls] == [
        (Service.POLICE, None), (Service.AMBULANCE, scene.coordinator.id)
    ]  # fmt: skip


async def test_without_an_alert_only_exact_words_are_answered(talk: Talk, scene: Scene) -> None:
    room = scene.case.core.id
    await talk.say(scene.coordinator, room, "192 is the number")
    assert await talk.answers() == []
    await talk.say(scene.coordinator, room, "192 me")
    assert [each.template for each in await talk.answers()] == ["reply_no_alert"]


async def test_whoever_cannot_be_bound_has_called_nobody(talk: Talk, scene: Scene, network: Network) -> None:
    await asked(talk, scene)
    await talk.say(scene.coordinator, scene.case.core.id, "192 me", bound=False)
    assert await police(network, scene) is Police.ASKED


async def test_of_several_alerts_the_codename_says_which(
    talk: Talk, scene: Scene, network: Network, database: Database
) -> None:
    other = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    await asked(talk, scene)
    await network.alerts.raise_(scene.member, other.id, uuid4())
    alone = scene.coordinator.id
    await talk.say(scene.coordinator, alone, "192 me")
    assert [each.template for each in await talk.answers()] == ["reply_police_which"]
    await talk.say(scene.coordinator, alone, f"192 {scene.case.codename} me")
    views = {each.codename: each.alert for each in await network.alerts.see_all(scene.coordinator)}
    assert views[scene.case.codename].police is Police.CALLED
    assert views[other.codename].police is Police.UNKNOWN
    assert alone in {each.target.id for each in await outgoing.said(database, "alert_police_called")}


async def test_an_exercise_is_answered_like_one(talk: Talk, scene: Scene, network: Network, database: Database) -> None:
    await asked(talk, scene, "drill")
    assert await outgoing.said(database, "drill_police_asked")
    await talk.say(scene.coordinator, scene.case.core.id, "192 no")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.status, view.alert.police) == (Status.EXERCISE, Police.NOT_CALLED)
    assert await outgoing.said(database, "drill_police_not_called")
    assert not await outgoing.said(database, "alert_police_not_called")
