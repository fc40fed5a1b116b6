"""Setting and taking the days of a case: its review and the clock of custody follow in the same transaction."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agencies.model import PersonId
from cases.model import Case
from core.database import Transaction
from safety_plans.clocks import store
from safety_plans.clocks.rules import CaseClock, CaseDate, ClockKind, Spans, begun
from safety_plans.model import Reason
from safety_plans.opening import calendar_of, take_up


class Days:
    """What follows from the days of a case, by the network's zone and how long its clocks run."""

    def __init__(self, time_zone: str, spans: Spans) -> None:
        self._zone = ZoneInfo(time_zone)
        self._spans = spans

    async def add(self, tx: Transaction, case: Case, at: datetime, now: datetime) -> bool:
        """Keep a day of a case, held; tell whether it was not known."""
        if not await store.add_date(tx, case.id, CaseDate(at=at, told_at=now)):
            return False
        await self._changed(tx, case, now)
        return True

    async def take(self, tx: Transaction, case: Case, at: datetime, now: datetime) -> bool:
        """Forget a day of a case, held; tell whether there was one."""
        if not await store.take_date(tx, case.id, at):
            return False
        await self._changed(tx, case, now)
        return True

    async def wound_up(
        self, tx: Transaction, case: Case, kind: ClockKind, owner: PersonId, since: datetime
    ) -> CaseClock:  # fmt: skip
        """Return a clock that begins to run, or does so anew, by the days there are."""
        dates = [each.at for each in await store.dates(tx, case.id)]
        return begun(case, kind, owner, since, dates, await calendar_of(tx, case, self._zone), self._spans)

    async def _changed(self, tx: Transaction, case: Case, now: datetime) -> None:
        """Let the review and the clock of custody follow; whoever was reminded already is not begun anew."""
        await take_up(tx, case, Reason.DATE, now, now, self._zone)
        for each in await store.of_cases(tx, [case.id]):
            if each.kind is ClockKind.CUSTODY:
                wound_up = await self.wound_up(tx, case, each.kind, each.owner_id, each.since)
                if wound_up.due_at != each.due_at and each.step == 0:
                    await store.put(tx, wound_up)
