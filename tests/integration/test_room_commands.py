"""`streha rooms`, as the operator types it: what is left for the bot to do, and what is said about it."""

from __future__ import annotations

import pytest

from bots.rooms import rooms
from bots.rooms.invitations import Invitation, Standing
from bots.rooms.inviting import keep
from core.database import Database
from core.outbox import Target, TargetKind
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.people import Scene

ROOM = "!channel:streha.localhost"


@pytest.fixture
def operator(database_url: str) -> dict[str, str]:
    """Return the operator's environment."""
    return {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}


@pytest.fixture
async def core(database: Database, clock: MovableClock, scene: Scene) -> Target:
    """Let the case have a channel in which the member has not answered."""
    target = Target(kind=TargetKind.COMPARTMENT, id=scene.case.core.id)
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
        await rooms.created(tx, target, ROOM, right_at=clock.now())
        room = (await rooms.rooms(tx, [target]))[target]
        await rooms.applied(tx, room, complete=True)
        waiting = Invitation(
            person_id=scene.member.id, room_id=ROOM, version=room.version, standing=Standing.WAITING, since=clock.now()
        )
        await keep(tx, target, [waiting])
    return target


async def _channel(operator: dict[str, str], codename: str) -> dict[str, object]:
    ran = await streha("rooms", "list", "--json", environment=operator)
    (found,) = [each for each in ran.json if each["name"] == codename]
    return dict(found)


async def _said(operator: dict[str, str], *arguments: object, code: int = 0) -> Ran:
    ran = await streha("rooms", *arguments, environment=operator)
    assert ran.code == code, ran
    return ran


async def test_the_operator_sees_who_is_missing_and_has_them_invited_again(
    operator: dict[str, str], core: Target, scene: Scene, database: Database
) -> None:
    channel = await _channel(operator, scene.case.codename)
    assert (channel["kind"], channel["room"], channel["settled"], channel["absent"]) == ("compartment", ROOM, True, 1)
    assert scene.case.codename in (await _said(operator, "list")).out
    assert "Rooms: 1" in (await _said(operator, "invite", scene.member.matrix_user)).out
    async with database.transaction() as tx:
        assert (await rooms.rooms(tx, [core]))[core].attempts == 1
        assert await tx.value("SELECT standing FROM room_invitations") == "wanted"
    assert (await _said(operator, "invite", scene.coordinator.matrix_user, "--json")).json == {"rooms": 0}
    assert "not missing" in (await _said(operator, "invite", scene.coordinator.name)).out
    assert "no such person" in (await _said(operator, "invite", "@nobody:streha.localhost", code=1)).err


async def test_rooms_are_renewed_only_where_it_is_said_which_and_twice(
    operator: dict[str, str], core: Target, scene: Scene, database: Database
) -> None:
    assert "Say which rooms" in (await _said(operator, "renew", "--yes", code=2)).err
    assert "Say which" in (await _said(operator, "renew", "--all", "--case", scene.case.codename, "--yes", code=2)).err
    assert "--yes" in (await _said(operator, "renew", "--all", code=2)).err
    await _said(operator, "renew", "--case", "no-such-case", "--yes", code=1)
    assert (await _channel(operator, scene.case.codename))["room"] == ROOM
    assert "given up: 1" in (await _said(operator, "renew", "--case", scene.case.codename, "--yes")).out
    assert (await _channel(operator, scene.case.codename))["room"] is None
    assert (await _said(operator, "renew", "--all", "--yes", "--json")).json == {"renewed": 0}
    async with database.transaction() as tx:
        # Until the bot has left it, whoever calls for help there is heard.
        assert await rooms.target_of(tx, ROOM) == core
        acts = [row["act"] for row in await tx.rows("SELECT act FROM ledger ORDER BY entry")]
    assert acts[-2:] == ["rooms_renewed", "rooms_renewed"]
