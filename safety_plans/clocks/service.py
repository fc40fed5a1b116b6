"""Use cases of a case's clocks and dates: what there is, that somebody looked, that one ends, when court is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agencies.model import Person, PersonId
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Case, CaseId
from core import ledger
from core.clock import Clock, sensible
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput
from core.settings import Settings
from core.texts import mark
from safety_plans.access import require_core
from safety_plans.clocks import store
from safety_plans.clocks.days import Days
from safety_plans.clocks.rules import FROM_THE_BEGINNING, ONCE, CaseClock, CaseDate, ClockKind, Spans
from safety_plans.model import Reason
from safety_plans.opening import take_up

NOT_A_MEMBER = mark("Whoever looks after this must be a member of the case's channel. Let them in first.")
ASK_THE_OWNER = mark("Only its owner or a leader of the case can say this. Ask them.")
RUNS_ONCE = mark("This clock runs once. When what it waits for is done, end it: streha clock end")
TOO_FAR = mark("This date lies more than ten years ahead. Check the year.")
PAST = mark("This date is past. Record what happened instead: streha review event")
LONGEST_AHEAD = timedelta(days=10 * 366)


def spans_of(settings: Settings) -> Spans:
    """Return how long clocks run, as an operator set it."""
    return Spans(**{each.name: getattr(settings, each.name) for each in fields(Spans)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClocksView:
    """The clocks and dates of a case, the earliest first, at a moment."""

    case_id: CaseId
    codename: str
    clocks: Sequence[CaseClock]
    dates: Sequence[CaseDate]
    now: datetime


class CaseClocks:
    """Keeps what must be looked at again and again."""

    def __init__(self, database: Database, clock: Clock, time_zone: str, spans: Spans) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)
        self._days = Days(time_zone, spans)

    async def see(self, actor: Person, case_id: CaseId) -> ClocksView:
        """Return the clocks and dates of a case to its core."""
        async with self._database.transaction() as tx:
            case = await case_store.case(tx, case_id)
            require_core(case, actor)
            return await self._view(tx, case)

    async def due(self, actor: Person) -> list[tuple[str, CaseClock]]:
        """Return the clocks of the actor's cases that are due, with codenames, the earliest first."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            mine = await case_store.cases_of_person(tx, actor.id)
            codenames = {each.id: each.codename for each in mine if actor.id in each.core.member_ids}
            found = await store.of_cases(tx, codenames)
        return [(codenames[each.case_id], each) for each in found if each.stale_since(now)]

    async def looked(
        self,
        actor: Person,
        case_id: CaseId,
        kind: ClockKind,
        at: datetime | None = None,
        owner_id: PersonId | None = None,
    ) -> ClocksView:
        """Record that it was so at a time, now unless given: the clock begins, or begins anew.

        Its owner says so, or who leads the case; they alone also name the owner, a member of the core.
        """
        now = self._clock.now()
        since = sensible(at) if at else now
        if since > now:
            raise InvalidInput(mark("What is to come was not looked at yet. Check the time."))
        async with self._database.transaction() as tx:
            case = await self._held(tx, actor, case_id)
            known = {each.kind: each for each in await store.of_cases(tx, [case.id])}.get(kind)
            owner = owner_id or (case.coordinator_id if known is None else known.owner_id)
            may_say = {*case.leaders} if known is None or owner_id is not None else {known.owner_id, *case.leaders}
            if actor.id not in may_say:
                raise Conflict(ASK_THE_OWNER)
            if known is not None and kind in ONCE and owner_id is None:
                raise Conflict(RUNS_ONCE)
            if owner not in case.core.member_ids:
                raise InvalidInput(NOT_A_MEMBER)
            if known is not None and since <= known.since:
                # Somebody said so of a later moment already: it is due as before, and who was reminded stays reminded.
                await store.put(tx, replace(known, owner_id=owner))
            else:
                await store.put(tx, await self._days.wound_up(tx, case, kind, owner, since))
            await self._record(tx, "clock_wound_up", actor, case, now, kind=kind.value)
            return await self._view(tx, case)

    async def end(self, actor: Person, case_id: CaseId, kind: ClockKind) -> ClocksView:
        """Stop a clock that does not run for the whole case. That custody ended is assessed within a day."""
        if kind in FROM_THE_BEGINNING:
            raise InvalidInput(mark("This clock runs as long as the case is open."))
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case = await self._held(tx, actor, case_id)
            known = {each.kind: each for each in await store.of_cases(tx, [case.id])}.get(kind)
            if actor.id not in {*case.leaders, *([] if known is None else [known.owner_id])}:
                raise Conflict(ASK_THE_OWNER)
            if await store.end(tx, case.id, kind):
                await self._record(tx, "clock_ended", actor, case, now, kind=kind.value)
                if kind is ClockKind.CUSTODY:
                    await take_up(tx, case, Reason.EVENT_24H, now, now, self._zone)
            return await self._view(tx, case)

    async def add_date(self, actor: Person, case_id: CaseId, at: datetime) -> ClocksView:
        """Record when somebody goes to court or is moved; the risk is assessed within a day, and around that time."""
        now, at = self._clock.now(), sensible(at)
        if at <= now:
            raise InvalidInput(PAST)
        if at > now + LONGEST_AHEAD:
            raise InvalidInput(TOO_FAR)
        async with self._database.transaction() as tx:
            case = await self._held(tx, actor, case_id)
            if await self._days.add(tx, case, at, now):
                await self._record(tx, "case_date_added", actor, case, now)
            return await self._view(tx, case)

    async def take_date(self, actor: Person, case_id: CaseId, at: datetime) -> ClocksView:
        """Forget a date that is off or was moved; the risk is assessed within a day."""
        now, at = self._clock.now(), sensible(at)
        async with self._database.transaction() as tx:
            case = await self._held(tx, actor, case_id)
            if await self._days.take(tx, case, at, now):
                await self._record(tx, "case_date_taken", actor, case, now)
            return await self._view(tx, case)

    async def _held(self, tx: Transaction, actor: Person, case_id: CaseId) -> Case:
        case = await case_store.case(tx, case_id, lock=True)
        require_core(case, actor)
        case_rules.require_open(case)
        return case

    async def _view(self, tx: Transaction, case: Case) -> ClocksView:
        return ClocksView(
            case_id=case.id, codename=case.codename, clocks=await store.of_cases(tx, [case.id]),
            dates=await store.dates(tx, case.id), now=self._clock.now(),
        )  # fmt: skip

    async def _record(
        self, tx: Transaction, act: str, actor: Person, case: Case, now: datetime, **facts: str | int | bool
    ) -> None:  # fmt: skip
        await ledger.record(tx, ledger.Act(act=act, at=now, person_id=actor.id, case_id=case.id, facts=facts))
