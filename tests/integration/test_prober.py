"""The prober answers the bot in the room of the proof, and nobody else, nowhere else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from alerts.proof import proving
from bots.account.credentials import Credentials
from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.prober import Prober
from bots.rooms import probe, rooms
from bots.rooms.probe import Party
from bots.wire.homeserver import Homeserver
from core.database import Database
from crypto import cross_signing
from tests.clock import MovableClock
from tests.key_server import KeyServer, key_server
from tests.waiting import until

BOT, PROBER = "@bot:streha.example", "@prober:streha.example"
ROOM = "!probe:streha.example"
SECRET = b"an invented store key of 32 bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The room of the proof, with the prober in it and the bot's device known to the homeserver."""

    server: KeyServer
    prober: Prober
    database: Database
    clock: MovableClock

    def said(self, code: UUID, **changes: Any) -> Received:
        """Return the self-test as the prober's device hands it over."""
        given: dict[str, Any] = {
            "room_id": ROOM, "event_id": "$test", "sender": BOT, "sent_at": self.clock.now(),
            "event_type": "m.room.message", "sender_device_id": "BOT", "bound": True,
            "content": {"msgtype": "m.text", "body": f"System: self-test {code.hex}."},
            "sender_identity": cross_signing.public_key(self.server.identities[BOT].master),
        }  # fmt: skip
        return Received(**{**given, **changes})

    async def answered(self, message: Received) -> bool:
        """Let the prober answer, or not; return whether it is done with the message."""
        async with self.database.reading() as look:
            bot = await probe.standing(look, Party.BOT)
        self.prober._device.attest(bot)
        return await self.prober._answered(message, ROOM, frozenset(bot))

    async def begun(self) -> UUID:
        """Let a proof begin."""
        await proving.prove(self.database, self.clock, timedelta(minutes=5))
        async with self.database.reading() as look:
            return UUID(str(await look.value("SELECT id FROM proofs ORDER BY begun_at DESC LIMIT 1")))

    async def read_at(self) -> object:
        """Return when the proof was read."""
        async with self.database.reading() as look:
            return await look.value("SELECT read_at FROM proofs")


@pytest.fixture
async def room(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Room]:
    async with AsyncExitStack() as resources:
        server = await resources.enter_async_context(key_server())
        http = await resources.enter_async_context(aiohttp.ClientSession())
        server.person(BOT)
        server.device(BOT, "BOT")
        key = cross_signing.decode_unpadded(cross_signing.public_key(server.identities[BOT].master))
        await probe.introduce(database, Party.BOT, BOT, key, clock.now())
        await probe.introduce(database, Party.PROBER, PROBER, bytes(range(32)), clock.now())
        async with database.transaction() as tx:
            await rooms.want_rooms(tx, clock.now())
            (target,) = [each for each in await rooms.to_apply(tx, clock.now(), 100) if each.kind == "probe"]
            await rooms.created(tx, target, ROOM)
        store = OlmStore(PROBER, "PROBER", tmp_path, SECRET)
        resources.callback(store.close)
        device = MatrixDevice(
            Homeserver(server.url, http, "a token"), OlmMachine(PROBER, "PROBER", store),
            Credentials(tmp_path, SECRET), clock, AsyncExitStack(),
        )  # fmt: skip
        prober = Prober(database, clock, device, bytes(range(32)), 5.0)
        yield Room(server=server, prober=prober, database=database, clock=clock)


async def test_the_bots_self_test_is_answered_sealed_for_the_bot(room: Room) -> None:
    code = await room.begun()
    assert await room.answered(room.said(code))
    ((_transaction, content),) = room.server.puts
    assert content["algorithm"] == "m.megolm.v1.aes-sha2"
    assert code.hex not in str(content)
    (device,) = room.server.devices[BOT].values()
    assert [each["room_id"] for each in room.server.keys_for(device)] == [ROOM]
    assert await room.read_at() == room.clock.now()


@pytest.mark.parametrize(
    "changes",
    [
        {"bound": False},
        {"sender": "@somebody:streha.example"},
        {"sender_identity": cross_signing.public_key(cross_signing.new_seeds().master)},
        {"room_id": "!another:streha.example"},
        {"content": {"msgtype": "m.text", "body": "Hello"}},
        {"sender": PROBER},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_nobody_else_is_answered_and_nothing_is_said(room: Room, changes: dict[str, Any]) -> None:
    code = await room.begun()
    assert await room.answered(room.said(code, **changes))
    assert room.server.puts == []
    assert await room.read_at() is None


async def test_whose_keys_may_have_changed_is_answered_later(room: Room) -> None:
    code = await room.begun()
    assert not await room.answered(room.said(code, current=False))
    assert room.server.puts == []


async def test_a_homeserver_that_shows_another_bot_gets_no_answer(room: Room, logged: io.StringIO) -> None:
    code = await room.begun()
    room.server.person(BOT)
    room.server.device(BOT, "FORGED")
    other = cross_signing.public_key(room.server.identities[BOT].master)
    assert await room.answered(room.said(code, sender_identity=other))
    assert room.server.puts == []
    assert "proof_not_believed" in logged.getvalue()


async def test_whatever_fails_there_it_goes_on(room: Room, logged: io.StringIO) -> None:
    async def move(old: str, new: str) -> None:
        async with room.database.transaction() as tx:
            await tx.run(f"ALTER TABLE {old} RENAME TO {new}")

    def interrupted(error: str) -> bool:
        return any("prober_interrupted" in each and error in each for each in logged.getvalue().splitlines())

    room.prober._joined = ROOM
    async with asyncio.TaskGroup() as tasks:
        await move("probe_parties", "gone")
        running = tasks.create_task(room.prober.run())
        # Neither a defect nor a homeserver that refuses may end it: whoever shares its process calls people.
        await until(lambda: interrupted("Undefined"))
        await move("gone", "probe_parties")
        room.prober._joined = ""
        await until(lambda: interrupted("HTTP_404"))
        assert not running.done()
        running.cancel()
