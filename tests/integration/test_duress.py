"""Somebody forced writes a sentence of their own: it seems to end the alert, and others are called, each alone."""

from __future__ import annotations

import io
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import Person
from alerts.duress.own import Sentences, Standing
from alerts.model import AlertId, State
from alerts.news import who_sees
from alerts.police import asking
from alerts.police.emergency_calls import EmergencyCalls
from alerts.sweep import escalate_due
from alerts.vocabulary import Event, Severity, StandDownReason
from bots.talk.handling import NotYet
from bots.talk.own_sentences import OwnSentences
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from safety_plans.events import take_up_events
from server.api.wire.alerts import AlertAnswer
from tests.clock import ZONE, MovableClock
from tests.forced import (
    CLEAR,
    DURESS,
    duress_alerts,
    knowing,
    of_duress,
    reaching,
    require_kept,
    sealed,
    settle,
)
from tests.people import Network, Scene
from tests.talk import Talk, said

pytest_plugins = ("tests.fixtures_duress",)

MINUTE = timedelta(minutes=1)


async def test_others_are_called_each_alone(talk: Talk, scene: Scene, database: Database, network: Network) -> None:
    await talk.say(scene.member, scene.case.core.id, DURESS)
    await require_kept(database, scene.member)
    rung = {row["target_id"] for row in await of_duress(database) if row["template"] == "alert_ring"}
    assert rung == {
        each.id
        for each in (
            scene.coordinator, scene.deputy, scene.ngo.worker, scene.shelter.officer, scene.welfare.officer,
            *scene.police.officers,
        )
    }  # fmt: skip
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.event, view.alert.severity, view.alert.state) == (Event.DURESS, Severity.EXTREME, State.OPEN)
    assert view.alert.raised_by == scene.member.id
    shown = AlertAnswer.of(view)
    assert (shown.event, shown.raised_by) == (Event.DURESS, scene.member.id)
    # In the room it was an answer to words that ended nothing.
    (answer,) = await talk.answers()
    assert (answer.template, answer.target.id) == ("reply_no_alert", scene.case.core.id)


@pytest.mark.parametrize("where", ["channel", "alone"])
@pytest.mark.parametrize("hers", [True, False], ids=["her alert is open", "nothing is open"])
async def test_the_all_clear_is_answered_in_the_same_words_and_calls_nobody(
    talk: Talk, scene: Scene, database: Database, network: Network, *, where: str, hers: bool
) -> None:
    if hers:
        await talk.say(scene.member, scene.case.core.id, "panic")
    room = scene.case.core.id if where == "channel" else scene.member.id
    before = len(await reaching(database, scene.member))
    await talk.say(scene.member, room, CLEAR)
    heard = (await reaching(database, scene.member))[before:]
    assert heard
    assert not await duress_alerts(database)
    if hers:
        (view,) = await network.alerts.see_all(scene.member)
        assert view.alert.cancel_asked_at is not None
    for template, *_ in heard:
        assert template == ("alert_cancel_asked" if hers else "reply_no_alert")


async def test_her_own_alert_seems_to_pause_and_others_are_called(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    await talk.say(scene.member, scene.case.core.id, "panic")
    talk.clock.move(MINUTE)
    await talk.say(scene.member, scene.member.id, DURESS)
    (hers,) = await network.alerts.see_all(scene.member)
    assert (hers.alert.event, hers.alert.cancel_asked_at) == (Event.PANIC, talk.clock.now())
    assert {each.alert.event for each in await network.alerts.see_all(scene.deputy)} == {Event.PANIC, Event.DURESS}
    await require_kept(database, scene.member)
    # It runs on while hers rests.
    before = len(await of_duress(database))
    talk.clock.move(3 * MINUTE)
    await escalate_due(database, talk.clock)
    assert len(await of_duress(database)) > before


def _attempts(network: Network, alert_id: AlertId, scene: Scene) -> dict[str, Callable[[Person], Awaitable[object]]]:
    alerts, calls, incidents = network.alerts, EmergencyCalls(network.database, network.clock), network.incidents
    return {
        "see": lambda each: alerts.see(each, alert_id),
        "acknowledge": lambda each: alerts.acknowledge(each, alert_id),
        "stand_down": lambda each: alerts.stand_down(each, alert_id, StandDownReason.SAFE),
        "conversation": lambda each: alerts.note_conversation(each, alert_id, scene.deputy.id),
        "emergency call": lambda each: calls.note(each, alert_id, called=False),
        "incident": lambda each: incidents.see(each, alert_id),
    }


@pytest.mark.parametrize("leads", [True, False])
async def test_who_raised_it_cannot_see_or_end_it(
    talk: Talk, scene: Scene, database: Database, network: Network, *, leads: bool
) -> None:
    forced = scene.coordinator if leads else scene.member
    await talk.say(forced, scene.case.core.id, DURESS)
    (alert_id,) = await duress_alerts(database)
    for name, attempt in _attempts(network, AlertId(alert_id), scene).items():
        with pytest.raises(NotFound) as absent:
            await attempt(forced)
        with pytest.raises(NotFound) as never:
            await _attempts(network, AlertId(uuid4()), scene)[name](forced)
        assert absent.value.reason == never.value.reason
    assert not await network.alerts.see_all(forced, ended=True)
    async with database.reading() as look:
        assert (
            forced.id
            not in (await who_sees(look, [AlertId(alert_id)], [forced.id, scene.deputy.id]))[AlertId(alert_id)]
        )
    accepted = await network.alerts.acknowledge(scene.deputy, AlertId(alert_id))
    assert accepted.alert.has_acknowledged(scene.deputy.id)
    assert await network.alerts.last_accepted(forced) is None
    assert await network.alerts.last_accepted(scene.deputy) is not None
    if leads:
        # Nothing that runs in secret holds up what a leader does, or seems to.
        await network.closing.close_case(forced, scene.case.id)


async def test_what_a_forced_leader_closed_stays_on_the_lists_of_whoever_was_called(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    await talk.say(scene.coordinator, scene.case.core.id, DURESS)
    (alert_id,) = map(AlertId, await duress_alerts(database))
    await network.closing.close_case(scene.coordinator, scene.case.id)
    called = [scene.member, scene.ngo.worker, scene.deputy, scene.police.officer]
    for each in called:
        assert [view.alert.id for view in await network.alerts.see_all(each)] == [alert_id]
        assert [view.alert.id for view in await network.alerts.open_for(each, [])] == [alert_id]
    async with database.reading() as look:
        seeing = await who_sees(look, [alert_id], [each.id for each in (*called, scene.coordinator, scene.stranger)])
    assert seeing[alert_id] == {each.id for each in called}
    await network.alerts.acknowledge(scene.member, alert_id)
    assert await network.alerts.last_accepted(scene.member) is not None
    assert await network.alerts.last_accepted(scene.coordinator) is None


async def test_hours_later_nothing_has_slipped_into_a_room(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    contacts = Contacts(database, talk.clock)
    shared = "+381600000001"
    for person, number in ((scene.member, shared), (scene.police.officer, shared), (scene.deputy, "+381600000002")):
        await contacts.add(person.id, Means.VOICE, number, of_desk=False)
    assert scene.welfare.desk_id is not None
    desk = await contacts.add(scene.welfare.desk_id, Means.VOICE, "+381600000003", of_desk=True)
    await talk.say(scene.member, scene.case.core.id, DURESS)
    (alert_id,) = map(AlertId, await duress_alerts(database))
    for _ in range(20):
        talk.clock.move(timedelta(minutes=25))
        await escalate_due(database, talk.clock)
    accepting = [scene.deputy, scene.police.officer, scene.shelter.officer, scene.welfare.officer]
    for each in accepting:
        await network.alerts.acknowledge(each, alert_id)
    for _ in range(12):
        talk.clock.move(6 * MINUTE)
        await asking.ask_on(database, talk.clock)
        await escalate_due(database, talk.clock)
    await network.alerts.note_conversation(scene.deputy, alert_id, scene.police.officer.id)
    await network.emergency_calls.note(scene.deputy, alert_id, called=True)
    await network.alerts.acknowledge(scene.deputy, alert_id)
    await network.alerts.stand_down(scene.deputy, alert_id, StandDownReason.SAFE)
    await take_up_events(database, talk.clock, ZONE)
    templates = {row["template"] for row in await of_duress(database)}
    assert templates >= {
        "alert_ring", "duress_details", "duress_still_silent", "duress_unanswered", "duress_accepted",
        "duress_all_accepted", "duress_police_asked", "duress_police_asked_again", "duress_police_unanswered",
        "duress_police_called_outside", "duress_owner_asked", "duress_owner_silent", "duress_spoken", "duress_ended",
    }  # fmt: skip
    await require_kept(database, scene.member)
    # The telephone that she shares stays silent; that of a desk where she does not sit rings.
    rung = {row["target_id"] for row in await of_duress(database) if row["target_kind"] == "contact"}
    listed = {each.contact.id: each.contact for each in await contacts.all()}
    assert {listed[each].address for each in rung} == {"+381600000002", "+381600000003"}
    assert desk in rung
    assert [template for template, *_ in await reaching(database, scene.member)] == ["reply_no_alert"]
    assert not [each for each in await network.reviews.due(scene.member) if each.review.reason != "interval"]


@pytest.mark.parametrize("raised", ["panic", "alert threat"])
@pytest.mark.parametrize("sentence", [CLEAR, DURESS], ids=["all-clear", "duress"])
async def test_neither_sentence_ends_somebody_elses_alert_unasked(
    talk: Talk, scene: Scene, network: Network, raised: str, sentence: str
) -> None:
    await talk.say(scene.ngo.worker, scene.case.core.id, raised)
    await talk.say(scene.coordinator, scene.case.core.id, "ack")
    talk.clock.move(MINUTE)
    await talk.say(scene.coordinator, scene.case.core.id, sentence)
    (theirs,) = await network.alerts.see_all(scene.coordinator)
    assert not theirs.alert.ended
    assert (await talk.answers())[-1].template == "reply_ask_grave"
    await talk.say(scene.coordinator, scene.case.core.id, "yes")
    (theirs,) = await network.alerts.see_all(scene.coordinator, ended=True)
    assert theirs.alert.ended


@pytest.mark.parametrize("sentence", [CLEAR, DURESS], ids=["all-clear", "duress"])
async def test_a_sentence_is_never_answered_with_somebody_elses_duress(
    talk: Talk, scene: Scene, network: Network, sentence: str
) -> None:
    await talk.say(scene.member, scene.case.core.id, DURESS)
    await talk.say(scene.ngo.worker, scene.ngo.worker.id, "ack")
    talk.clock.move(MINUTE)
    await talk.say(scene.ngo.worker, scene.ngo.worker.id, sentence)
    assert (await talk.answers())[-1].template == "reply_no_alert"
    (theirs,) = await network.alerts.see_all(scene.ngo.worker)
    assert theirs.alert.has_acknowledged(scene.ngo.worker.id)


async def test_a_later_panic_of_another_is_an_alert_of_its_own(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    await talk.say(scene.member, scene.case.core.id, DURESS)
    talk.clock.move(MINUTE)
    await talk.say(scene.ngo.worker, scene.case.core.id, "panic")
    (seen,) = await network.alerts.see_all(scene.member)
    assert (seen.alert.event, seen.alert.raised_by) == (Event.PANIC, scene.ngo.worker.id)
    assert scene.member.id in {each.person_id for each in seen.alert.recipients}
    assert len(await network.alerts.see_all(scene.deputy)) == 2
    await require_kept(database, scene.member)


async def test_words_in_the_channel_are_never_about_it(talk: Talk, scene: Scene, network: Network) -> None:
    await talk.say(scene.member, scene.case.core.id, DURESS)
    for word in ("ack", f"ack {scene.case.codename}", "stand-down safe", "192 me"):
        talk.clock.move(MINUTE)
        await talk.say(scene.deputy, scene.case.core.id, word)
    answers = [each for each in await talk.answers() if each.target.id == scene.case.core.id]
    assert {each.template for each in answers} == {"reply_no_alert"}
    (view,) = await network.alerts.see_all(scene.deputy)
    assert not view.alert.answered
    await talk.say(scene.deputy, scene.deputy.id, f"ack {scene.case.codename}")
    (view,) = await network.alerts.see_all(scene.deputy)
    assert view.alert.has_acknowledged(scene.deputy.id)


async def test_with_two_of_one_codename_a_word_accepts_duress_first_and_ends_it_last(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    await talk.say(scene.ngo.worker, scene.case.core.id, "panic")
    await talk.say(scene.member, scene.case.core.id, DURESS)

    async def states() -> dict[Event, tuple[bool, bool]]:
        views = await network.alerts.see_all(scene.deputy, ended=True)
        return {each.alert.event: (each.alert.has_acknowledged(scene.deputy.id), each.alert.ended) for each in views}

    talk.clock.move(MINUTE)
    await talk.say(scene.deputy, scene.deputy.id, "ack")
    assert await states() == {Event.DURESS: (True, False), Event.PANIC: (False, False)}
    await talk.say(scene.deputy, scene.deputy.id, "ack")
    assert await states() == {Event.DURESS: (True, False), Event.PANIC: (True, False)}
    await talk.say(scene.deputy, scene.deputy.id, "stand-down safe")
    assert await states() == {Event.DURESS: (True, False), Event.PANIC: (True, True)}
    await talk.say(scene.deputy, scene.deputy.id, "stand-down safe")
    assert await states() == {Event.DURESS: (True, False), Event.PANIC: (True, True)}
    assert (await talk.answers())[-1].template == "reply_ask_duress"
    await talk.say(scene.deputy, scene.deputy.id, "yes")
    assert await states() == {Event.DURESS: (True, True), Event.PANIC: (True, True)}
    await require_kept(database, scene.member)


async def test_the_second_who_is_forced_is_kept_from_the_first_and_sees_what_they_saw(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    await talk.say(scene.member, scene.case.core.id, DURESS)
    first = [each.alert.id for each in await network.alerts.see_all(scene.ngo.worker)]
    await talk.say(scene.ngo.worker, scene.case.core.id, DURESS)
    both = await duress_alerts(database)
    assert len(both) == 2
    assert [each.alert.id for each in await network.alerts.see_all(scene.ngo.worker)] == first
    assert not await network.alerts.see_all(scene.member)
    (second,) = set(both) - set(first)
    told = {row["target_id"] for row in await of_duress(database) if row["alert_id"] == second}
    assert scene.deputy.id in told
    assert not told & {scene.member.id, scene.ngo.worker.id}


@pytest.mark.parametrize(
    "written",
    [
        DURESS.upper(),
        "Јавићу се после ручка, ђак чека!",
        "> <@x:y> Stigla\n> sam\n\nJavicu se posle rucka djak ceka",
    ],
)
async def test_it_is_known_in_either_script_and_beneath_a_quotation(
    talk: Talk, scene: Scene, database: Database, written: str
) -> None:
    await talk.say(scene.member, scene.member.id, written)
    assert len(await duress_alerts(database)) == 1


async def test_what_is_not_hers_is_talk(talk: Talk, scene: Scene, database: Database) -> None:
    edit: dict[str, Any] = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}}
    await talk.say(scene.member, scene.case.core.id, DURESS, **edit)
    await talk.say(scene.member, scene.case.core.id, f"> {DURESS}\n\nčuvena rečenica, zar ne")
    await talk.say(scene.member, scene.case.core.id, DURESS + " danas")
    await talk.say(scene.member, scene.case.core.id, DURESS, msgtype="m.notice")
    # Somebody else's words, though they are the same.
    await talk.say(scene.deputy, scene.case.core.id, DURESS)
    assert not await duress_alerts(database)
    assert not await talk.answers()


async def test_the_same_message_twice_has_one_effect(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    message = await talk.say(scene.member, scene.case.core.id, DURESS)
    before = len(await reaching(database, scene.member)), len(await of_duress(database))
    await talk.handling.handle(message)
    (alert_id,) = await duress_alerts(database)
    await network.alerts.acknowledge(scene.deputy, AlertId(alert_id))
    await network.alerts.stand_down(scene.deputy, AlertId(alert_id), StandDownReason.SAFE)
    talk.clock.move(MINUTE)
    await talk.handling.handle(message)
    assert len(await duress_alerts(database)) == 1
    assert len(await reaching(database, scene.member)) == before[0]


async def test_too_many_words_keep_nobody_from_being_called(talk: Talk, scene: Scene, database: Database) -> None:
    for _ in range(25):
        await talk.say(scene.member, scene.member.id, "help")
    await talk.say(scene.member, scene.member.id, DURESS)
    assert len(await duress_alerts(database)) == 1
    templates = [each.template for each in await talk.answers()]
    assert templates.count("reply_flood") == 1
    assert "reply_no_alert" not in templates


async def test_a_device_that_is_not_linked_raises_as_not_verified_and_calls_anew_once_it_can_be_checked(
    talk: Talk, scene: Scene, database: Database, network: Network
) -> None:
    message = await talk.say(scene.member, scene.case.core.id, DURESS, bound=False)
    (view,) = await network.alerts.see_all(scene.deputy)
    assert (view.alert.severity, view.alert.raised_by, view.alert.claimed_by) == (
        Severity.SEVERE, None, scene.member.id
    )  # fmt: skip
    assert not await network.alerts.see_all(scene.member)
    # In the room nothing shows, as with any command from there.
    assert not await reaching(database, scene.member)
    await require_kept(database, scene.member)
    await talk.handling.handle(said(scene.member, message.room_id, DURESS, talk.clock, event=message.event_id))
    (view,) = await network.alerts.see_all(scene.deputy)
    assert (view.alert.severity, view.alert.ladder) == (Severity.EXTREME, 2)
    await require_kept(database, scene.member)


async def test_while_nobody_can_tell_whose_it_is_others_are_called_already(
    talk: Talk, scene: Scene, database: Database
) -> None:
    from_now = said(scene.member, next(iter(talk.house)), DURESS, talk.clock, event="$soon")
    with pytest.raises(NotYet):
        await talk.handling.handle(replace(from_now, current=False))
    assert len(await duress_alerts(database)) == 1


async def test_in_a_room_that_nobody_knows_others_are_called(talk: Talk, scene: Scene, database: Database) -> None:
    message = said(scene.member, "!unknown:streha.localhost", DURESS, talk.clock, event="$lost")
    await talk.handling.handle(message)
    assert len(await duress_alerts(database)) == 1
    assert not await reaching(database, scene.member)


async def test_duress_cannot_be_raised_by_its_name(network: Network, scene: Scene) -> None:
    with pytest.raises(InvalidInput):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4(), event=Event.DURESS)


# The sentences themselves ---------------------------------------------------------------------------


async def test_the_database_holds_no_sentence_and_nothing_sealed_once_the_bot_has_it(
    database: Database, clock: MovableClock, scene: Scene, own: OwnSentences, tmp_path: Path
) -> None:
    sentences = Sentences(database, clock)
    assert (await sentences.see(scene.member)).standing is Standing.NONE
    await own.sweep()
    assert (await sealed(database, clock, scene.member, CLEAR, DURESS)).standing is Standing.WAITING
    await own.sweep()
    known = await sentences.see(scene.member)
    assert (known.standing, known.since) == (Standing.SET, clock.now())
    async with database.reading() as look:
        row = await look.row("SELECT * FROM own_sentences")
    assert row is not None
    assert row["sealed"] is None
    assert row["all_clear"] != row["duress"]
    key = tmp_path / "identity" / "own-sentences.sealed"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    await sentences.clear(scene.member)
    assert (await sentences.see(scene.member)).standing is Standing.NONE
    await sentences.clear(scene.member)


async def test_what_cannot_be_used_is_refused_and_what_was_set_before_counts_still(
    talk: Talk, database: Database, clock: MovableClock, scene: Scene, own: OwnSentences
) -> None:
    assert (await sealed(database, clock, scene.member, CLEAR, "panic sada i ovde")).standing is Standing.WAITING
    await own.sweep()
    assert (await Sentences(database, clock).see(scene.member)).standing is Standing.REFUSED
    await talk.say(scene.member, scene.member.id, DURESS)
    assert len(await duress_alerts(database)) == 1


async def test_sealed_for_another_it_is_refused(
    database: Database, clock: MovableClock, scene: Scene, own: OwnSentences
) -> None:
    await own.sweep()
    await sealed(database, clock, scene.member, CLEAR, DURESS)
    async with database.transaction() as tx:
        await tx.run("UPDATE own_sentences SET person_id = $1", scene.deputy.id)
    await own.sweep()
    assert (await Sentences(database, clock).see(scene.deputy)).standing is Standing.REFUSED


async def test_what_another_disk_knew_is_lost_loudly_and_once(
    talk: Talk, database: Database, clock: MovableClock, scene: Scene, tmp_path: Path, logged: io.StringIO
) -> None:
    other = knowing(database, clock, tmp_path / "another")
    await other.sweep()
    await other.sweep()
    sentences = Sentences(database, clock)
    assert (await sentences.see(scene.member)).standing is Standing.LOST
    async with database.reading() as look:
        rows = await look.rows("SELECT target_id FROM outbox WHERE template = 'sentences_lost'")
    assert {row["target_id"] for row in rows} == {scene.member.id, scene.coordinator.id, scene.ngo.worker.id}
    assert len(rows) == 3
    assert logged.getvalue().count("own_sentences_lost") == 1
    # Whoever copied the folder has the same key: nothing is lost, and nobody is told.
    again = knowing(database, clock, tmp_path)
    await again.sweep()
    assert (await sentences.see(scene.member)).standing is Standing.SET
    await talk.say(scene.member, scene.member.id, DURESS)
    assert len(await duress_alerts(database)) == 1
    with pytest.raises(Conflict):
        await sentences.set(scene.member, bytes(32), bytes(1072))


async def test_a_key_that_cannot_be_read_is_put_aside_and_another_made(
    database: Database, clock: MovableClock, scene: Scene, own: OwnSentences, tmp_path: Path
) -> None:
    await settle(own, database, clock, [scene.member])
    other = knowing(database, clock, tmp_path, b"another secret of the bot, long enough too")
    await other.sweep()
    assert (await Sentences(database, clock).see(scene.member)).standing is Standing.LOST
    assert [each.name for each in (tmp_path / "identity").glob("own-sentences.unreadable-*")]
