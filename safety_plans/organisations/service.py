"""Use cases of an organisation's own review: when it is due, that it was done; and what pulls it earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies import store as directory
from agencies.model import AgencyId, Person, Role
from alerts.vocabulary import Event
from cases.model import Case
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.texts import mark
from safety_plans.calendar import Calendar
from safety_plans.model import Level
from safety_plans.organisations import store
from safety_plans.organisations.rules import MEETS_STAFF, WITHIN_A_DAY, OrganisationReview, pulled, worst
from safety_plans.organisations.sweep import begun, open_one
from safety_plans.rules import due_at

ASK_THEM = mark("Only your agency's security officer or administrator can say this. Ask them.")
SEE_TO_IT = frozenset({Role.SECURITY_OFFICER, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    """An organisation's own review at a moment; none where it helps in no open case."""

    agency_id: AgencyId
    review: OrganisationReview | None
    now: datetime


class OrganisationReviews:
    """Keeps one open review for each organisation that helps."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def own(self, actor: Person) -> OrganisationView:
        """Return the review of the actor's own organisation."""
        async with self._database.reading() as look:
            found = await store.see(look, actor.agency_id)
        return OrganisationView(agency_id=actor.agency_id, review=found, now=self._clock.now())

    async def done(self, actor: Person) -> OrganisationView:
        """Record that the organisation assessed its own safety; the next review follows its worst open case."""
        if actor.role not in SEE_TO_IT:
            raise Conflict(ASK_THEM)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if not await store.held(tx, [actor.agency_id]):
                return OrganisationView(agency_id=actor.agency_id, review=None, now=now)
            levels = await store.levels(tx, actor.agency_id)
            calendar = Calendar(await directory.country_of_agency(tx, actor.agency_id), self._zone)
            # Where the last case was closed a moment ago, the sweep forgets it when it is due.
            due = due_at(worst(levels or [Level.LOW]), now, calendar)
            following = begun(actor.agency_id, now, due)
            await store.put(tx, following)
            await ledger.record(
                tx,
                ledger.Act(act="organisation_review_done", at=now, person_id=actor.id, object_id=actor.agency_id),
            )
        return OrganisationView(agency_id=actor.agency_id, review=following, now=now)


async def follow(tx: Transaction, case: Case, level: Level, now: datetime, zone: ZoneInfo) -> None:
    """Let the organisations that help in a case, held, assess themselves sooner where its level demands it."""
    if case.opened_for is not None:
        # Whoever it was opened for works there, sees the organisation's review, and is not to know of the case.
        return
    for review in await store.held(tx, list(case.agencies)):
        calendar = Calendar(await directory.country_of_agency(tx, review.agency_id), zone)
        due = pulled(review.due_at, level, now, calendar)
        if due < review.due_at:
            await store.put(tx, begun(review.agency_id, review.since, due))


async def look_to_their_own(
    tx: Transaction, case: Case, event: Event, at: datetime, now: datetime, zone: ZoneInfo
) -> None:  # fmt: skip
    """Let the organisations that help in a case, held, assess themselves within a day: it may meet who works there."""
    if case.opened_for is not None or event not in MEETS_STAFF:
        # As for its level: whoever it was opened for is not to know of the case.
        return
    # Whoever has only begun to help may have none yet.
    for agency_id in await store.without(tx, len(case.agencies), case.agencies):
        await open_one(tx, agency_id, now, zone)
    for review in await store.held(tx, list(case.agencies)):
        calendar = Calendar(await directory.country_of_agency(tx, review.agency_id), zone)
        due = max(now, calendar.due(at, WITHIN_A_DAY))
        if due < review.due_at and review.since <= at:
            await store.put(tx, begun(review.agency_id, review.since, due))
