"""Who can read what the bot says next in a room, as the active bot last told; and windows in which that must hold.

Owns what others read of it and what they may ask for. The rows are written by `bots.sending.key_holders`: a
homeserver gives no receipt for a key, so *holds* is said only of a device that was heard of after its key went to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core import queries
from core.database import Reading, Transaction
from core.outbox import Target, TargetKind

_SQL = queries.load("core")
# Whoever waits for it looks at once whether every key is where it should be.
CHANNEL = "streha_keys"


class KeyState(StrEnum):
    """How far a room's key came with one device; the best first."""

    HOLDS = "holds"
    GIVEN = "given"
    OWED = "owed"
    NO_WAY = "no_way"
    WITHHELD = "withheld"
    NO_DEVICE = "no_device"
    NOT_JOINED = "not_joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How far a room's key came with somebody, on the device with which it came farthest."""

    state: KeyState
    # When any of the person's devices was last heard of, to the minute.
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWindow:
    """A time in which a room's key should be there beforehand and not change."""

    target: Target
    opens_at: datetime
    closes_at: datetime


async def holdings(tx: Reading, targets: Iterable[UUID], now: datetime) -> dict[UUID, dict[UUID, Holding]]:
    """Return by room and person who can read on; nothing at all while no bot is active."""
    found: dict[UUID, dict[UUID, Holding]] = {}
    for row in await tx.rows(_SQL["key_holders"], list(targets), now):
        people = found.setdefault(row["target_id"], {})
        here = Holding(state=KeyState(row["state"]), seen_at=row["seen_at"])
        people[row["person_id"]] = _better(people.get(row["person_id"]), here)
    return found


async def warm(tx: Transaction) -> None:
    """Have the bot see to it now that every key is where it should be, when this commits."""
    await tx.wake(CHANNEL)


async def plan_window(tx: Transaction, window: KeyWindow) -> None:
    """Have a room's key there before a window opens, and unchanged until it closes."""
    target = window.target
    await tx.run(_SQL["plan_key_window"], target.kind, target.id, window.opens_at, window.closes_at)
    await warm(tx)


async def windows(tx: Reading, now: datetime, soon: datetime) -> list[KeyWindow]:
    """Return the windows that are open, or open soon."""
    return [
        KeyWindow(
            target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            opens_at=row["opens_at"],
            closes_at=row["closes_at"],
        )
        for row in await tx.rows(_SQL["key_windows"], now, soon)
    ]


def _better(one: Holding | None, other: Holding) -> Holding:
    if one is None:
        return other
    order = list(KeyState)
    state = min(one.state, other.state, key=order.index)
    seen = [each.seen_at for each in (one, other) if each.seen_at is not None]
    return Holding(state=state, seen_at=max(seen, default=None))
