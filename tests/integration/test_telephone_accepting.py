"""Accepting by telephone: with the number that the call told, from the telephone that it rang, as somebody named."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from agencies.contacts import ContactId, Means
from agencies.rosters import Rosters
from alerts.duty import ringing
from alerts.model import AlertId, State
from alerts.police.emergency_calls import EmergencyCalls
from alerts.service import AlertView
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, StandDownReason, Status
from core.database import Database
from core.settings import Settings
from tests import outgoing
from tests.carried import FarGateway, carry
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.telephoned import STRANGE, Line, telephoning

pytest_plugins = ("tests.fixtures_telephoned", "tests.fixtures_carried")


@pytest.fixture
async def names(scene: Scene, database: Database) -> None:
    """Let the two who sit at the desk of the police have names that tests can write."""
    async with database.transaction() as tx:
        for person, name in zip(scene.police.officers, ("Mila Jovanović", "Ana Đorđević"), strict=True):
            await tx.run("UPDATE people SET name = $2 WHERE id = $1", person.id, name)


async def raised(network: Network, scene: Scene) -> AlertView:
    return await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())


async def accepted_by(network: Network, scene: Scene, alert_id: AlertId) -> dict[object, bool]:
    """Return who has accepted, each with whether by telephone."""
    alert = (await network.alerts.see(scene.coordinator, alert_id)).alert
    return {each.person_id: each.by_telephone for each in alert.recipients if each.acknowledged_at}


async def how_often(database: Database, act: str) -> int:
    async with database.reading() as reading:
        return int(await reading.value("SELECT count(*) FROM ledger WHERE act = $1", act))


async def test_the_number_that_rang_is_answered_and_accepts(
    network: Network, database: Database, clock: MovableClock, line: Line, reaching: Settings, gateway: FarGateway
) -> None:
    scene = await network.scene()
    officer = scene.police.officer
    number, contact = await line.of(officer)
    spoken_to, voice = await line.of(scene.coordinator, Means.VOICE)
    view = await raised(network, scene)
    await carry(database, clock, telephoning(reaching))
    letters = {each["to"]: each["text"] for each in gateway.taken}
    told = letters[number]
    assert told == f"Streha: uzbuna, otvorite aplikaciju. Za prijem odgovorite {line.number(contact, view.alert.id)}"
    # The same on each later call of this ladder, and another for everybody else.
    spoken = "".join(re.findall(r"\d", letters[spoken_to]))
    assert spoken == line.number(voice, view.alert.id) != line.number(contact, view.alert.id)

    assert await line.say(number, told[-6:]) == "accepted_police"
    assert await accepted_by(network, scene, view.alert.id) == {officer.id: True}
    assert await outgoing.said(database, "alert_accepted_by_telephone")
    async with database.reading() as reading:
        facts = await reading.value("SELECT facts FROM ledger WHERE act = 'alert_acknowledged'")
    assert facts == {"through": "telephone"}
    token = await line.api.token(scene.coordinator)
    shown = (await line.api.ask("GET", f"/api/alerts/{view.alert.id}", token=token)).json
    assert {each["person"] for each in shown["recipients"] if each["by_telephone"]} == {str(officer.id)}
    assert await line.say(spoken_to, f"{spoken}#", means="voice") == "accepted"
    assert await how_often(database, "alert_acknowledged") == 2


async def test_without_a_way_in_no_number_is_told_and_mail_never_holds_one(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line, reaching: Settings,
    gateway: FarGateway, mail: object,
) -> None:  # fmt: skip
    await line.of(scene.police.officer)
    await line.contacts.add(scene.police.officer.id, Means.EMAIL, "duty@example.org", of_desk=False)
    await raised(network, scene)
    await carry(database, clock, telephoning(replace(reaching, gateway_url="")))
    assert [re.search(r"\d{6}", each.get_content()) for each in mail.mails] == [None]  # type: ignore[attr-defined]
    clock.move(timedelta(minutes=1))
    await carry(database, clock, reaching)
    assert [each["text"] for each in gateway.taken] == ["Streha: uzbuna, otvorite aplikaciju"]


async def test_a_number_counts_from_its_own_telephone_only(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    _, contact = await line.of(scene.police.officer)
    other, _ = await line.of(scene.coordinator)
    view = await raised(network, scene)
    right = line.number(contact, view.alert.id)
    assert await line.say(other, right) == "wrong"
    assert await line.say(STRANGE, right) == "wrong"
    assert await accepted_by(network, scene, view.alert.id) == {}
    assert await how_often(database, "alert_acknowledged") == 0


async def test_a_number_has_one_effect(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    view = await raised(network, scene)
    right = line.number(contact, view.alert.id)
    assert await line.say(number, right, id_="first") == "accepted_police"
    # Also where the process ended before it had kept what it answers.
    async with database.transaction() as tx:
        assert await tx.run("DELETE FROM telephone_answers") == 1
    assert await line.say(number, right, id_="first") == "accepted_police"
    assert await how_often(database, "alert_acknowledged") == 1
    for office in (scene.shelter, scene.welfare):
        await network.alerts.acknowledge(office.officer, view.alert.id)
    clock.move(timedelta(minutes=30))
    await escalate_due(database, clock)
    before = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert before.awaits_owner(scene.police.officer.id)
    # Whoever saw the number over somebody's shoulder does not keep the others from being called again.
    assert await line.say(number, right) == "accepted_police"
    after = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert after == before


async def test_numbers_end_with_the_ladder_and_with_the_alert(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.coordinator)
    view = await raised(network, scene)
    first, second = (line.number(contact, view.alert.id, each) for each in (1, 2))
    for office in (scene.police, scene.shelter, scene.welfare):
        await network.alerts.acknowledge(office.officer, view.alert.id)
    for minutes in (30, 10):
        clock.move(timedelta(minutes=minutes))
        await escalate_due(database, clock)
    assert (await network.alerts.see(scene.coordinator, view.alert.id)).alert.ladder == 2
    assert await line.say(number, first) == "expired"
    assert await accepted_by(network, scene, view.alert.id) == {}
    assert await line.say(number, second) == "accepted_police"
    await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    assert await line.say(number, second) == "ended"
    clock.move(timedelta(days=1, seconds=1))
    assert await line.say(number, second) == "wrong"


async def test_whoever_accepts_first_is_asked_of_the_police_at_once(
    network: Network, scene: Scene, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    other, others = await line.of(scene.shelter.officer)
    view = await raised(network, scene)
    right, id_ = line.number(contact, view.alert.id), "msg_accepts"
    answered = (await line.post(line.body(number, right), id_=id_)).json
    assert (answered["outcome"], answered["text"].count("192")) == ("accepted_police", 2)
    alert = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert alert.police_question is not None
    assert alert.police_question.person_id == scene.police.officer.id
    # Whoever comes second is not asked, and nobody is when somebody has said it.
    assert await line.say(other, line.number(others, view.alert.id)) == "accepted"
    calls = EmergencyCalls(network.database, clock)
    await calls.note(scene.police.officer, view.alert.id, called=True, called_by=scene.police.officer.id)
    assert await line.say(number, right) == "accepted"
    # What was answered to the same words stays what it was.
    assert (await line.post(line.body(number, right), id_=id_)).json == answered


async def test_what_is_not_extreme_asks_nothing_of_the_police(network: Network, scene: Scene, line: Line) -> None:
    number, contact = await line.of(scene.police.officer)
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.THREAT_RECEIVED)
    assert await line.say(number, line.number(contact, view.alert.id)) == "accepted"


async def test_an_exercise_is_accepted_as_one(network: Network, scene: Scene, database: Database, line: Line) -> None:
    number, contact = await line.of(scene.police.officer)
    drill = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), status=Status.EXERCISE)
    real = await raised(network, scene)
    assert await line.say(number, line.number(contact, drill.alert.id)) == "accepted_exercise"
    assert await accepted_by(network, scene, real.alert.id) == {}
    assert await outgoing.said(database, "drill_accepted_by_telephone")
    assert await outgoing.said(database, "alert_accepted_by_telephone") == []


async def test_wrong_numbers_are_bounded_told_and_hurt_no_alert(
    network: Network, scene: Scene, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    other, others = await line.of(scene.coordinator)
    view = await raised(network, scene)
    right = line.number(contact, view.alert.id)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    # The same words are one try, however often they come.
    for _ in range(4):
        assert await line.say(number, wrong, id_="again") == "wrong"
    clock.move(timedelta(minutes=2))
    for _ in range(4):
        assert await line.say(number, wrong) == "wrong"
    answered = await line.post(line.body(number, right), id_="right")
    assert answered.json["outcome"] == "refused"
    assert "previše pogrešnih brojeva" in answered.json["text"]
    alert = (await network.alerts.see(scene.coordinator, view.alert.id)).alert
    assert (alert.state, await accepted_by(network, scene, alert.id)) == (State.OPEN, {})
    # Others answer as ever, the same person in the app too; and by telephone again when the time is over.
    assert await line.say(other, line.number(others, view.alert.id)) == "accepted_police"
    await network.alerts.acknowledge(scene.police.officers[1], view.alert.id)
    clock.move(timedelta(hours=1))
    assert await line.say(number, right) == "accepted"


async def test_many_wrong_numbers_at_once_are_no_more_tries(network: Network, scene: Scene, line: Line) -> None:
    number, contact = await line.of(scene.police.officer)
    view = await raised(network, scene)
    right = int(line.number(contact, view.alert.id))
    async with asyncio.TaskGroup() as tasks:
        tried = [tasks.create_task(line.say(number, f"{(right + each) % 10**6:06}")) for each in range(1, 12)]
    said = [each.result() for each in tried]
    assert (said.count("wrong"), said.count("refused")) == (5, 6)


async def test_who_may_not_act_any_more_does_not_accept(network: Network, scene: Scene, line: Line) -> None:
    lines = [await line.of(each) for each in (scene.police.officer, scene.shelter.officer, scene.welfare.officer)]
    view = await raised(network, scene)
    excluded, left, removed = [(number, line.number(contact, view.alert.id)) for number, contact in lines]
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officer.id)
    await network.depart(scene.shelter.officer)
    await line.contacts.remove(lines[2][1])
    assert await line.say(*excluded) == "not_accepted"
    assert await line.say(*left) == "wrong"
    assert await line.say(*removed) == "wrong"
    assert await accepted_by(network, scene, view.alert.id) == {}


@pytest.mark.usefixtures("names")
async def test_at_a_desk_somebody_says_who_accepts(network: Network, scene: Scene, line: Line) -> None:
    number, contact = await line.of_desk(scene.police, Means.VOICE)
    view = await raised(network, scene)
    right = line.number(contact, view.alert.id)
    # Who is not named, sits elsewhere, or is a name that nobody has, is asked for; the number still holds.
    for who in ("", " XY", f" {scene.shelter.officer.name}", "#99"):
        assert await line.say(number, right + who) == "name_missing"
    assert await line.say(number, f"{right}65#", means="voice") == "accepted_police"
    assert await accepted_by(network, scene, view.alert.id) == {scene.police.officer.id: True}
    # Another one opens the app.
    assert await line.say(number, f"{right} AĐ") == "used"
    assert await accepted_by(network, scene, view.alert.id) == {scene.police.officer.id: True}


async def test_at_a_desk_whoever_stands_in_accepts_by_its_telephone(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    desk_id, zone, deputy = scene.police.desk_id, ZoneInfo("Europe/Belgrade"), scene.police.deputies[0]
    assert desk_id is not None
    now = clock.now()
    await Rosters(database, clock, zone.key).add(desk_id, scene.police.officer.id, now, now + timedelta(hours=9))
    number, contact = await line.of_desk(scene.police)
    view = await raised(network, scene)
    answer = f"{line.number(contact, view.alert.id)} {deputy.name}"
    assert await line.say(number, answer) == "name_missing"
    await ringing.ring_due(database, clock, zone)
    clock.move(timedelta(minutes=10))
    await ringing.step_due(database, clock, zone)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    assert (await line.say(number, answer)).startswith("accepted")
    assert await accepted_by(network, scene, view.alert.id) == {deputy.id: True}


@pytest.mark.usefixtures("names")
async def test_who_left_the_desk_a_second_ago_does_not_accept_there(network: Network, scene: Scene, line: Line) -> None:
    number, contact = await line.of_desk(scene.police)
    view = await raised(network, scene)
    assert scene.police.desk_id is not None
    await network.agencies.unseat(scene.police.desk_id, scene.police.officer.id)
    right = line.number(contact, view.alert.id)
    assert await line.say(number, f"{right} Mila") == "name_missing"
    assert await line.say(number, f"{right} Ana") == "accepted_police"


@pytest.mark.usefixtures("names")
async def test_a_desk_where_somebody_excluded_sits_accepts_nothing_by_its_telephone(
    network: Network, scene: Scene, line: Line
) -> None:
    number, contact = await line.of_desk(scene.police)
    view = await raised(network, scene)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officers[1].id)
    # They could say the other's name.
    assert await line.say(number, f"{line.number(contact, view.alert.id)} Mila") == "not_accepted"
    view = await network.alerts.acknowledge(scene.police.officer, view.alert.id)
    assert view.alert.has_acknowledged(scene.police.officer.id)


@pytest.mark.usefixtures("names")
async def test_two_answers_at_once_are_one(network: Network, scene: Scene, database: Database, line: Line) -> None:
    number, contact = await line.of_desk(scene.police)
    view = await raised(network, scene)
    right = line.number(contact, view.alert.id)
    async with asyncio.TaskGroup() as tasks:
        same = [tasks.create_task(line.say(number, f"{right} MJ", id_="one")) for _ in range(4)]
    assert {each.result() for each in same} == {"accepted_police"}
    assert await how_often(database, "alert_acknowledged") == 1

    own, of_own = await line.of_desk(scene.shelter)
    right = line.number(of_own, view.alert.id)
    await network.agencies.seat(scene.shelter.desk_id or pytest.fail("no desk"), scene.shelter.workers[1].id)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    both = scene.shelter.officer, scene.shelter.workers[1]
    async with asyncio.TaskGroup() as tasks:
        told = [tasks.create_task(line.say(own, f"{right} {each.name}")) for each in both]
    assert sorted(each.result() for each in told) == ["accepted", "used"]
    assert await how_often(database, "alert_acknowledged") == 2


async def test_what_came_late_is_asked_for_again_and_a_call_for_help_never(
    network: Network, scene: Scene, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.police.officer)
    caller, _ = await line.of(scene.member)
    view = await raised(network, scene)
    right, before = line.number(contact, view.alert.id), clock.now() - timedelta(minutes=10, seconds=1)
    assert await line.say(number, right, received=before) == "late"
    assert await accepted_by(network, scene, view.alert.id) == {}
    assert await line.say(number, right) == "accepted_police"
    assert await line.say(caller, "panika", received=clock.now() - timedelta(hours=9)) == "raised"


async def test_one_telephone_of_a_person_and_a_desk_answers_for_whom_it_rang(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    officer = scene.police.officer
    number, own = await line.of(officer)
    await line.of_desk(scene.police, number=number)
    view = await raised(network, scene)
    letters = [each.target.id for each in await outgoing.said(database, "alert_ring") if not each.mentions]
    assert letters == [ContactId(own)]
    # Whoever lifts it may be another: the one for whom it rang may be asleep.
    told = line.number(own, view.alert.id)
    assert await line.say(number, told) == "name_missing"
    assert await accepted_by(network, scene, view.alert.id) == {}
    colleague = scene.police.officers[1]
    assert await line.say(number, f"{told} {colleague.name}") == "accepted_police"
    assert await accepted_by(network, scene, view.alert.id) == {colleague.id: True}
    assert colleague.id != officer.id
