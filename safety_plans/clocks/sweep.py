"""What happens when nobody looked: the owner is reminded, a day later those who lead, then daily."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from agencies import absences
from cases import store as case_store
from cases.model import Case
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep
from safety_plans import messages
from safety_plans.clocks import store
from safety_plans.clocks.rules import CaseClock, CaseClockId, ClockKind, next_step_at
from safety_plans.quiet import Quiet
from safety_plans.rings.store import sparing
from safety_plans.standing_in import asked
from safety_plans.store import SQL

NAME = "clocks"


async def remind_due(database: Database, clock: Clock, *, quiet: Quiet | None = None) -> int:
    """Take every clock that is due one step further, in quiet hours once they end; return how many."""

    async def handle(tx: Transaction, clock_ids: Sequence[UUID], now: datetime) -> None:
        ids = [CaseClockId(each) for each in clock_ids]
        # The cases first, then their clocks: the order in which people wind them up.
        cases = await case_store.shared_cases(tx, await store.cases(tx, ids))
        said: list[Message] = []
        # Whoever may be free already rings whomever it names, however often.
        pressing: list[Message] = []
        for each in await store.held(tx, ids):
            case = cases[each.case_id]
            if not case.open:
                await store.end(tx, case.id, each.kind)
            elif each.next_step_at is not None and each.next_step_at <= now:
                if quiet is not None and quiet.at(now):
                    await store.wait(tx, each, quiet.until(now))
                else:
                    mine = pressing if each.kind is ClockKind.CUSTODY and each.step > 0 else said
                    mine += await _remind(tx, each, case, now)
        await outbox.post(tx, [*pressing, *await sparing(tx, said, now)], now)

    return await sweep(database, clock, NAME, SQL["claim_clocks"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next clock is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_clock"])
    return moment


async def _remind(tx: Transaction, clock: CaseClock, case: Case, now: datetime) -> list[Message]:
    """Return what the case's channel hears; whoever is there no more, the coordinator looks for."""
    overdue = clock.step > 0
    owner = clock.owner_id if clock.owner_id in case.core.member_ids else case.coordinator_id
    gone = await absences.away(tx, [owner, *case.leaders], now)
    who = asked(owner, case, gone)
    rung = dict.fromkeys([who or owner, *case.leaders] if overdue or who is None else [who])
    channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
    await store.stepped(tx, clock, next_step_at(clock.due_at, clock.step + 1, now), owner)
    # Only the first time: what follows from it is taken from the ledger.
    await ledger.record(
        tx,
        ledger.Act(
            act="clock_due" if not overdue else "clock_overdue" if clock.step == 1 else "clock_repeated",
            at=now,
            actor_kind="system",
            case_id=case.id,
            object_id=clock.id,
            facts={"kind": clock.kind.value},
        ),
    )
    said = messages.clock(clock, who or owner, case, channel, rung)
    if who != owner:
        said.append(messages.absent(owner, who, case, channel, _cause(clock)))
    return said


def _cause(clock: CaseClock) -> str:
    # A late report leaves the due time as it was, and begins the reminders anew.
    return f"{clock.id}:{clock.step}:{clock.since.isoformat()}:{clock.due_at.isoformat()}"
