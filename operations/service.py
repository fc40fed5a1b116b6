"""Use cases of operations as a whole: plan, plan anew, approve, go, postpone, close, look."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import Person
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Case, Compartment, CompartmentId
from core import key_holders, ledger, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput
from core.ids import new_id
from core.outbox import Message
from core.texts import mark
from operations import acting, countdown, drills, looking, messages, planning, running, store
from operations.acting import ASK_THE_COORDINATOR, Deed, OperationView
from operations.model import Despite, Milestone, MilestoneId, Operation, OperationId, OperationStatus
from operations.naming import free_codename
from operations.planning import PROBLEMS, Plan
from operations.readiness import Readiness, require
from operations.transitions import AHEAD, RUNNING, Move, after, may
from safety_plans import store as level_store
from safety_plans.clocks.days import Days
from safety_plans.clocks.rules import Spans
from safety_plans.model import Level
from safety_plans.opening import calendar_of

# The stricter first.
_STRICTNESS = (Level.VERY_HIGH, Level.HIGH, Level.NOT_YET_ASSESSED, Level.MEDIUM, Level.LOW)
_OVER = mark("This operation is over. Plan a new one.")
_PLANNED = Deed(act="operation_planned", template="operation_planned")
_REACHED = {
    Move.APPROVE: OperationStatus.APPROVED, Move.GO: OperationStatus.GO, Move.POSTPONE: OperationStatus.POSTPONED,
    Move.CLOSE: OperationStatus.CLOSED,
}  # fmt: skip


class Operations:
    """Keeps ways that are watched step by step."""

    def __init__(self, database: Database, clock: Clock, time_zone: str, spans: Spans) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)
        self._days = Days(time_zone, spans)

    async def plan(self, actor: Person, compartment_id: CompartmentId, key: UUID, plan: Plan) -> OperationView:
        """Keep a new plan in a circle, once for each key. Raises InvalidInput with everything that is wrong with it."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case, circle = await self._circle(tx, actor, compartment_id, lock=True)
            found = await store.operations(tx, [OperationId(key)])
            if found:
                if found[0].compartment_id != circle.id:
                    raise Conflict(mark("This key was used for something else. Plan again with a new key."))
                drills.require_same(found[0], plan)
                return acting.view(actor, (case, circle, found[0]), now, known=True)
            _require(plan, circle, now)
            operation = Operation(
                id=OperationId(key), case_id=case.id, compartment_id=circle.id, codename=await free_codename(tx),
                level=await level_store.level(tx, case.id), status=OperationStatus.PLANNED,
                coordinator_id=plan.coordinator_id,
                buddy_id=plan.buddy_id, liaison_id=plan.liaison_id, begins_at=plan.begins_at, ends_at=plan.ends_at,
                planned_at=now, milestones=_steps(plan), place_token=plan.place_token, receiver_id=plan.receiver_id,
                drill=plan.drill,
            )  # fmt: skip
            operation = await self._counted(tx, case, operation, now)
            await store.add(tx, operation)
            if not operation.drill:
                await self._days.add(tx, case, operation.begins_at, now)
            told = messages.told(operation, "operation_planned", "planned", actor.id, at=operation.begins_at)
            await outbox.post(tx, [told, *await self._same_place(tx, case, operation)], now)
            await ledger.record(tx, acting.recorded(_PLANNED, actor, operation, now))
            return acting.view(actor, (case, circle, operation), now)

    async def plan_anew(self, actor: Person, operation_id: OperationId, plan: Plan) -> OperationView:
        """Put another plan in the place of one that nobody has begun; it is to be approved again.

        Raises Conflict where somebody may have set out: whoever is late would be awaited no more.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case, circle, before = await acting.held(tx, actor, operation_id, lock=True)
            acting.require_leads(actor, case, before)
            if not may(before.status, Move.PLAN_ANEW):
                raise Conflict(running.NOT_UNDER_WAY if before.status in RUNNING else _OVER)
            running.require_nobody_out(before, now)
            drills.require_same(before, plan)
            _require(plan, circle, now)
            operation = replace(
                before, status=OperationStatus.PLANNED, level=await level_store.level(tx, case.id),
                coordinator_id=plan.coordinator_id, buddy_id=plan.buddy_id, liaison_id=plan.liaison_id,
                begins_at=plan.begins_at, ends_at=plan.ends_at, milestones=_steps(plan), delayed_minutes=0,
                dark_until=None, place_token=plan.place_token or self._kept_place(before, plan),
                receiver_id=plan.receiver_id, refused_at=None, refusal=None,
            )  # fmt: skip
            operation = await self._counted(tx, case, operation, now)
            await store.replace_steps(tx, operation)
            await store.save(tx, operation)
            await acting.keep_together(tx, operation)
            if before.begins_at != operation.begins_at and not operation.drill:
                await self._days.take(tx, case, before.begins_at, now)
            if not operation.drill:
                await self._days.add(tx, case, operation.begins_at, now)
            cause = f"planned:{now.isoformat()}"
            told = messages.told(operation, "operation_planned", cause, actor.id, at=operation.begins_at)
            await outbox.post(tx, [told, *await self._same_place(tx, case, operation)], now)
            await ledger.record(tx, acting.recorded(_PLANNED, actor, operation, now, {"anew": True}))
            return acting.view(actor, (case, circle, operation), now)

    async def approve(self, actor: Person, operation_id: OperationId) -> OperationView:
        """Record that a leader of the case agrees to the plan as it is."""
        return await self._lead(actor, operation_id, Move.APPROVE)

    async def go(self, actor: Person, operation_id: OperationId, despite: Despite | None = None) -> OperationView:
        """Record that it begins: from now on the first step is watched.

        Raises Conflict where something is missing (`readiness`), unless the actor takes that upon them and says why.
        """
        return await self._lead(actor, operation_id, Move.GO, despite)

    async def readiness(self, actor: Person, operation_id: OperationId) -> Readiness:
        """Return what is missing before somebody goes, as it is now, and have the bot see to the channel's keys."""
        async with self._database.transaction() as tx:
            operation = await store.operation(tx, operation_id)
            case = await case_store.case(tx, operation.case_id)
            circle = acting.seen(case, actor, operation)
            await key_holders.warm(tx)
            return await looking.readiness(tx, case, circle, operation, self._clock.now())

    async def postpone(self, actor: Person, operation_id: OperationId) -> OperationView:
        """Record that nobody goes on the day that was set; nothing of it reminds anybody any more."""
        return await self._lead(actor, operation_id, Move.POSTPONE)

    async def close(self, actor: Person, operation_id: OperationId) -> OperationView:
        """Record that nothing of it is left to do, though nobody confirmed that people talked about it."""
        return await self._lead(actor, operation_id, Move.CLOSE)

    async def see(self, actor: Person, operation_id: OperationId) -> OperationView:
        """Return an operation to the members of its circle."""
        async with self._database.transaction() as tx:
            operation = await store.operation(tx, operation_id)
            case = await case_store.case(tx, operation.case_id)
            circle = acting.seen(case, actor, operation)
        return acting.view(actor, (case, circle, operation), self._clock.now())

    async def see_all(
        self, actor: Person, statuses: Collection[OperationStatus] | None = None, *, ended: bool = False
    ) -> list[OperationView]:
        """Return the operations of the actor's circles, in these states where any are named, the first first.

        With those that are over only where `ended`: of them nothing is left to do, and nobody is awaited.
        """
        async with self._database.reading() as look:
            mine = await case_store.cases_of_person(look, actor.id)
            circles = {
                each.id: (case, each) for case in mine for each in case_rules.as_seen_by(case, actor.id).compartments
            }  # fmt: skip
            found = await store.of_compartments(look, circles, statuses, ended=ended)
        now = self._clock.now()
        return [
            acting.view(actor, (*circles[each.compartment_id], each), now)
            for each in found
            if acting.shown_in(circles[each.compartment_id][1], each)
        ]

    async def running_in(self, actor: Person, compartment_id: CompartmentId | None) -> list[OperationView]:
        """Return the operations under way in a circle, else in all circles of the actor in which they have a part.

        With them those of which everybody is home: that people talked about it is said still.
        """
        found = await self.see_all(actor, RUNNING | {OperationStatus.COMPLETED}, ended=True)
        if compartment_id is None:
            return [each for each in found if actor.id in each.operation.people and each.operation.next is not None]
        return [each for each in found if each.operation.compartment_id == compartment_id]

    async def _lead(
        self, actor: Person, operation_id: OperationId, move: Move, despite: Despite | None = None
    ) -> OperationView:
        """Do what those who lead say of an operation as a whole; said twice it changes nothing."""
        deed = acting.LED[move]
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case, circle, before = await acting.held(tx, actor, operation_id, lock=move is Move.POSTPONE)
            if deed.leaders_only and actor.id not in case.leaders:
                raise Conflict(ASK_THE_COORDINATOR)
            acting.require_leads(actor, case, before)
            if before.status is _REACHED[move]:
                return acting.view(actor, (case, circle, before), now, known=True)
            facts: dict[str, str | int | bool] = {}
            said: list[Message] = []
            if move is Move.GO:
                # What cannot be is said first: nobody mends what is missing for nothing.
                after(before.status, move)
                ready = await looking.readiness(tx, case, circle, before, now)
                if before.drill:
                    # An exercise goes on without; what is missing is said all the same.
                    await drills.require_alone(tx, before)
                    said.append(messages.readiness(before, ready, f"drill_ready:{now.isoformat()}"))
                else:
                    require(ready, despite)
                    await key_holders.plan_window(tx, acting.keys_of(before, now))
                if ready.hard and despite is not None and not before.drill:
                    facts = {"despite": despite, "missing": ",".join(each.what for each in ready.hard)}
                    said.append(messages.despite(before, actor.id, despite, len(ready.hard), now))
                strict = min(before.level, await level_store.level(tx, case.id), key=_STRICTNESS.index)
                operation = running.gone(replace(before, level=strict))
            elif move is Move.APPROVE:
                operation = replace(before, status=after(before.status, move))
            else:
                operation = running.ended(before, move, now)
            await acting.keep(tx, case, operation, self._zone)
            if move is Move.POSTPONE and not operation.drill:
                await self._days.take(tx, case, before.begins_at, now)
            if deed.template:
                step = operation.watched if move is Move.GO else None
                told = messages.told(
                    operation, deed.template, f"{move}:{now.isoformat()}", actor.id, step=step,
                    at=None if step is not None or move is Move.POSTPONE else operation.begins_at,
                )  # fmt: skip
                said.append(told)
            await outbox.post(tx, said, now)
            await ledger.record(tx, acting.recorded(deed, actor, operation, now, facts))
            return acting.view(actor, (case, circle, operation), now)

    async def _counted(self, tx: Transaction, case: Case, operation: Operation, now: datetime) -> Operation:
        """Return an operation that is planned, with its countdown from the first task that is to come."""
        if operation.drill:
            return countdown.told(operation, 0, None)
        found = countdown.tasks(operation, await calendar_of(tx, case, self._zone))
        first = countdown.first(found, now)
        return countdown.told(operation, first, found[first].at)

    def _kept_place(self, before: Operation, plan: Plan) -> bytes | None:
        """Return the token of before where the day is the same: of another day it would say nothing."""
        days = {each.astimezone(self._zone).date() for each in (before.begins_at, plan.begins_at)}
        return before.place_token if len(days) == 1 else None

    async def _same_place(self, tx: Transaction, case: Case, operation: Operation) -> list[Message]:
        """Return what two coordinators hear who may meet: that they ring each other, and nothing more."""
        if operation.drill:
            return []
        others = await store.at_the_same_place(tx, operation, AHEAD | RUNNING)
        cases = {each.id: each for each in await case_store.cases(tx, {each for each, _ in others})}
        said: list[Message] = []
        for case_id, other in others:
            apart = operation.coordinator_id in cases[case_id].excluded_ids or other in case.excluded_ids
            if other != operation.coordinator_id and not apart:
                said += messages.same_place(operation, other)
        return said

    async def _circle(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, *, lock: bool = False
    ) -> tuple[Case, Compartment]:
        case = await case_store.case_of_compartment(tx, compartment_id, lock=lock)
        circle = case_rules.compartment_seen_by(case, compartment_id, actor.id)
        case_rules.require_open(case)
        return case, circle


def _require(plan: Plan, circle: Compartment, now: datetime) -> None:
    found = planning.problems(plan, circle.member_ids, now)
    if found:
        raise InvalidInput(PROBLEMS[found[0]])


def _steps(plan: Plan) -> list[Milestone]:
    return [
        Milestone(
            id=MilestoneId(new_id()), position=number, kind=each.kind, planned_at=each.due_at, due_at=each.due_at,
            confirmers=each.confirmers,
        )
        for number, each in enumerate(plan.steps, start=1)
    ]  # fmt: skip
