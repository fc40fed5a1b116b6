"""Which room belongs to which target, who should be in it, and what the homeserver has been told.

Owns the table `rooms`; what became of rooms that are not used any more is `bots.rooms.former_rooms`'. Rooms are made
and staffed by `bots.rooms.housekeeping`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from bots.statements import SQL
from core.database import Reading, Row, Transaction
from core.errors import Conflict
from core.outbox import Target, TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The room of one target. `members` are the Matrix users who belong in it, with their person."""

    target: Target
    room_id: str | None
    name: str | None
    language: str
    version: int
    applied_version: int
    attempts: int
    closed: bool
    # How often something moved in it that was not moved by us: what was looked up before that says nothing any more.
    drifts: int = 0
    looked_at: datetime | None = None
    # Whether the database was restored and nobody has compared it yet: then nobody is asked in.
    held: bool = False
    members: Mapping[str, PersonId] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether the room exists and holds nobody who does not belong there: then it may be spoken in.

        Somebody may still be missing, for instance a member whose account does not exist: the others must
        hear an alert all the same.
        """
        return self.room_id is not None and self.applied_version == self.version


async def want_rooms(tx: Transaction, now: datetime) -> int:
    """Note every target that has no room yet; return how many were new."""
    return await tx.run(SQL["want_rooms"], now)


async def to_apply(tx: Transaction, now: datetime, limit: int) -> list[Target]:
    """Return targets whose room must be made or put right."""
    rows = await tx.rows(SQL["rooms_to_apply"], now, limit)
    return [_target(row) for row in rows]


async def speakable(tx: Transaction) -> list[Target]:
    """Return every target whose room may be spoken in."""
    return [_target(row) for row in await tx.rows(SQL["speakable_targets"])]


async def rooms(tx: Reading, targets: Iterable[Target]) -> dict[Target, Room]:
    """Return the rooms of these targets, with who belongs in them."""
    ids = [each.id for each in targets]
    members: dict[Target, dict[str, PersonId]] = {}
    for row in await tx.rows(SQL["room_members"], ids):
        members.setdefault(_target(row), {})[row["matrix_user"]] = row["person_id"]
    return {(target := _target(row)): _room(row, members.get(target, {})) for row in await tx.rows(SQL["rooms"], ids)}


async def target_of(tx: Reading, room_id: str) -> Target | None:
    """Return whose room this is, if it is one of ours."""
    row = await tx.row(SQL["target_of_room"], room_id)
    return _target(row) if row else None


async def created(tx: Transaction, target: Target, room_id: str, *, right_at: datetime | None = None) -> None:
    """Record the room of a target, whose settings were right at a moment or are still to be looked at.

    Refused where the target has a room or has ended meanwhile, and where this room was given up already.
    """
    if not await tx.run(SQL["room_created"], target.kind, target.id, room_id, right_at):
        raise Conflict("The target wants no room any more, or not this one.")


async def applied(tx: Transaction, room: Room, *, complete: bool) -> None:
    """Record that a room's membership was applied: nobody too many, and nobody missing where it is `complete`.

    What was looked up before something moved again says nothing: then the room stays to be put right.
    """
    await tx.run(SQL["room_applied"], room.target.kind, room.target.id, room.version, complete, room.drifts)


async def to_look_at(tx: Transaction, now: datetime, since: datetime, limit: int) -> list[Target]:
    """Return targets whose room's settings nobody has looked at since a moment."""
    return [_target(row) for row in await tx.rows(SQL["rooms_to_look_at"], now, since, limit)]


async def looked_at(tx: Transaction, room: Room, now: datetime) -> None:
    """Record that a room's settings are right."""
    await tx.run(SQL["room_looked_at"], room.target.kind, room.target.id, now, room.drifts)


async def closed(tx: Transaction, target: Target, now: datetime) -> None:
    """Record that a room has ended."""
    await tx.run(SQL["room_closed"], target.kind, target.id, now)


async def to_do(tx: Transaction, target: Target, now: datetime) -> None:
    """Have a room put right that may be spoken in meanwhile."""
    await tx.run(SQL["room_to_do"], target.kind, target.id, now)


async def put_off(tx: Transaction, target: Target, until: datetime) -> None:
    """Try a room again later."""
    await tx.run(SQL["room_put_off"], target.kind, target.id, until)


async def drifted(tx: Transaction, room_id: str, now: datetime, *, setting: bool = False) -> None:
    """Look at a room again before anything is said there, because somebody moved in it or changed a setting."""
    await tx.run(SQL["room_drifted"], room_id, now, setting)


async def look_everywhere(tx: Transaction, now: datetime) -> int:
    """Have every room put right soon; return how many there are."""
    return await tx.run(SQL["look_everywhere"], now)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSend:
    """A ciphertext that was stored before its first PUT, and the membership it was made for."""

    outbox_id: UUID
    room_id: str
    device_id: str
    transaction_id: str
    content: bytes
    membership_version: int
    stored_at: datetime
    # Mentioned people who could not read it when it was sealed.
    unreached: Sequence[UUID] = ()
    # The attestations of those it was made for; whether one of them has ended or changed since.
    attestations: Sequence[UUID] = ()
    overtaken: bool = False


async def stored_sends(tx: Transaction, outbox_ids: Iterable[UUID]) -> dict[UUID, StoredSend]:
    """Return what earlier attempts at these messages have stored."""
    return {
        row["outbox_id"]: StoredSend(
            outbox_id=row["outbox_id"],
            room_id=row["room_id"],
            device_id=row["device_id"],
            transaction_id=row["transaction_id"],
            content=row["content"],
            membership_version=row["membership_version"],
            stored_at=row["stored_at"],
            unreached=row["unreached"],
            attestations=tuple(row["attestations"]),
            overtaken=row["overtaken"],
        )
        for row in await tx.rows(SQL["stored_sends"], list(outbox_ids))
    }


async def store_sends(tx: Transaction, sends: Iterable[StoredSend]) -> None:
    """Store ciphertexts and transaction ids before anything leaves."""
    await tx.run_many(
        SQL["store_send"],
        [
            (
                each.outbox_id, each.room_id, each.device_id, each.transaction_id, each.content,
                each.membership_version, each.stored_at, list(each.unreached), list(each.attestations),
            )
            for each in sends
        ],
    )  # fmt: skip


async def note_events(tx: Transaction, events: Iterable[tuple[UUID, str]]) -> None:
    """Record the events that messages became."""
    await tx.run_many(SQL["note_event"], list(events))


def _target(row: Row) -> Target:
    return Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])


def _room(row: Row, members: Mapping[str, PersonId]) -> Room:
    return Room(
        target=_target(row),
        room_id=row["room_id"],
        name=row["name"],
        language=row["language"],
        version=row["version"],
        applied_version=row["applied_version"],
        attempts=row["attempts"],
        closed=row["closed"],
        drifts=row["drifts"],
        looked_at=row["looked_at"],
        held=row["held"],
        members=members,
    )
