"""Rooms that are not used any more: why, and how far the bot is with leaving them.

Owns the table `former_rooms`. A room stands here from the transaction on that gives it up, so that it is never taken
for a new one, and is left by `bots.rooms.archiving`, however often the bot dies over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bots.rooms.rooms import Room
from bots.statements import SQL
from cases.model import CaseId
from core.database import Transaction
from core.outbox import Target, TargetKind

# A homeserver that spoils every new room too must not have the bot make rooms without end.
MOST_NEW_ROOMS = 3
WITHIN = timedelta(hours=1)
# Where it takes them away, so long after the last one there is one more: people wait there.
ONE_MORE_AFTER = timedelta(minutes=10)


class Why(StrEnum):
    """Why a room is not used any more."""

    # Its case, compartment or person has ended.
    CLOSED = "closed"
    # The bot is not in it any more.
    REMOVED = "removed"
    # Somebody changed what cannot be put right.
    SPOILT = "spoilt"
    # The operator wants a new one.
    RENEWED = "renewed"
    # Made by this bot, and nobody wrote down for what; another is in use.
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerRoom:
    """A room that the bot is not done with."""

    room_id: str
    target: Target
    why: Why
    language: str
    attempts: int
    told: bool


async def give_up(tx: Transaction, room_id: str, why: Why, now: datetime) -> bool:
    """Use a room no more; its target wants another. Tell whether it was in use until now."""
    return bool(await tx.run(SQL["give_up_room"], room_id, why, now))


async def leave(tx: Transaction, room_id: str, target: Target, why: Why, now: datetime) -> None:
    """Have a room left that no target wants."""
    await tx.run(SQL["leave_room"], room_id, target.kind, target.id, why, now)


async def renew(tx: Transaction, case_id: CaseId | None, now: datetime) -> int:
    """Give up every room in use, or those of one case, so that new ones are made; return how many."""
    found = [row["room_id"] for row in await tx.rows(SQL["rooms_to_renew"], case_id)]
    for room_id in found:
        await give_up(tx, room_id, Why.RENEWED, now)
    return len(found)


async def may_be_replaced(tx: Transaction, room: Room, why: Why, now: datetime) -> bool:
    """Tell whether a target may have another room now, or has had too many lately for the same reason."""

    async def times(within: timedelta) -> int:
        return int(await tx.value(SQL["times_given_up"], room.target.kind, room.target.id, now - within, why))

    if await times(WITHIN) < MOST_NEW_ROOMS:
        return True
    # In a spoilt room the bot can still speak; where it is in none, nobody is heard.
    return why is Why.REMOVED and await times(ONE_MORE_AFTER) == 0


async def to_archive(tx: Transaction, now: datetime, limit: int) -> Sequence[FormerRoom]:
    """Return rooms that are to be left now."""
    return [
        FormerRoom(
            room_id=row["room_id"],
            target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            why=Why(row["why"]),
            language=row["language"],
            attempts=row["attempts"],
            told=row["told_at"] is not None,
        )
        for row in await tx.rows(SQL["rooms_to_archive"], now, limit)
    ]


async def told(tx: Transaction, room_id: str, now: datetime, until: datetime) -> None:
    """Record that the last word was said; the room is left from `until` on."""
    await tx.run(SQL["former_room_told"], room_id, now, until)


async def archived(tx: Transaction, room_id: str, now: datetime) -> None:
    """Record that the bot has left for good."""
    await tx.run(SQL["former_room_archived"], room_id, now)


async def put_off(tx: Transaction, room_id: str, until: datetime) -> None:
    """Try again later."""
    await tx.run(SQL["former_room_put_off"], room_id, until)


async def staff_among(tx: Transaction, users: Iterable[str]) -> frozenset[str]:
    """Return those of some users who work in the network."""
    return frozenset(row["matrix_user"] for row in await tx.rows(SQL["staff_among"], sorted(users)))
