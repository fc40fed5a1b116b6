"""What the operator does about rooms: see them, have new ones made, have somebody invited again.

Each leaves rows, which the active bot takes up within seconds; nothing here speaks to a homeserver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies.model import Person
from bots.rooms import former_rooms, inviting
from bots.statements import SQL
from cases import store as case_store
from cases.service import CHANNEL
from core import ledger
from core.clock import Clock
from core.database import Database
from core.outbox import Target, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRoom:
    """A room in use as the operator sees it: whether it is as it should be, and how many have not come."""

    target: Target
    name: str | None
    room_id: str | None
    settled: bool
    absent: int
    looked_at: datetime | None


class RoomService:
    """Acts on rooms for the operator; every act is in the ledger."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> Sequence[ListedRoom]:
        """Return every room in use, or about to be."""
        async with self._database.reading() as look:
            rows = await look.rows(SQL["rooms_listed"])
        return [
            ListedRoom(
                target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
                name=row["name"],
                room_id=row["room_id"],
                settled=row["settled"] and row["room_id"] is not None and not row["attempts"],
                absent=row["absent"],
                looked_at=row["looked_at"],
            )
            for row in rows
        ]

    async def renew(self, codename: str | None) -> int:
        """Have new rooms made for everything, or for the channels of one case; return how many are given up."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case_id = None if codename is None else (await case_store.case_by_codename(tx, codename)).id
            count = await former_rooms.renew(tx, case_id, now)
            await ledger.record(
                tx,
                ledger.Act(act="rooms_renewed", at=now, actor_kind="operator", case_id=case_id, facts={"rooms": count}),
            )
            await tx.wake(CHANNEL)
        return count

    async def invite_again(self, person: Person) -> int:
        """Have somebody invited again wherever they belong and are not; return into how many rooms."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            count = await inviting.again(tx, person.id, now)
            await ledger.record(
                tx,
                ledger.Act(
                    act="invited_again", at=now, actor_kind="operator", object_id=person.id, facts={"rooms": count}
                ),
            )
            await tx.wake(CHANNEL)
        return count
