"""The clock of organisations' own reviews: begun with their first open case, reminded, ended with the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import store as directory
from agencies.model import AgencyId, PersonId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message
from core.sweep import BATCH, sweep
from safety_plans import messages
from safety_plans.calendar import Calendar
from safety_plans.clocks.rules import next_step_at
from safety_plans.organisations import store
from safety_plans.organisations.rules import OrganisationReview, worst
from safety_plans.quiet import Quiet
from safety_plans.rings.store import sparing
from safety_plans.rules import due_at
from safety_plans.store import SQL

log = logs.get(__name__)

NAME = "organisations"


async def open_missing(database: Database, clock: Clock, zone: ZoneInfo) -> int:
    """Open the review of every organisation that helps and has none; return how many."""
    async with database.reading() as look:
        found = await store.without(look, BATCH)
    for agency_id in found:
        async with database.transaction() as tx:
            await open_one(tx, agency_id, clock.now(), zone)
    return len(found)


async def open_one(tx: Transaction, agency_id: AgencyId, now: datetime, zone: ZoneInfo) -> None:
    """Open the review of an organisation, unless it has one by now or helps in no open case."""
    levels = await store.levels(tx, agency_id)
    if levels:
        calendar = Calendar(await directory.country_of_agency(tx, agency_id), zone)
        # What happened since it helps counts for it, however late somebody looked.
        since = await store.helps_since(tx, agency_id)
        await store.open_(tx, begun(agency_id, since, due_at(worst(levels), now, calendar)))


async def remind_due(database: Database, clock: Clock, *, quiet: Quiet | None = None) -> int:
    """Take every one that is due one step further, in quiet hours once they end; return how many."""

    async def handle(tx: Transaction, agency_ids: Sequence[UUID], now: datetime) -> None:
        said: list[Message] = []
        reviews = await store.held(tx, [AgencyId(each) for each in agency_ids])
        hearing = await _hearing(tx, [each.agency_id for each in reviews], now)
        for review in reviews:
            if not await store.levels(tx, review.agency_id):
                await store.forget(tx, review.agency_id)
            elif review.next_step_at > now:
                # Another sweep took it further.
                continue
            elif quiet is not None and quiet.at(now):
                await store.put(tx, replace(review, next_step_at=quiet.until(now)))
            else:
                if not hearing[review.agency_id]:
                    log.warning("organisation_unheard", agency_id=review.agency_id)
                said += messages.organisation(review, hearing[review.agency_id])
                step = review.step + 1
                await store.put(tx, replace(review, step=step, next_step_at=next_step_at(review.due_at, step, now)))
                await ledger.record(tx, _reminded(review, now))
        await outbox.post(tx, await sparing(tx, said, now), now)

    return await sweep(database, clock, NAME, SQL["claim_organisation_reviews"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next one is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_organisation_review"])
    return moment


def begun(agency_id: AgencyId, since: datetime, due: datetime) -> OrganisationReview:
    """Return a review that begins to wait."""
    return OrganisationReview(agency_id=agency_id, since=since, due_at=due, step=0, next_step_at=due)


async def _hearing(
    tx: Transaction, agency_ids: Sequence[AgencyId], now: datetime
) -> dict[AgencyId, list[PersonId]]:  # fmt: skip
    """Return who is reminded for an agency: its security officers, else who sits at its duty desk."""
    duty = await directory.duty(tx, agency_ids=agency_ids, now=now)
    found: dict[AgencyId, list[PersonId]] = {}
    for each in agency_ids:
        seated = [officer for desk in duty.desks if desk.agency_id == each for officer in desk.officers]
        found[each] = [officer.id for officer in duty.deputies.get(each, ()) or seated]
    return found


def _reminded(review: OrganisationReview, now: datetime) -> ledger.Act:
    return ledger.Act(
        act="organisation_review_overdue" if review.step > 0 else "organisation_review_due", at=now,
        actor_kind="system", object_id=review.agency_id,
    )  # fmt: skip
