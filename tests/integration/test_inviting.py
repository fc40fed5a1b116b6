"""Who was invited and does not come: reminded, told of, and never invited without end."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from aiohttp import web

from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.rooms.invitations import REMINDED_AFTER, TOLD_AFTER
from bots.rooms.inviting import Inviting
from bots.rooms.room_service import RoomService
from core.outbox import Target, TargetKind
from tests.house import House
from tests.room_server import BOT

pytest_plugins = ("tests.fixtures_house",)


async def test_who_does_not_answer_is_reminded_and_then_told_of_once(house: House) -> None:
    member, room_id = house.scene.member, await house.room_id()
    alone = Target(kind=TargetKind.PERSON, id=member.id)
    house.comes_in(await house.room_id(alone), member)
    for person in (house.scene.coordinator, house.scene.deputy, house.scene.ngo.worker):
        house.comes_in(room_id, person)
    await house.sweep(later=LOOKED_AT_EVERY)
    await house.sweep(later=REMINDED_AFTER)
    assert member.id in await house.told("room_invitation_waits")
    # By a word, where there is somewhere to say it: the invitation itself stands.
    assert house.server.invitations[room_id, member.matrix_user] == 1
    assert await house.told("room_unanswered") == Counter()
    await house.sweep(later=TOLD_AFTER - REMINDED_AFTER)
    for _ in range(3):
        await house.sweep(later=TOLD_AFTER)
    assert await house.told("room_unanswered") == house.leaders
    assert house.server.invitations[room_id, member.matrix_user] == 1


async def test_who_came_after_all_and_leaves_is_told_of_although_their_silence_was(house: House) -> None:
    member, room_id, channel = house.scene.member, await house.room_id(), await house.channel()
    house.comes_in(room_id, house.scene.coordinator, house.scene.deputy, house.scene.ngo.worker)
    await house.sweep(later=REMINDED_AFTER)
    await house.sweep(later=TOLD_AFTER)
    assert await house.told("room_unanswered") == house.leaders
    for times in (1, 2):
        channel.move(member.matrix_user, "join")
        await house.sweep(later=LOOKED_AT_EVERY)
        channel.move(member.matrix_user, "leave")
        await house.sweep(later=LOOKED_AT_EVERY)
        await house.sweep(later=LOOKED_AT_EVERY)
        assert await house.told("room_gone") == Counter(dict.fromkeys(house.leaders, times))


@pytest.mark.parametrize("members", [{}, {"chunk": []}])
async def test_an_answer_that_knows_nobody_says_of_nobody_that_they_have_gone(
    house: House, logged: io.StringIO, members: dict[str, object]
) -> None:
    house.clock.move(TOLD_AFTER)
    house.server.instead["members_of"] = [web.json_response(members) for _ in house.server.made]
    await Inviting(house.database, house.clock, house.device.homeserver, BOT).sweep()
    assert house.server.instead["members_of"] == []
    assert await house.told("room_gone") + await house.told("room_gone_elsewhere") == Counter()
    assert "invitations_not_followed_up" in logged.getvalue()


async def test_who_is_not_even_alone_with_the_bot_is_reminded_by_one_more_invitation(house: House) -> None:
    member = house.scene.member
    room_id = await house.room_id(Target(kind=TargetKind.PERSON, id=member.id))
    await house.sweep(later=REMINDED_AFTER)
    for _ in range(5):
        await house.sweep(later=LOOKED_AT_EVERY)
    assert house.server.invitations[room_id, member.matrix_user] == 2
    assert house.server.made[room_id].membership(member.matrix_user) == "invite"
    await house.sweep(later=TOLD_AFTER)
    await house.sweep(later=TOLD_AFTER)
    assert house.server.invitations[room_id, member.matrix_user] == 2
    assert (await house.told("room_unanswered_elsewhere")).keys() >= house.leaders.keys()


async def test_who_declines_is_told_of_at_once_and_invited_again_only_at_somebodys_word(
    house: House, logged: io.StringIO
) -> None:
    member, channel, room_id = house.scene.member, await house.channel(), await house.room_id()
    user = member.matrix_user
    channel.move(user, "leave")
    await house.hears(user, "leave")
    await house.sweep()
    assert "invitation_declined" in logged.getvalue()
    assert await house.told("room_gone") == house.leaders
    for _ in range(6):
        await house.sweep(later=LOOKED_AT_EVERY)
    assert house.server.invitations[room_id, user] == 1
    assert await house.settled()
    service = RoomService(house.database, house.clock)
    assert await service.invite_again(member) >= 1
    await house.sweep()
    assert house.server.invitations[room_id, user] == 2
    assert channel.membership(user) == "invite"
    # A circle that has changed asks everybody in who is not there.
    channel.move(user, "leave")
    await house.hears(user, "leave")
    await house.sweep()
    assert house.server.invitations[room_id, user] == 2
    await house.network.cases.add_member(
        house.scene.coordinator, house.scene.case.core.id, house.scene.police.workers[1].id
    )
    await house.sweep()
    assert house.server.invitations[room_id, user] == 3


async def test_a_forged_leaving_of_a_member_changes_nothing(house: House) -> None:
    room_id = await house.room_id()
    house.comes_in(room_id, house.scene.member)
    await house.sweep(later=LOOKED_AT_EVERY)
    await house.hears(house.scene.member.matrix_user, "leave")
    await house.sweep()
    assert await house.told("room_gone") == Counter()
    assert await house.settled()
    assert house.scene.member.matrix_user in await house.occupants.joined(room_id)


async def test_who_cannot_be_invited_keeps_nobody_from_coming_in_and_is_told_of(house: House) -> None:
    newcomer = house.scene.police.workers[1]
    house.server.unknown.add(newcomer.matrix_user)
    await house.network.cases.add_member(house.scene.coordinator, house.scene.case.core.id, newcomer.id)
    await house.sweep()
    assert await house.settled()
    house.comes_in(await house.room_id(), house.scene.coordinator, house.scene.deputy, house.scene.member)
    await house.sweep(later=TOLD_AFTER)
    assert (await house.told("room_unanswered")).keys() >= house.leaders.keys()
