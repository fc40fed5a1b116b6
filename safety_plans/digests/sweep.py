"""The clock of digests: whose working morning it is hears in numbers what there is to be done, once a day or week.

One row for each person and agency says when its next turn is. A turn is taken, told and set further in one transaction:
killed anywhere, it is neither missing nor told twice. What was missed while no engine ran is told the same day, and an
agency's the same week; in quiet hours turns wait until they end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import store as directory
from agencies.model import AgencyId, PersonId
from core import logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message
from core.sweep import sweep
from safety_plans.calendar import Calendar
from safety_plans.digests import store
from safety_plans.digests.messages import digest
from safety_plans.digests.rules import Carried, Kind, Morning, next_morning, numbers, told_now
from safety_plans.digests.store import Turn
from safety_plans.quiet import Quiet
from safety_plans.store import SQL

log = logs.get(__name__)

NAME = "digests"
# What so many people carry is asked at once.
TOGETHER = 100
KEPT = timedelta(days=30)


async def begin_new(database: Database, clock: Clock, zone: ZoneInfo) -> int:
    """Give everybody who came a first turn, on the next morning; return how many there were."""
    async with database.transaction() as tx:
        now = clock.now()
        yesterday = now.astimezone(zone).date() - timedelta(days=1)
        return await store.begin(tx, next_morning(now, zone), yesterday)


async def tell_due(database: Database, clock: Clock, zone: ZoneInfo, quiet: Quiet | None = None) -> int:
    """Tell whoever's turn it is; return how many turns were taken, those included that had nothing to tell."""

    async def handle(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        turns = await store.turns(tx, ids, now)
        if quiet is not None and quiet.at(now):
            await store.turned(tx, turns, [quiet.until(now)] * len(turns))
            return
        working = {each: Calendar(each, zone).working for each in {turn.country for turn in turns}}
        told = [each for each in turns if told_now(each.kind, each.last, now, zone, working[each.country])]
        today = now.astimezone(zone).date()
        for country, days in working.items():
            mine = [each for each in told if each.country == country]
            await outbox.post(tx, await _said(tx, mine, Morning.of(today, zone, days), zone, now), now)
        after = [replace(each, last=today) if each in told else each for each in turns]
        await store.turned(tx, after, [next_morning(now, zone, working[each.country]) for each in after])

    return await sweep(database, clock, NAME, SQL["claim_digests"], handle, together=TOGETHER)


async def forget_told(database: Database, clock: Clock) -> int:
    """Forget the numbers that were told long ago, of digests and of rings; return how many messages that was."""
    async with database.transaction() as tx:
        return await tx.run(SQL["forget_told"], clock.now() - KEPT)


async def next_due(database: Database) -> datetime | None:
    """Return when somebody's turn is next."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_digest"])
    return moment


async def _said(
    tx: Transaction, turns: Sequence[Turn], morning: Morning, zone: ZoneInfo, now: datetime
) -> list[Message]:  # fmt: skip
    """Return what these are told; nothing for who has nothing to do."""
    people = [PersonId(each.id) for each in turns if each.kind is Kind.PERSON]
    agencies = [AgencyId(each.id) for each in turns if each.kind is Kind.AGENCY]
    said = await _to_people(tx, people, morning, zone) if people else []
    return said + (await _to_agencies(tx, agencies, morning, zone, now) if agencies else [])


async def _to_people(
    tx: Transaction, people: Sequence[PersonId], morning: Morning, zone: ZoneInfo
) -> list[Message]:  # fmt: skip
    carried = await store.carried(tx, people, morning, morning.ends(zone))
    by_owner: dict[PersonId, list[Carried]] = defaultdict(list)
    for each in carried:
        by_owner[each.owner_id].append(each)
    said: list[Message] = []
    for owner, owned in by_owner.items():
        told = numbers(owned)
        if told.pressing:
            said += digest(Kind.PERSON, owner, morning.day, owner, told)
    return said


async def _to_agencies(
    tx: Transaction, agency_ids: Sequence[AgencyId], morning: Morning, zone: ZoneInfo, now: datetime
) -> list[Message]:
    """Tell the security officers, else who sits at the duty desk, each of what they may know."""
    agency_of = {each.id: each.agency_id for each in await directory.staff(tx, agency_ids)}
    carried = await store.carried(tx, list(agency_of), morning, morning.ends(zone), whole=True)
    kept_from = await store.kept_from(tx, carried)
    duty = await directory.duty(tx, agency_ids=agency_ids, now=now)
    said: list[Message] = []
    for agency_id in agency_ids:
        theirs = [each for each in carried if agency_of[each.owner_id] == agency_id]
        seated = [person for desk in duty.desks if desk.agency_id == agency_id for person in desk.officers]
        hearing = duty.deputies.get(agency_id, ()) or seated
        if theirs and not hearing:
            log.warning("digest_unheard", agency_id=agency_id)
        for person in hearing:
            told = numbers(each for each in theirs if person.id not in kept_from.get(each.case_id, ()))
            if told.reviews or told.pressing:
                said += digest(Kind.AGENCY, agency_id, morning.day, person.id, told)
    return said
