"""What the bot does with what it receives, on a real database: bound senders act, others do not, nothing twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agencies.attestation import EndReason
from agencies.model import Person
from agencies.rosters import Rosters
from alerts.model import State
from alerts.vocabulary import Certainty, Severity, StandDownReason, Status, Through
from bots.device.received import MembershipChange, Undecryptable, Unencrypted
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.talk.flood import PER_MINUTE
from bots.talk.handling import Handling, NotYet, is_panic
from bots.wire.homeserver import Homeserver
from bots.words.commands import Verb
from bots.words.meaning import LATE
from bots.words.rendering import Names, Renderer, names_for
from cases.model import Part
from core import database as databases
from core import outbox
from core.database import Database
from core.key_holders import KeyState
from core.outbox import Lane, Target
from core.settings import Settings
from core.texts import LANGUAGES
from operations.model import Despite, Operation, OperationStatus
from operations.safe_calls.model import SafeCallPlan
from operations.safe_calls.sweep import call_for_unheard
from operations.sweep import call_for_late
from safety_plans.clocks.rules import ClockKind
from safety_plans.model import Level
from tests.clock import MovableClock
from tests.integration.test_operations import plan_of
from tests.linked import note_changed, standing
from tests.people import Network, Office, Scene
from tests.scraped import counted
from tests.talk import BOT, Talk, house_of, room_of, said


@pytest.fixture
async def handling(database: Database, clock: MovableClock, settings: Settings) -> AsyncIterator[Handling]:
    async with aiohttp.ClientSession() as session:
        nowhere = Homeserver("http://127.0.0.1:9", session)
        yield Handling(database, clock, settings, Occupants(nowhere), BOT)


@pytest.fixture
def talk(handling: Handling, house: dict[str, Target], database: Database, clock: MovableClock) -> Talk:
    """Let people write in the rooms of the scene."""
    return Talk(handling=handling, house=house, database=database, clock=clock)


@pytest.fixture
async def house(database: Database, clock: MovableClock, scene: Scene) -> dict[str, Target]:
    """Give every target a Matrix room; return whose each is."""
    found = await house_of(database, clock)
    assert scene.case.core.id in {each.id for each in found.values()}
    return found


async def posted(database: Database, template: str) -> int:
    async with database.transaction() as tx:
        return int(await tx.value("SELECT count(*) FROM outbox WHERE template = $1", template))


async def test_a_panic_in_the_channel_raises_once_however_often_it_is_handed_over(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    message = said(scene.member, room_of(house, scene.case.core.id), "Паника!", clock)
    for _ in range(3):
        await handling.handle(message)
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.severity, view.alert.raised_by) == (Severity.EXTREME, scene.member.id)
    assert view.alert.raised_through is Through.CHANNEL
    async with network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_raises") == 1


async def test_a_panic_from_an_unbound_device_raises_unverified_and_says_so(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.member, room, "panic", clock, bound=False))
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert (view.alert.severity, view.alert.certainty) == (Severity.SEVERE, Certainty.UNKNOWN)
    assert (view.alert.raised_by, view.alert.raised_through) == (None, Through.UNVERIFIED)
    assert await posted(network.database, "reply_raised_unverified") == 1
    assert await posted(network.database, "alert_details_unverified") > 0


@pytest.mark.parametrize("words", ["ack", "stand-down", "drill", "due", "help"])
async def test_everything_else_from_an_unbound_device_fails_closed_and_in_silence(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock, words: str
) -> None:
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.member, room, "panic", clock))
    before = await _outbox(network.database, scene.case.core.id)
    await handling.handle(said(scene.coordinator, room, words, clock, bound=False, event="$two"))
    assert await _outbox(network.database, scene.case.core.id) == before
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.state is State.OPEN
    assert not view.alert.has_acknowledged(scene.coordinator.id)


@pytest.mark.parametrize("how", ["ended", "changed", "another", "waiting"])
async def test_words_of_an_identity_that_does_not_stand_in_the_database_are_not_their_persons(
    talk: Talk, scene: Scene, network: Network, how: str
) -> None:
    """However sure the device's memory is: it may be a moment older than the end of the link."""
    room, coordinator = scene.case.core.id, scene.coordinator
    await talk.say(scene.member, room, "panic")
    link = (await standing(network))[coordinator.matrix_user].id
    if how == "changed":
        assert await note_changed(network, link)
    elif how == "ended":
        await network.linking.end(coordinator, coordinator.id, EndReason.LOST_DEVICE)
    else:
        # Linked anew meanwhile: to another identity, or to none yet.
        key, since = (bytes(32), network.clock.now()) if how == "another" else (None, None)
        async with network.database.transaction() as tx:
            await tx.run(
                "UPDATE matrix_attestations SET master_key = $2, pinned_at = $3 WHERE id = $1", link, key, since
            )
    before = await _outbox(network.database, room)
    for words in ("ack", "yes", "help"):
        await talk.say(coordinator, room, words)
    assert await _outbox(network.database, room) == before
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert not view.alert.has_acknowledged(coordinator.id)
    assert len(await talk.answers("reply_unbound")) == 1
    # Whoever writes panic is heard, as somebody who could not be checked.
    await talk.say(coordinator, room, "panic")
    assert len(await talk.answers("reply_raised_unverified")) == 1


async def test_acknowledging_and_ending_in_the_channel(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.member, room, "panic", clock))
    await handling.handle(said(scene.coordinator, room, "stand-down", clock, event="$early"))
    assert await posted(network.database, "reply_refused") == 1, "who has not accepted may not end it"
    await handling.handle(said(scene.coordinator, room, "primam", clock, event="$ack"))
    await handling.handle(said(scene.coordinator, room, "stand-down lažna uzbuna", clock, event="$end"))
    (view,) = await network.alerts.see_all(scene.coordinator, ended=True)
    assert view.alert.state is State.STOOD_DOWN
    assert view.alert.stand_down_reason == "false_alarm"


async def test_a_duty_officer_answers_in_the_duty_room(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    await handling.handle(said(scene.member, room_of(house, scene.case.core.id), "panic", clock))
    assert scene.police.desk_id is not None
    desk_room = room_of(house, scene.police.desk_id)
    await handling.handle(said(scene.police.officer, desk_room, "ack", clock, event="$ack"))
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.has_acknowledged(scene.police.officer.id)


async def test_a_drill_is_an_exercise_and_an_actual_panic_beside_it_is_not_swallowed(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.member, room, "vežba", clock))
    await handling.handle(said(scene.member, room, "panic", clock, event="$two"))
    views = await network.alerts.see_all(scene.coordinator)
    assert {each.alert.status for each in views} == {Status.EXERCISE, Status.ACTUAL}
    assert await posted(network.database, "drill_ring") > 0
    await handling.handle(said(scene.coordinator, room, "ack", clock, event="$ack"))
    accepted = await network.alerts.see_all(scene.coordinator)
    assert [each.alert.status for each in accepted if each.alert.has_acknowledged(scene.coordinator.id)] == [
        Status.ACTUAL
    ], "a word said in an emergency is for the emergency"


async def test_an_exercise_is_over_when_it_is_ended_without_a_reason(
    talk: Talk, scene: Scene, network: Network
) -> None:
    for person, words in ((scene.member, "drill"), (scene.coordinator, "ack"), (scene.coordinator, "stand-down")):
        await talk.say(person, scene.case.core.id, words)
    (view,) = await network.alerts.see_all(scene.coordinator, ended=True)
    assert view.alert.stand_down_reason is StandDownReason.DRILL_OVER


async def test_a_near_miss_an_edit_and_talk_do_nothing(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    edit: dict[str, Any] = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$zero"}}
    await handling.handle(said(scene.member, room, "nema panike", clock))
    await handling.handle(said(scene.member, room, "panic", clock, event="$two", **edit))
    await handling.handle(replace(said(scene.member, room, "panic", clock, event="$3"), event_type="m.reaction"))
    assert await _outbox(network.database) == 0
    await handling.handle(said(scene.member, room, "panik", clock, event="$near"))
    assert await posted(network.database, "reply_ask_panic") == 1
    assert not await network.alerts.see_all(scene.coordinator)


@pytest.mark.parametrize("verb", list(Verb))
async def test_whatever_is_said_has_one_effect_also_when_it_comes_again_after_a_new_call(
    talk: Talk, scene: Scene, network: Network, clock: MovableClock, verb: Verb
) -> None:
    """The bot may die after anything it stored, and finds the same message again whenever it comes back."""
    room = scene.case.core.id
    await talk.say(scene.member, room, "panic")
    await talk.say(scene.member, room, "drill")
    clock.move(timedelta(seconds=30))
    if verb is Verb.STAND_DOWN:
        await talk.say(scene.coordinator, room, "ack")
    words = "stand-down safe" if verb is Verb.STAND_DOWN else verb.value
    message = await talk.say(scene.coordinator, room, words)
    state = await _state(network.database)
    await talk.handling.handle(message)
    assert await _state(network.database) == state
    # Another call begins, in which nobody has accepted, and the words come a third time.
    clock.move(timedelta(minutes=1))
    view = next(iter(await network.alerts.see_all(scene.coordinator)))
    if verb is Verb.ACK:
        await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    await talk.say(scene.member, room, "panic")
    state = await _state(network.database)
    await talk.handling.handle(message)
    assert await _state(network.database) == state


async def test_a_call_for_help_waits_for_no_connection_that_only_reads(
    database_url: str, scene: Scene, clock: MovableClock, settings: Settings, network: Network
) -> None:
    house = await house_of(network.database, clock)
    async with (
        databases.connect(database_url, connections=1) as narrow,
        aiohttp.ClientSession() as session,
        narrow.transaction(),
    ):
        handling = Handling(narrow, clock, settings, Occupants(Homeserver("http://127.0.0.1:9", session)), BOT)
        talk = Talk(handling=handling, house=house, database=network.database, clock=clock)
        await talk.say(scene.member, scene.case.core.id, "panic")
        await talk.say(scene.member, scene.member.id, "panic")
        await talk.say(scene.member, scene.case.core.id, "panic", bound=False)
    async with network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_raises") == 3


async def test_words_of_somebody_whose_keys_may_have_changed_wait_and_are_told_of_at_last(
    talk: Talk, scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panic")
    clock.move(timedelta(seconds=30))
    ack = replace(said(scene.coordinator, room_of(talk.house, room), "ack", clock, event="$ack"), current=False)
    for _ in range(50):
        with pytest.raises(NotYet):
            await talk.handling.handle(ack)
    assert not await talk.answers()
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert not view.alert.has_acknowledged(scene.coordinator.id)
    await talk.handling.handle(replace(ack, current=True))
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.has_acknowledged(scene.coordinator.id)
    # The homeserver does not tell for too long: nobody can know any more, and others must.
    await talk.handling.handle(replace(ack, event_id="$late", sent_at=ack.sent_at - LATE))
    assert {each.target.id for each in await talk.answers("reply_unbound")} == {scene.deputy.id}


async def test_a_call_for_help_does_not_wait_for_anybodys_keys(
    talk: Talk, scene: Scene, network: Network, clock: MovableClock
) -> None:
    stale = replace(said(scene.member, room_of(talk.house, scene.case.core.id), "panic", clock), current=False)
    await talk.handling.handle(stale)
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.raised_through is Through.UNVERIFIED


async def test_those_who_lead_are_told_of_words_from_a_device_that_could_not_be_checked(
    talk: Talk, scene: Scene, clock: MovableClock, settings: Settings
) -> None:
    room = scene.case.core.id
    await talk.say(scene.member, room, "panic")
    await talk.say(scene.police.officer, room, "ack", bound=False)
    await talk.say(scene.police.officer, room, "ack", bound=False)
    told, rings = await talk.answers("reply_unbound"), await talk.answers("reply_look_ring")
    leaders = {scene.coordinator.id, scene.deputy.id}
    assert {each.target.id for each in told} == {each.target.id for each in rings} == leaders
    assert len(told) == len(rings) == 2
    assert [each.mentions for each in told] == [[], []], "what rings says nothing, and what says something rings not"
    assert [set(each.mentions) for each in rings] == [{each.target.id} for each in rings]
    text = await talk.last(settings)
    assert scene.police.officer.name in text
    assert scene.case.codename in text
    clock.move(timedelta(minutes=10))
    await talk.say(scene.police.officer, room, "ack", bound=False)
    assert len(await talk.answers("reply_unbound")) == 4


async def test_in_a_duty_room_the_leaders_of_what_is_open_are_told_and_where_nothing_is_nobody(
    talk: Talk, scene: Scene
) -> None:
    await talk.say(scene.police.officer, scene.police.desk_id, "ack", bound=False)
    assert not await talk.answers()
    await talk.say(scene.member, scene.case.core.id, "panic")
    await talk.say(scene.police.officer, scene.police.desk_id, "ack", bound=False)
    assert {each.target.id for each in await talk.answers("reply_unbound")} == {scene.coordinator.id, scene.deputy.id}


@pytest.mark.parametrize("words", ["help", "who", "da", "Good morning."])
async def test_nobody_is_called_for_what_changes_nothing(talk: Talk, scene: Scene, words: str) -> None:
    await talk.say(scene.member, scene.case.core.id, words, bound=False)
    assert not await talk.answers()


async def test_a_call_for_help_in_clear_raises_nothing_and_says_so_once_a_minute(
    talk: Talk, scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(talk.house, scene.case.core.id)
    before = counted()

    def in_clear(event: str, room_id: str = room, sender: str = scene.member.matrix_user) -> Unencrypted:
        return Unencrypted(room_id=room_id, event_id=event, sender=sender, sent_at=clock.now())

    # A minute begins in the middle of it.
    clock.move(timedelta(seconds=50))
    for number in range(5):
        await talk.handling.handle(in_clear(f"${number}"))
        clock.move(timedelta(seconds=5))
    (told,) = await talk.answers("reply_unencrypted")
    assert (told.target.id, list(told.mentions)) == (scene.case.core.id, [scene.member.id])
    await talk.handling.handle(in_clear("$elsewhere", "!nowhere:streha.localhost"))
    clock.move(timedelta(minutes=1))
    await talk.handling.handle(in_clear("$ghost", sender="@ghost:streha.localhost"))
    assert [list(each.mentions) for each in await talk.answers("reply_unencrypted")] == [[scene.member.id], []]
    assert counted().since(before, "streha_bot_commands_ignored_total", reason="unencrypted") == 7
    assert not await network.alerts.see_all(scene.coordinator)


async def test_a_flood_of_words_is_answered_so_far_and_keeps_nobody_from_help(
    talk: Talk, scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = scene.case.core.id
    for _ in range(5_000):
        await talk.say(scene.member, room, "help")
        await talk.say(scene.member, room, "ack", bound=False)
    assert len(await talk.answers("reply_help")) == PER_MINUTE
    assert len(await talk.answers("reply_flood")) == 1
    await talk.say(scene.member, room, "panic")
    assert await network.alerts.see_all(scene.coordinator)
    await talk.say(scene.coordinator, room, "ack")
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.has_acknowledged(scene.coordinator.id)
    clock.move(timedelta(minutes=1))
    await talk.say(scene.member, room, "help")
    assert len(await talk.answers("reply_help")) == PER_MINUTE + 1


async def test_what_another_bot_had_done_takes_nothing_from_fresh_words(
    talk: Talk, scene: Scene, settings: Settings
) -> None:
    """A standby that takes over comes to all that was written of late once more, before what is new."""
    room = scene.case.core.id
    before = [await talk.say(scene.member, room, "help") for _ in range(PER_MINUTE)]
    nowhere = Homeserver("http://127.0.0.1:9", aiohttp.ClientSession())
    async with nowhere._session:
        taken_over = Handling(talk.database, talk.clock, settings, Occupants(nowhere), BOT)
        for message in before:
            await taken_over.handle(message)
        fresh = [replace(before[0], event_id=f"$fresh-{number}") for number in range(PER_MINUTE + 1)]
        for message in fresh:
            await taken_over.handle(message)
    assert len(await talk.answers("reply_help")) == 2 * PER_MINUTE
    assert len(await talk.answers("reply_flood")) == 1


async def test_answers_to_one_stand_in_a_thread_and_what_everybody_must_see_does_not(
    talk: Talk, scene: Scene, settings: Settings
) -> None:
    room = scene.case.core.id
    asked = await talk.say(scene.member, room, "help")
    beneath: dict[str, Any] = {"m.relates_to": {"rel_type": "m.thread", "event_id": "$root"}}
    forged: dict[str, Any] = {"m.relates_to": {"rel_type": "m.thread", "event_id": "no event"}}
    await talk.say(scene.member, room, "help", **beneath)
    last = await talk.say(scene.member, room, "due", **forged)
    await talk.say(scene.member, room, "ack")
    await talk.say(scene.member, room, "panik")
    assert [(each.template, each.thread) for each in await talk.answers()] == [
        ("reply_help", asked.event_id), ("reply_help", "$root"), ("reply_nothing_due", last.event_id),
        ("reply_no_alert", None), ("reply_ask_panic", None),
    ]  # fmt: skip
    content = Renderer(settings).content((await talk.answers())[1], "en", Names(people={}, agencies={}), [])
    assert content["m.relates_to"] == {
        "rel_type": "m.thread", "event_id": "$root", "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$root"},
    }  # fmt: skip


async def test_a_bare_word_of_somebody_who_was_asked_for_two_steps_is_not_lost(
    talk: Talk, scene: Scene, network: Network, database: Database, clock: MovableClock
) -> None:
    here = scene.case.core.id
    buddy = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, here, buddy.id)
    ways = []
    for _ in range(2):
        view = await network.operations.plan(
            scene.coordinator, here, uuid4(), plan_of(scene, buddy, clock.now() + timedelta(hours=1))
        )
        await network.operations.approve(scene.coordinator, view.operation.id)
        ways.append((await network.operations.go(scene.coordinator, view.operation.id, Despite.SEEN_TO)).operation)
    await talk.say(scene.member, here, "ok")
    assert await talk.answers() == []
    due = ways[0].milestones[0].due_at
    assert due is not None
    clock.set(due + timedelta(minutes=1))
    await call_for_late(database, clock)
    await talk.say(scene.member, here, "ok")
    assert [each.template for each in await talk.answers()] == ["reply_which_operation"]
    assert not [each for each in ways if await _confirmed(network, scene, each)]
    await talk.say(scene.member, here, f"op {ways[1].codename} ok")
    assert [await _confirmed(network, scene, each) for each in ways] == [False, True]
    # Of the one that is left it is clear again.
    await talk.say(scene.member, here, "ok")
    assert [await _confirmed(network, scene, each) for each in ways] == [True, True]


async def _confirmed(network: Network, scene: Scene, way: Operation) -> bool:
    found = (await network.operations.see(scene.member, way.id)).operation
    return found.milestones[0].confirmed_at is not None


async def test_an_operation_that_is_not_there_is_not_confirmed(talk: Talk, scene: Scene) -> None:
    for words in ("op", "op ok", "postupak kasnim 40", "поступак тишина 120"):
        await talk.say(scene.member, scene.case.core.id, words)
    assert [each.template for each in await talk.answers()] == ["reply_no_operation"] * 4


async def test_that_people_talked_about_it_is_said_in_the_room_when_everybody_is_home(
    talk: Talk, scene: Scene, network: Network
) -> None:
    here, clock = scene.case.core.id, talk.clock
    buddy = await network.person(scene.shelter.agency)
    await network.cases.add_member(scene.coordinator, here, buddy.id)
    ways = []
    for _ in range(2):
        plan = plan_of(scene, buddy, clock.now() + timedelta(hours=1))
        way = (await network.operations.plan(scene.coordinator, here, uuid4(), plan)).operation.id
        await network.operations.approve(scene.coordinator, way)
        await network.operations.go(scene.coordinator, way, Despite.SEEN_TO)
        ways.append(way)
    home, out = ways
    await network.under_way.confirm(scene.member, home, 4)
    # While somebody is out on another one, that is meant without a name.
    clock.move(timedelta(minutes=3))
    await talk.say(scene.member, here, "op ok")
    assert (await network.operations.see(scene.member, out)).operation.milestones[0].confirmed_at
    await network.under_way.confirm(scene.member, out, 4)
    name = (await network.operations.see(scene.member, home)).operation.codename
    clock.move(timedelta(minutes=3))
    await talk.say(scene.member, here, f"op {name} ok")
    assert (await network.operations.see(scene.member, home)).operation.status is OperationStatus.CLOSED
    clock.move(timedelta(minutes=3))
    await talk.say(scene.member, here, "op ok")
    assert (await network.operations.see(scene.member, out)).operation.status is OperationStatus.CLOSED


async def test_whoever_was_heard_from_is_named_by_codename_or_was_just_asked_about(
    talk: Talk, scene: Scene, network: Network
) -> None:
    safe_calls, here = network.safe_calls, scene.case.core.id
    due_at = talk.clock.now() + timedelta(hours=1)
    plan = SafeCallPlan(listeners=[scene.member.id, scene.deputy.id], buddy_id=scene.ngo.worker.id, due_at=due_at)
    call = (await safe_calls.plan(scene.coordinator, here, uuid4(), plan)).call
    # The word alone is talk, and another name is told apart.
    for words in ("heard", "javljanje", "heard quiet-heron"):
        await talk.say(scene.member, here, words)
    assert [each.template for each in await talk.answers()] == ["reply_no_safe_call"]
    assert (await safe_calls.see_all(scene.member))[0].call.heard_at is None
    talk.clock.set(due_at)
    await call_for_unheard(network.database, talk.clock)
    # Who listens was asked; the coordinator was not.
    await talk.say(scene.coordinator, here, "heard")
    assert (await safe_calls.see_all(scene.member))[0].call.due_at == due_at
    talk.clock.move(timedelta(minutes=1))
    await talk.say(scene.member, scene.member.id, "јављање")
    assert (await safe_calls.see_all(scene.member))[0].call.due_at is None
    await talk.say(scene.coordinator, here, f"javljanje {call.codename}")
    assert (await talk.answers())[-1].template == "reply_safe_call_known"


async def test_a_bare_word_of_somebody_who_was_asked_about_two_safe_calls_is_not_lost(
    talk: Talk, scene: Scene, network: Network
) -> None:
    here, due_at = scene.case.core.id, talk.clock.now() + timedelta(hours=1)
    plan = SafeCallPlan(listeners=[scene.member.id, scene.deputy.id], buddy_id=scene.ngo.worker.id, due_at=due_at)
    calls = [(await network.safe_calls.plan(scene.coordinator, here, uuid4(), plan)).call for _ in range(2)]
    talk.clock.set(due_at + timedelta(minutes=1))
    await call_for_unheard(network.database, talk.clock)
    await talk.say(scene.member, here, "heard")
    assert [each.template for each in await talk.answers()] == ["reply_which_safe_call"]
    assert {each.call.due_at for each in await network.safe_calls.see_all(scene.member)} == {due_at}
    await talk.say(scene.member, here, f"heard {calls[1].codename}")
    await talk.say(scene.member, here, "heard")
    assert {each.call.due_at for each in await network.safe_calls.see_all(scene.member)} == {None}


async def test_the_roster_names_who_answers_for_each_agency(
    talk: Talk, scene: Scene, network: Network, settings: Settings
) -> None:
    # Nobody sits at the police's desk, and the shelter's covers for it; at the NGO's nobody does.
    assert scene.police.desk_id is not None
    assert scene.ngo.desk_id is not None
    await network.agencies.open_desk(scene.police.agency.id, always_staffed=False, covered_by=scene.shelter.desk_id)
    for officer in scene.police.officers:
        await network.agencies.unseat(scene.police.desk_id, officer.id)
    await network.agencies.unseat(scene.ngo.desk_id, scene.ngo.officer.id)
    await talk.say(scene.member, scene.case.core.id, "dežurstvo")
    lines = (await talk.last(settings)).splitlines()[1:]
    shelter, welfare = scene.shelter, scene.welfare
    covering = f"{shelter.officer.name} ({shelter.agency.name})"
    assert set(lines) == {
        f"{shelter.agency.name}: {covering}",
        f"{scene.police.agency.name}: {covering}",
        f"{welfare.agency.name}: {welfare.officer.name} ({welfare.agency.name})",
        f"{scene.ngo.agency.name}: nobody",
    }
    await talk.say(scene.police.worker, scene.police.desk_id, "roster")
    assert len((await talk.last(settings)).splitlines()) == 2, "a duty room asks for its own agency"
    before = len(await talk.answers())
    await talk.say(scene.stranger, scene.case.core.id, "roster")
    assert len(await talk.answers()) == before, "who has no part in the case learns nothing"


async def test_the_roster_names_who_is_on_duty_now(
    talk: Talk, scene: Scene, network: Network, settings: Settings, clock: MovableClock, database: Database
) -> None:
    police, welfare, hour = scene.police, scene.welfare, timedelta(hours=1)
    assert police.desk_id is not None
    assert welfare.desk_id is not None
    rosters, now = Rosters(database, clock, "Europe/Belgrade"), clock.now()

    async def answering(office: Office) -> str:
        await talk.say(scene.member, scene.case.core.id, "roster")
        lines = (await talk.last(settings)).splitlines()[1:]
        return next(each for each in lines if each.startswith(f"{office.agency.name}: "))

    def told(*people: Person) -> str:
        return ", ".join(f"{each.name} ({police.agency.name})" for each in people)

    first, second = police.officers
    both = await answering(police)
    assert first.name in both
    assert second.name in both
    await rosters.add(police.desk_id, second.id, now, now + hour)
    assert await answering(police) == f"{police.agency.name}: {told(second)}"
    assert welfare.officer.name in await answering(welfare), "a desk without roster is as it was"
    # Then nobody is: who covers, or else the deputy; and in the end whoever sits there.
    clock.move(hour)
    assert await answering(police) == f"{police.agency.name}: {told(police.deputies[0])}"
    await network.agencies.open_desk(police.agency.id, always_staffed=False, covered_by=welfare.desk_id)
    assert welfare.officer.name in await answering(police)
    await rosters.set_hours(welfare.desk_id, ["sun 08:00-09:00"])
    assert await answering(police) == f"{police.agency.name}: {told(police.deputies[0])}"
    await network.depart(police.deputies[0])
    at_last = await answering(police)
    for each in (first, second, welfare.officer):
        assert each.name in at_last


async def test_who_tells_whom_a_room_reaches(
    scene: Scene, clock: MovableClock, settings: Settings, network: Network
) -> None:
    here = [scene.coordinator, scene.member]

    async def joined(_request: web.Request) -> web.Response:
        return web.json_response({"joined": {each.matrix_user: {} for each in here}})

    homeserver = web.Application()
    homeserver.router.add_get("/{path:.*}", joined)
    async with TestServer(homeserver) as server, aiohttp.ClientSession() as session:
        occupants = Occupants(Homeserver(str(server.make_url("")).rstrip("/"), session, "token"))
        handling = Handling(network.database, clock, settings, occupants, BOT)
        talk = Talk(
            handling=handling, house=await house_of(network.database, clock), database=network.database, clock=clock
        )
        await talk.say(scene.member, scene.case.core.id, "ко је ту")
        await talk.say(scene.stranger, scene.case.core.id, "who")
    present, absent = await talk.answers()
    assert (present.template, absent.template) == ("reply_who_here", "reply_who_absent")
    assert set(present.parameters["person"].split(",")) == {str(each.id) for each in here}
    assert set(absent.parameters["absent"].split(",")) == {str(scene.deputy.id), str(scene.ngo.worker.id)}
    assert scene.deputy.name in await talk.last(settings)


async def test_who_tells_how_far_the_rooms_key_came_with_everybody(
    talk: Talk, scene: Scene, clock: MovableClock, settings: Settings
) -> None:
    room, now = scene.case.core.id, clock.now()
    rows = [
        (scene.member.id, "OLD", KeyState.WITHHELD, None),
        (scene.member.id, "NEW", KeyState.HOLDS, now - timedelta(minutes=2)),
        (scene.coordinator.id, "ONLY", KeyState.GIVEN, None),
        (scene.deputy.id, "", KeyState.NOT_JOINED, None),
    ]
    async with talk.database.transaction() as tx:
        await tx.run("UPDATE bot_lease SET until = $1", now + timedelta(days=400))
        for person_id, device_id, state, seen_at in rows:
            await tx.run(
                "INSERT INTO key_holders (target_kind, target_id, person_id, device_id, state, seen_at) "
                "VALUES ('compartment', $1, $2, $3, $4, $5)",
                room, person_id, device_id, state, seen_at,
            )  # fmt: skip
    await talk.say(scene.member, room, "who")
    names = {each.id: f"{each.name} ({office.agency.name})" for office in offices_of(scene) for each in office.workers}
    assert set((await talk.last(settings)).splitlines()[1:]) == {
        f"{names[scene.member.id]}: can read, heard of at 09:58 (02.03.)",
        f"{names[scene.coordinator.id]}: has the key, not heard of since",
        f"{names[scene.deputy.id]}: NOT in this room",
        f"{names[scene.ngo.worker.id]}: the key is on its way",
    }


async def test_who_says_so_where_the_homeserver_does_not_tell(talk: Talk, scene: Scene) -> None:
    await talk.say(scene.member, scene.case.core.id, "who")
    assert [each.template for each in await talk.answers()] == ["reply_who_unknown"]


async def test_an_unreadable_message_of_somebody_who_does_not_belong_there_is_nobodys(
    talk: Talk, scene: Scene, clock: MovableClock
) -> None:
    room = room_of(talk.house, scene.case.core.id)
    for sender in (scene.stranger.matrix_user, "@ghost:streha.localhost"):
        await talk.handling.handle(
            Undecryptable(room_id=room, event_id=f"$dark{sender}", sender=sender, sent_at=clock.now())
        )
    assert not await talk.answers()


async def test_strangers_and_strange_rooms_are_ignored(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    nobody = replace(scene.member, matrix_user="@nobody:streha.localhost")
    await handling.handle(said(nobody, room, "panic", clock))
    await handling.handle(said(scene.member, "!elsewhere:streha.localhost", "panic", clock))
    assert await _outbox(network.database) == 0
    # A member of the staff who is not on the case raises nothing in its channel and learns nothing.
    await handling.handle(said(scene.stranger, room, "panic", clock, event="$two"))
    assert not await network.alerts.see_all(scene.coordinator)


async def test_panic_alone_with_the_bot_raises_where_it_can_only_mean_one_case_and_asks_otherwise(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    direct = room_of(house, scene.member.id)
    await handling.handle(said(scene.member, direct, "panic", clock))
    assert len(await network.alerts.see_all(scene.coordinator)) == 1
    second = await network.case(scene.shelter.workers[1], {}, [])
    await network.cases.set_part(scene.shelter.workers[1], second.id, scene.member.agency_id, Part.RESPONDER)
    await network.cases.add_member(scene.shelter.workers[1], second.core.id, scene.member.id)
    await handling.handle(said(scene.member, direct, "panic", clock, event="$two"))
    assert await posted(network.database, "reply_which_case") == 1
    await handling.handle(said(scene.member, direct, f"panic {second.codename}", clock, event="$three"))
    assert [each.codename for each in await network.alerts.see_all(scene.shelter.workers[1])] == [second.codename]


async def test_due_in_a_channel_tells_of_that_case_only(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.coordinator, room, "due", clock))
    assert await posted(network.database, "reply_due") == 1
    assert scene.police.desk_id is not None
    await handling.handle(said(scene.police.worker, room_of(house, scene.police.desk_id), "rokovi", clock, event="$2"))
    assert await posted(network.database, "reply_nothing_due") == 1
    assert await posted(network.database, "reply_overdue") == 0
    clock.move(timedelta(days=8))
    await handling.handle(said(scene.coordinator, room, "due", clock, event="$3"))
    assert await posted(network.database, "reply_overdue") == 1
    assert await posted(network.database, "reply_due") == 1


async def test_due_tells_what_nobody_looked_at_in_time_and_of_custody_that_it_counts_as_ended(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    for kind in (ClockKind.CUSTODY, ClockKind.CONTACT):
        await network.clocks.looked(scene.coordinator, scene.case.id, kind)
    room = room_of(house, scene.case.core.id)
    await handling.handle(said(scene.coordinator, room, "due", clock))
    assert await posted(network.database, "reply_nothing_due") == 1
    clock.move(timedelta(days=8))
    await handling.handle(said(scene.coordinator, room, "due", clock, event="$2"))
    assert await posted(network.database, "reply_released") == 1
    assert await posted(network.database, "reply_not_looked_at") == 0
    clock.move(timedelta(days=60))
    await handling.handle(said(scene.coordinator, room, "due", clock, event="$3"))
    assert await posted(network.database, "reply_not_looked_at") == 1


async def test_an_unreadable_message_of_a_member_is_said_in_the_room(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock
) -> None:
    room = room_of(house, scene.case.core.id)
    unread = Undecryptable(room_id=room, event_id="$dark", sender=scene.member.matrix_user, sent_at=clock.now())
    await handling.handle(unread)
    await handling.handle(unread)
    assert await posted(network.database, "reply_cannot_read") == 1


async def test_a_stranger_in_a_room_is_noticed(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock,
    logged: io.StringIO,
) -> None:  # fmt: skip
    room = room_of(house, scene.case.core.id)
    async with network.database.transaction() as tx:
        for target in house.values():
            await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)
    change = MembershipChange(
        room_id=room, event_id="$in", user_id="@ghost:streha.localhost", membership="join",
        by="@ghost:streha.localhost", sent_at=clock.now(),
    )  # fmt: skip
    await handling.handle(change)
    async with network.database.transaction() as tx:
        assert [each.id for each in await rooms.to_apply(tx, clock.now(), 10)] == [scene.case.core.id]
    assert "stranger_in_room" in logged.getvalue()
    assert "ghost" not in logged.getvalue()


async def test_every_message_renders_in_every_language_and_escapes_names(
    handling: Handling, house: dict[str, Target], scene: Scene, network: Network, clock: MovableClock,
    settings: Settings,
) -> None:  # fmt: skip
    room = room_of(house, scene.case.core.id)
    for number, words in enumerate(("panic", "help", "panik", "due", "ack", "stand-down nonsense-name")):
        await handling.handle(said(scene.member, room, words, clock, event=f"${number}"))
    async with network.database.transaction() as tx:
        await tx.run("UPDATE people SET name = $2 WHERE id = $1", scene.member.id, "<b>Ana</b> & {police}")
        claimed = await outbox.claim(tx, clock.now(), 200, Lane.ALERT)
        names = await names_for(tx, [each.message for each in claimed])
    assert len(claimed) > 5
    renderer = Renderer(settings)
    for language in LANGUAGES:
        for each in claimed:
            content = renderer.content(each.message, language, names, ["@ana:streha.localhost"])
            assert content["msgtype"] == "m.text"
            assert "<b>" not in content["formatted_body"]
            assert "{codename}" not in content["body"]
            assert "{time}" not in content["body"]


async def test_only_a_real_panic_is_worth_waking_people_for_without_a_database(
    scene: Scene, clock: MovableClock
) -> None:
    assert is_panic(said(scene.member, "!room", "panic", clock))
    assert not is_panic(said(scene.member, "!room", "drill", clock))
    assert not is_panic(said(scene.member, "!room", "panik", clock))


def offices_of(scene: Scene) -> tuple[Office, ...]:
    return scene.shelter, scene.police, scene.welfare, scene.ngo


async def _state(database: Database) -> tuple[object, ...]:
    """Return what was said, raised, accepted and recorded so far."""
    async with database.transaction() as tx:
        return (
            await tx.value("SELECT count(*) FROM outbox"),
            await tx.value("SELECT count(*) FROM alert_raises"),
            await tx.value("SELECT count(*) FROM alert_raises WHERE cancelled_at IS NOT NULL"),
            await tx.value("SELECT count(*) FROM alert_recipients WHERE acknowledged_at IS NOT NULL"),
            await tx.value("SELECT count(*) FROM alerts WHERE state = 'stood_down'"),
            await tx.value("SELECT count(*) FROM ledger"),
        )


async def _outbox(database: Database, target_id: UUID | None = None) -> int:
    async with database.transaction() as tx:
        return int(await tx.value("SELECT count(*) FROM outbox WHERE $1::uuid IS NULL OR target_id = $1", target_id))
