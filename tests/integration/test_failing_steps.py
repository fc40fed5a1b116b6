"""What one step that fails, or one wrong answer, may not keep from happening in a room."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta

import pytest
from aiohttp import web

from bots.rooms import rooms
from bots.rooms.former_rooms import MOST_NEW_ROOMS, ONE_MORE_AFTER, WITHIN
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from tests.house import House
from tests.room_server import BOT
from tests.scraped import counted

pytest_plugins = ("tests.fixtures_house",)

MALLORY = "@mallory:streha.example"
TRUDY = "@trudy:streha.example"
SOON = timedelta(minutes=6)


# Who does not belong there is out ------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["invite", "listed", "aliases", "state"])
async def test_whatever_else_fails_who_was_taken_out_is_removed(house: House, step: str) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    member, worker, channel = house.scene.member, house.scene.ngo.worker, await house.channel()
    await house.network.cases.remove_member(house.scene.coordinator, house.scene.case.core.id, member.id)
    channel.move(worker.matrix_user, "leave")
    house.server.failing.add(step)
    await house.sweep(later=LOOKED_AT_EVERY)
    assert channel.membership(member.matrix_user) == "leave"


@pytest.mark.parametrize("step", ["invite", "listed", "aliases"])
async def test_what_matters_less_keeps_a_room_from_nobody(house: House, step: str) -> None:
    worker, channel = house.scene.ngo.worker, await house.channel()
    house.comes_in(await house.room_id(), house.scene.coordinator, house.scene.member)
    # Their leaving is noticed, and the next circle asks them in again.
    channel.move(worker.matrix_user, "leave")
    await house.sweep(later=LOOKED_AT_EVERY)
    newcomer = house.scene.police.workers[1]
    await house.network.cases.add_member(house.scene.coordinator, house.scene.case.core.id, newcomer.id)
    channel.put("m.room.topic", {"topic": "marked"})
    house.server.failing.add(step)
    await house.sweep(later=LOOKED_AT_EVERY)
    assert await house.settled()
    assert channel.content("m.room.topic") == {}
    house.server.failing.clear()
    await house.sweep(later=SOON)
    assert {worker.matrix_user, newcomer.matrix_user} <= channel.users("invite")


async def test_one_who_cannot_be_invited_now_keeps_no_other_from_being_invited(house: House) -> None:
    channel = await house.channel()
    people = sorted([house.scene.member.matrix_user, house.scene.ngo.worker.matrix_user])
    for user in people:
        channel.move(user, "leave")
    await house.sweep(later=LOOKED_AT_EVERY)
    newcomer = house.scene.police.workers[1]
    await house.network.cases.add_member(house.scene.coordinator, house.scene.case.core.id, newcomer.id)
    house.server.instead["invite"] = [web.json_response({"errcode": "M_UNKNOWN"}, status=503)]
    await house.sweep()
    assert house.server.instead["invite"] == []
    assert len({*people, newcomer.matrix_user} - channel.users("invite")) == 1


async def test_a_stranger_who_cannot_be_removed_keeps_no_other_in(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    channel = await house.channel()
    channel.move(MALLORY, "join")
    channel.move(TRUDY, "join")
    house.server.unmovable.add(MALLORY)
    await house.hears(TRUDY, "join")
    await house.sweep()
    assert channel.membership(TRUDY) == "leave"


# Somebody is told ----------------------------------------------------------------------------------------


async def test_a_stranger_is_told_of_before_the_first_is_removed(house: House, logged: io.StringIO) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    channel = await house.channel()
    channel.move(MALLORY, "join")
    await house.hears(MALLORY, "join")
    house.server.failing.add("kick")
    await house.sweep()
    assert channel.membership(MALLORY) == "join"
    assert not await house.settled()
    assert await house.told("room_stranger") == house.leaders
    assert "stranger_removed" in logged.getvalue()
    house.server.failing.clear()
    await house.sweep(later=SOON)
    assert channel.membership(MALLORY) == "leave"
    assert await house.told("room_stranger") == house.leaders


@pytest.mark.parametrize(("step", "shown"), [("put_state", False), ("publish", True)])
async def test_a_change_is_told_of_before_the_first_setting_is_put_right(
    house: House, step: str, *, shown: bool
) -> None:
    before, channel = counted(), await house.channel()
    if shown:
        channel.published = True
    else:
        channel.put("m.room.topic", {"topic": "marked"})
    house.server.failing.add(step)
    await house.sweep(later=LOOKED_AT_EVERY)
    assert await house.told("room_changed") == house.leaders
    assert counted().since(before, "streha_bot_room_trouble_total", reason="changed") >= 1


# Said to be taken away, and taken away again and again ---------------------------------------------------


async def test_answers_that_say_nothing_cost_no_room(house: House, logged: io.StringIO) -> None:
    made, room_id = set(house.server.made), await house.room_id()
    for step in ("members_of", "inside"):
        house.server.instead[step] = [web.json_response({}) for _ in range(40)]
    await house.sweep(later=LOOKED_AT_EVERY)
    assert '"error": "incomplete"' in logged.getvalue()
    house.server.instead.clear()
    await house.sweep(later=SOON)
    assert (set(house.server.made), await house.room_id()) == (made, room_id)
    assert await house.former() == {}


async def test_who_takes_every_room_away_gets_them_ever_more_slowly_and_rings_once_an_hour(
    house: House, logged: io.StringIO
) -> None:
    await house.everybody_comes_in()

    async def taken_away() -> bool:
        room_id = await house.room_id()
        house.server.made[room_id].move(BOT, "leave")
        await house.hears(BOT, "leave", by="@admin:streha.example")
        await house.sweep()
        return await house.room_id() != room_id

    assert [await taken_away() for _ in range(MOST_NEW_ROOMS + 1)] == [True] * MOST_NEW_ROOMS + [False]
    assert not await house.settled()
    assert "room_not_replaced" in logged.getvalue()
    assert await house.told("room_replaced") == house.leaders
    # It is not given up for good: people wait there.
    last = await house.room_id()
    await house.sweep(later=ONE_MORE_AFTER)
    assert await house.room_id() != last
    assert await house.settled()
    assert not await taken_away()
    await house.sweep(later=WITHIN)
    assert await house.settled()
    assert await taken_away()
    async with house.database.transaction() as tx:
        assert (await rooms.rooms(tx, [house.core]))[house.core].room_id is not None
    assert await house.told("room_replaced") == Counter(dict.fromkeys(house.leaders, 2))
