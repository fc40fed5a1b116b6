"""What lies at the homeserver for duty rooms: sealed for who reads there, put off while all is well, one for each."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bots.account.credentials import Credentials
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.keys.sharing import Sharing
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.rooms import rooms
from bots.rooms.occupants import Occupants
from bots.sending.absence import Absence
from bots.sending.key_giving import KeyGiving
from bots.wire.homeserver import Homeserver
from cases import hold
from cases.hold import Why
from core import heartbeat
from core.database import Database
from core.outbox import Target, TargetKind
from core.settings import Settings
from crypto import cross_signing
from tests.attesting import attestation
from tests.clock import MovableClock
from tests.key_server import KeyServer, key_server
from tests.people import Network, Scene

BOT = "@bot:streha.localhost"
DUTY = "!duty:streha.localhost"
SECRET = b"an invented store key of 32 bytes"
SECONDS = 600.0


@dataclass(kw_only=True)
class Place:
    """One duty room, whose officers have devices, and the bots that look after it, one after the other."""

    database: Database
    clock: MovableClock
    scene: Scene
    server: KeyServer
    settings: Settings
    directory: Path
    http: aiohttp.ClientSession
    resources: AsyncExitStack
    lease: Lease

    @property
    def desk(self) -> Target:
        assert self.scene.police.desk_id is not None
        return Target(kind=TargetKind.DESK, id=self.scene.police.desk_id)

    async def beat(self) -> None:
        """Let the engine give a sign of life."""
        await heartbeat.beat(self.database, "engine", self.clock.now())

    async def settled(self) -> dict[str, str]:
        """Let the room hold who belongs there, each with a device; return their identities."""
        async with self.database.transaction() as tx:
            await rooms.want_rooms(tx, self.clock.now())
            room = (await rooms.rooms(tx, [self.desk]))[self.desk]
            if room.room_id is None:
                await rooms.created(tx, self.desk, DUTY)
            await rooms.applied(tx, (await rooms.rooms(tx, [self.desk]))[self.desk], complete=True)
        for user in room.members:
            if user not in self.server.identities:
                self.server.person(user)
                self.server.device(user, "PHONE")
        self.server.joined[DUTY] = set(room.members)
        return {user: cross_signing.public_key(self.server.identities[user].master) for user in room.members}

    async def bot(self, name: str = "BOT", **settings: object) -> Absence:
        """Let a bot begin, on a device of its own."""
        directory = self.directory / name
        directory.mkdir()
        store = OlmStore(BOT, name, directory, SECRET)
        self.resources.callback(store.close)
        device = MatrixDevice(
            Homeserver(self.server.url, self.http, "a token"), OlmMachine(BOT, name, store),
            Credentials(directory, SECRET), self.clock, AsyncExitStack(),
        )  # fmt: skip
        identities = await self.settled()
        device.attest({user: attestation(user, identity) for user, identity in identities.items()})
        self.device = device
        self.keys = KeyGiving(self.database, self.clock, device, Occupants(device.homeserver))
        chosen = replace(self.settings, **{"absence_after": SECONDS, **settings})  # type: ignore[arg-type]
        return Absence(self.database, self.clock, chosen, device, self.lease, self.keys)

    async def sharing(self) -> Sharing:
        """Return who holds the key of the room now."""
        async with self.database.reading() as look:
            room = (await rooms.rooms(look, [self.desk]))[self.desk]
        return (await self.keys.give([room]))[DUTY]

    async def said(self) -> list[str]:
        """Return what was left to be said in the room by the bot itself."""
        async with self.database.reading() as look:
            rows = await look.rows("SELECT template FROM outbox WHERE target_id = $1 ORDER BY sequence", self.desk.id)
        return [row["template"] for row in rows]


@pytest.fixture
async def place(
    database: Database, clock: MovableClock, scene: Scene, settings: Settings, tmp_path: Path
) -> AsyncIterator[Place]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(key_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        lease = Lease(database, clock)
        await lease.acquire()
        made = Place(
            database=database, clock=clock, scene=scene, server=server, settings=settings, directory=tmp_path,
            http=http, resources=resources, lease=lease,
        )  # fmt: skip
        await made.beat()
        yield made


async def test_one_is_left_sealed_with_the_rooms_key_and_put_off_in_every_round(place: Place) -> None:
    absence = await place.bot()
    assert await absence.look()
    ((delay_id, (room_id, content)),) = place.server.left.items()
    assert room_id == DUTY
    assert content["session_id"] == (await place.sharing()).session_id
    assert "Streha" not in json.dumps(content)
    for _ in range(3):
        assert await absence.look()
    assert list(place.server.left) == [delay_id]
    assert place.server.put_off == [delay_id] * 3
    assert await place.said() == []


async def test_it_is_made_anew_where_somebody_could_not_read_it_or_should_not(place: Place, network: Network) -> None:
    absence = await place.bot()
    await absence.look()
    (first,) = place.server.left
    newcomer = await network.person(place.scene.police.agency)
    await network.agencies.seat(place.desk.id, newcomer.id)  # type: ignore[arg-type]
    identities = await place.settled()
    place.device.attest({user: attestation(user, identity) for user, identity in identities.items()})
    place.keys = absence._keys
    place.keys._occupants.forget(DUTY)
    await absence.look()
    (second,) = place.server.left
    assert second != first
    assert newcomer.matrix_user in {user for user, _device in (await place.sharing()).holders}
    # Whoever left cannot read on, so the key is another from now on.
    await network.agencies.unseat(place.desk.id, newcomer.id)  # type: ignore[arg-type]
    identities = await place.settled()
    place.keys._occupants.forget(DUTY)
    await absence.look()
    ((third, (_room, content)),) = place.server.left.items()
    assert third != second
    assert content["session_id"] == (await place.sharing()).session_id


async def test_the_next_bot_puts_off_what_the_one_before_left_and_replaces_it(place: Place) -> None:
    await (await place.bot()).look()
    (first,) = place.server.left
    # What could not be written down would be said although all is well.
    place.server.left["never-written-down"] = DUTY, {}
    assert await (await place.bot("BOT2")).look()
    assert place.server.put_off == [first]
    (second,) = place.server.left
    assert second not in {first, "never-written-down"}


async def test_what_was_said_is_answered_once_when_all_is_well_again(
    place: Place, database: Database, logged: io.StringIO
) -> None:
    absence = await place.bot()
    await absence.look()
    (first,) = place.server.left
    place.server.left.clear()
    async with database.transaction() as tx:
        await tx.run("UPDATE absence_notices SET put_off_at = put_off_at - interval '11 minutes'")
    await absence.look()
    await absence.look()
    assert await place.said() == ["absence_over"]
    (second,) = place.server.left
    assert second != first
    assert "absence_was_told" in logged.getvalue()


async def test_what_the_homeserver_lost_is_left_anew_and_nobody_hears_of_it(place: Place) -> None:
    absence = await place.bot()
    await absence.look()
    place.server.left.clear()
    await absence.look()
    assert len(place.server.left) == 1
    assert await place.said() == []


async def test_where_the_engine_is_silent_nothing_is_put_off(place: Place, clock: MovableClock) -> None:
    absence = await place.bot()
    await absence.look()
    clock.move(timedelta(minutes=3))
    await absence.look()
    assert place.server.put_off == []
    await place.beat()
    await absence.look()
    assert len(place.server.put_off) == 1


async def test_a_homeserver_that_keeps_nothing_is_given_nothing(place: Place) -> None:
    place.server.longest_delay_ms = int(SECONDS * 1000) - 1
    assert await (await place.bot()).look()
    assert (place.server.left, place.server.puts) == ({}, [])


async def test_one_that_sends_at_once_is_given_nothing_more_and_the_room_hears_that_all_is_well(
    place: Place, logged: io.StringIO
) -> None:
    place.server.sends_at_once = True
    absence = await place.bot()
    for _ in range(3):
        await absence.look()
    assert len(place.server.puts) == 1
    assert await place.said() == ["absence_over"]
    assert "absence_sent_at_once" in logged.getvalue()


async def test_a_homeserver_that_fails_for_a_while_is_asked_again_soon(place: Place) -> None:
    absence = await place.bot()
    await absence.look()
    place.server.failing = {"delayed"}
    assert not await absence.look()
    assert len(place.server.left) == 1
    place.server.failing = set()
    assert await absence.look()
    assert len(place.server.left) == 1


async def test_where_nobody_can_read_nothing_is_left(place: Place) -> None:
    absence = await place.bot()
    place.device.attest({})
    assert await absence.look()
    assert place.server.left == {}


async def test_silence_that_is_chosen_takes_back_what_lies_there(place: Place, database: Database) -> None:
    await (await place.bot()).look()
    assert await (await place.bot("BOT2", absence_after=0.0))._end()
    assert place.server.left == {}
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM absence_notices") == 0


async def test_a_room_that_is_being_put_right_keeps_what_lies_there(place: Place, database: Database) -> None:
    absence = await place.bot()
    await absence.look()
    left = list(place.server.left)
    async with database.transaction() as tx:
        await rooms.drifted(tx, DUTY, place.clock.now())
        assert not (await rooms.rooms(tx, [place.desk]))[place.desk].settled
    await absence.look()
    assert list(place.server.left) == left
    assert place.server.put_off == left


async def test_what_a_backup_says_of_another_day_is_answered_nowhere(place: Place, database: Database) -> None:
    absence = await place.bot()
    await absence.look()
    place.server.left.clear()
    async with database.transaction() as tx:
        await tx.run("UPDATE absence_notices SET put_off_at = put_off_at - interval '11 minutes'")
        await hold.begin(tx, Why.HEAD_LOST, place.clock.now(), place=None, lost=None)
    before = await place.said()
    await absence.look()
    assert await place.said() == before
    assert "absence_over" not in before
