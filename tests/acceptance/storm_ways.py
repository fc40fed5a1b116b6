"""Ways that are under way during a storm: a step of each is missed while parts die, and that is noticed all the same.

Owns the ways of one run, one in each case, and what must hold of them once everything works again: within one sweep
each missed step was noticed, and no rung of its ladder was left out or climbed twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from cases.model import Case
from core.database import Row
from core.settings import Secret, Settings
from operations.lateness import LADDERS
from operations.model import Despite, MilestoneKind, OperationId
from operations.planning import Plan, Step
from operations.service import Operations
from operations.under_way import UnderWay
from safety_plans.clocks.service import spans_of
from safety_plans.model import Level
from tests.acceptance.conftest import Town
from tests.acceptance.storm_account import Account
from tests.clock import ZONE

# A missed step is noticed no later than by one sweep (network's rules, *What must never happen*); what is counted here
# besides is the start of the sweep on a machine that has other work.
ONE_SWEEP, SLOW_MACHINE = 5.0, 5.0
PATIENCE, LOOK = 60.0, 0.1
HOUR = timedelta(hours=1)


class Ways:
    """One way in each case, planned, begun and left to itself."""

    def __init__(self, town: Town) -> None:
        self._town = town
        database, clock = town.network.database, town.network.clock
        spans = spans_of(Settings(database_url=Secret("postgresql://"), network="invented network"))
        self._operations = Operations(database, clock, ZONE.key, spans)
        self._under_way = UnderWay(database, clock, ZONE.key)
        self._ways: list[OperationId] = []

    async def begin(self, cases: Sequence[Case], missed: Sequence[float]) -> None:
        """Let somebody go in each case whose first step is due in so many seconds."""
        ana, sara, mila = (self._town.person(each) for each in ("ana", "sara", "mila"))
        self._ways = []
        for case, seconds in zip(cases, missed, strict=True):
            begins = self._town.network.clock.now() + timedelta(seconds=seconds)
            two = (ana.id, sara.id)
            plan = Plan(
                coordinator_id=ana.id, buddy_id=mila.id, liaison_id=None, begins_at=begins, ends_at=begins + 3 * HOUR,
                steps=(
                    Step(kind=MilestoneKind.READY, due_at=begins, confirmers=two),
                    Step(kind=MilestoneKind.HOME_SAFE, due_at=begins + 2 * HOUR, confirmers=two),
                ),
            )  # fmt: skip
            way = (await self._operations.plan(ana, case.core.id, uuid4(), plan)).operation.id
            await self._operations.approve(ana, way)
            await self._operations.go(ana, way, Despite.SEEN_TO)
            self._ways.append(way)

    async def require_noticed(self, account: Account, seed: int) -> None:
        """Wait until every step that is due was noticed, and note what was lost or double of that, and how late."""
        loop = asyncio.get_running_loop()
        steps = await self._steps()
        # A clock that went back would let it be due only later.
        ahead = max(row["due_at"] for row in steps) - self._town.network.clock.now()
        if ahead >= timedelta():
            self._town.network.move_clock(ahead + timedelta(seconds=1))
        since = loop.time()
        while True:
            hidden = await self._hidden()
            if not hidden or loop.time() - since >= PATIENCE:
                break
            await asyncio.sleep(LOOK)
        took = loop.time() - since
        account.noticed += [took] * len(self._ways)
        if hidden or took > ONE_SWEEP + SLOW_MACHINE:
            account.lost.append(f"seed {seed}: {len(hidden)} steps hidden, the others noticed after {took:.1f} s")
        for way in self._ways:
            rungs = await self._rungs(way)
            if rungs != [rung.value for _, rung in LADDERS[Level.NOT_YET_ASSESSED].steps][: len(rungs)]:
                account.double.append(f"seed {seed}: a ladder was climbed by {rungs}")

    async def end(self) -> None:
        """Nobody goes: nothing of these ways calls anybody any more."""
        for way in self._ways:
            await self._under_way.abort(self._town.person("ana"), way)

    async def _steps(self) -> Sequence[Row]:
        async with self._town.network.database.reading() as look:
            return await look.rows(
                "SELECT due_at, rung, next_step_at FROM milestones WHERE operation_id = ANY($1) AND position = 1",
                self._ways,
            )

    async def _hidden(self) -> list[Row]:
        """Return the steps of which something is due that nobody was told."""
        now = self._town.network.clock.now()
        return [row for row in await self._steps() if row["rung"] == 0 or row["next_step_at"] <= now]

    async def _rungs(self, way: OperationId) -> list[str]:
        """Return the rungs that were climbed; after the last one it begins again and again."""
        async with self._town.network.database.reading() as look:
            rows = await look.rows(
                "SELECT facts FROM ledger WHERE object_id = $1 AND act IN ('milestone_late', 'milestone_later') "
                "ORDER BY entry",
                way,
            )
        return [rung for row in rows for rung in row["facts"]["rungs"].split(",") if rung != "again"]
