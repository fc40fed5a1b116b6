"""Somebody forced has no case in which anybody may hear of it: one is opened for it, and calls others."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import Person, Role
from alerts.model import AlertId, State
from alerts.news import who_sees
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, Severity, StandDownReason
from bots.talk.own_sentences import OwnSentences
from cases.model import Case, Part
from core.database import Database
from core.errors import Conflict, NotFound
from tests.forced import DURESS, duress_alerts, of_duress, reaching, require_kept, settle
from tests.people import Network, Scene
from tests.talk import Talk

pytest_plugins = ("tests.fixtures_duress",)

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def lonely(talk: Talk, scene: Scene, database: Database, own: OwnSentences) -> Person:
    """Return somebody of the shelter who has no case, with sentences of their own."""
    person = scene.shelter.workers[1]
    await settle(own, database, talk.clock, [person])
    return person


async def case_of(database: Database, network: Network, leader: Person) -> Case:
    """Return the case that was opened for somebody, as its leader sees it."""
    async with database.reading() as look:
        case_id = await look.value("SELECT id FROM cases WHERE opened_for IS NOT NULL AND closed_at IS NULL")
    assert case_id is not None
    return await network.cases.see(leader, case_id)


async def rung(database: Database) -> set[object]:
    """Return who was rung for duress in a room of their own."""
    return {
        row["target_id"]
        for row in await of_duress(database)
        if row["template"] == "alert_ring" and row["target_kind"] == "person"
    }


async def test_whoever_answers_for_the_agency_is_called_until_a_named_person_has_accepted(
    talk: Talk, scene: Scene, database: Database, network: Network, lonely: Person
) -> None:
    deputy, officer = scene.shelter.deputies[0], scene.shelter.officer
    administrator = await network.person(scene.elsewhere.agency, Role.ADMINISTRATOR)
    await talk.say(lonely, lonely.id, DURESS)
    # The security officer, who leads the case; the desk; and the shelter's coordinator of another case.
    assert await rung(database) == {deputy.id, officer.id, scene.coordinator.id}
    (view,) = await network.alerts.see_all(deputy)
    assert (view.alert.event, view.alert.severity, view.alert.raised_by) == (Event.DURESS, Severity.EXTREME, lonely.id)
    case = await case_of(database, network, deputy)
    assert (case.coordinator_id, view.codename) == (deputy.id, case.codename)
    # Nobody accepts: the network's administrators are called too, and everybody again and again.
    talk.clock.move(3 * MINUTE)
    await escalate_due(database, talk.clock)
    assert administrator.id in await rung(database)
    before = len(await of_duress(database))
    talk.clock.move(11 * MINUTE)
    await escalate_due(database, talk.clock)
    assert len(await of_duress(database)) > before
    (seen,) = await network.alerts.see_all(administrator)
    async with database.reading() as look:
        told = await who_sees(look, [seen.alert.id], [administrator.id, officer.id, lonely.id])
    assert told[seen.alert.id] == {administrator.id, officer.id}

    await talk.say(officer, officer.id, f"ack {case.codename}")
    (view,) = await network.alerts.see_all(officer)
    assert (view.alert.state, view.alert.owner_id) == (State.ACCEPTED, officer.id)
    with pytest.raises(Conflict):
        await network.closing.close_case(deputy, case.id)
    await network.alerts.stand_down(officer, view.alert.id, StandDownReason.SAFE)
    await network.closing.close_case(deputy, case.id)
    await require_kept(database, lonely)


async def test_whoever_is_forced_sees_nothing_of_it(
    talk: Talk, database: Database, network: Network, lonely: Person, scene: Scene
) -> None:
    colleagues = [each.id for each in await network.cases.colleagues(lonely)]
    await talk.say(lonely, lonely.id, DURESS)
    (alert_id,) = map(AlertId, await duress_alerts(database))
    case = await case_of(database, network, scene.shelter.deputies[0])
    await network.alerts.acknowledge(scene.shelter.officer, alert_id)
    assert not await network.alerts.see_all(lonely, ended=True)
    assert not await network.cases.see_all(lonely)
    assert [each.id for each in await network.cases.colleagues(lonely)] == colleagues
    with pytest.raises(NotFound):
        await network.cases.see(lonely, case.id)
    # Nor may anybody let them into it.
    with pytest.raises(NotFound):
        await network.cases.add_member(scene.shelter.deputies[0], case.core.id, lonely.id)
    assert [template for template, *_ in await reaching(database, lonely)] == ["reply_no_alert"]


async def test_a_second_sentence_is_told_in_the_same_case_and_the_same_message_once(
    talk: Talk, scene: Scene, database: Database, network: Network, lonely: Person
) -> None:
    message = await talk.say(lonely, lonely.id, DURESS)
    before = len(await of_duress(database))
    await talk.handling.handle(message)
    assert len(await of_duress(database)) == before
    talk.clock.move(2 * MINUTE)
    await talk.say(lonely, lonely.id, DURESS)
    assert len(await of_duress(database)) > before
    assert len(await duress_alerts(database)) == 1
    # It has ended, the case is open still: they are called again in it.
    (alert_id,) = map(AlertId, await duress_alerts(database))
    officer = scene.shelter.officer
    await network.alerts.acknowledge(officer, alert_id)
    await network.alerts.stand_down(officer, alert_id, StandDownReason.SAFE)
    await talk.say(lonely, lonely.id, DURESS)
    assert len(await duress_alerts(database)) == 2
    await case_of(database, network, scene.shelter.deputies[0])


async def test_a_leader_who_has_left_is_replaced_when_it_comes_again(
    talk: Talk, scene: Scene, database: Database, network: Network, lonely: Person
) -> None:
    await talk.say(lonely, lonely.id, DURESS)
    async with database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = $2 WHERE id = $1", scene.shelter.deputies[0].id, talk.clock.now())
    await talk.say(lonely, lonely.id, DURESS)
    case = await case_of(database, network, scene.coordinator)
    assert scene.shelter.deputies[0].id not in case.leaders
    assert scene.coordinator.id in case.leaders


async def test_a_case_in_which_nobody_may_hear_of_it_is_none(
    talk: Talk, database: Database, network: Network, own: OwnSentences, scene: Scene
) -> None:
    alone = await network.office(workers=1, desk=False)
    desk = await network.agencies.open_desk(scene.police.agency.id, always_staffed=True)
    assert desk == scene.police.desk_id
    person = alone.worker
    case = await network.case(person, {alone: Part.RESPONDER})
    await settle(own, database, talk.clock, [person])
    cause = own.cause_of("$lonely")
    await talk.handling._duress.raise_(person, cause, case.core.id)
    # The desk that is staffed at all hours is rung, and one of its officers leads: nobody else is left.
    assert await rung(database) >= {each.id for each in scene.police.officers}
    await require_kept(database, person)


async def test_an_unlinked_device_calls_them_as_not_verified(
    talk: Talk, scene: Scene, network: Network, lonely: Person
) -> None:
    await talk.say(lonely, lonely.id, DURESS, bound=False)
    (view,) = await network.alerts.see_all(scene.shelter.officer)
    assert (view.alert.severity, view.alert.raised_by, view.alert.claimed_by) == (Severity.SEVERE, None, lonely.id)


async def test_telephones_ring_for_it_but_for_one_that_is_shared_with_who_is_forced(
    talk: Talk, scene: Scene, database: Database, lonely: Person
) -> None:
    contacts = Contacts(database, talk.clock)
    await contacts.add(lonely.id, Means.VOICE, "+381600000001", of_desk=False)
    await contacts.add(scene.shelter.officer.id, Means.VOICE, "+381600000001", of_desk=False)
    await contacts.add(scene.shelter.deputies[0].id, Means.VOICE, "+381600000002", of_desk=False)
    await talk.say(lonely, lonely.id, DURESS)
    called = {row["target_id"] for row in await of_duress(database) if row["target_kind"] == "contact"}
    assert {each.contact.address for each in await contacts.all() if each.contact.id in called} == {"+381600000002"}


async def test_where_nobody_is_left_the_operator_is_told(
    talk: Talk, database: Database, network: Network, own: OwnSentences, logged: io.StringIO
) -> None:
    alone = await network.office(workers=1, desk=False)
    await settle(own, database, talk.clock, [alone.worker])
    await talk.handling._duress.raise_(alone.worker, own.cause_of("$nobody"), None)
    assert not await duress_alerts(database)
    assert logged.getvalue().count("duress_heard_by_nobody") == 1
