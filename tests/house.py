"""The rooms of a scene, the bot that keeps them, and the homeserver where they are, in the test's hands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agencies.attestation import Attestation
from agencies.model import Person
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.received import MembershipChange
from bots.rooms import rooms
from bots.rooms.archiving import Archiving
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from core.database import Database
from core.outbox import Target, TargetKind
from core.settings import Settings
from crypto import cross_signing
from tests.attesting import attestation
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.room_server import BOT, RoomServer, ServedRoom


@dataclass(kw_only=True)
class House:
    """A scene's rooms, the bot that keeps them, and the homeserver where they are."""

    database: Database
    clock: MovableClock
    settings: Settings
    scene: Scene
    network: Network
    server: RoomServer
    device: MatrixDevice
    occupants: Occupants
    lease: Lease
    linked: dict[str, Attestation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start a bot."""
        self.restart()

    def restart(self) -> None:
        """Let a bot go on that knows nothing but what was stored."""
        self.housekeeping = Housekeeping(
            self.database, self.clock, self.device, self.lease, self.occupants, room_version="11"
        )
        self.archiving = Archiving(self.database, self.clock, self.settings, self.device, self.occupants)
        self.handling = Handling(self.database, self.clock, self.settings, self.occupants, BOT)

    @property
    def core(self) -> Target:
        """The case's channel."""
        return Target(kind=TargetKind.COMPARTMENT, id=self.scene.case.core.id)

    @property
    def leaders(self) -> Counter[Any]:
        """Who leads the case, each told once."""
        return Counter([self.scene.coordinator.id, self.scene.deputy.id])

    async def sweep(self, *, later: timedelta = timedelta(0)) -> None:
        """Let the bot do a round."""
        self.clock.move(later)
        await self.housekeeping.sweep()
        await self.archiving.sweep()

    async def room_id(self, target: Target | None = None) -> str:
        """Return the room of a target."""
        async with self.database.transaction() as tx:
            room = (await rooms.rooms(tx, [target or self.core]))[target or self.core]
        return str(room.room_id)

    async def settled(self) -> bool:
        """Tell whether the channel may be spoken in."""
        async with self.database.transaction() as tx:
            return (await rooms.rooms(tx, [self.core]))[self.core].settled

    async def channel(self) -> ServedRoom:
        """Return the channel as the homeserver has it."""
        return self.server.made[await self.room_id()]

    def comes_in(self, room_id: str, *people: Person) -> None:
        """Let people accept their invitation, on a device that is signed and linked."""
        for person in people:
            user = person.matrix_user
            assert self.server.made[room_id].membership(user) == "invite"
            self.server.made[room_id].move(user, "join")
            if user not in self.linked:
                self.server.person(user)
                self.server.device(user, "PHONE")
                self.linked[user] = attestation(user, cross_signing.public_key(self.server.identities[user].master))
        self.device.attest(self.linked)

    async def everybody_comes_in(self) -> None:
        """Let everybody accept every invitation that they have."""
        for room_id, made in self.server.made.items():
            people = {each.matrix_user: each for each in await self.network.agencies.all_staff()}
            self.comes_in(room_id, *[people[user] for user in sorted(made.users("invite"))])

    async def hears(self, user: str, membership: str, *, by: str | None = None) -> None:
        """Let the bot hear that somebody moved in the channel."""
        await self.handling.handle(
            MembershipChange(
                room_id=await self.room_id(), event_id="$moved", user_id=user, membership=membership, by=by or user,
                sent_at=self.clock.now(),
            )
        )  # fmt: skip

    async def told(self, template: str) -> Counter[Any]:
        """Return to whom something was said alone, and how often."""
        async with self.database.transaction() as tx:
            said = await tx.rows("SELECT target_id FROM outbox WHERE template = $1", template)
        return Counter(each["target_id"] for each in said)

    async def former(self) -> dict[str, tuple[str, bool]]:
        """Return rooms that are not used any more: why, and whether the bot is done with them."""
        async with self.database.transaction() as tx:
            rows = await tx.rows("SELECT room_id, why, archived_at FROM former_rooms")
        return {row["room_id"]: (row["why"], row["archived_at"] is not None) for row in rows}
