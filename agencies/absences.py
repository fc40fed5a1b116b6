"""Who is away and until when: said by themselves, or for them by whoever sees to their agency's safety.

That somebody is away nobody else can ask: those who are asked in their place are told, in the case's own channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agencies import store
from agencies.model import Person, PersonId, Role
from agencies.roster import moment_of
from agencies.service import NO_PERSON
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import InvalidInput, NotFound
from core.texts import mark

LONGEST = timedelta(days=366)
NOT_A_TIME_AWAY = mark("The last day is not before the first, nor past, nor more than a year after it. Check the days.")
MAY_SAY_IT = frozenset({Role.SECURITY_OFFICER, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """That somebody is away from the beginning of one day until the end of another."""

    person_id: PersonId
    begins_at: datetime
    ends_at: datetime


class Absences:
    """Keeps at most one absence of each person."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def see(self, actor: Person, person_id: PersonId | None = None) -> Absence | None:
        """Return when somebody is away, unless it is past: the actor, or a colleague whom the actor sees to."""
        async with self._database.transaction() as tx:
            person = await self._of(tx, actor, person_id)
            return await self._absence(tx, person)

    async def put(self, actor: Person, first: date, last: date, person_id: PersonId | None = None) -> Absence:
        """Record that somebody is away from one day to another, both included; it takes the place of what was said."""
        begins, ends = (moment_of(datetime.combine(each, time()), self._zone) for each in (first, last + timedelta(1)))
        if last < first or last - first > LONGEST or ends <= self._clock.now():
            raise InvalidInput(NOT_A_TIME_AWAY)
        async with self._database.transaction() as tx:
            person = await self._of(tx, actor, person_id)
            await tx.run(store.SQL["put_absence"], person, begins, ends)
            await self._record(tx, "absence_told", actor, person)
        return Absence(person_id=person, begins_at=begins, ends_at=ends)

    async def end(self, actor: Person, person_id: PersonId | None = None) -> None:
        """Record that somebody is there again, or will be after all."""
        async with self._database.transaction() as tx:
            person = await self._of(tx, actor, person_id)
            if await tx.value(store.SQL["end_absence"], person) is not None:
                await self._record(tx, "absence_ended", actor, person)

    async def _of(self, tx: Transaction, actor: Person, person_id: PersonId | None) -> PersonId:
        """Return of whom the actor may speak; to others there is no such person."""
        if person_id is None or person_id == actor.id:
            return actor.id
        person = (await store.people(tx, [person_id])).get(person_id)
        if person is None or not person.active or person.agency_id != actor.agency_id or actor.role not in MAY_SAY_IT:
            raise NotFound(NO_PERSON)
        return person.id

    async def _absence(self, tx: Transaction, person_id: PersonId) -> Absence | None:
        row = await tx.row(store.SQL["absence"], person_id, self._clock.now())
        if row is None:
            return None
        return Absence(person_id=person_id, begins_at=row["begins_at"], ends_at=row["ends_at"])

    async def _record(self, tx: Transaction, act: str, actor: Person, person_id: PersonId) -> None:
        await ledger.record(
            tx, ledger.Act(act=act, at=self._clock.now(), person_id=actor.id, object_id=person_id)
        )  # fmt: skip


async def away(tx: Reading, people: Iterable[PersonId], now: datetime) -> frozenset[PersonId]:
    """Return who of these people is away, has left, or works for an agency that is suspended: they cannot be asked."""
    return await away_between(tx, people, now, now)


async def away_between(
    tx: Reading, people: Iterable[PersonId], begins_at: datetime, ends_at: datetime
) -> frozenset[PersonId]:
    """Return who of these people is away at any time between two moments, has left, or whose agency is suspended."""
    rows = await tx.rows(store.SQL["away"], list(set(people)), begins_at, ends_at)
    return frozenset(PersonId(row["person_id"]) for row in rows)
