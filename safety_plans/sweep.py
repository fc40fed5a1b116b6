"""The reviews' clock: due reviews remind their owner in the channel, overdue ones the duty desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies import store as directory
from agencies.model import PersonId
from cases import store as case_store
from cases.model import Case, CaseId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import StrehaError
from core.ids import new_id
from core.outbox import Message, Target, TargetKind
from core.sweep import BATCH, sweep
from safety_plans import messages, store
from safety_plans.model import Level, Review, ReviewId, ReviewState
from safety_plans.rules import FIRST_ASSESSMENT_WITHIN, next_step_at

log = logs.get(__name__)


async def open_missing(database: Database, clock: Clock) -> int:
    """Open the first review of every case that has none: no case is left without an owner and a time.

    Each case is held by itself and for a moment only: raising an alert in it must not wait.
    """
    async with database.transaction() as tx:
        found = [CaseId(row["id"]) for row in await tx.rows(store.SQL["cases_without_review"], BATCH)]
    opened = 0
    for case_id in found:
        try:
            async with database.transaction() as tx:
                opened += await _open_first(tx, case_id, clock.now())
        except StrehaError as error:
            log.failure("first_review_not_opened", error, case_id=case_id)
    return opened


async def _open_first(tx: Transaction, case_id: CaseId, now: datetime) -> bool:
    case = await case_store.case(tx, case_id, lock=True)
    if not case.open or await store.open_review(tx, case_id) is not None:
        return False
    due = case.opened_at + FIRST_ASSESSMENT_WITHIN
    review = Review(
        id=ReviewId(new_id()),
        case_id=case.id,
        level=Level.NOT_YET_ASSESSED,
        owner_id=case.coordinator_id,
        opened_at=now,
        due_at=due,
        state=ReviewState.OPEN,
        step=0,
        next_step_at=due,
    )
    await store.add_review(tx, review)
    await ledger.record(
        tx,
        ledger.Act(act="review_opened", at=now, actor_kind="system", case_id=case.id, object_id=review.id),
    )
    return True


async def remind_due(database: Database, clock: Clock) -> int:
    """Take every review whose next reminder is due one step further; return how many."""

    async def handle(review_id: UUID, now: datetime) -> None:
        async with database.transaction(urgent=True) as tx:
            case_id = (await store.review(tx, ReviewId(review_id))).case_id
            # The case first, then the review: the order in which the services take them.
            case = await case_store.case(tx, case_id, share=True)
            review = await store.review(tx, ReviewId(review_id), lock=True)
            if review.state is not ReviewState.OPEN or review.next_step_at is None or review.next_step_at > now:
                return
            if not case.open:
                await store.end_review(tx, review.id, ReviewState.CANCELLED, None, now)
                return
            await _remind(tx, await _with_owner(tx, review, case), case, now)

    return await sweep(database, clock, "reviews", store.SQL["claim_due"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next step of any review is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_due"])
    return moment


async def _remind(tx: Transaction, review: Review, case: Case, now: datetime) -> None:
    overdue = review.step > 0
    channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
    template = "review_overdue" if overdue else "review_due"
    said = messages.reminder(review, case.codename, channel, template, [review.owner_id])
    if overdue:
        said += await _to_the_desk(tx, review, case)
    await outbox.post(tx, said, now)
    step = review.step + 1
    await store.step_review(tx, review.id, step, next_step_at(review.level, review.due_at, step, now))
    await ledger.record(
        tx,
        ledger.Act(
            act="review_overdue" if overdue else "review_reminded", at=now, actor_kind="system", case_id=case.id,
            object_id=review.id, facts={"step": step},
        ),
    )  # fmt: skip


async def _to_the_desk(tx: Transaction, review: Review, case: Case) -> list[Message]:
    """Tell the duty desk of the owner's agency; its officers one by one where one of them is excluded."""
    owner = (await directory.people(tx, [review.owner_id]))[review.owner_id]
    said: list[Message] = []
    duty = await directory.duty(tx, agency_ids=[owner.agency_id])
    for desk in [each for each in duty.desks if each.agency_id == owner.agency_id]:
        officers = [each.id for each in desk.officers if each.id not in case.excluded_ids]
        rooms: list[tuple[Target, list[PersonId]]] = [(Target(kind=TargetKind.DESK, id=desk.id), officers)]
        if len(officers) < len(desk.officers):
            rooms = [(Target(kind=TargetKind.PERSON, id=each), [each]) for each in officers]
        for room, mentions in rooms:
            said += messages.reminder(review, case.codename, room, "review_overdue", mentions)
    return said


async def _with_owner(tx: Transaction, review: Review, case: Case) -> Review:
    """Give the review to the present coordinator where its owner no longer takes part: nothing is orphaned."""
    if review.owner_id in case.core.member_ids:
        return review
    await store.set_owner(tx, review.id, case.coordinator_id)
    return replace(review, owner_id=case.coordinator_id)
