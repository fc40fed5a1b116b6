"""Use cases of risk levels and reviews: set a level, see what is due, do a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies.model import Person
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Case, CaseId
from core import ledger, outbox
from core.clock import Clock, sensible
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.outbox import Target, TargetKind
from core.texts import mark
from safety_plans import messages, store
from safety_plans.access import require_core
from safety_plans.clocks import store as clock_store
from safety_plans.clocks.dates import around
from safety_plans.levels import ASK_THEM, SECOND_WITHIN, Standing, Told, outcome
from safety_plans.model import Level, Review, ReviewId, ReviewState
from safety_plans.opening import calendar_of, new_review, take_up
from safety_plans.organisations.service import follow
from safety_plans.rules import due_at, stale_since
from safety_plans.triggers import REASON_WITHIN, Within, left_over, strictest, urgent


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """A review with the codename people know its case by."""

    review: Review
    codename: str
    # A lower level that waits for a second person.
    lowering: Level | None = None
    # Since when its level is not to be relied upon: the review was due, and was not done.
    stale_since: datetime | None = None


class Reviews:
    """Keeps exactly one open review per case."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def set_level(
        self, actor: Person, case_id: CaseId, level: Level, assessed_at: datetime | None = None
    ) -> ReviewView:
        """Record the level that somebody of the core decided; the next review follows from it.

        A lower one counts once a second person tells it too; until then the answer says that it waits. `assessed_at`
        says when the assessment was made, now unless given; never in the future.
        """
        async with self._database.transaction() as tx:
            return await self.tell_level(
                tx, actor, await case_store.case(tx, case_id, lock=True), level, assessed_at
            )  # fmt: skip

    async def tell_level(
        self, tx: Transaction, actor: Person, case: Case, level: Level, assessed_at: datetime | None
    ) -> ReviewView:
        """Do so in a transaction of the caller's, in a case that is held."""
        now = self._clock.now()
        made_at = sensible(assessed_at) if assessed_at else now
        if made_at > now:
            raise InvalidInput(mark("An assessment cannot lie in the future. Check the time."))
        require_core(case, actor)
        case_rules.require_open(case)
        told = Told(level=level, by=actor.id, at=now, assessed_at=made_at)
        open_review, duties = await store.open_review(tx, case.id), await store.duties(tx, case.id)
        owner = case.coordinator_id if open_review is None else open_review.owner_id
        stands = outcome(
            told,
            Standing(
                level=await store.level(tx, case.id), members={*case.core.member_ids, *case.leaders},
                assess={owner, *case.leaders}, waiting=await store.lowering(tx, case.id),
                last_event=max((each.since for each in duties), default=None),
            ),
        )  # fmt: skip
        review = await self._renew(tx, case, actor, stands.level, stands.assessed_at, now)
        await store.keep_lowering(tx, case.id, stands.waiting)
        if stands.waiting is None:
            await store.put_level(tx, case.id, level, actor.id, now)
            await follow(tx, case, level, now, self._zone)
        else:
            channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
            await outbox.post(tx, messages.lowering(stands.waiting, case, channel), now)
        await self._record(tx, "level_set" if stands.waiting is None else "level_lowering_told", actor, review, now)
        lowering = None if stands.waiting is None else stands.waiting.level
        return _view(review, case, now, lowering)

    async def complete(self, actor: Person, review_id: ReviewId) -> ReviewView:
        """Record that the review was done without a change of level; the next one opens."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            review = await store.review(tx, review_id)
            case = await case_store.case(tx, review.case_id, lock=True)
            if actor.id in case.excluded_ids or actor.id not in {*case.core.member_ids, *case.leaders}:
                raise NotFound(store.NO_REVIEW)
            case_rules.require_open(case)
            review = await store.review(tx, review_id, lock=True)
            review.require_open()
            if actor.id not in {review.owner_id, *case.leaders}:
                raise Conflict(ASK_THEM)
            await self._record(tx, "review_done", actor, review, now)
            following = await self._renew(tx, case, actor, review.level, now, now)
            # With what happened satisfied, nothing else would keep a lower level that was told before it from counting.
            await store.keep_lowering(tx, case.id, None)
            return _view(following, case, now)

    async def note_event(self, actor: Person, case_id: CaseId, within: Within) -> ReviewView:
        """Record that something happened that must be assessed in time; what it was stays with people.

        Whoever is in the core of the case may; the open review is due no later than that.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case = await case_store.case(tx, case_id, lock=True)
            require_core(case, actor)
            case_rules.require_open(case)
            review = await take_up(tx, case, REASON_WITHIN[within], now, now, self._zone)
            if urgent(REASON_WITHIN[within]):
                await outbox.post(tx, messages.pulled(review, case, f"noted:{now.isoformat()}", now), now)
            await self._record(tx, "case_event_noted", actor, review, now, within=within)
            return _view(review, case, now)

    async def due(self, actor: Person) -> Sequence[ReviewView]:
        """Return the open reviews of the actor's cases, the earliest first."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            mine = await case_store.cases_of_person(tx, actor.id)
            cases = {each.id: each for each in mine if actor.id in each.core.member_ids}
            reviews = await store.open_reviews(tx, cases)
            lower = await store.lowerings(tx, cases, now - SECOND_WITHIN)
        return [_view(each, cases[each.case_id], now, lower.get(each.case_id)) for each in reviews]

    async def _renew(
        self, tx: Transaction, case: Case, actor: Person, level: Level, assessed_at: datetime, now: datetime
    ) -> Review:
        open_review = await store.open_review(tx, case.id)
        if open_review is not None:
            await store.end_review(tx, open_review.id, ReviewState.DONE, actor.id, now)
        open_ones = left_over(await store.duties(tx, case.id), assessed_at)
        await store.keep_duties(tx, case.id, [each.reason for each in open_ones])
        calendar = await calendar_of(tx, case, self._zone)
        set_before = [duty for each in await clock_store.dates(tx, case.id) for duty in around(each, calendar)]
        further = [*open_ones, *left_over(set_before, assessed_at)]
        due, reason = strictest(due_at(level, assessed_at, calendar), further)
        review = new_review(case, level, due, now, reason)
        await store.add_review(tx, review)
        return review

    async def _record(
        self, tx: Transaction, act: str, actor: Person, review: Review, now: datetime, **facts: str
    ) -> None:
        await ledger.record(
            tx,
            ledger.Act(
                act=act, at=now, person_id=actor.id, case_id=review.case_id, object_id=review.id,
                facts={"level": review.level, **facts},
            ),
        )  # fmt: skip


def _view(review: Review, case: Case, now: datetime, lowering: Level | None = None) -> ReviewView:
    return ReviewView(
        review=review, codename=case.codename, lowering=lowering, stale_since=stale_since(review.due_at, now)
    )  # fmt: skip
