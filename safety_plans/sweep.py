"""The reviews' clock: due reviews remind their owner in the channel, overdue ones the duty desk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import absences
from agencies import store as directory
from agencies.model import DutyDesk, Person, PersonId
from agencies.roster import on_duty
from alerts.clocked import raise_by_clock
from alerts.vocabulary import Event
from cases import store as case_store
from cases.model import Case, CaseId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import StrehaError
from core.outbox import Message, Target, TargetKind
from core.sweep import BATCH, sweep
from safety_plans import messages, store
from safety_plans.clocks import store as clock_store
from safety_plans.clocks.rules import FROM_THE_BEGINNING, Spans, begun
from safety_plans.model import Level, Review, ReviewId, ReviewState
from safety_plans.opening import calendar_of, open_first
from safety_plans.organisations.service import follow
from safety_plans.quiet import Quiet
from safety_plans.rings.store import sparing
from safety_plans.rules import leaders_rung, next_step_at
from safety_plans.standing_in import asked
from safety_plans.triggers import urgent

log = logs.get(__name__)

LATELY = timedelta(days=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def open_missing(
    database: Database, clock: Clock, zone: ZoneInfo, spans: Spans, *, everywhere: bool = True
) -> int:  # fmt: skip
    """Open the first review of every case that has none: no case is left without an owner and a time.

    It is looked for `everywhere`, or only among the cases of the last day, where alone one can be missing as long as
    nothing went wrong.
    """
    after = LONG_AGO if everywhere else clock.now() - LATELY
    opened = 0
    while True:
        async with database.reading() as look:
            found = [CaseId(row["id"]) for row in await look.rows(store.SQL["cases_without_review"], after, BATCH)]
        now_opened = await _open_all(database, clock, zone, spans, found)
        opened += now_opened
        if len(found) < BATCH or not now_opened:
            return opened


async def _open_all(
    database: Database, clock: Clock, zone: ZoneInfo, spans: Spans, case_ids: Sequence[CaseId]
) -> int:  # fmt: skip
    """Open these cases' first reviews; each case is held by itself and for a moment: raising in it must not wait."""
    opened = 0
    for case_id in case_ids:
        try:
            async with database.transaction() as tx:
                opened += await _open_first(tx, case_id, clock.now(), zone, spans)
        except StrehaError as error:
            log.failure("first_review_not_opened", error, case_id=case_id)
    return opened


async def _open_first(tx: Transaction, case_id: CaseId, now: datetime, zone: ZoneInfo, spans: Spans) -> bool:
    case = await case_store.case(tx, case_id, lock=True)
    if not case.open:
        return False
    calendar = await calendar_of(tx, case, zone)
    running = {each.kind for each in await clock_store.of_cases(tx, [case.id])}
    missing = set(FROM_THE_BEGINNING) - running
    for kind in missing:
        await clock_store.put(tx, begun(case, kind, case.coordinator_id, case.opened_at, [], calendar, spans))
    if await store.open_review(tx, case_id) is not None:
        return bool(missing)
    review = await open_first(tx, case, now, calendar)
    await follow(tx, case, review.level, now, zone)
    await ledger.record(
        tx,
        ledger.Act(act="review_opened", at=now, actor_kind="system", case_id=case.id, object_id=review.id),
    )
    return True


async def remind_due(database: Database, clock: Clock, *, quiet: Quiet | None = None) -> int:
    """Take every review whose next reminder is due one step further; return how many.

    In quiet hours an urgent one is at once the duty desk's too, and any other waits until they end.
    """

    async def handle(tx: Transaction, review_ids: Sequence[UUID], now: datetime) -> None:
        ids = [ReviewId(each) for each in review_ids]
        # The cases first, then the reviews: the order in which the services take them.
        cases = await case_store.shared_cases(tx, {each.case_id for each in await store.reviews(tx, ids)})
        until = now if quiet is None else quiet.until(now)
        due = []
        for review in await store.reviews(tx, ids, lock=True):
            case = cases[review.case_id]
            if review.state is not ReviewState.OPEN or review.next_step_at is None or review.next_step_at > now:
                continue
            if not case.open:
                await store.end_review(tx, review.id, ReviewState.CANCELLED, None, now)
                continue
            if until > now and not urgent(review.reason):
                await store.step_reviews(tx, [replace(review, next_step_at=until)])
                continue
            due.append((await _with_owner(tx, review, case), case))
        await _remind(tx, due, now, night=until > now)

    return await sweep(database, clock, "reviews", store.SQL["claim_due"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next step of any review is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_due"])
    return moment


async def _remind(tx: Transaction, due: Sequence[tuple[Review, Case]], now: datetime, *, night: bool) -> None:
    if not due:
        return
    gone = await absences.away(
        tx, [each for review, case in due for each in (review.owner_id, *case.leaders)], now
    )  # fmt: skip
    for_the_desk = {
        review.id for review, case in due
        if night or _overdue(review) or asked(review.owner_id, case, gone) is None
    }  # fmt: skip
    told = {review.id: asked(review.owner_id, case, gone) or review.owner_id for review, case in due}
    posts = await _posts_of(tx, {told[each] for each in for_the_desk}, now)
    # What must be assessed within two hours, or where harm is imminent, rings whomever it names, however often.
    said: list[Message] = []
    pressing: list[Message] = []
    for review, case in due:
        mine = pressing if urgent(review.reason) or review.level is Level.VERY_HIGH else said
        channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
        if urgent(review.reason):
            # The one review whose lapse calls people until somebody accepts.
            await raise_by_clock(tx, case, Event.REVIEW_MISSED, f"{review.id}:{review.step}:{review.due_at}", now)
        who = asked(review.owner_id, case, gone)
        shown = replace(review, owner_id=who or review.owner_id)
        mine += messages.reminder(shown, case.codename, channel, _template(review), _rung(shown, case))
        if who != review.owner_id:
            cause = f"{review.id}:{review.step}:{review.due_at.isoformat()}"
            mine.append(messages.absent(review.owner_id, who, case, channel, cause))
        if review.id in for_the_desk:
            desks, deputies = posts[told[review.id]]
            heard = [each for desk in desks for each in _to_the_desk(review, case, desk, now)]
            for each in () if heard else [one.id for one in deputies if one.id not in case.excluded_ids]:
                room = Target(kind=TargetKind.PERSON, id=each)
                heard += messages.reminder(review, case.codename, room, _template(review), [each])
            if not heard:
                heard = messages.notice(
                    shown, case.codename, channel, _template(review), case.leaders, f"{review.id}:{review.step}:leaders"
                )
            mine += heard
    await outbox.post(tx, [*pressing, *await sparing(tx, said, now)], now)
    await store.step_reviews(tx, [_stepped(review, now) for review, _ in due])
    await ledger.record(tx, *(_reminded(review, now) for review, _ in due))


async def _posts_of(
    tx: Transaction, people: Collection[PersonId], now: datetime
) -> dict[PersonId, tuple[list[DutyDesk], Sequence[Person]]]:  # fmt: skip
    """Return the duty desks and the security officers of the agencies in which these work."""
    if not people:
        return {}
    found = (await directory.people(tx, set(people))).values()
    duty = await directory.duty(tx, agency_ids={each.agency_id for each in found}, now=now)
    return {
        each.id: (
            [desk for desk in duty.desks if desk.agency_id == each.agency_id], duty.deputies.get(each.agency_id, ())
        )
        for each in found
    }  # fmt: skip


def _to_the_desk(review: Review, case: Case, desk: DutyDesk, now: datetime) -> list[Message]:
    """Tell the duty desk of the owner's agency; its officers one by one where one of them is excluded.

    Who is on duty is rung; where nobody is who may know, everybody who sits there.
    """
    officers = [each.id for each in desk.officers if each.id not in case.excluded_ids]
    rung = [each.id for each in on_duty(desk, now) if each.id in officers] or officers
    rooms: list[tuple[Target, list[PersonId]]] = [(Target(kind=TargetKind.DESK, id=desk.id), rung)]
    if len(officers) < len(desk.officers):
        rooms = [(Target(kind=TargetKind.PERSON, id=each), [each] if each in rung else []) for each in officers]
    said: list[Message] = []
    for room, mentions in rooms:
        said += messages.reminder(review, case.codename, room, _template(review), mentions)
    return said


def _rung(review: Review, case: Case) -> list[PersonId]:
    """Return whom the channel rings: the owner; where nothing may wait or nobody did it yet, both who lead."""
    leaders = case.leaders if leaders_rung(review.step, urgent=urgent(review.reason)) else ()
    return list(dict.fromkeys([review.owner_id, *leaders]))


def _overdue(review: Review) -> bool:
    return review.step > 0


def _template(review: Review) -> str:
    return "review_overdue" if _overdue(review) else "review_due"


def _stepped(review: Review, now: datetime) -> Review:
    step = review.step + 1
    return replace(
        review,
        step=step,
        next_step_at=next_step_at(review.level, review.due_at, step, now, urgent=urgent(review.reason)),
    )


def _reminded(review: Review, now: datetime) -> ledger.Act:
    return ledger.Act(
        act="review_overdue" if _overdue(review) else "review_reminded", at=now, actor_kind="system",
        case_id=review.case_id, object_id=review.id, facts={"step": review.step + 1},
    )  # fmt: skip


async def _with_owner(tx: Transaction, review: Review, case: Case) -> Review:
    """Give the review to the present coordinator where its owner no longer takes part: nothing is orphaned."""
    if review.owner_id in case.core.member_ids:
        return review
    await store.set_owner(tx, review.id, case.coordinator_id)
    return replace(review, owner_id=case.coordinator_id)
