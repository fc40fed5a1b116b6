"""Calling for help by telephone: for the only case, for the one that is named, and where none can be chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.contacts import Contact, ContactId, Means
from agencies.model import AgencyKind, PersonId
from alerts import reaching
from alerts.model import Press, State
from alerts.service import AlertView
from alerts.vocabulary import Certainty, Severity, StandDownReason, Status, Through
from cases.model import Part
from core.database import Database
from core.outbox import Message, TargetKind
from tests import outgoing
from tests.clock import MovableClock
from tests.linked import link_everybody
from tests.people import Network, Scene
from tests.scraped import counted
from tests.telephoned import STRANGE, Line

pytest_plugins = ("tests.fixtures_telephoned",)


async def the_alert(network: Network, scene: Scene) -> AlertView:
    """Return the one alert of the case."""
    (view,) = await network.alerts.see_all(scene.coordinator, ended=True)
    return view


async def acts(database: Database, act: str) -> list[dict[str, object]]:
    async with database.reading() as reading:
        rows = await reading.rows("SELECT * FROM ledger WHERE act = $1 ORDER BY entry", act)
    return [{"kind": row["actor_kind"], "actor": row["actor_id"], **row["facts"]} for row in rows]


async def test_a_call_for_help_is_raised_as_not_verified(network: Network, database: Database, line: Line) -> None:
    scene = await network.scene()
    number, _ = await line.of(scene.member)
    assert await line.say(number, "Panika!") == "raised"
    view = await the_alert(network, scene)
    alert = view.alert
    assert (alert.raised_by, alert.raised_through, alert.claimed_by) == (None, Through.TELEPHONE, scene.member.id)
    assert (alert.severity, alert.certainty, alert.status) == (Severity.SEVERE, Certainty.UNKNOWN, Status.ACTUAL)
    assert scene.member.id in {each.id for each in view.people}
    details = await outgoing.said(database, "alert_details_telephone")
    assert details
    assert {each.parameters["person"] for each in details} == {str(scene.member.id)}
    (raised,) = await acts(database, "alert_raised")
    assert raised["kind"] == "unverified"
    assert (raised["actor"], raised["claimed_to_be"], raised["through"]) == (None, str(scene.member.id), "telephone")
    shown = await line.api.ask("GET", f"/api/alerts/{alert.id}", token=await line.api.token(scene.coordinator))
    assert (shown.json["raised_through"], shown.json["claimed_by"]) == ("telephone", str(scene.member.id))
    assert shown.json["people"][str(scene.member.id)] == scene.member.name


async def test_the_same_words_raise_once_and_are_answered_alike(
    network: Network, scene: Scene, clock: MovableClock, line: Line
) -> None:
    number, _ = await line.of(scene.member)
    body = line.body(number, "panika")
    first = await line.post(body)
    assert (first.status, first.json["outcome"]) == (200, "raised")
    # On that very moment's signature, and signed anew later; when it is all over too.
    assert (await line.post(body)).body == first.body
    alert = (await the_alert(network, scene)).alert
    for office in (scene.police, scene.shelter, scene.welfare):
        await network.alerts.acknowledge(office.officer, alert.id)
    await network.alerts.stand_down(scene.police.officer, alert.id, StandDownReason.SAFE)
    clock.move(timedelta(hours=1))
    assert (await line.post(body)).body == first.body
    assert (await the_alert(network, scene)).alert.state is State.STOOD_DOWN
    assert await line.say(number, "panika") == "raised"
    assert len(await network.alerts.see_all(scene.coordinator, ended=True)) == 2


async def test_the_same_words_do_nothing_more_when_their_author_may_not_know_any_more(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    number, _ = await line.of(scene.member)
    body = line.body(number, "panika")
    first = await line.post(body)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    before = await outgoing.count(database)
    assert (await line.post(body)).body == first.body
    assert await outgoing.count(database) == before


async def test_telephones_join_what_is_open_and_a_verified_press_begins_anew(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, _ = await line.of(scene.member)
    other, _ = await line.of(scene.coordinator)
    for _ in range(20):
        # Never limited.
        assert await line.say(number, "panika") == "raised"
    clock.move(timedelta(seconds=1))
    assert await line.say(other, "panic") == "raised"
    again = await outgoing.said(database, "alert_raised_again_by_telephone")
    assert {each.parameters["person"] for each in again} == {str(scene.member.id), str(scene.coordinator.id)}
    view = await the_alert(network, scene)
    assert (view.alert.severity, view.alert.ladder, view.alert.claimed_by) == (Severity.SEVERE, 1, scene.member.id)
    clock.move(timedelta(minutes=1))
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    view = await the_alert(network, scene)
    assert (view.alert.severity, view.alert.ladder) == (Severity.EXTREME, 2)
    # And a telephone does not make it less.
    assert await line.say(number, "panika") == "raised"
    view = await the_alert(network, scene)
    assert (view.alert.severity, view.alert.ladder, view.alert.certainty) == (Severity.EXTREME, 2, Certainty.OBSERVED)


async def test_whose_telephone_called_it_stays_silent_and_they_may_still_answer(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, contact = await line.of(scene.coordinator)
    assert await line.say(number, "panika") == "raised"
    alert = (await the_alert(network, scene)).alert
    whose = next(each.contact for each in await line.contacts.all() if each.contact.id == contact)
    async with database.reading() as reading:
        _, around = await reaching.around_alert(reading, alert.id, clock.now())
    assert not reaching.may_ring(alert, around, whose)
    # Whoever forged the number has silenced one telephone, and nobody's voice.
    assert alert.called(scene.coordinator.id)
    view = await network.alerts.acknowledge(scene.coordinator, alert.id)
    assert view.alert.has_acknowledged(scene.coordinator.id)


async def test_claims_from_telephones_never_silence_everybody(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, _ = await line.of(scene.member)
    assert await line.say(number, "panika") == "raised"
    alert = (await the_alert(network, scene)).alert
    async with database.reading() as reading:
        _, around = await reaching.around_alert(reading, alert.id, clock.now())
    called = sorted({each.person_id for each in alert.recipients} & around.able)
    whose = [
        Contact(id=ContactId(uuid4()), person_id=each, desk_id=None, means=Means.VOICE, address=STRANGE)
        for each in called
    ]
    assert len(called) > 2

    def ring(*claimed: PersonId) -> list[PersonId | None]:
        presses = tuple(Press(person_id=None, at=clock.now(), claimed_by=each) for each in claimed)
        pressed = replace(alert, presses=presses)
        return [each.person_id for each in whose if reaching.may_ring(pressed, around, each)]

    assert ring(called[0]) == called[1:]
    assert ring(*called[1:]) == called[:1]
    # Whoever forges every number hides nobody: all may answer each other.
    assert ring(*called) == called


async def test_a_long_text_that_begins_with_the_word_is_raised(network: Network, scene: Scene, line: Line) -> None:
    number, _ = await line.of(scene.member)
    assert await line.say(number, "hello " + "x" * 9000) == "unclear"
    assert await line.say(number, "panika " + "бежим преко моста " * 500) == "raised"
    assert (await the_alert(network, scene)).alert.claimed_by == scene.member.id


async def test_of_several_cases_the_one_that_is_named(network: Network, scene: Scene, line: Line) -> None:
    other = await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])
    number, _ = await line.of(scene.member)
    assert await line.say(number, f"panika {other.codename}") == "raised"
    assert [each.codename for each in await network.alerts.see_all(scene.member)] == [other.codename]
    # A circle of the case too; and of one case only, a codename that nobody knows keeps nobody from help.
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    assert await line.say(number, f"panika {circle.codename}") == "raised"
    lone, _ = await line.of(scene.ngo.worker)
    assert await line.say(lone, "panika nigde-nikad") == "raised"
    raised = {each.codename for each in await network.alerts.see_all(scene.coordinator)}
    assert raised == {other.codename, circle.codename, scene.case.codename}


async def test_where_no_case_can_be_chosen_the_own_desk_hears_it(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])
    number, own = await line.of(scene.member)
    _, desk = await line.of_desk(scene.police, Means.VOICE)
    _, officer = await line.of(scene.police.officer)
    body = line.body(number, "panika")
    first = await line.post(body)
    assert first.json["outcome"] == "desk_called"
    assert "NIJE podignuta" in first.json["text"]
    assert "panika" in first.json["text"]
    assert await network.alerts.see_all(scene.coordinator) == []
    said = await outgoing.said(database)
    called = {each.target: each.mentions for each in said if each.template == "alert_ring" and each.mentions}
    deputy = scene.police.deputies[0]
    assert called == {
        outgoing.desk(scene.police): {each.id for each in scene.police.officers},
        outgoing.direct(deputy): {deputy.id},
    }
    assert {each.target.id for each in said if each.target.kind is TargetKind.CONTACT} == {desk, officer}
    assert own not in {each.target.id for each in said}
    (told, *_) = [each for each in said if each.template == "desk_called_by_person"]
    assert told.parameters.keys() == {"person", "time"}
    (act,) = await acts(database, "desks_called_by_telephone")
    assert act["claimed_to_be"] == str(scene.member.id)
    # Once for the same words, and for others in the same minute; then again.
    assert (await line.post(body)).body == first.body
    assert await line.say(number, "panika") == "desk_called"
    assert await outgoing.count(database) == len(said)
    line.clock.move(timedelta(minutes=1))
    # Also where the process ended before it had kept what it answers.
    async with database.transaction() as tx:
        assert await tx.run("DELETE FROM telephone_answers") == 2
    assert (await line.post(body)).body == first.body
    assert await outgoing.count(database) == len(said)
    assert await line.say(number, "panika") == "desk_called"
    assert await outgoing.count(database) == 2 * len(said)


async def test_who_is_excluded_from_a_case_of_the_caller_hears_nothing_of_it(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    await network.case(scene.coordinator, {scene.police: Part.RESPONDER}, [scene.member])
    barred, other = scene.police.officers
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    number, _ = await line.of(scene.member)
    contacts = {await line.of(barred), await line.of_desk(scene.police)}
    assert await line.say(number, "panika") == "desk_called"
    said = await outgoing.said(database)
    assert {each.target for each in said} == {outgoing.direct(each) for each in (other, scene.police.deputies[0])}
    assert {each.target.id for each in said}.isdisjoint(contact for _, contact in contacts)


async def test_a_desk_that_is_called_without_an_alert_is_rung_for_an_hour(
    scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    number, _ = await line.of(scene.police.workers[1])
    _, desk = await line.of_desk(scene.police, Means.VOICE)
    assert await line.say(number, "panika") == "desk_called"
    (letter,) = [each for each in await outgoing.said(database) if each.target.id == desk]
    waiting, left_at = Message(key="a cause", target=letter.target, template=letter.template), clock.now()
    async with database.reading() as reading:
        now = await reaching.wanted(reading, waiting, left_at, left_at)
        later = await reaching.wanted(reading, waiting, left_at, left_at + timedelta(hours=2))
    assert now is not None
    assert (now.status, now.raised, now.ladder) == (Status.ACTUAL, left_at, None)
    assert later is None


async def test_who_may_not_know_of_the_case_any_more_reaches_the_own_desk_only(
    network: Network, scene: Scene, line: Line
) -> None:
    excluded, _ = await line.of(scene.ngo.worker)
    removed, _ = await line.of(scene.member)
    left, _ = await line.of(scene.coordinator)
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.worker.id)
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    assert await line.say(excluded, "panika") == "desk_called"
    assert await line.say(excluded, f"panika {scene.case.codename}") == "desk_called"
    assert await line.say(removed, "panika") == "desk_called"
    await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.deputy.id, None)
    await network.depart(scene.coordinator)
    # As from a number that is nobody's.
    assert await line.say(left, "panika") == "not_raised"
    assert await network.alerts.see_all(scene.deputy) == []


async def test_where_nobody_answers_for_an_agency_that_is_said(network: Network, line: Line) -> None:
    lone = await network.office(AgencyKind.NGO, desk=False)
    number, _ = await line.of(lone.worker)
    body = line.body(number, "panika")
    for _ in range(2):
        answered = await line.post(body)
        assert answered.json["outcome"] == "not_raised"
        assert "192" in answered.json["text"]


async def test_where_nobody_answers_for_an_agency_whoever_never_sleeps_is_called(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    await network.agencies.open_desk(scene.welfare.agency.id, always_staffed=True)
    lone = await network.office(AgencyKind.NGO, desk=False)
    number, _ = await line.of(lone.worker)
    _, desk = await line.of_desk(scene.welfare, Means.VOICE)
    assert await line.say(number, "panika") == "desk_called"
    (ring, told, letter) = await outgoing.said(database)
    assert ring.target == outgoing.desk(scene.welfare)
    assert ring.mentions == {each.id for each in scene.welfare.officers}
    assert (told.template, told.parameters["person"]) == ("desk_called_by_person", str(lone.worker.id))
    assert letter.target.id == desk
    # An agency with a desk of its own is heard there alone.
    own, _ = await line.of(scene.shelter.officer)
    assert await line.say(own, "panika") == "desk_called"
    assert outgoing.desk(scene.welfare) not in {each.target for each in (await outgoing.said(database))[3:]}


async def test_at_a_desks_telephone_somebody_says_who_calls(
    network: Network, scene: Scene, database: Database, line: Line
) -> None:
    await network.agencies.seat(scene.police.desk_id or pytest.fail("no desk"), scene.member.id)
    number, _ = await line.of_desk(scene.police)
    assert await line.say(number, "112") == "desk_called"
    (told, *_) = await outgoing.said(database, "desk_called_by_desk")
    assert told.parameters["agencies"] == str(scene.police.agency.id)
    assert await line.say(number, "panika " + "".join(each[0] for each in scene.member.name.split()[:2])) == "raised"
    assert (await the_alert(network, scene)).alert.claimed_by == scene.member.id


async def test_a_number_that_is_nobodys_is_answered_and_does_nothing(
    scene: Scene, database: Database, line: Line
) -> None:
    before = counted()
    said = {text: await line.say(STRANGE, text) for text in ("panika", "481207", "hello")}
    assert said == {"panika": "not_raised", "481207": "wrong", "hello": "unclear"}
    assert counted().since(before, "streha_telephone_words_total", state="unknown_number") == 3
    for table in ("alerts", "outbox", "telephone_answers", "telephone_tries", "done_once"):
        async with database.reading() as reading:
            assert await reading.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 (own tables)
    # A known one is answered in the same words where nothing is done.
    number, _ = await line.of(scene.member)
    assert await line.say(number, "481207") == "wrong"
    assert await line.say(number, "hello") == "unclear"


async def test_all_but_a_call_for_help_is_limited_by_number(scene: Scene, line: Line) -> None:
    number, _ = await line.of(scene.member)
    answers = [(await line.post(line.body(number, "hello"), id_=f"msg_{each}")).status for each in range(20)]
    assert answers == [200] * 12 + [429] * 8
    # However the number is written.
    spaced = f"{number[:4]} {number[4:6]} {number[6:]}"
    assert (await line.post(line.body(spaced, "481207"), id_="another")).status == 429
    assert await line.say(number, "panika") == "raised"
    other, _ = await line.of(scene.coordinator)
    assert await line.say(other, "hello") == "unclear"


async def test_everybody_is_answered_in_their_own_language(scene: Scene, database: Database, line: Line) -> None:
    number, _ = await line.of(scene.member)
    for language, words in (("en", "Not understood. To raise write: panic"), ("sr-Cyrl", "написаните: паника")):
        async with database.transaction() as tx:
            await tx.run("UPDATE agencies SET language = $1", language)
        answered = (await line.post(line.body(number, "hello"), id_=f"msg_{language}")).json
        assert (answered["language"], words.split(":")[1] in answered["text"]) == (language, True), answered


async def test_linked_people_are_called_in_their_rooms_as_ever(
    network: Network, scene: Scene, database: Database, clock: MovableClock, line: Line
) -> None:
    await link_everybody(database, clock.now())
    _, desk = await line.of_desk(scene.police, Means.VOICE)
    number, _ = await line.of(scene.member)
    assert await line.say(number, "panika") == "raised"
    # Severe: rooms first, telephones with the next step.
    assert desk not in {each.target.id for each in await outgoing.said(database)}
    assert outgoing.desk(scene.police) in await outgoing.rung(database)
    assert (await the_alert(network, scene)).alert.next_step_at == clock.now() + timedelta(minutes=10)
