"""The hold: a database that was restored acts on nothing old until a person has compared it and says `streha resume`.

Owns the table `hold`. Whatever waited to be said is withdrawn when it begins, alerts and reviews from before are not
stepped, nobody is asked into rooms; what is raised from then on calls people as always. Each of these asks the table in
its own statement (`claim_due`, `rooms`), so that none of them can act a moment late. Who notices that a database
was restored: `cases.last_head`. Rules: "When things break" of the network's rules for alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from cases.ledger import Head
from cases.store import SQL
from core import ledger, outbox
from core.database import Reading, Row, Transaction
from core.outbox import Lane, Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "hold_ring": mark("Streha: open the app"),
    "hold_began": mark(
        "Streha was restored from a backup and is on hold since {time}. Alerts from before call nobody any more: ring "
        "their people. Look whether members and exclusions of your cases are right, and tell the operator. Whoever was "
        "invited or removed last may be missing or be back. New alerts call people as always. Danger to life: ring "
        "{police}."
    ),
    "hold_ended": mark(
        "Streha goes on since {time}: alerts from before that are still open call people again, and people are invited "
        "again."
    ),
}


class Why(StrEnum):
    """How it was noticed that a database was restored."""

    # A head that somebody outside knows is not in this ledger: entries are lost.
    HEAD_LOST = "head_lost"
    # It is another database than the one that was used last: a copy, or a dump that was read in.
    ANOTHER_DATABASE = "another_database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Since when nothing old is acted on, why, and the latest head that is known to be lost, if any is."""

    since: datetime
    why: Why
    lost: Head | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a database stands: its hold, its ledger's head, and the hash there is at a position that was asked for.

    `generation` counts how often somebody has resumed; `place` is which database it says it is.
    """

    generation: int
    hold: Hold | None
    head: Head | None
    hash_there: bytes | None
    place: str | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Read what the statement `standing` answers."""
        return cls(
            generation=row["generation"],
            hold=None
            if row["since"] is None
            else Hold(since=row["since"], why=Why(row["why"]), lost=_head(row["lost_position"], row["lost_hash"])),
            head=_head(row["head_position"], row["head_hash"]),
            hash_there=row["hash_there"],
            place=row["place"],
        )


async def standing(look: Reading, position: int = 0) -> Standing:
    """Return how a database stands, and the hash at a position of its ledger."""
    row = await look.row(SQL["standing"], position)
    assert row is not None  # noqa: S101 (the migration made the one row)
    return Standing.of(row)


async def current(look: Reading) -> Hold | None:
    """Return the hold that a database is on, if any."""
    return (await standing(look)).hold


async def begin(
    tx: Transaction, why: Why, now: datetime, *, place: str | None, lost: Head | None, generation: int = 0,
    seen_at: datetime | None = None,
) -> bool:  # fmt: skip
    """Begin a hold: nothing old that waits is said any more, and those who lead or are on duty are told.

    A head that is lost was seen at a moment (`seen_at`), by when somebody had resumed so often (`generation`): what
    came after that moment cannot be of the backup, and goes on. Tells whether this began it: whoever comes second
    changes nothing, and tells only of a later head that is lost.
    """
    position, hash_ = (None, None) if lost is None else (lost.position, lost.hash)
    since = now if seen_at is None else min(seen_at, now)
    if not await tx.run(SQL["begin_hold"], since, why, place, position, hash_, generation):
        if lost is not None:
            await tx.run(SQL["note_lost_head"], lost.position, lost.hash, generation)
        return False
    expired = await outbox.expire(tx, since)
    await _tell(tx, "hold_began", now)
    facts: dict[str, str | int | bool] = {"why": why, "expired": expired}
    if lost is not None:
        facts["lost_head"] = str(lost)
    await ledger.record(tx, ledger.Act(act="hold_began", at=now, actor_kind="system", facts=facts))
    return True


async def resume(tx: Transaction, hold: Hold, head: Head, now: datetime) -> bool:
    """End a hold by an operator's word, who has seen this head; tells whether it was still the same hold."""
    if not await tx.run(SQL["end_hold"], hold.since):
        return False
    facts: dict[str, str | int | bool] = {"why": hold.why, "head": str(head)}
    if hold.lost is not None:
        facts["lost_head"] = str(hold.lost)
    await _tell(tx, "hold_ended", now)
    await ledger.record(tx, ledger.Act(act="hold_ended", at=now, actor_kind="operator", facts=facts))
    return True


async def here(look: Reading) -> str:
    """Return which database this is, as PostgreSQL names it: the cluster's number and the database's in it."""
    return str(await look.value(SQL["here"]))


async def settle_here(tx: Transaction, place: str) -> None:
    """Note which database this is, where nobody has yet."""
    await tx.run(SQL["settle_here"], place)


async def _tell(tx: Transaction, template: str, now: datetime) -> None:
    """Tell those who lead an open case, each alone, and every duty desk; one ring for each room."""
    people: dict[Target, list[UUID]] = {}
    for row in await tx.rows(SQL["held_people"]):
        target = Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])
        people.setdefault(target, []).append(row["person_id"])
    messages = []
    for target, mentioned in people.items():
        key = f"{template}:{now.isoformat()}:{target.id}"
        messages += [
            Message(key=f"{key}:ring", target=target, template="hold_ring", mentions=mentioned, lane=Lane.ALERT),
            Message(key=key, target=target, template=template, parameters={"time": now.isoformat()}, lane=Lane.ALERT),
        ]
    await outbox.post(tx, messages, now)


def _head(position: int | None, hash_: bytes | None) -> Head | None:
    return None if position is None or hash_ is None else Head(position=position, hash=hash_)
