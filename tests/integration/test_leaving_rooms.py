"""Rooms that end, are lost, or are given up for new ones: a last word, everybody out, nothing kept."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from aiohttp import web

from bots.olm.olm_tables import RoomKeyClaim
from bots.rooms import rooms
from bots.rooms.archiving import READING_TIME
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.rooms.room_service import RoomService
from bots.rooms.room_state import marker_of
from bots.wire.room_settings import NAME, OWN_FIELD
from core.outbox import Target, TargetKind
from tests.house import House
from tests.room_server import BOT

pytest_plugins = ("tests.fixtures_house",)

MALLORY = "@mallory:streha.example"
SOON = timedelta(minutes=6)


# Endings ------------------------------------------------------------------------------------------------


async def test_a_closed_channel_gets_a_last_word_is_emptied_and_forgotten(house: House) -> None:
    await house.everybody_comes_in()
    room_id, channel = await house.room_id(), await house.channel()
    await house.network.closing.close_case(house.scene.coordinator, house.scene.case.id)
    await house.sweep()
    assert list(channel.said) == ["last-word"]
    member = house.server.devices[house.scene.member.matrix_user]["PHONE"]
    assert any(key["room_id"] == room_id for key in house.server.keys_for(member))
    assert channel.users("join") > {BOT}
    await house.sweep(later=READING_TIME)
    assert channel.users("join") == set()
    assert room_id in house.server.forgotten
    assert await house.former() == {room_id: ("closed", True)}
    # Nothing opens any more what was said there, and nothing is asked about it again.
    assert house.device._sessions.current(room_id) is None
    house.server.asked.clear()
    await house.sweep(later=LOOKED_AT_EVERY / 4)
    assert not house.server.asked
    assert len(channel.said) == 1


async def test_the_keys_of_rooms_that_are_left_are_forgotten_and_no_others(house: House) -> None:
    store = house.device._store
    for name in ("old", "older", "other"):
        store.keep_room_key(name, {"exported": name})
        store.add_claim(name, RoomKeyClaim(f"!{name}:streha.example", MALLORY, "curve", "ed"))
        assert store.first_reading(name, 0, f"${name}")
    house.device.forget_rooms({"!old:streha.example", "!older:streha.example"})
    assert [store.room_key(name) is None for name in ("old", "older", "other")] == [True, True, False]
    assert [store.was_read(f"${name}") for name in ("old", "older", "other")] == [False, False, True]


@pytest.mark.parametrize("step", ["members_of", "say", "send", "kick", "leave", "forget"])
async def test_a_bot_that_dies_while_it_leaves_a_room_goes_on(house: House, step: str) -> None:
    await house.everybody_comes_in()
    room_id, channel = await house.room_id(), await house.channel()
    await house.network.closing.close_case(house.scene.coordinator, house.scene.case.id)
    house.server.failing.add(step)
    for _ in range(2):
        await house.sweep(later=READING_TIME)
    assert not (await house.former())[room_id][1]
    house.restart()
    house.server.failing.clear()
    for _ in range(3):
        await house.sweep(later=SOON)
    assert (await house.former())[room_id] == ("closed", True)
    assert (channel.users("join"), list(channel.said)) == (set(), ["last-word"])
    assert room_id in house.server.forgotten


@pytest.mark.parametrize(
    ("step", "answer", "status"),
    [
        ("members_of", {}, 200),
        ("members_of", {"chunk": []}, 200),
        ("members_of", {"errcode": "M_FORBIDDEN"}, 403),
        ("leave", {"errcode": "M_FORBIDDEN"}, 403),
    ],
)
async def test_one_answer_that_the_bot_is_not_there_keeps_nobody_in_a_room(
    house: House, step: str, answer: dict[str, str], status: int
) -> None:
    await house.everybody_comes_in()
    room_id, channel = await house.room_id(), await house.channel()
    await RoomService(house.database, house.clock).renew(house.scene.case.codename)
    await house.housekeeping.sweep()
    house.server.instead[step] = [web.json_response(answer, status=status)]
    for _ in range(4):
        assert not (await house.former())[room_id][1] or channel.membership(BOT) == "leave"
        await house.sweep(later=SOON)
    assert house.server.instead[step] == []
    assert list(channel.said) == ["last-word"]
    assert channel.users("join") == set()
    assert (await house.former())[room_id] == ("renewed", True)


async def test_who_leaves_the_staff_loses_the_room_alone_with_the_bot(house: House) -> None:
    await house.everybody_comes_in()
    member = house.scene.member
    room_id = await house.room_id(Target(kind=TargetKind.PERSON, id=member.id))
    await house.network.depart(member)
    for _ in range(2):
        await house.sweep(later=READING_TIME)
    # To nobody of the staff there is nothing to be said any more.
    made = house.server.made[room_id]
    assert (made.users("join"), made.said) == (set(), {})
    assert (await house.former())[room_id] == ("closed", True)


# Orphans ------------------------------------------------------------------------------------------------


async def test_a_room_that_was_made_and_not_written_down_is_found_again(house: House) -> None:
    room_id = await house.room_id()
    async with house.database.transaction() as tx:
        await tx.run("UPDATE rooms SET room_id = NULL, applied_version = 0 WHERE target_id = $1", house.core.id)
    house.restart()
    await house.sweep()
    assert (await house.room_id(), await house.settled()) == (room_id, True)


async def test_a_room_that_others_made_to_look_like_ours_is_not_used(house: House, logged: io.StringIO) -> None:
    async with house.database.transaction() as tx:
        await tx.run("DELETE FROM rooms WHERE target_id = $1", house.core.id)
    true = next(room_id for room_id, made in house.server.made.items() if made.content(NAME) == {
        "name": house.scene.case.codename})  # fmt: skip
    del house.server.made[true]
    forged = house.server.room(creator=MALLORY, **{OWN_FIELD: marker_of(house.core)})
    for (kind, _key), (content, _by) in house.server.made[await house.room_id(_direct(house))].settings.items():
        if kind.startswith("m.room.") and kind not in {"m.room.create", "m.room.member"}:
            house.server.made[forged].put(kind, content, by=BOT)
    house.server.made[forged].move(BOT, "join")
    house.restart()
    await house.sweep()
    assert await house.settled()
    assert await house.room_id() != forged
    assert "room_not_ours" in logged.getvalue()


async def test_of_two_lost_rooms_one_is_used_and_the_other_left(house: House) -> None:
    first = await house.room_id()
    second = house.server.room(**{OWN_FIELD: marker_of(house.core)})
    async with house.database.transaction() as tx:
        await tx.run("UPDATE rooms SET room_id = NULL, applied_version = 0 WHERE target_id = $1", house.core.id)
    house.restart()
    for _ in range(3):
        await house.sweep(later=SOON)
    assert await house.room_id() == first
    assert (await house.former())[second] == ("orphaned", True)
    assert house.server.made[second].membership(BOT) == "leave"
    assert house.server.made[second].said == {}


def _direct(house: House) -> Target:
    return Target(kind=TargetKind.PERSON, id=house.scene.member.id)


# New rooms for everybody --------------------------------------------------------------------------------


async def test_all_rooms_are_renewed_and_everybody_asked_into_the_new_ones(house: House) -> None:
    await house.everybody_comes_in()
    old = set(house.server.made)
    room_id = await house.room_id()
    service = RoomService(house.database, house.clock)
    assert await service.renew(None) == len(old)
    async with house.database.transaction() as tx:
        # Whoever calls for help in the old room before it is left is heard.
        assert await rooms.target_of(tx, room_id) == house.core
    assert await service.renew(None) == 0
    await house.sweep()
    new = set(house.server.made) - old
    assert len(new) == len(old)
    await house.everybody_comes_in()
    for _ in range(2):
        await house.sweep(later=READING_TIME)
    assert {made.membership(BOT) for name, made in house.server.made.items() if name in old} == {"leave"}
    assert {len(house.server.made[name].said) for name in old} == {1}
    assert all(house.server.made[name].users("join") == set() for name in old)
    assert {done for _why, done in (await house.former()).values()} == {True}
    listed = {each.room_id: (each.settled, each.absent) for each in await service.all()}
    assert listed.keys() == new
    async with house.database.transaction() as tx:
        assert await rooms.target_of(tx, room_id) is None


async def test_the_rooms_of_one_case_are_renewed_alone(house: House) -> None:
    before, old = set(house.server.made), await house.room_id()
    assert await RoomService(house.database, house.clock).renew(house.scene.case.codename) == 1
    await house.sweep()
    (new,) = set(house.server.made) - before
    assert await house.room_id() == new != old
    async with house.database.transaction() as tx:
        acts = [row["act"] for row in await tx.rows("SELECT act FROM ledger ORDER BY entry DESC LIMIT 1")]
    assert acts == ["rooms_renewed"]
