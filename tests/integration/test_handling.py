"""What the bot does with what it receives, on a real database: bound senders act, others do not, nothing twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from agencies.model import Person
from alerts.model import Certainty, Severity, State, Status, Through
from bots import rooms
from bots.handling import Handling, is_panic
from bots.homeserver import Homeserver
from bots.occupants import Occupants
from bots.received import MembershipChange, Received, Undecryptable
from bots.rendering import Renderer, names_for
from cases.model import Part
from core import outbox
from core.database import Database
from core.outbox import Lane, Target, TargetKind
from core.settings import Settings
from core.texts import LANGUAGES
from safety_plans.model import Level
from tests.clock import MovableClock
from tests.people import Network, Scene

BOT = "@streha:streha.localhost"


@pytest.fixture
async def handling(database: Database, clock: MovableClock, settings: Settings) -> AsyncIterator[Handling]:
    async with aiohttp.ClientSession() as session:
        nowhere = Homeserver("http://127.0.0.1:9", session)
        yield Handling(database, clock, settings, Occupants(nowhere), BOT)


@pytest.fixture
async def house(database: Database, clock: MovableClock, scene: Scene) -> dict[str, Target]:
    """Give every target a Matrix room; return whose each is."""
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
        found = {
            f"!{row['target_kind']}-{row['target_id']}:streha.localhost": Target(
                kind=TargetKind(row["target_kind"]), id=row["target_id"]
            )
            for row in await tx.rows("SELECT target_kind, target_id FROM rooms")
        }
        for room_id, target in found.items():
            await rooms.created(tx, target, room_id)
    assert scene.case.core.id in {each.id for each in found.values()}
    return found


def room_of(house: Mapping[str, Target], target_id: UUID) -> str:
    return next(room_id for room_id, target in house.items() if target.id == target_id)


def said(
    person: Person, room_id: str, body: str, clock: MovableClock, *, bound: bool = True, event: str = "$one",
    **content: Any,
) -> Received:  # fmt: skip
    return Received(
        room_id=room_id,
        event_id=event,
        sender=person.matrix_user,
        sent_at=clock.now(),
        event_type="m.room.message",
        content={"msgtype": "m.text", "body": body, **content},
        sender_device_id="DEVICE" if bound else None,
        sender_identity="key" if bound else None,
        bound=bound,
    )


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
    before = await _outbox(network.database)
    await handling.handle(said(scene.coordinator, room, words, clock, bound=False, event="$two"))
    assert await _outbox(network.database) == before
    (view,) = await network.alerts.see_all(scene.coordinator)
    assert view.alert.state is State.OPEN
    assert not view.alert.has_acknowledged(scene.coordinator.id)


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
    assert await posted(network.database, "reply_did_you_mean") == 1
    assert not await network.alerts.see_all(scene.coordinator)


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
            await rooms.applied(tx, target, (await rooms.rooms(tx, [target]))[target].version, complete=True)
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


async def _outbox(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.value("SELECT count(*) FROM outbox"))
