"""What happens when a step is late, rung by rung, and when something is to be done before and after the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import PersonId
from alerts.vocabulary import Event
from cases import store as case_store
from cases.model import Case, CaseId
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message
from core.sweep import sweep
from operations import countdown, looking, messages, store
from operations.countdown import Task
from operations.lateness import Rung, climb
from operations.model import Milestone, Operation, OperationId, OperationStatus
from operations.rungs import Late, climbed
from operations.running import ended_with_case, lateness_begins, with_step
from operations.store import SQL
from safety_plans.opening import calendar_of

log = logs.get(__name__)

NAME = "milestones"
COUNTDOWN = "countdowns"


async def call_for_late(database: Database, clock: Clock) -> int:
    """Take every step that is late one rung further, or as many as are due; return how many."""

    async def handle(tx: Transaction, step_ids: Sequence[UUID], now: datetime) -> None:
        wanted = frozenset(step_ids)
        for operation, case in await _held(tx, await store.cases_of_milestones(tx, step_ids)):
            if not case.open:
                await _unwatched(tx, operation, now)
                continue
            for step in operation.milestones:
                if step.id in wanted and step.next_step_at is not None and step.next_step_at <= now:
                    await _late(tx, operation, step, case, now)

    return await sweep(database, clock, NAME, SQL["claim_milestones"], handle)


async def count_down(database: Database, clock: Clock, zone: ZoneInfo) -> int:
    """Tell every task that is due; return of how many operations."""

    async def handle(tx: Transaction, operation_ids: Sequence[UUID], now: datetime) -> None:
        for operation, case in await _held(tx, await store.cases_of_operations(tx, operation_ids)):
            if operation.next_task_at is not None and operation.next_task_at <= now:
                await _tasks(tx, operation, case, zone, now)

    return await sweep(database, clock, COUNTDOWN, SQL["claim_countdowns"], handle)


async def next_late(database: Database) -> datetime | None:
    """Return when the next step is late, or its next rung is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_milestone"])
    return moment


async def next_task(database: Database) -> datetime | None:
    """Return when the next task is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(SQL["next_countdown"])
    return moment


async def _held(tx: Transaction, found: dict[OperationId, CaseId]) -> Iterable[tuple[Operation, Case]]:
    """Return these operations, held, with their cases: the cases first, the order in which people hold them."""
    cases = await case_store.shared_cases(tx, set(found.values()))
    return [(each, cases[each.case_id]) for each in (await store.held(tx, list(found))).values()]


async def _unwatched(tx: Transaction, operation: Operation, now: datetime) -> None:
    """Say to those who look after the day that nobody watches it any more: its case was closed meanwhile."""
    people = dict.fromkeys([operation.coordinator_id, operation.buddy_id])
    await outbox.post(tx, messages.alone(operation, "operation_case_closed", people, "case_closed"), now)
    log.error("operation_of_closed_case", row_id=operation.id)
    await store.save(tx, ended_with_case(operation))


async def _late(tx: Transaction, operation: Operation, step: Milestone, case: Case, now: datetime) -> None:
    begins = lateness_begins(step) or now
    reached = climb(operation.level, begins, step.rung, now)
    said: list[Message] = []
    for number, rung in enumerate(reached.rungs):
        # Raised again it is another alert each time.
        anew = f":{now.isoformat()}" if rung is Rung.AGAIN else ""
        cause = messages.cause_of(step, f"{rung}:{step.rung + number}{anew}")
        said += await climbed(tx, _late_step(operation, step), case, rung, cause, now)
    await store.save(tx, with_step(operation, step, rung=max(reached.climbed, 1), next_step_at=reached.next_step_at))
    await outbox.post(tx, said, now)
    await ledger.record(
        tx,
        ledger.Act(
            act="milestone_late" if step.rung == 0 else "milestone_later", at=now, actor_kind="system",
            case_id=case.id, object_id=operation.id,
            facts={
                "position": step.position, "step": step.kind, "rungs": ",".join(reached.rungs),
                **({"drill": True} if operation.drill else {}),
            },
        ),
    )  # fmt: skip


def _late_step(operation: Operation, step: Milestone) -> Late:
    """Return who is called about a step of a way."""
    receiver = operation.receiver_id if step is operation.hand_over else None
    prompt = "operation_prompt" if receiver is None else "operation_prompt_hand_over"

    def says(rung: Rung, cause: str, person: PersonId | None) -> Message:
        template = "operation_late_police" if rung is Rung.POLICE else "operation_late"
        return messages.told(operation, template, cause, person, step=step)

    return Late(
        about=operation, asked=[*step.confirmers, *([receiver] if receiver else [])],
        helpers=[operation.buddy_id, operation.coordinator_id],
        liaison=operation.liaison_id or operation.coordinator_id, event=Event.MISSED_MILESTONE,
        asks=lambda cause: messages.told(operation, prompt, cause, receiver, step=step), says=says,
    )  # fmt: skip


async def _tasks(tx: Transaction, operation: Operation, case: Case, zone: ZoneInfo, now: datetime) -> None:
    """Tell what is due of the countdown; after an outage only the last of it, for that is what is to be done now."""
    found = countdown.tasks(operation, await calendar_of(tx, case, zone))
    due = [each for each in found[operation.task :] if each.at <= now]
    known = operation.task + len(due)
    later = found[known].at if known < len(found) and case.open else None
    wanted = [each for each in due if countdown.wanted(operation, each.task)] if case.open else []
    for each in wanted[-1:]:
        await _tell(tx, operation, each.task, case, now)
    if case.open and operation.status is OperationStatus.GO and any(each.task is Task.NOT_GONE for each in due):
        await _look_again(tx, operation, case, now)
    await store.save(tx, countdown.told(operation, known, later))


async def _look_again(tx: Transaction, operation: Operation, case: Case, now: datetime) -> None:
    """Say shortly before what has come to be missing since go was said; nothing where nothing has."""
    circle = case.compartment(operation.compartment_id)
    ready = None if circle is None else await looking.readiness(tx, case, circle, operation, now)
    if ready is not None and ready.hard:
        told = messages.readiness(operation, ready, f"looked_again:{operation.begins_at.isoformat()}")
        # Whoever said go knows of most of it: nobody is rung for this.
        await outbox.post(tx, [told], now)


async def _tell(tx: Transaction, operation: Operation, task: Task, case: Case, now: datetime) -> None:
    people = [operation.coordinator_id]
    if countdown.loud(task):
        people += [operation.buddy_id, *case.leaders]
    message = messages.told(
        operation, messages.TASKS[task], f"{task}:{operation.begins_at.isoformat()}", operation.coordinator_id,
        at=operation.begins_at,
    )  # fmt: skip
    said = messages.ringing(message, people, alone=countdown.loud(task))
    circle = case.compartment(operation.compartment_id)
    if task in countdown.SAYS_WHAT_IS_MISSING and circle is not None:
        ready = await looking.readiness(tx, case, circle, operation, now)
        said.append(messages.readiness(operation, ready, f"{task}:ready:{operation.begins_at.isoformat()}"))
    await outbox.post(tx, said, now)
    await ledger.record(
        tx,
        ledger.Act(
            act="operation_task_due", at=now, actor_kind="system", case_id=case.id, object_id=operation.id,
            facts={"task": task.value},
        ),
    )  # fmt: skip
