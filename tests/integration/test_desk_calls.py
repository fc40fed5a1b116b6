"""A call for help by telephone of no known case: repeated until a named person takes it, and the caller is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import aiohttp
import pytest

from agencies.contacts import ContactId, Means
from agencies.model import AgencyKind
from alerts import forgetting, reaching
from alerts.telephone import desk_calls
from alerts.telephone.answer_numbers import OF_NO_ALERT
from alerts.telephone.desk_call import WIDER_AFTER
from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from cases.model import Part
from core import once
from core.database import Database
from core.outbox import Message, Target, TargetKind
from core.settings import Settings
from crypto.answer_number import answer_number
from tests import outgoing
from tests.carried import FarGateway, carry
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import BOT, Talk, house_of
from tests.telephoned import Line, telephoning

pytest_plugins = ("tests.fixtures_telephoned", "tests.fixtures_carried")

MINUTE, TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)


@pytest.fixture
async def caller(network: Network, scene: Scene, line: Line) -> str:
    """Return the number of somebody of the police with two cases; the welfare centre's desk never sleeps."""
    await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])
    await network.agencies.open_desk(scene.welfare.agency.id, always_staffed=True)
    number, _ = await line.of(scene.member)
    return number


@pytest.fixture
async def talk(database: Database, clock: MovableClock, settings: Settings, scene: Scene) -> AsyncIterator[Talk]:
    """Let people write in their rooms."""
    assert scene.police.desk_id is not None
    house = await house_of(database, clock)
    async with aiohttp.ClientSession() as session:
        handling = Handling(database, clock, settings, Occupants(Homeserver("http://127.0.0.1:9", session)), BOT)
        yield Talk(handling=handling, house=house, database=database, clock=clock)


async def rung(database: Database, since: int = 0) -> set[Target]:
    """Return the rooms and contacts that were called by what was said after so many messages."""
    said = (await outgoing.said(database))[since:]
    return {each.target for each in said if each.template == "alert_ring"}


async def number_of(database: Database, line: Line, contact: ContactId) -> str:
    async with database.reading() as tx:
        call = await tx.value("SELECT id FROM desk_calls")
    return answer_number(line.key, contact.bytes, call.bytes, OF_NO_ALERT)


async def states(database: Database) -> list[tuple[str, object]]:
    async with database.reading() as tx:
        return [(row["state"], row["taken_by"]) for row in await tx.rows("SELECT * FROM desk_calls ORDER BY began_at")]


async def step(database: Database, clock: MovableClock, later: timedelta) -> int:
    clock.move(later)
    return await desk_calls.repeat_due(database, clock)


async def test_until_somebody_takes_it_the_desk_is_called_again_and_whoever_never_sleeps_too(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str
) -> None:
    _, own = await line.of_desk(scene.police, Means.VOICE)
    _, other = await line.of_desk(scene.welfare, Means.VOICE)
    assert await line.say(caller, "panika") == "desk_called"
    first = await rung(database)
    assert outgoing.desk(scene.police) in first
    assert outgoing.desk(scene.welfare) not in first
    assert await step(database, clock, WIDER_AFTER - timedelta(seconds=1)) == 0
    said = await outgoing.count(database)
    assert await step(database, clock, timedelta(seconds=1)) == 1
    again = await rung(database, said)
    assert first | {outgoing.desk(scene.welfare)} <= again
    assert {each.id for each in again if each.kind is TargetKind.CONTACT} == {own, other}
    for _ in range(3):
        said = await outgoing.count(database)
        assert await step(database, clock, TEN_MINUTES - timedelta(seconds=1)) == 0
        assert await step(database, clock, timedelta(seconds=1)) == 1
        assert await rung(database, said) == again
    async with database.reading() as tx:
        acts = [row["facts"] for row in await tx.rows("SELECT facts FROM ledger WHERE act = 'desk_call_repeated'")]
    assert len(acts) == 4
    assert all(each["claimed_to_be"] == str(scene.member.id) for each in acts)


@pytest.mark.parametrize("word", ["here", "tu sam", "ту сам", "ack"])
async def test_a_word_takes_it_and_then_nobody_is_called_for_it(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str, talk: Talk, word: str
) -> None:
    officer, (_, contact) = scene.police.officer, await line.of(scene.police.officer)
    assert await line.say(caller, "panika") == "desk_called"
    letter = next(each for each in await outgoing.said(database) if each.target.id == contact)
    await talk.say(officer, scene.police.desk_id, word)
    assert await states(database) == [("taken", officer.id)]
    told = await outgoing.said(database, "desk_call_taken")
    assert outgoing.desk(scene.police) in {each.target for each in told}
    assert {each.parameters["person"] for each in told} == {str(officer.id)}
    assert await step(database, clock, TEN_MINUTES) == 0
    # Nor by the telephone whose letter waits still.
    left = Message(key="a cause", target=letter.target, template=letter.template, parameters=letter.parameters)
    async with database.reading() as reading:
        assert await reaching.wanted(reading, left, clock.now(), clock.now()) is None
    # Called again it rings again: it may be another matter.
    assert await line.say(caller, "panika") == "desk_called"
    assert [each for each, _ in await states(database)] == ["taken", "calling"]


async def test_who_was_not_rung_takes_nothing_and_neither_does_the_caller(
    scene: Scene, database: Database, line: Line, caller: str, talk: Talk
) -> None:
    assert await line.say(caller, "panika") == "desk_called"
    await talk.say(scene.member, scene.member.id, "here")
    await talk.say(scene.welfare.officer, scene.welfare.officer.id, "here")
    assert await states(database) == [("calling", None)]
    # Nor by telephone, whatever number they hold.
    async with database.reading() as tx:
        call_id = await tx.value("SELECT id FROM desk_calls")
    for each in (scene.member, scene.welfare.officer):
        assert not await desk_calls.take_one(database, talk.clock, each, call_id, uuid4())
    assert await states(database) == [("calling", None)]


async def test_ack_means_an_alert_that_waits_and_not_the_call(
    network: Network, scene: Scene, database: Database, line: Line, caller: str, talk: Talk
) -> None:
    assert await line.say(caller, "panika") == "desk_called"
    view = await network.alerts.raise_(scene.coordinator, scene.case.core.id, scene.case.id)
    await talk.say(scene.police.officer, scene.police.officer.id, "ack")
    alert = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert alert.has_acknowledged(scene.police.officer.id)
    assert await states(database) == [("calling", None)]


async def test_the_number_that_rang_takes_it_by_telephone_once(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str, reaching: Settings,
    gateway: FarGateway,
) -> None:  # fmt: skip
    officer = scene.police.officer
    number, contact = await line.of(officer)
    deputy, contact_of_deputy = await line.of(scene.police.deputies[0])
    assert await line.say(caller, "panika") == "desk_called"
    await carry(database, clock, telephoning(reaching))
    right = await number_of(database, line, contact)
    letters = {each["to"]: each["text"] for each in gateway.taken}
    assert letters[number] == f"Streha: uzbuna, otvorite aplikaciju. Za prijem odgovorite {right}"
    assert caller not in letters
    assert await line.say(deputy, right) == "wrong"
    assert await line.say(number, right, id_="first") == "call_taken"
    assert await states(database) == [("taken", officer.id)]
    async with database.transaction() as tx:
        await tx.run("DELETE FROM telephone_answers")
    assert await line.say(number, right, id_="first") == "call_taken"
    assert await line.say(number, right) == "call_taken"
    assert await line.say(deputy, await number_of(database, line, contact_of_deputy)) == "ended"
    assert len(await outgoing.said(database, "desk_call_taken")) == len(
        {each.target for each in await outgoing.said(database, "desk_call_taken")}
    )


async def test_whoever_calls_again_is_told_that_nobody_has_answered(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str, talk: Talk
) -> None:
    assert await line.say(caller, "panika") == "desk_called"
    clock.move(MINUTE)
    assert await line.say(caller, "panika") == "desk_called"
    clock.move(WIDER_AFTER)
    said = await outgoing.count(database)
    body = line.body(caller, "panika")
    silent = (await line.post(body)).json
    assert silent["outcome"] == "desk_silent"
    assert "192" in silent["text"]
    assert "NIKO" in silent["text"]
    # And calling again rings, at once.
    assert outgoing.desk(scene.police) in await rung(database, said)
    assert len(await states(database)) == 1
    await talk.say(scene.police.officer, scene.police.desk_id, "here")
    assert await line.say(caller, "panika") == "desk_called"


async def test_whoever_is_excluded_meanwhile_is_called_no_more_and_cannot_take_it_unheard(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str
) -> None:
    barred, other = scene.police.officers
    _, contact = await line.of(barred)
    assert await line.say(caller, "panika") == "desk_called"
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    said = await outgoing.count(database)
    assert await step(database, clock, WIDER_AFTER) == 1
    called = await rung(database, said)
    assert outgoing.desk(scene.police) not in called
    assert outgoing.direct(barred) not in called
    assert outgoing.direct(other) in called
    assert contact not in {each.id for each in called}
    assert await desk_calls.take_all(database, clock, barred, clock.now()) == 0
    assert await desk_calls.take_all(database, clock, other, clock.now()) == 1
    assert outgoing.desk(scene.police) not in {each.target for each in await outgoing.said(database, "desk_call_taken")}


async def test_a_desk_that_fills_later_is_called_although_nobody_was_there(
    network: Network, database: Database, clock: MovableClock, line: Line
) -> None:
    lone = await network.office(AgencyKind.NGO, desk=False)
    number, _ = await line.of(lone.worker)
    assert await line.say(number, "panika") == "not_raised"
    assert await outgoing.count(database) == 0
    staffed = await network.office(AgencyKind.SHELTER)
    await network.agencies.open_desk(staffed.agency.id, always_staffed=True)
    assert await step(database, clock, WIDER_AFTER) == 1
    assert outgoing.desk(staffed) in await rung(database)


async def test_many_engines_and_many_words_have_one_effect(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str
) -> None:
    assert await line.say(caller, "panika") == "desk_called"
    clock.move(WIDER_AFTER)
    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(desk_calls.repeat_due(database, clock)) for _ in range(4)]
    assert sum(each.result() for each in done) == 1
    who = [*scene.police.officers, scene.welfare.officer]
    async with asyncio.TaskGroup() as tasks:
        taken = [tasks.create_task(desk_calls.take_all(database, clock, each, clock.now())) for each in who]
    assert sum(each.result() for each in taken) == 1
    assert {each.target for each in await outgoing.said(database, "desk_call_taken")}
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'desk_call_taken'") == 1


async def test_what_was_taken_is_forgotten_after_as_long_as_its_answers_and_what_waits_never(
    scene: Scene, database: Database, clock: MovableClock, line: Line, caller: str
) -> None:
    assert await line.say(caller, "panika") == "desk_called"
    clock.move(once.KEPT + MINUTE)
    await forgetting.forget_old(database, clock)
    assert len(await states(database)) == 1
    written: datetime = clock.now()
    assert await desk_calls.take_all(database, clock, scene.police.officer, written) == 1
    clock.move(once.KEPT + MINUTE)
    await forgetting.forget_old(database, clock)
    assert await states(database) == []
