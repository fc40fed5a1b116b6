"""Rooms that are found and not written down: whose they are, when they are left, and who may write them down."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest

from agencies.model import Person
from bots.account.lease import Lease
from bots.rooms import former_rooms, rooms
from bots.rooms.archiving import READING_TIME
from bots.rooms.former_rooms import Why
from bots.rooms.room_service import RoomService
from bots.rooms.room_state import marker_of
from bots.wire.room_settings import OWN_FIELD
from core.errors import Conflict
from core.ids import new_id
from core.outbox import Target, TargetKind
from tests.house import House
from tests.room_server import BOT

pytest_plugins = ("tests.fixtures_house",)

SOON = timedelta(minutes=6)
MALLORY = "@mallory:streha.example"
UNWRITTEN = "UPDATE rooms SET room_id = NULL, applied_version = 0 WHERE target_id = $1"


# A database that does not know all ----------------------------------------------------------------------


async def test_a_room_of_what_this_database_does_not_know_is_left_alone(house: House, logged: io.StringIO) -> None:
    """A database restored from a backup, or a second one, must not send away whom it does not know."""
    unknown = house.server.room(**{OWN_FIELD: marker_of(Target(kind=TargetKind.COMPARTMENT, id=new_id()))})
    there = {BOT, house.scene.coordinator.matrix_user, house.scene.member.matrix_user}
    for user in there:
        house.server.made[unknown].move(user, "join")
    await _renew(house)
    for _ in range(3):
        await house.sweep(later=SOON)
    assert await house.settled()
    assert house.server.made[unknown].users("join") == there
    assert unknown not in await house.former()
    assert '"rooms_unknown"' in logged.getvalue()


async def test_who_is_in_a_second_room_is_told_before_they_are_sent_away(house: House) -> None:
    """The room in use was made by one database, the other by the same before it was restored."""
    second = house.server.room(**{OWN_FIELD: marker_of(house.core)})
    made = house.server.made[second]
    made.put("m.room.power_levels", {"users": {BOT: 100}, "state_default": 100}, by=BOT)
    await house.everybody_comes_in()
    made.move(house.scene.member.matrix_user, "join")
    await _renew(house, _direct(house))
    await house.sweep()
    assert list(made.said) == ["last-word"]
    assert house.scene.member.matrix_user in made.users("join")
    await house.sweep(later=READING_TIME)
    assert made.users("join") == set()
    assert (await house.former())[second] == ("orphaned", True)


async def test_the_newer_room_is_used_where_a_restored_database_names_one_that_was_left(house: House) -> None:
    newer = house.server.room(**{OWN_FIELD: marker_of(house.core)})
    first = house.server.made[await house.room_id()]
    for setting, (content, by) in first.settings.items():
        house.server.made[newer].settings.setdefault(setting, (content, by))
    first.move(BOT, "leave")
    await _renew(house, _direct(house))
    await house.sweep()
    assert newer not in await house.former()
    await house.hears(BOT, "leave")
    await house.sweep()
    assert (await house.room_id(), await house.settled()) == (newer, True)


async def test_a_room_of_others_that_cannot_be_read_keeps_nobody_from_a_new_one(
    house: House, logged: io.StringIO
) -> None:
    """Neither one that is too large to be read, nor one that bears our marker and does not answer."""
    old = await house.room_id()
    for creation in ({}, {OWN_FIELD: marker_of(house.core)}):
        forged = house.server.room(creator=MALLORY, **creation)
        house.server.made[forged].move(BOT, "join")
    house.server.failing.add("state")
    await _renew(house)
    await house.sweep()
    assert await house.room_id() not in {old, "None"}
    assert await house.settled()
    assert logged.getvalue().count('"found_room_not_read"') == 1


# Several at once ----------------------------------------------------------------------------------------


async def test_a_room_that_is_just_being_made_is_not_found_and_used_again_after_it_was_given_up(house: House) -> None:
    """Its answer is on its way while a look for another target comes by."""
    await _renew(house, _direct(house), _direct(house, house.scene.coordinator), house.core)
    async with asyncio.TaskGroup() as tasks:
        answer = house.server.hold("create_room")
        tasks.create_task(house.housekeeping.settle([house.core]))
        await answer.made.wait()
        await _fails_and_looks(house)
        answer.go_on.set()
    first = await house.room_id()
    await RoomService(house.database, house.clock).renew(house.scene.case.codename)
    await house.sweep()
    assert await house.room_id() not in {first, "None"}
    assert await house.settled()


async def test_a_room_whose_making_fails_while_others_are_looked_for_is_found(house: House) -> None:
    await _renew(house, _direct(house), _direct(house, house.scene.coordinator), house.core)
    async with asyncio.TaskGroup() as tasks:
        answer = house.server.hold("create_room")
        making = tasks.create_task(house.housekeeping.settle([house.core]))
        await answer.made.wait()
        made = next(reversed(house.server.made))
        house.server.made[house.server.room(creator=MALLORY)].move(BOT, "join")
        first = house.server.hold("created")
        tasks.create_task(_fails_and_looks(house))
        await first.made.wait()
        second = house.server.hold("created")
        first.go_on.set()
        # It was passed over, because it was just being made.
        await second.made.wait()
        answer.lost = True
        answer.go_on.set()
        await making
        second.go_on.set()
    await house.sweep(later=SOON)
    assert (await house.room_id(), await house.settled()) == (made, True)


async def test_a_room_that_is_written_down_while_another_is_looked_at_is_not_left(
    house: House, logged: io.StringIO
) -> None:
    foreign = house.server.room(creator=MALLORY)
    house.server.made[foreign].move(BOT, "join")
    await _renew(house, _direct(house), _direct(house, house.scene.coordinator), house.core)
    async with asyncio.TaskGroup() as tasks:
        answer = house.server.hold("create_room")
        making = tasks.create_task(house.housekeeping.settle([house.core]))
        await answer.made.wait()
        look = house.server.hold("created", "state")
        tasks.create_task(_fails_and_looks(house))
        await look.made.wait()
        answer.go_on.set()
        await making
        look.go_on.set()
    room_id = await house.room_id()
    assert room_id != "None"
    assert room_id not in await house.former()
    assert "orphaned_room_left" not in logged.getvalue()


async def _fails_and_looks(house: House) -> None:
    """Let the making of one room fail, and so the next one look for rooms that nobody wrote down."""
    house.server.failing.add("create_room")
    await house.housekeeping.settle([_direct(house)])
    house.server.failing.clear()
    await house.housekeeping.settle([_direct(house, house.scene.coordinator)])


# Written down -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["in use", "given up", "ended"])
async def test_a_room_is_written_down_only_where_one_is_wanted(house: House, state: str) -> None:
    room_id, other = await house.room_id(), "!other:streha.example"
    async with house.database.transaction() as tx:
        if state == "given up":
            await former_rooms.give_up(tx, room_id, Why.RENEWED, house.clock.now())
            other = room_id
        elif state == "ended":
            await tx.run(UNWRITTEN, house.core.id)
            await rooms.closed(tx, house.core, house.clock.now())
    before = await _written(house)
    with pytest.raises(Conflict):
        async with house.database.transaction() as tx:
            await rooms.created(tx, house.core, other)
    assert await _written(house) == before


async def test_a_room_that_is_written_down_has_everything_still_to_be_done(house: House) -> None:
    async with house.database.transaction() as tx:
        await tx.run("UPDATE rooms SET room_id = NULL WHERE target_id = $1", house.core.id)
        await rooms.created(tx, house.core, "!other:streha.example")
    assert not await house.settled()


async def test_a_room_in_use_is_nothing_to_be_left(house: House) -> None:
    async with house.database.transaction() as tx:
        await former_rooms.leave(tx, await house.room_id(), house.core, Why.ORPHANED, house.clock.now())
    assert await house.former() == {}


async def _written(house: House) -> tuple[str, bool]:
    return await house.room_id(), await house.settled()


# Another bot ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["makes", "gives up", "ends"])
async def test_a_bot_that_is_not_the_active_one_any_more_writes_no_room_down(house: House, step: str) -> None:
    room_id, channel = await house.room_id(), await house.channel()
    if step == "makes":
        await _renew(house, restart=False)
    elif step == "gives up":
        channel.move(BOT, "leave")
        await house.hears(BOT, "leave")
    else:
        await house.network.closing.close_case(house.scene.coordinator, house.scene.case.id)
    before, former = await _written(house), await house.former()
    async with house.database.transaction() as tx:
        await tx.run("UPDATE bot_lease SET until = NULL")
    successor = Lease(house.database, house.clock)
    await successor.acquire()
    with pytest.raises(ExceptionGroup, match="unhandled"):
        await house.housekeeping.sweep()
    assert (await _written(house), await house.former()) == (before, former)
    # The successor goes on with what is there.
    house.lease = successor
    house.restart()
    await house.sweep()
    now = await house.room_id()
    assert (now == room_id, room_id in await house.former()) == (step == "ends", True)


# Ways to get there --------------------------------------------------------------------------------------


async def _renew(house: House, *targets: Target, restart: bool = True) -> None:
    """Let new rooms be wanted for targets, or for the channel, by a bot that has looked for nothing yet."""
    async with house.database.transaction() as tx:
        for room in (await rooms.rooms(tx, targets or [house.core])).values():
            await former_rooms.give_up(tx, str(room.room_id), Why.RENEWED, house.clock.now())
    if restart:
        house.restart()


def _direct(house: House, person: Person | None = None) -> Target:
    return Target(kind=TargetKind.PERSON, id=(person or house.scene.member).id)
