"""A case whose people confirm their devices, and the bot that follows them, on a homeserver in the tests' hands."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from agencies.model import Person
from bots.account.credentials import Credentials
from bots.device.device import MatrixDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.rooms import rooms
from bots.watching.identity_watch import IdentityWatch
from bots.wire.homeserver import Homeserver
from core.database import Database, Transaction
from core.outbox import Target, TargetKind
from tests.key_server import KeyServer, PersonDevice
from tests.people import Network, Scene

ROOM = "!core:streha.localhost"
BOT = "@bot:streha.localhost"
SECRET = b"an invented store key of 32 bytes"


@dataclass(kw_only=True)
class Town:
    """A case whose people have Matrix accounts, somebody who confirms them, and the bot's side of it."""

    network: Network
    scene: Scene
    administrator: Person
    server: KeyServer
    http: aiohttp.ClientSession
    directory: Path
    resources: AsyncExitStack
    devices: dict[str, PersonDevice] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.network.database

    def signs_in(self, person: Person, *, signed: bool = True) -> PersonDevice:
        """Let somebody's client publish an identity and a device."""
        user = self.server.person(person.matrix_user)
        self.devices[user] = self.server.device(user, "PHONE", signed=signed)
        return self.devices[user]

    async def confirmed(self, person: Person) -> PersonDevice:
        """Let somebody have signed in, and an administrator confirm the device."""
        device = self.devices.get(person.matrix_user) or self.signs_in(person)
        key = await self.network.claim(person, device="PHONE", key=device.session_key)
        await self.network.confirm(person, self.administrator, key)
        return device

    def bot(self, database: Database | None = None) -> tuple[MatrixDevice, IdentityWatch]:
        """Start the bot; a second time, it goes on from the disk."""
        store = OlmStore(BOT, "BOT", self.directory, SECRET)
        self.resources.callback(store.close)
        device = MatrixDevice(
            Homeserver(self.server.url, self.http, "a token"), OlmMachine(BOT, "BOT", store),
            Credentials(self.directory, SECRET), self.network.clock, AsyncExitStack(),
        )  # fmt: skip
        return device, IdentityWatch(database or self.database, self.network.clock, device)

    async def told(self, of: str = "identity_changed") -> list[tuple[TargetKind, object, str]]:
        """Return whose rooms were told of a changed identity, or of a link that ended, in order."""
        async with self.database.reading() as look:
            rows = await look.rows(
                "SELECT target_kind, target_id, template, mentions, parameters FROM outbox "
                "WHERE starts_with(key, $1) ORDER BY sequence",
                f"{of}:",
            )
        for row in rows:
            assert row["mentions"] == ([row["target_id"]] if row["template"] == "reply_look_ring" else [])
        return [(row["target_kind"], row["target_id"], row["template"]) for row in rows]


async def shared(device: MatrixDevice, *people: Person) -> set[str]:
    """Give the keys of the channel out; return who holds them."""
    sharing = (await device.share_keys_many({ROOM: {each.matrix_user for each in people}})).get(ROOM)
    return set() if sharing is None else {user for user, _device in sharing.holders}


async def made_room(tx: Transaction, town: Town) -> Target:
    """Let the case's channel be there, and right."""
    target = Target(kind=TargetKind.COMPARTMENT, id=town.scene.case.core.id)
    await rooms.want_rooms(tx, town.network.clock.now())
    await rooms.created(tx, target, ROOM)
    await rooms.applied(tx, (await rooms.rooms(tx, [target]))[target], complete=True)
    return target
