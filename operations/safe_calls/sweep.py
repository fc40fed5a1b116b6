"""What happens where nobody was heard from, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts.vocabulary import Event
from cases import store as case_store
from cases.model import Case
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message
from core.sweep import sweep
from operations import messages as operation_messages
from operations.lateness import Rung
from operations.rungs import Late, climbed
from operations.safe_calls import messages, rules, store
from operations.safe_calls.model import SafeCall
from operations.store import SQL
from safety_plans import store as level_store

log = logs.get(__name__)

NAME = "safe_calls"


async def call_for_unheard(database: Database, clock: Clock) -> int:
    """Take every safe-call that is late one rung further, or as many as are due; return how many."""

    async def handle(tx: Transaction, call_ids: Sequence[UUID], now: datetime) -> None:
        found = await store.cases_of(tx, call_ids)
        cases = await case_store.shared_cases(tx, set(found.values()))
        for call in await store.held(tx, list(found)):
            if call.next_step_at is None or call.next_step_at > now:
                continue
            if cases[call.case_id].open:
                await _late(tx, call, cases[call.case_id], now)
            else:
                await _unwatched(tx, call, now)

    return await sweep(database, clock, NAME, SQL["claim_safe_calls"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next rung is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_safe_call"])
    return moment


async def _late(tx: Transaction, call: SafeCall, case: Case, now: datetime) -> None:
    call = rules.with_level(call, await level_store.level(tx, case.id))
    reached = rules.climbed(call, now)
    said: list[Message] = []
    for number, rung in enumerate(reached.rungs):
        # Raised again it is another alert each time.
        anew = f":{now.isoformat()}" if rung is Rung.AGAIN else ""
        cause = messages.cause_of(call, f"{rung}:{call.rung + number}{anew}")
        said += await climbed(tx, _late_call(call), case, rung, cause, now)
    await store.save(tx, replace(call, rung=max(reached.climbed, 1), next_step_at=reached.next_step_at))
    await outbox.post(tx, said, now)
    await ledger.record(
        tx,
        ledger.Act(
            act="safe_call_late" if call.rung == 0 else "safe_call_later", at=now, actor_kind="system",
            case_id=case.id, object_id=call.id, facts={"rungs": ",".join(reached.rungs)},
        ),
    )  # fmt: skip


def _late_call(call: SafeCall) -> Late:
    """Return who is called because nobody was heard from."""

    def says(rung: Rung, cause: str, person: PersonId | None) -> Message:
        template = "safe_call_late_police" if rung is Rung.POLICE else "safe_call_late"
        return messages.told(call, template, cause, person)

    return Late(
        about=call, asked=call.listeners, helpers=[call.buddy_id, call.planned_by], liaison=call.planned_by,
        event=Event.MISSED_CHECK_IN, asks=lambda cause: messages.told(call, "safe_call_prompt", cause), says=says,
    )  # fmt: skip


async def _unwatched(tx: Transaction, call: SafeCall, now: datetime) -> None:
    """Say to those who listen that nobody is called any more: the case was closed meanwhile."""
    people = dict.fromkeys([*call.listeners, call.buddy_id, call.planned_by])
    told = operation_messages.alone(call, "safe_call_case_closed", people, "case_closed")
    await outbox.post(tx, told, now)
    log.error("safe_call_of_closed_case", row_id=call.id)
    await store.save(tx, rules.called_off(call))
