"""Use cases of safe-calls: plan, heard from, call off, look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import Person
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Case, Compartment, CompartmentId
from core import ledger, outbox
from core.clock import Clock, sensible
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from operations.naming import free_codename
from operations.safe_calls import messages, rules, store
from operations.safe_calls.model import SafeCall, SafeCallId, SafeCallPlan
from safety_plans import store as level_store

# Those that ended are shown for so long.
SHOWN = timedelta(days=2)
ASK_WHO_PLANNED = mark("Only who planned the safe-call, or leads the case, can say this. Ask them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeCallView:
    """A safe-call at a moment, as somebody sees it.

    `late` when its grace is over, `ends` whether they may call it off, `known` that nothing was new.
    """

    call: SafeCall
    circle: str
    late: bool
    ends: bool
    known: bool = False


class SafeCalls:
    """Keeps by when somebody is expected to be heard from."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def plan(
        self, actor: Person, compartment_id: CompartmentId, key: UUID, plan: SafeCallPlan
    ) -> SafeCallView:  # fmt: skip
        """Keep a new safe-call in a circle, once for each key. Raises InvalidInput where something is wrong with it."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case = await case_store.case_of_compartment(tx, compartment_id, lock=True)
            circle = case_rules.compartment_seen_by(case, compartment_id, actor.id)
            case_rules.require_open(case)
            known = await store.safe_calls(tx, [key])
            if known:
                if known[0].compartment_id != circle.id:
                    raise Conflict(mark("This key was used for something else. Plan again with a new key."))
                return self._view(actor, (case, circle, known[0]), known=True)
            wrong = rules.problems(plan, circle.member_ids, now, self._zone)
            if wrong:
                raise InvalidInput(rules.PROBLEMS[wrong[0]])
            call = rules.armed(
                SafeCall(
                    id=SafeCallId(key), case_id=case.id, compartment_id=circle.id, codename=await free_codename(tx),
                    level=await level_store.level(tx, case.id), planned_by=actor.id, planned_at=now,
                    listeners=tuple(dict.fromkeys(plan.listeners)), buddy_id=plan.buddy_id, due_at=plan.due_at,
                    first_due_at=plan.due_at, last_day=plan.last_day,
                )
            )  # fmt: skip
            await store.add(tx, call)
            await outbox.post(tx, [messages.told(call, "safe_call_planned", "planned", actor.id)], now)
            await self._record(tx, "safe_call_planned", actor, call, now)
            return self._view(actor, (case, circle, call))

    async def heard(self, actor: Person, call_id: SafeCallId, at: datetime | None = None) -> SafeCallView:
        """Record that a member of the circle heard from them, now or at a moment; said twice it changes nothing."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            case, circle, before = await self._held(tx, actor, call_id)
            if before.due_at is None and before.heard_at is not None:
                return self._view(actor, (case, circle, before), known=True)
            call = rules.heard(before, actor.id, now if at is None else sensible(at), now, self._zone)
            if call == before:
                return self._view(actor, (case, circle, before), known=True)
            call = rules.with_level(call, await level_store.level(tx, case.id))
            await store.save(tx, call)
            await outbox.post(tx, messages.heard(before, call), now)
            await self._record(tx, "safe_call_heard", actor, call, now)
            return self._view(actor, (case, circle, call))

    async def call_off(self, actor: Person, call_id: SafeCallId) -> SafeCallView:
        """Record that nobody is expected to be heard from any more."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            case, circle, before = await self._held(tx, actor, call_id)
            if not _ends(actor, case, before):
                raise Conflict(ASK_WHO_PLANNED)
            if before.due_at is None:
                return self._view(actor, (case, circle, before), known=True)
            call = rules.called_off(before)
            await store.save(tx, call)
            await outbox.post(tx, [messages.told(call, "safe_call_over", "over", actor.id)], now)
            await self._record(tx, "safe_call_over", actor, call, now)
            return self._view(actor, (case, circle, call))

    async def see_all(self, actor: Person) -> Sequence[SafeCallView]:
        """Return those of the actor's circles that are awaited or ended lately, the next first."""
        async with self._database.reading() as look:
            mine = await case_store.cases_of_person(look, actor.id)
            circles = {
                each.id: (case, each) for case in mine for each in case_rules.as_seen_by(case, actor.id).compartments
            }  # fmt: skip
            found = await store.of_compartments(look, circles, self._clock.now() - SHOWN)
        return [self._view(actor, (*circles[each.compartment_id], each)) for each in found]

    async def _held(
        self, tx: Transaction, actor: Person, call_id: SafeCallId
    ) -> tuple[Case, Compartment, SafeCall]:  # fmt: skip
        found = await store.safe_call(tx, call_id)
        case = await case_store.case(tx, found.case_id, share=True)
        try:
            # Where the circle was closed meanwhile, people are called on: who leads the case must be able to end it.
            circle = case_rules.as_seen_by(case, actor.id).compartment(found.compartment_id)
        except NotFound:
            circle = None
        if circle is None:
            raise NotFound(store.NO_SAFE_CALL)
        (call,) = await store.held(tx, [call_id])
        return case, circle, call

    def _view(
        self, actor: Person, place: tuple[Case, Compartment, SafeCall], *, known: bool = False
    ) -> SafeCallView:  # fmt: skip
        case, circle, call = place
        late, ends = rules.late(call, self._clock.now()), call.due_at is not None and _ends(actor, case, call)
        return SafeCallView(call=call, circle=circle.codename, late=late, ends=ends, known=known)

    async def _record(self, tx: Transaction, act: str, actor: Person, call: SafeCall, now: datetime) -> None:
        await ledger.record(
            tx, ledger.Act(act=act, at=now, person_id=actor.id, case_id=call.case_id, object_id=call.id)
        )  # fmt: skip


def _ends(actor: Person, case: Case, call: SafeCall) -> bool:
    """Whether somebody may say that nobody is expected any more."""
    return actor.id in {call.planned_by, *case.leaders}
