"""What a hold means in rooms, and how whoever looks is told of it: doctor, readiness, board, and `streha resume`."""

from __future__ import annotations

from uuid import uuid4

import pytest

from bots.rooms import rooms
from bots.rooms.housekeeping import LOOKED_AT_EVERY
from bots.rooms.room_service import RoomService
from cases import hold, ledger
from cases.hold import Hold, Why
from core.database import Database
from tests.clock import MovableClock
from tests.commands import streha
from tests.house import House
from tests.integration.test_late import deliver, started
from tests.outgoing import said
from tests.people import Network, Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_house", "tests.fixtures_api")

MALLORY = "@mallory:streha.example"


async def begin(database: Database, clock: MovableClock, lost: ledger.Head | None = None) -> None:
    async with database.transaction() as tx:
        assert await hold.begin(tx, Why.HEAD_LOST, clock.now(), place=None, lost=lost)


async def held(database: Database) -> Hold | None:
    async with database.reading() as look:
        return await hold.current(look)


async def resume(house: House) -> None:
    """Do what the command does, at the house's own time."""
    found = await held(house.database)
    assert found is not None
    async with house.database.transaction() as tx:
        assert await hold.resume(tx, found, await ledger.head(house.database), house.clock.now())
        await rooms.look_everywhere(tx, house.clock.now())


# In rooms ------------------------------------------------------------------------------------------------


async def test_nobody_is_asked_in_before_somebody_has_compared(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    member, channel = house.scene.member.matrix_user, await house.channel()
    # Removed after the backup: the homeserver knows it, the database does not.
    channel.move(member, "leave")
    # And one whom the database still wants there, and nobody had asked in by then.
    newcomer = house.scene.police.workers[1]
    await house.network.cases.add_member(house.scene.coordinator, house.scene.case.core.id, newcomer.id)
    await begin(house.database, house.clock)
    await RoomService(house.database, house.clock).invite_again(house.scene.member)
    await house.hears(member, "leave")
    for _ in range(3):
        await house.sweep(later=LOOKED_AT_EVERY)
    assert channel.membership(member) == "leave"
    assert await house.settled(), "it can be spoken there all the same"
    assert newcomer.matrix_user not in channel.users("invite")
    await resume(house)
    await house.sweep(later=LOOKED_AT_EVERY)
    assert newcomer.matrix_user in channel.users("invite")


async def test_who_came_after_the_backup_stays_and_who_is_removed_now_goes(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    channel = await house.channel()
    channel.move(MALLORY, "join")
    await begin(house.database, house.clock)
    await house.network.cases.remove_member(house.scene.coordinator, house.scene.case.core.id, house.scene.member.id)
    await house.hears(MALLORY, "join")
    await house.sweep(later=LOOKED_AT_EVERY)
    assert channel.membership(MALLORY) == "join", "this database cannot know why they are there"
    assert channel.membership(house.scene.member.matrix_user) == "leave", "that is a word of today"
    await resume(house)
    await house.sweep(later=LOOKED_AT_EVERY)
    assert channel.membership(MALLORY) == "leave"


async def test_what_is_raised_on_hold_is_heard_in_the_room_and_nothing_old_is(house: House) -> None:
    await house.everybody_comes_in()
    await house.sweep(later=LOOKED_AT_EVERY)
    await house.network.alerts.raise_(house.scene.member, house.scene.case.core.id, uuid4())
    await begin(house.database, house.clock)
    delivery, heard = started(house)
    await deliver(delivery)
    assert not [each for each in heard.bodies if "ALERT" in each]
    led = [each for each in await said(house.database, "hold_began") if each.state == "sent"]
    assert {each.target.id for each in led} == {house.scene.coordinator.id, house.scene.deputy.id}
    assert len(heard.bodies) == 2 * len(led), "a ring and the words, for each"
    heard.bodies.clear()
    await house.network.alerts.raise_(house.scene.deputy, house.scene.case.core.id, uuid4())
    await deliver(delivery)
    assert "Streha: alert, open the app" in heard.bodies
    assert [each for each in heard.bodies if "raised again" in each]


# Told ----------------------------------------------------------------------------------------------------


@pytest.fixture
def operator(database_url: str) -> dict[str, str]:
    return {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network", "STREHA_LANGUAGE": "en"}


async def test_readiness_and_the_board_say_so_and_let_everybody_in(
    api: ServedApi, database: Database, scene: Scene, clock: MovableClock
) -> None:
    assert scene.case
    seen = await api.services.board.see(scene.coordinator)
    assert seen.held_since is None
    assert (await api.ask("GET", "/readyz")).json == {"status": "ready", "checks": {"database": "ok"}}
    await begin(database, clock)
    answer = await api.ask("GET", "/readyz")
    assert answer.status == 200, "whoever calls for help must be let in"
    assert answer.json["note"].startswith("On hold: the database was restored")
    assert (await api.services.board.see(scene.coordinator)).held_since == clock.now()


async def test_the_doctor_says_so(database: Database, scene: Scene, operator: dict[str, str]) -> None:
    assert scene.case

    async def told() -> dict[str, object]:
        checks = (await streha("doctor", "--json", environment=operator)).json["checks"]
        return next(each for each in checks if each["check"] == "nothing is on hold")

    assert (await told())["ok"] is True
    await begin(database, MovableClock())
    found = await told()
    assert found["ok"] is False
    assert "streha resume" in str(found["todo"])


async def test_resuming_shows_what_to_compare_and_asks(
    database: Database, network: Network, scene: Scene, clock: MovableClock, operator: dict[str, str]
) -> None:
    refused = await streha("resume", "--yes", environment=operator)
    assert (refused.code, "not on hold" in refused.err) == (1, True)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await ledger.sequence_all(database)
    lost = ledger.Head(position=await ledger.position(database) + 40, hash=bytes(32))
    clock.move(LOOKED_AT_EVERY)
    await begin(database, clock, lost)

    asked = await streha("resume", environment=operator)
    assert asked.code == 2, "nobody has said yes"
    await ledger.sequence_all(database)
    assert str(await ledger.head(database)) in asked.out
    assert str(lost) in asked.out
    assert "At least 39 acts are lost" in asked.out
    assert "call people again: 1" in asked.out
    assert await held(database) is not None

    done = await streha("resume", "--yes", "--json", environment=operator)
    assert (done.code, done.json["why"], done.json["alerts"]) == (0, "head_lost", 1)
    assert done.json["lost_head"] == str(lost)
    assert await held(database) is None
    assert await said(database, "hold_ended")


async def test_a_broken_ledger_is_not_resumed(
    database: Database, network: Network, scene: Scene, clock: MovableClock, operator: dict[str, str]
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await ledger.sequence_all(database)
    async with database.transaction() as tx:
        await tx.script("ALTER TABLE ledger DISABLE TRIGGER USER")
        await tx.run("UPDATE ledger SET act = 'something_else' WHERE position = 1")
    await begin(database, clock)
    refused = await streha("resume", "--yes", environment=operator)
    assert refused.code == 1
    assert "BROKEN" in refused.err
    assert await held(database) is not None
