"""What the bot asks back, and what a yes carries out: of one person, in one room, once, in time, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from agencies.model import Person
from alerts.model import OWNED, State
from alerts.service import AlertView
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, Status, Through
from bots.rooms.occupants import Occupants
from bots.talk.confirmations import TIME_TO_ANSWER
from bots.talk.handling import Handling, NotYet
from bots.wire.homeserver import Homeserver
from bots.words.meaning import LATE
from core.database import Database
from core.ids import new_id
from core.settings import Settings
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import BOT, Talk, house_of, room_of, said

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def talk(database: Database, clock: MovableClock, settings: Settings, scene: Scene) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession() as session:
        nowhere = Occupants(Homeserver("http://127.0.0.1:9", session))
        handling = Handling(database, clock, settings, nowhere, BOT)
        house = await house_of(database, clock)
        assert scene.case.core.id in {each.id for each in house.values()}
        yield Talk(handling=handling, house=house, database=database, clock=clock)


async def open_alerts(network: Network, person: Person) -> dict[Status, AlertView]:
    return {each.alert.status: each for each in await network.alerts.see_all(person)}


async def raised(talk: Talk, scene: Scene) -> None:
    """Let a member raise, and half a minute pass."""
    await talk.say(scene.member, scene.case.core.id, "panic")
    talk.clock.move(30 * SECOND)


async def test_a_word_nearly_written_is_done_at_a_yes(talk: Talk, scene: Scene, network: Network) -> None:
    await raised(talk, scene)
    room = scene.case.core.id
    await talk.say(scene.coordinator, room, "primamm")
    (asked,) = await talk.answers()
    assert (asked.template, asked.parameters) == ("reply_ask_meant", {"command": f"ack {scene.case.codename}"})
    view = (await open_alerts(network, scene.coordinator))[Status.ACTUAL]
    assert not view.alert.has_acknowledged(scene.coordinator.id)
    await talk.say(scene.coordinator, room, "Da!")
    view = (await open_alerts(network, scene.coordinator))[Status.ACTUAL]
    assert view.alert.has_acknowledged(scene.coordinator.id)
    await talk.say(scene.coordinator, room, "da")
    assert len(await talk.answers()) == 1, "a second yes is talk"


@pytest.mark.parametrize(("nearly", "yes"), [("panik", "yes"), ("pannika", "da"), ("паникаа", "ДА.")])
async def test_a_call_for_help_nearly_written_is_raised_at_a_yes(
    talk: Talk, scene: Scene, network: Network, nearly: str, yes: str
) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, nearly)
    assert [each.template for each in await talk.answers()] == ["reply_ask_panic"]
    assert not await open_alerts(network, scene.coordinator)
    yes_said = await talk.say(scene.member, room, yes)
    await talk.handling.handle(yes_said)
    view = (await open_alerts(network, scene.coordinator))[Status.ACTUAL]
    assert (view.alert.raised_by, view.alert.raised_through) == (scene.member.id, Through.CHANNEL)
    async with talk.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_raises") == 1


async def test_nobody_else_and_nowhere_else_can_it_be_confirmed(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    await talk.say(scene.coordinator, room, "da")
    await talk.say(scene.member, scene.member.id, "da")
    await talk.say(scene.member, room, "da", bound=False)
    assert not await open_alerts(network, scene.coordinator)
    assert len(await talk.answers()) == 1, "and nothing is said to it"
    await talk.say(scene.member, room, "da")
    assert await open_alerts(network, scene.coordinator)


async def test_a_yes_waits_until_it_is_known_whose_it_is(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    yes = replace(said(scene.member, room_of(talk.house, room), "da", talk.clock, event="$yes"), current=False)
    with pytest.raises(NotYet):
        await talk.handling.handle(yes)
    # For too long nobody could say: nothing is done, and nobody is called for what may be talk.
    await talk.handling.handle(replace(yes, event_id="$late", sent_at=yes.sent_at - LATE))
    assert len(await talk.answers()) == 1
    await talk.handling.handle(replace(yes, current=True))
    assert await open_alerts(network, scene.coordinator)


async def test_a_yes_that_was_written_before_the_question_is_talk(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    await talk.say(scene.member, room, "da", at=talk.clock.now() - MINUTE)
    assert not await open_alerts(network, scene.coordinator)
    await talk.say(scene.member, room, "da")
    assert await open_alerts(network, scene.coordinator), "the question still stands"


async def test_a_late_yes_does_nothing_and_says_so_once(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    talk.clock.move(TIME_TO_ANSWER + SECOND)
    await talk.say(scene.member, room, "da")
    await talk.say(scene.member, room, "da")
    assert not await open_alerts(network, scene.coordinator)
    assert [each.template for each in await talk.answers()] == ["reply_ask_panic", "reply_too_late"]


async def test_a_yes_of_the_next_day_is_talk(talk: Talk, scene: Scene, network: Network) -> None:
    await talk.say(scene.member, scene.case.core.id, "panik")
    talk.clock.move(timedelta(days=1))
    await talk.say(scene.member, scene.case.core.id, "da")
    assert not await open_alerts(network, scene.coordinator)
    assert [each.template for each in await talk.answers()] == ["reply_ask_panic"]


async def test_a_yes_in_time_that_was_long_on_its_way_does_nothing(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "vežbaa")
    written = talk.clock.now() + SECOND
    talk.clock.move(TIME_TO_ANSWER + LATE + SECOND)
    await talk.say(scene.member, room, "da", at=written)
    assert not await open_alerts(network, scene.coordinator)


async def test_a_no_ends_the_question(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    await talk.say(scene.member, room, "не")
    await talk.say(scene.member, room, "да")
    assert not await open_alerts(network, scene.coordinator)
    assert [each.template for each in await talk.answers()] == ["reply_ask_panic", "reply_not_done"]


async def test_ending_the_gravest_alert_by_a_bare_word_is_asked_about(
    talk: Talk, scene: Scene, network: Network
) -> None:
    await raised(talk, scene)
    room = scene.case.core.id
    await talk.say(scene.coordinator, room, "ack")
    end = await talk.say(scene.coordinator, room, "stand-down")
    assert [each.template for each in await talk.answers()] == ["reply_ask_grave"]
    yes = await talk.say(scene.coordinator, room, "yes")
    (view,) = await network.alerts.see_all(scene.coordinator, ended=True)
    assert (view.alert.state, view.alert.stand_down_reason) == (State.STOOD_DOWN, "safe")
    # Raised again, and then everything comes a second time.
    talk.clock.move(MINUTE)
    await network.alerts.raise_(scene.member, room, new_id(), event=Event.PANIC)
    await talk.say(scene.coordinator, room, "ack")
    await talk.handling.handle(end)
    async with talk.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM matrix_confirmations") == 0, "what was done is not asked again"
    await talk.handling.handle(yes)
    assert (await open_alerts(network, scene.coordinator))[Status.ACTUAL].alert.state is State.OPEN
    assert len(await talk.answers()) == 1


@pytest.mark.parametrize("where", ["channel", "duty room", "alone"])
async def test_the_word_of_acceptance_says_too_that_one_still_sees_to_it(
    talk: Talk, scene: Scene, network: Network, where: str
) -> None:
    """Asked half an hour later, in any room of the alert; it is for that alert, whatever else was accepted."""
    owner = scene.coordinator if where == "channel" else scene.police.officer
    room = {"channel": scene.case.core.id, "duty room": scene.police.desk_id, "alone": owner.id}[where]
    await raised(talk, scene)
    await talk.say(owner, room, "ack")
    for person, desk in ((scene.police.officer, scene.police), (scene.welfare.officer, scene.welfare)):
        await talk.say(person, desk.desk_id, "ack")
    await talk.say(scene.shelter.officer, scene.shelter.desk_id, "primam")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.state, view.alert.owner_id) == (State.ACCEPTED, owner.id)
    talk.clock.move(OWNED)
    await escalate_due(talk.database, talk.clock)
    (asked,) = await network.alerts.see_all(scene.coordinator)
    assert asked.alert.owner_asked_at == talk.clock.now()
    talk.clock.move(MINUTE)
    await talk.say(scene.shelter.officer, scene.shelter.desk_id, "ack")
    assert (await network.alerts.see(scene.coordinator, asked.alert.id)).alert.owner_asked_at is not None
    yes = await talk.say(owner, room, "примам")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.owner_asked_at, view.alert.next_step_at) == (None, talk.clock.now() + OWNED)
    told = [each.target.id for each in view.deliveries if each.template == "alert_owner_confirmed"]
    assert set(told) == {owner.id, scene.case.core.id, room}
    # The same words again say nothing of the next question.
    talk.clock.move(OWNED)
    await escalate_due(talk.database, talk.clock)
    await talk.handling.handle(yes)
    assert (await network.alerts.see(scene.coordinator, asked.alert.id)).alert.owner_asked_at == talk.clock.now()
    assert not await talk.answers()


async def test_a_word_that_came_late_is_asked_about_and_is_for_that_alert_only(
    talk: Talk, scene: Scene, network: Network
) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "drill")
    written = talk.clock.now() + 10 * SECOND
    talk.clock.move(LATE + MINUTE)
    await talk.say(scene.coordinator, room, "ack", at=written)
    assert [each.template for each in await talk.answers()] == ["reply_ask_late"]
    await talk.say(scene.member, room, "panic")
    await talk.say(scene.coordinator, room, "yes")
    found = await open_alerts(network, scene.coordinator)
    accepted = {status for status, view in found.items() if view.alert.has_acknowledged(scene.coordinator.id)}
    assert accepted == {Status.EXERCISE}, "nobody accepts by it what was raised since"


async def test_a_word_written_before_people_were_called_is_asked_about(
    talk: Talk, scene: Scene, network: Network
) -> None:
    room = scene.case.core.id
    written = talk.clock.now()
    talk.clock.move(5 * MINUTE)
    await raised(talk, scene)
    ack = await talk.say(scene.coordinator, room, "ack", at=written)
    await talk.handling.handle(ack)
    assert [each.template for each in await talk.answers()] == ["reply_ask_before"]
    view = (await open_alerts(network, scene.coordinator))[Status.ACTUAL]
    assert not view.alert.has_acknowledged(scene.coordinator.id)
    await talk.say(scene.coordinator, room, "yes")
    view = (await open_alerts(network, scene.coordinator))[Status.ACTUAL]
    assert view.alert.has_acknowledged(scene.coordinator.id)


async def test_a_drill_that_came_late_wakes_nobody_before_it_is_confirmed(
    talk: Talk, scene: Scene, network: Network
) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "drill", at=talk.clock.now() - timedelta(hours=5))
    assert not await open_alerts(network, scene.coordinator)
    for _ in range(2):
        await talk.say(scene.member, room, "yes")
    assert set(await open_alerts(network, scene.coordinator)) == {Status.EXERCISE}
    async with talk.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_raises") == 1


async def test_a_panic_is_never_too_late_and_never_asked_about(talk: Talk, scene: Scene, network: Network) -> None:
    await talk.say(scene.member, scene.case.core.id, "panic", at=talk.clock.now() - timedelta(days=1))
    assert set(await open_alerts(network, scene.coordinator)) == {Status.ACTUAL}


async def test_a_question_that_is_asked_again_after_a_restart_keeps_its_time(
    talk: Talk, scene: Scene, network: Network
) -> None:
    room = scene.case.core.id
    nearly = await talk.say(scene.member, room, "panik")
    talk.clock.move(TIME_TO_ANSWER)
    await talk.handling.handle(nearly)
    talk.clock.move(SECOND)
    await talk.say(scene.member, room, "da")
    assert not await open_alerts(network, scene.coordinator)


async def test_the_newest_question_is_the_one_that_is_answered(talk: Talk, scene: Scene, network: Network) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panik")
    await talk.say(scene.member, room, "vežbaa")
    await talk.say(scene.member, room, "da")
    assert set(await open_alerts(network, scene.coordinator)) == {Status.EXERCISE}


async def test_a_codename_is_shown_only_where_its_alert_was_called(talk: Talk, scene: Scene) -> None:
    await raised(talk, scene)
    for target_id in (scene.police.desk_id, scene.police.officer.id):
        await talk.say(scene.police.officer, target_id, "primamm")
    # The coordinator may look in at a duty room, but nobody called that one: the others there know nothing.
    await talk.say(scene.coordinator, scene.elsewhere.desk_id, "primamm")
    shown = [each.parameters["command"] for each in await talk.answers("reply_ask_meant")]
    assert shown == [f"ack {scene.case.codename}", f"ack {scene.case.codename}", "ack"]


async def test_a_yes_to_what_only_asks_answers(talk: Talk, scene: Scene) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "rokovii")
    yes = await talk.say(scene.member, room, "da")
    await talk.handling.handle(yes)
    assert [each.template for each in await talk.answers()] == ["reply_ask_meant", "reply_nothing_due"]
