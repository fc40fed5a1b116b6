"""Rooms that somebody tampers with: looked at, put right or replaced, and given up only when it is certain."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from bots.device.received import SettingChange
from bots.rooms import rooms
from bots.rooms.archiving import READING_TIME
from bots.rooms.former_rooms import MOST_NEW_ROOMS, WITHIN
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.sending.delivery import Delivery
from bots.wire.room_settings import ENCRYPTION, NAME, POWER_LEVELS, power_levels
from bots.words.rendering import Renderer
from core.ids import new_id
from core.outbox import Lane
from tests.house import House
from tests.room_server import BOT
from tests.scraped import counted

pytest_plugins = ("tests.fixtures_house",)

MALLORY = "@mallory:streha.example"
SOON = timedelta(minutes=6)
TROUBLE = "streha_bot_room_trouble_total"


async def test_rooms_are_made_once_and_looked_at_now_and_then(house: House) -> None:
    room_id = await house.room_id()
    channel = await house.channel()
    members = {house.scene.coordinator, house.scene.deputy, house.scene.member, house.scene.ngo.worker}
    assert channel.users("invite") == {each.matrix_user for each in members}
    await house.everybody_comes_in()
    house.server.asked.clear()
    await house.sweep(later=LOOKED_AT_EVERY / 2)
    assert not house.server.asked
    for _ in range(3):
        await house.sweep(later=LOOKED_AT_EVERY / 2)
    assert house.server.asked["state"] > 0
    assert {"create_room", "invite", "kick", "put_state", "publish", "leave"} & house.server.asked.keys() == set()
    assert await house.room_id() == room_id
    assert await house.former() == {}


# Given up only when it is certain -----------------------------------------------------------------------


async def test_a_forged_farewell_of_the_bot_costs_no_room(house: House) -> None:
    room_id = await house.room_id()
    for _ in range(3):
        await house.hears(BOT, "leave", by="@admin:streha.example")
        assert not await house.settled()
        await house.sweep()
    assert await house.settled()
    assert await house.room_id() == room_id
    assert house.server.asked["create_room"] == len(house.server.made)
    assert await house.former() == {}


@pytest.mark.parametrize("answers", [1, 2])
async def test_a_homeserver_that_contradicts_itself_costs_no_room(house: House, answers: int) -> None:
    room_id = await house.room_id()
    await house.hears(BOT, "leave")
    refusal: dict[str, Any] = {"errcode": "M_FORBIDDEN"}
    house.server.instead["members_of"] = [web.json_response(refusal, status=403)]
    house.server.instead["inside"] = [web.json_response(refusal, status=403) for _ in range(answers)]
    await house.sweep()
    await house.sweep(later=SOON)
    assert (await house.room_id(), await house.settled()) == (room_id, True)


async def test_a_bot_that_was_thrown_out_makes_another_room_and_says_so(house: House, logged: io.StringIO) -> None:
    before = counted()
    old = await house.room_id()
    await house.everybody_comes_in()
    (await house.channel()).move(BOT, "leave")
    await house.hears(BOT, "leave", by="@admin:streha.example")
    await house.sweep()
    new = await house.room_id()
    assert new != old
    assert await house.settled()
    assert house.scene.member.matrix_user in house.server.made[new].users("invite")
    assert "bot_removed_from_room" in logged.getvalue()
    assert counted().since(before, TROUBLE, reason="removed") == 1
    assert await house.told("room_replaced") == house.leaders
    # Nothing can be done there any more, and it is never taken for a new one.
    await house.sweep(later=SOON)
    assert (await house.former())[old] == ("removed", True)
    assert await house.room_id() == new


async def test_a_homeserver_that_takes_every_room_away_gets_two_at_a_time(house: House) -> None:
    """It says at every turn that the bot is nowhere: rooms are made ever more slowly, and the others are kept."""
    made, room_id = len(house.server.made), await house.room_id()
    house.server.takes_away = True
    await house.hears(BOT, "leave")
    await house.sweep()
    assert len(house.server.made) == made + 1
    await house.sweep()
    assert len(house.server.made) == made + 1
    house.server.takes_away = False
    await house.sweep(later=SOON)
    assert await house.settled()
    assert await house.room_id() != room_id


# Settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        (NAME, {"name": "marked"}, None),
        ("m.room.topic", {"topic": "marked"}, {}),
        ("m.room.join_rules", {"join_rule": "public"}, {"join_rule": "invite"}),
        ("m.room.history_visibility", {"history_visibility": "shared"}, {"history_visibility": "joined"}),
    ],
)
async def test_a_changed_setting_is_put_right_at_once_and_told(
    house: House, logged: io.StringIO, kind: str, content: Mapping[str, Any], wanted: Mapping[str, Any] | None
) -> None:
    before = counted()
    room_id, channel = await house.room_id(), await house.channel()
    wanted = {"name": house.scene.case.codename} if wanted is None else wanted
    channel.put(kind, content)
    change = SettingChange(
        room_id=room_id, event_id="$set", kind=kind, key="", content=content, sent_at=house.clock.now()
    )
    await house.handling.handle(change)
    assert not await house.settled()
    await house.sweep()
    assert channel.content(kind) == wanted
    assert (await house.room_id(), await house.settled()) == (room_id, True)
    assert counted().since(before, TROUBLE, reason="changed") == 1
    assert "room_changed" in logged.getvalue()
    assert "marked" not in logged.getvalue()
    assert await house.told("room_changed") == house.leaders
    # Again within the hour nobody's telephone is filled.
    channel.put(kind, content)
    await house.handling.handle(change)
    await house.sweep()
    assert channel.content(kind) == wanted
    assert await house.told("room_changed") == house.leaders


async def test_what_nobody_tells_of_is_found_when_the_room_is_looked_at(house: House) -> None:
    channel = await house.channel()
    channel.published = True
    channel.aliases.append("#marked:streha.example")
    channel.put("m.space.parent", {"via": ["streha.example"]}, "!space:streha.example")
    await house.sweep()
    assert channel.published
    await house.sweep(later=LOOKED_AT_EVERY)
    await house.sweep()
    assert (channel.published, channel.aliases) == (False, [])
    assert channel.content("m.space.parent", "!space:streha.example") == {}
    assert await house.told("room_changed") == house.leaders


async def test_what_is_said_to_be_set_as_it_was_made_or_stood_in_one_answer_only_moves_nothing(house: House) -> None:
    room_id = await house.room_id()
    same = {"name": house.scene.case.codename}
    change = SettingChange(room_id=room_id, event_id="$set", kind=NAME, key="", content=same, sent_at=house.clock.now())
    house.server.asked.clear()
    await house.handling.handle(change)
    await house.sweep()
    assert not house.server.asked
    # A forged change is looked at, and a spoilt answer is asked for again, and that is all.
    forged = SettingChange(
        room_id=room_id, event_id="$set2", kind=ENCRYPTION, key="", content={}, sent_at=house.clock.now()
    )
    await house.handling.handle(forged)
    house.server.instead["state"] = [web.json_response([])]
    await house.sweep()
    assert (await house.room_id(), await house.settled()) == (room_id, True)
    assert await house.told("room_changed") == Counter()
    assert "put_state" not in house.server.asked


async def test_what_is_set_in_a_room_is_handed_over_where_it_may_have_to_be_looked_at(house: House) -> None:
    numbers = count(1)

    def handed_over(*settings: tuple[str, Any]) -> list[tuple[str, str, Any]]:
        events = [
            {"type": kind, "content": content, "state_key": "", "sender": MALLORY, "event_id": f"$set-{number}",
             "origin_server_ts": 1}
            for number, (kind, content) in zip(numbers, settings, strict=False)
        ]  # fmt: skip
        joined = {"!room:streha.example": {"timeline": {"events": events}}}
        house.device._intake.take_in({"next_batch": f"token-{next(numbers)}", "rooms": {"join": joined}}, {})
        arrivals = house.device.pending()
        for each in arrivals:
            house.device.done(each.event_id)
        return [(each.kind, each.key, each.content) for each in arrivals if isinstance(each, SettingChange)]

    name = (NAME, {"name": "marked"})
    # The first answer of all shows every room as it stands.
    assert handed_over(name) == []
    assert handed_over(name) == [(NAME, "", {"name": "marked"})]
    rule, mallorys = "m.room.join_rules", power_levels(MALLORY)
    assert handed_over(
        (rule, {"join_rule": "public"}), (rule, {"join_rule": "invite"}), (POWER_LEVELS, power_levels(BOT)),
        (POWER_LEVELS, mallorys), (NAME, "no object"), ("org.example.whatever", {"x": 1}),
    ) == [(rule, "", {"join_rule": "public"}), (POWER_LEVELS, "", mallorys)]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "content"),
    [(ENCRYPTION, None), (ENCRYPTION, {}), (POWER_LEVELS, {"users": {MALLORY: 100}, "state_default": 100})],
)
async def test_a_room_that_cannot_be_put_right_is_replaced_and_its_people_asked_into_the_new_one(
    house: House, kind: str, content: Mapping[str, Any] | None
) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    old, spoilt = await house.room_id(), await house.channel()
    if content is None:
        del spoilt.settings[kind, ""]
    else:
        spoilt.put(kind, content)
    change = SettingChange(
        room_id=old, event_id="$set", kind=kind, key="", content=content or {}, sent_at=house.clock.now()
    )
    await house.handling.handle(change)
    await house.sweep()
    new = await house.room_id()
    assert new != old
    assert await house.settled()
    assert await house.told("room_replaced") == house.leaders
    assert house.scene.member.matrix_user in house.server.made[new].users("invite")
    # The old one is told so in a sealed word, emptied as far as the bot may, and left.
    await house.sweep(later=READING_TIME)
    assert list(spoilt.said) == ["last-word"]
    assert spoilt.said["last-word"]["algorithm"] == "m.megolm.v1.aes-sha2"
    assert spoilt.membership(BOT) == "leave"
    assert (await house.former())[old] == ("spoilt", True)
    assert old in house.server.forgotten


async def test_a_homeserver_that_spoils_every_room_does_not_get_rooms_without_end(house: House) -> None:
    first = await house.room_id()
    for _ in range(MOST_NEW_ROOMS + 2):
        (await house.channel()).put(ENCRYPTION, {})
        await house.sweep(later=timedelta(minutes=1))
        await house.hears("@whoever:streha.example", "join")
        async with house.database.transaction() as tx:
            await rooms.drifted(tx, await house.room_id(), house.clock.now(), setting=True)
        await house.sweep()
    made = {room_id for room_id, (why, _done) in (await house.former()).items() if why == "spoilt"}
    assert (first in made, len(made)) == (True, MOST_NEW_ROOMS)
    # What the bot says is sealed for members whatever the room shows: better there than nowhere.
    assert await house.settled()
    await house.sweep(later=WITHIN)
    await house.sweep()
    assert len(await house.former()) == MOST_NEW_ROOMS + 1


# Strangers ----------------------------------------------------------------------------------------------


async def test_a_stranger_is_removed_and_told_of_and_who_was_taken_from_the_circle_is_not(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    channel, user = await house.channel(), house.scene.member.matrix_user
    await house.network.cases.remove_member(house.scene.coordinator, house.scene.case.core.id, house.scene.member.id)
    await house.sweep()
    assert channel.membership(user) == "leave"
    assert await house.told("room_stranger") == Counter()
    # Put back in by whoever runs the homeserver, the same person is a stranger.
    channel.move(user, "join")
    await house.hears(user, "join")
    assert not await house.settled()
    await house.sweep()
    assert channel.membership(user) == "leave"
    assert await house.settled()
    assert await house.told("room_stranger") == house.leaders


async def test_what_was_looked_up_before_somebody_came_says_nothing(house: House) -> None:
    async with house.database.transaction() as tx:
        room = (await rooms.rooms(tx, [house.core]))[house.core]
    await house.hears(MALLORY, "join")
    async with house.database.transaction() as tx:
        await rooms.applied(tx, room, complete=True)
        await rooms.looked_at(tx, room, house.clock.now() + timedelta(days=1))
    assert not await house.settled()
    async with house.database.transaction() as tx:
        room = (await rooms.rooms(tx, [house.core]))[house.core]
        assert room.looked_at == house.clock.now()
        await rooms.applied(tx, room, complete=True)
    assert await house.settled()


async def test_a_stranger_who_cannot_be_removed_gets_the_old_room_and_nobody_else_stays_there(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    old, channel = await house.room_id(), await house.channel()
    channel.move(MALLORY, "join")
    house.server.unmovable.add(MALLORY)
    await house.hears(MALLORY, "join")
    await house.sweep()
    assert (await house.room_id(), await house.settled()) == (old, False)
    await house.sweep(later=SOON)
    new = await house.room_id()
    assert new != old
    assert await house.settled()
    await house.sweep(later=READING_TIME)
    assert channel.users("join") == {MALLORY}
    assert (await house.former())[old] == ("spoilt", True)


async def test_an_alert_that_finds_its_room_spoilt_arrives_in_the_next_one(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    old, spoilt = await house.room_id(), await house.channel()
    spoilt.move(MALLORY, "join")
    house.server.unmovable.add(MALLORY)
    await house.hears(MALLORY, "join")
    delivery = Delivery(
        house.database, house.clock, house.device, house.lease, house.housekeeping, house.occupants,
        Renderer(house.settings),
    )  # fmt: skip
    await house.network.alerts.raise_(house.scene.member, house.scene.case.core.id, new_id())
    for _ in range(4):
        async with asyncio.TaskGroup() as tasks:
            await delivery.deliver(tasks, Lane.ALERT)
        if await house.settled():
            await house.everybody_comes_in()
            house.occupants.forget(await house.room_id())
        house.clock.move(timedelta(minutes=1))
    new = await house.room_id()
    assert new != old
    # What rings, and what it is about.
    assert len(house.server.made[new].said) >= 2
    assert spoilt.said == {}
    async with house.database.transaction() as tx:
        calls = "SELECT template, state FROM outbox WHERE target_id = $1 AND template ~ 'ring|details' AND NOT repeated"
        rows = await tx.rows(calls, house.core.id)
    assert {(row["template"], row["state"]) for row in rows} == {("alert_ring", "sent"), ("alert_details", "sent")}
