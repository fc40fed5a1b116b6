"""Duty rings and stand-ins in PostgreSQL: SQL to model, nothing decided here. Owns both tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from agencies.duty_ring import ANSWERED_WITHIN, TRANSITIONS, DutyRing, DutyRingId, RingState, RingStep
from agencies.model import DeskId, PersonId
from agencies.roster import KEPT
from agencies.stints import APART, Stint
from agencies.store import SQL
from core.database import Reading, Row, Transaction
from core.ids import new_id

CLAIM_DUE, OVERDUE = SQL["claim_due_rings"], SQL["rings_overdue"]

LastRings = dict[tuple[DeskId, PersonId | None], datetime]


async def rostered_desks(tx: Reading, now: datetime, until: datetime) -> list[DeskId]:
    """Return the desks where somebody may come on duty until a moment."""
    return [DeskId(row["id"]) for row in await tx.rows(SQL["rostered_desks"], now, until)]


async def last_rings(tx: Reading, desk_ids: Collection[DeskId], now: datetime) -> LastRings:
    """Return when who was rung last at desks, as far back as a ring of now could be about the same."""
    rows = await tx.rows(SQL["last_rings"], list(desk_ids), now - KEPT - APART)
    return {(row["desk_id"], row["person_id"]): row["rung_at"] for row in rows}


async def add(tx: Transaction, desk_id: DeskId, stint: Stint, now: datetime) -> DutyRing:
    """Record that whoever has a stint is rung, forgetting what is long over."""
    ring = DutyRing(
        id=DutyRingId(new_id()), desk_id=desk_id, person_id=stint.person_id, shift_begins_at=stint.begins_at,
        shift_ends_at=stint.ends_at, rung_at=now, next_step_at=now + ANSWERED_WITHIN,
    )  # fmt: skip
    await tx.run(SQL["forget_rings"], desk_id, now, KEPT.days)
    await tx.run(
        SQL["add_ring"], ring.id, desk_id, ring.person_id, ring.shift_begins_at, ring.shift_ends_at, now,
        ring.next_step_at,
    )  # fmt: skip
    return ring


async def locked(tx: Transaction, ids: Collection[DutyRingId]) -> list[DutyRing]:
    """Return rings, held until the transaction is over."""
    return [ring_of(row) for row in await tx.rows(SQL["lock_rings"], list(ids))]


async def meant_by(tx: Transaction, person_id: PersonId, now: datetime, rung_until: datetime) -> list[DutyRing]:
    """Return the rings that an answer of somebody may mean, held."""
    rows = await tx.rows(SQL["rings_of_answerer"], person_id, now, rung_until)
    return await locked(tx, [row["id"] for row in rows])


async def told_to_telephones(
    tx: Reading, people: Collection[PersonId], desk_ids: Collection[DeskId], since: datetime
) -> list[DutyRing]:  # fmt: skip
    """Return the rings that telephones of people and desks may have been called for, of shifts that end after this."""
    return [ring_of(row) for row in await tx.rows(SQL["rings_of_telephones"], list(people), list(desk_ids), since)]


async def waits_for(tx: Reading, person_id: PersonId, now: datetime) -> bool:
    """Tell whether a ring waits for somebody's answer."""
    return bool(await tx.rows(SQL["rings_of_answerer"], person_id, now, now))


async def waiting_for(tx: Reading, person_id: PersonId, now: datetime) -> list[DutyRing]:
    """Return the rings that wait for somebody's answer, the earliest first."""
    ids = [row["id"] for row in await tx.rows(SQL["rings_of_answerer"], person_id, now, now)]
    return [ring_of(row) for row in await tx.rows(SQL["rings_by_id"], ids)] if ids else []


async def looked_after(tx: Transaction, ring: DutyRing) -> None:
    """Be done with a ring that was answered."""
    await tx.run(SQL["ring_looked_after"], ring.id)


async def unanswered(tx: Reading, now: datetime) -> int:
    """Count the shifts of now for which nobody has answered."""
    return int(await tx.value(SQL["rings_unanswered"], now))


async def step(
    tx: Transaction, ring: DutyRing, what: RingStep, *, by: PersonId | None = None, at: datetime | None = None,
    next_step_at: datetime | None = None,
) -> RingState:  # fmt: skip
    """Take a held ring one step further; return how far it is then."""
    state = TRANSITIONS[ring.state, what]
    await tx.run(SQL["save_ring"], ring.id, state, by, at, next_step_at)
    return state


async def stand_in(
    tx: Transaction, ring: DutyRing, people: Collection[PersonId], begins_at: datetime
) -> None:  # fmt: skip
    """Let people stand in until the shift ends."""
    await tx.run(SQL["add_stand_ins"], ring.id, ring.desk_id, list(people), begins_at, ring.shift_ends_at)


async def relieve(
    tx: Transaction, ring: DutyRing, now: datetime, *, but: PersonId | None = None
) -> list[PersonId]:  # fmt: skip
    """End the standing in for a ring, of everybody or of everybody but one; return whose it was."""
    return [PersonId(row["person_id"]) for row in await tx.rows(SQL["end_stand_ins"], ring.id, but, now)]


async def of_desks(tx: Reading, desk_ids: Iterable[DeskId], now: datetime) -> list[tuple[DutyRing, list[PersonId]]]:
    """Return the newest ring of everybody whose shift has not ended, each with who stands in."""
    rings = [ring_of(row) for row in await tx.rows(SQL["rings_of_desks"], list(desk_ids), now)]
    rows = await tx.rows(SQL["stand_ins_of_rings"], [each.id for each in rings], now) if rings else []
    return [(ring, [PersonId(row["person_id"]) for row in rows if row["ring_id"] == ring.id]) for ring in rings]


def ring_of(row: Row) -> DutyRing:
    """Return the ring that stands in a row."""
    return DutyRing(
        id=row["id"],
        desk_id=row["desk_id"],
        person_id=row["person_id"],
        shift_begins_at=row["shift_begins_at"],
        shift_ends_at=row["shift_ends_at"],
        rung_at=row["rung_at"],
        state=RingState(row["state"]),
        answered_by=row["answered_by"],
        answered_at=row["answered_at"],
        next_step_at=row["next_step_at"],
    )
