"""Who may hear that nothing was stored: whom the database named last, and nobody whom only the homeserver names."""

from __future__ import annotations

import pytest

from agencies.model import Person
from bots.rooms.last_known import LastKnown
from core.database import Database
from core.errors import Unavailable
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.talk import house_of, room_of

GHOST = "@ghost:streha.localhost"


def users(*people: Person) -> frozenset[str]:
    return frozenset(each.matrix_user for each in people)


async def test_only_members_may_hear_whoever_is_said_to_have_joined(
    database: Database, clock: MovableClock, scene: Scene, network: Network
) -> None:
    house = await house_of(database, clock)
    room, last_known = room_of(house, scene.case.core.id), LastKnown(database)
    joined = users(scene.coordinator, scene.member, scene.stranger) | {GHOST}
    assert last_known.may_hear(room, joined) == frozenset(), "nothing is known yet"
    await last_known.look()
    assert last_known.may_hear(room, joined) == users(scene.coordinator, scene.member)
    assert last_known.may_hear("!new:streha.localhost", joined) == joined - {GHOST}
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.member.id)
    await last_known.look()
    assert last_known.may_hear(room, joined) == users(scene.coordinator)


async def test_what_was_known_stays_known_when_the_database_is_gone(
    database: Database, clock: MovableClock, scene: Scene
) -> None:
    house = await house_of(database, clock)
    last_known = LastKnown(database)
    await last_known.look()
    await database._pool.close()
    with pytest.raises(Unavailable):
        await last_known.look()
    room = room_of(house, scene.case.core.id)
    assert last_known.may_hear(room, users(scene.member) | {GHOST}) == users(scene.member)
