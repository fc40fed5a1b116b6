"""The clock of measures: on its day the owner is reminded, on the next the owner and those who lead the case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import absences
from cases import store as case_store
from cases.model import Case, Compartment
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep
from safety_plans import messages
from safety_plans.measures import store
from safety_plans.measures.rules import Duty, DutyId, step_at
from safety_plans.opening import calendar_of
from safety_plans.quiet import Quiet
from safety_plans.rings.store import sparing
from safety_plans.store import SQL

NAME = "measures"


async def remind_due(database: Database, clock: Clock, zone: ZoneInfo, *, quiet: Quiet | None = None) -> int:
    """Take everything that is owed and due one step further, in quiet hours once they end; return how much it was."""

    async def handle(tx: Transaction, duty_ids: Sequence[UUID], now: datetime) -> None:
        ids = [DutyId(each) for each in duty_ids]
        # The cases first, then what is owed in them: the order in which a version is written.
        cases = await case_store.shared_cases(tx, await store.cases(tx, ids))
        said: list[Message] = []
        for duty in await store.duties(tx, ids, now):
            case = cases[duty.case_id]
            compartment = case.compartment(duty.compartment_id)
            if compartment is None or not (case.open and compartment.open):
                await store.forget(tx, duty)
                continue
            if quiet is not None and quiet.at(now):
                await store.stepped(tx, duty, duty.step, quiet.until(now))
                continue
            said += await _remind(tx, duty, case, compartment, now, zone)
        await outbox.post(tx, await sparing(tx, said, now), now)

    return await sweep(database, clock, NAME, SQL["claim_measures"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when somebody is to be reminded next."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_measure"])
    return moment


async def _remind(
    tx: Transaction, duty: Duty, case: Case, compartment: Compartment, now: datetime, zone: ZoneInfo
) -> list[Message]:  # fmt: skip
    """Return what is said in the compartment's channel, and to whoever leads where the owner is there no more."""
    overdue = duty.step > 0
    owner = duty.owed.owner_id if duty.owed.owner_id in compartment.member_ids else case.coordinator_id
    leads = [each for each in case.leaders if each in compartment.member_ids]
    gone = await absences.away(tx, [owner, *leads], now)
    # Whoever is asked must be able to read what it is.
    who = next((each for each in (owner, *leads) if each not in gone), None)
    rung = list(dict.fromkeys([who or owner, *leads])) if overdue or who is None else [who]
    # Who leads and is in this circle no more hears of it where they are.
    heard_in = compartment if (who or owner) in compartment.member_ids else case.core
    channel = Target(kind=TargetKind.COMPARTMENT, id=heard_in.id)
    calendar, day = await calendar_of(tx, case, zone), duty.owed.deadline
    await store.stepped(tx, duty, duty.step + 1, None if overdue else step_at(day, 1, calendar))
    await ledger.record(
        tx,
        ledger.Act(
            act="measure_overdue" if overdue else "measure_reminded", at=now, actor_kind="system", case_id=case.id,
            object_id=duty.record,
        ),
    )  # fmt: skip
    said = messages.measure(duty, who or owner, case, channel, calendar.morning(day), rung)
    if who != owner:
        said.append(messages.absent(owner, who, case, channel, f"{duty.id}:{duty.step}"))
    return said
