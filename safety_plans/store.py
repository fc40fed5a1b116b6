"""Levels and reviews in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from agencies.model import PersonId
from cases.model import CaseId
from core import queries
from core.database import Row, Transaction
from core.errors import NotFound
from core.texts import mark
from safety_plans.levels import Told
from safety_plans.model import Level, Reason, Review, ReviewId, ReviewState
from safety_plans.triggers import Duty

SQL = queries.load("safety_plans")
NO_REVIEW = mark("There is no such review.")


async def put_level(tx: Transaction, case_id: CaseId, level: Level, by: PersonId, now: datetime) -> None:
    """Record the level of a case."""
    await tx.run(SQL["put_level"], case_id, level, by, now)


async def level(tx: Transaction, case_id: CaseId) -> Level:
    """Return the level of a case."""
    found = await tx.value(SQL["level"], case_id)
    return Level.NOT_YET_ASSESSED if found is None else Level(found)


async def lowering(tx: Transaction, case_id: CaseId) -> Told | None:
    """Return the lower level that waits for a second person, whether or not it still may."""
    row = await tx.row(SQL["lowering"], case_id)
    if row is None:
        return None
    return Told(
        level=Level(row["level"]), by=PersonId(row["told_by"]), at=row["told_at"], assessed_at=row["assessed_at"]
    )  # fmt: skip


async def lowerings(tx: Transaction, case_ids: Iterable[CaseId], since: datetime) -> dict[CaseId, Level]:
    """Return the lower levels that were told since then and wait, by case."""
    rows = await tx.rows(SQL["lowerings"], list(case_ids), since)
    return {CaseId(row["case_id"]): Level(row["level"]) for row in rows}


async def keep_lowering(tx: Transaction, case_id: CaseId, told: Told | None) -> None:
    """Let this and nothing else wait for a second person."""
    if told is None:
        await tx.run(SQL["forget_lowering"], case_id)
    else:
        await tx.run(SQL["put_lowering"], case_id, told.level, told.by, told.at, told.assessed_at)


async def add_review(tx: Transaction, review: Review) -> None:
    """Open a review."""
    await tx.run(
        SQL["add_review"], review.id, review.case_id, review.level, review.owner_id, review.opened_at, review.due_at,
        review.reason,
    )  # fmt: skip


async def open_review(tx: Transaction, case_id: CaseId) -> Review | None:
    """Return the open review of a case, locked."""
    row = await tx.row(SQL["open_review"], case_id)
    return _review(row) if row else None


async def review(tx: Transaction, review_id: ReviewId, *, lock: bool = False) -> Review:
    """Return one review."""
    found = await reviews(tx, [review_id], lock=lock)
    if not found:
        raise NotFound(NO_REVIEW)
    return found[0]


async def reviews(tx: Transaction, review_ids: Collection[ReviewId], *, lock: bool = False) -> list[Review]:
    """Return these reviews, in the order in which they fall due."""
    ids = list(review_ids)
    if lock:
        await tx.rows(SQL["lock_reviews"], ids)
    return [_review(row) for row in await tx.rows(SQL["reviews_by_id"], ids)]


async def open_reviews(tx: Transaction, case_ids: Iterable[CaseId]) -> list[Review]:
    """Return the open reviews of these cases, the earliest first."""
    return [_review(row) for row in await tx.rows(SQL["open_reviews"], list(case_ids))]


async def end_review(
    tx: Transaction, review_id: ReviewId, state: ReviewState, by: PersonId | None, now: datetime
) -> None:
    """End a review as done or cancelled."""
    await tx.run(SQL["end_review"], review_id, state, by, now)


async def step_reviews(tx: Transaction, stepped: Collection[Review]) -> None:
    """Record that reminders went out, and release the leases."""
    await tx.run(
        SQL["step_reviews"], [each.id for each in stepped], [each.step for each in stepped],
        [each.next_step_at for each in stepped],
    )  # fmt: skip


async def pull_review(tx: Transaction, review: Review) -> None:
    """Record that a review is due earlier, and why."""
    await tx.run(SQL["pull_review"], review.id, review.due_at, review.reason, review.step, review.next_step_at)


async def duties(tx: Transaction, case_id: CaseId) -> list[Duty]:
    """Return what happened in a case and must be assessed by a time of its own."""
    return [
        Duty(reason=Reason(row["reason"]), since=row["since"], due_at=row["due_at"])
        for row in await tx.rows(SQL["duties"], case_id)
    ]


async def put_duty(tx: Transaction, case_id: CaseId, duty: Duty) -> None:
    """Record what must be assessed by a time, in place of what is known of the same reason."""
    await tx.run(SQL["put_duty"], case_id, duty.reason, duty.since, duty.due_at)


async def keep_duties(tx: Transaction, case_id: CaseId, reasons: Collection[Reason]) -> None:
    """Forget what was assessed: everything of a case but these."""
    await tx.run(SQL["keep_duties"], case_id, list(reasons))


async def set_owner(tx: Transaction, review_id: ReviewId, owner_id: PersonId) -> None:
    """Give a review to another owner."""
    await tx.run(SQL["set_owner"], review_id, owner_id)


def _review(row: Row) -> Review:
    return Review(
        id=row["id"],
        case_id=row["case_id"],
        level=Level(row["level"]),
        owner_id=row["owner_id"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        state=ReviewState(row["state"]),
        step=row["step"],
        next_step_at=row["next_step_at"],
        reason=Reason(row["reason"]),
    )
