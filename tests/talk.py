"""What people write in the rooms of a scene, handed to the bot's handling as a device would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from agencies.model import Person
from bots.device.received import Received
from bots.rooms import rooms
from bots.talk.handling import Handling
from bots.words.rendering import Renderer, names_for
from core.database import Database
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings
from crypto import cross_signing
from tests.clock import MovableClock
from tests.linked import MASTER_KEY, link_everybody

BOT = "@streha:streha.localhost"


async def house_of(database: Database, clock: MovableClock) -> dict[str, Target]:
    """Give every target a Matrix room that needs nothing more, and link everybody; return whose each is."""
    await link_everybody(database, clock.now())
    async with database.transaction() as tx:
        await rooms.want_rooms(tx, clock.now())
        rows = await tx.rows("SELECT target_kind, target_id FROM rooms")
        targets = [Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]) for row in rows]
        found = {f"!{target.kind}-{target.id}:streha.localhost": target for target in targets}
        for room_id, target in found.items():
            await rooms.created(tx, target, room_id)
    return found


def room_of(house: Mapping[str, Target], target_id: UUID) -> str:
    """Return the Matrix room of a target."""
    return next(room_id for room_id, target in house.items() if target.id == target_id)


def said(
    person: Person, room_id: str, body: str, clock: MovableClock, *, bound: bool = True, event: str = "$one",
    **content: Any,
) -> Received:  # fmt: skip
    """Return a message as a device hands it over."""
    return Received(
        room_id=room_id,
        event_id=event,
        sender=person.matrix_user,
        # What a homeserver says goes by the machine's clock, whatever that of the test shows.
        sent_at=clock.now() - clock.offset,
        event_type="m.room.message",
        content={"msgtype": "m.text", "body": body, **content},
        sender_device_id="DEVICE" if bound else None,
        sender_identity=cross_signing.encode_unpadded(MASTER_KEY) if bound else None,
        bound=bound,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """People who write in the rooms of a scene, and what the bot left to be answered."""

    handling: Handling
    house: Mapping[str, Target]
    database: Database
    clock: MovableClock
    _events: count[int] = field(default_factory=lambda: count(1))

    async def say(
        self, person: Person, target_id: UUID | None, body: str, *, at: datetime | None = None, bound: bool = True,
        **content: Any,
    ) -> Received:  # fmt: skip
        """Let somebody write in a target's room, and have it handled; return the message, to hand it over again."""
        assert target_id is not None
        event = f"$talk-{next(self._events)}"
        message = said(person, room_of(self.house, target_id), body, self.clock, bound=bound, event=event, **content)
        if at is not None:
            message = replace(message, sent_at=at - self.clock.offset)
        await self.handling.handle(message)
        return message

    async def answers(self, *templates: str) -> list[Message]:
        """Return what was left to be said by these templates, in its order."""
        async with self.database.transaction() as tx:
            rows = await tx.rows(
                "SELECT * FROM outbox WHERE starts_with(template, 'reply_') ORDER BY sequence",
            )
        found = [
            Message(
                key=row["key"],
                target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
                template=row["template"],
                parameters=row["parameters"],
                mentions=row["mentions"],
                lane=Lane(row["lane"]),
                alert_id=row["alert_id"],
                thread=row["thread"],
            )
            for row in rows
        ]
        return [each for each in found if not templates or each.template in templates]

    async def last(self, settings: Settings, language: str = "en") -> str:
        """Return the words of the last answer."""
        answer = (await self.answers())[-1]
        async with self.database.transaction() as tx:
            names = await names_for(tx, [answer])
        return Renderer(settings).text(answer, language, names)
