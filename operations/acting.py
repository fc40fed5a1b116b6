"""What every use case of an operation needs: whose it is to say, the operation held, kept, recorded, and its view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agencies.model import Person
from alerts.duress.companions import go_along
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Case, Compartment
from core import ledger
from core.database import Transaction
from core.errors import Conflict, NotFound
from core.key_holders import KeyWindow
from core.texts import mark
from operations import countdown, messages, running, store
from operations.model import Operation, OperationId, OperationStatus
from operations.readiness import AFTERWARDS
from operations.transitions import RUNNING, Move, may
from safety_plans.opening import calendar_of

ASK_THE_COORDINATOR = mark("Only the coordinator of the operation or a leader of the case can say this. Ask them.")
NO_PART = mark("Only who has a part in the operation, or leads its case, can say this. Ask them.")


# They meet so long before a way begins; and where nobody ends it, so long after its end nobody knows any more.
TOGETHER_BEFORE, TOGETHER_AFTER = timedelta(hours=2), timedelta(days=3)
# Keys are given out so long before a way.
KEYS_BEFORE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What people do with an operation: how the ledger names it, and by which sentence the channel hears of it."""

    act: str
    template: str = ""
    leaders_only: bool = False


# What those who lead say of an operation as a whole.
LED: dict[Move, Deed] = {
    Move.APPROVE: Deed(act="operation_approved", template="operation_approved", leaders_only=True),
    Move.GO: Deed(act="operation_gone", template="operation_gone"),
    Move.POSTPONE: Deed(act="operation_postponed", template="operation_postponed"),
    Move.CLOSE: Deed(act="operation_closed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """An operation at a moment, as somebody sees it.

    `late` are the positions of steps whose grace is over, `decisions` what they may say of it as a whole as it stands,
    `leads` that they lead the day or its case, `plans_anew` that they may put another plan in its place, `known` that
    nothing was new.
    """

    operation: Operation
    circle: str
    late: Sequence[int]
    now: datetime
    decisions: Sequence[Move]
    leads: bool
    plans_anew: bool
    known: bool = False


def view(
    actor: Person, place: tuple[Case, Compartment, Operation], now: datetime, *, known: bool = False
) -> OperationView:
    """Return an operation, with its case and circle, as a member of the circle sees it."""
    case, circle, operation = place
    leads = _leads(actor, case, operation)
    late = [
        each.position
        for each in operation.milestones
        if each.next_step_at is not None and running.missed(operation.level, each, now)
    ]
    return OperationView(
        operation=operation, circle=circle.codename, late=late, now=now,
        decisions=_decisions(actor, case, operation, now),
        plans_anew=leads and may(operation.status, Move.PLAN_ANEW) and not running.may_be_out(operation, now),
        leads=leads, known=known,
    )  # fmt: skip


async def held(
    tx: Transaction, actor: Person, operation_id: OperationId, *, lock: bool = False
) -> tuple[Case, Compartment, Operation]:
    """Return an operation, held, its case and circle: the case first, the order in which sweeps hold them.

    With `lock` the case is held for a change too. Raises NotFound for whoever is not in the circle.
    """
    found = await store.operation(tx, operation_id)
    case = await case_store.case(tx, found.case_id, lock=lock, share=not lock)
    circle = seen(case, actor, found)
    return case, circle, (await store.held(tx, [operation_id]))[operation_id]


def seen(case: Case, actor: Person, operation: Operation) -> Compartment:
    """Return the circle of an operation. To whoever is not in it, the operation does not exist.

    Where it was closed while somebody is out, people are called on: who leads the case must be able to end that.
    """
    try:
        circle = case_rules.as_seen_by(case, actor.id).compartment(operation.compartment_id)
    except NotFound:
        circle = None
    if circle is None or not shown_in(circle, operation):
        raise NotFound(store.NO_OPERATION)
    return circle


def shown_in(circle: Compartment, operation: Operation) -> bool:
    """Whether an operation is shown to those who see its circle: of one that was closed only what is under way."""
    return circle.open or operation.status in RUNNING


def require_leads(actor: Person, case: Case, operation: Operation) -> None:
    """Refuse whoever leads neither the operation nor its case."""
    if not _leads(actor, case, operation):
        raise Conflict(ASK_THE_COORDINATOR)


def _leads(actor: Person, case: Case, operation: Operation) -> bool:
    return actor.id in {operation.coordinator_id, *case.leaders}


def _decisions(actor: Person, case: Case, operation: Operation, now: datetime) -> list[Move]:
    if not _leads(actor, case, operation):
        return []
    return [
        move
        for move, deed in LED.items()
        if may(operation.status, move)
        and (actor.id in case.leaders or not deed.leaders_only)
        and not (move in {Move.POSTPONE, Move.CLOSE} and running.still_awaited(operation, move, now))
    ]


def require_part(actor: Person, case: Case, operation: Operation) -> None:
    """Refuse whoever neither has a part in the operation nor leads its case."""
    if actor.id not in operation.people | {*case.leaders}:
        raise Conflict(NO_PART)


async def keep(tx: Transaction, case: Case, operation: Operation, zone: ZoneInfo) -> None:
    """Save an operation with its countdown as it now is: what is stale is told no more."""
    if operation.drill:
        # Nothing is to be done before an exercise or after it.
        await store.save(tx, countdown.told(operation, operation.task, None))
        return
    found = countdown.tasks(operation, await calendar_of(tx, case, zone))
    left = operation.task < len(found) and operation.status is not OperationStatus.POSTPONED
    await store.save(tx, countdown.told(operation, operation.task, found[operation.task].at if left else None))
    await keep_together(tx, operation)


async def keep_together(tx: Transaction, operation: Operation) -> None:
    """Keep who is on the way together as it now is: of duress nobody is told who stands beside whoever is forced.

    Nobody is on the way in an exercise.
    """
    if operation.drill:
        return
    await go_along(
        tx, operation.id, running.on_the_way(operation), operation.begins_at - TOGETHER_BEFORE,
        operation.ends_at + TOGETHER_AFTER,
    )  # fmt: skip


def recorded(
    deed: Deed, actor: Person, operation: Operation, now: datetime, facts: dict[str, str | int | bool] | None = None
) -> ledger.Act:  # fmt: skip
    """Return what was done, as the ledger keeps it."""
    act = deed.act
    facts = {**(facts or {}), **({"drill": True} if operation.drill else {})}
    return ledger.Act(
        act=act, at=now, person_id=actor.id, case_id=operation.case_id, object_id=operation.id, facts=facts
    )


def keys_of(operation: Operation, now: datetime) -> KeyWindow:
    """Return the time in which everybody holds the key of the channel, and it does not change."""
    return KeyWindow(
        target=messages.channel(operation), opens_at=max(now, operation.begins_at - KEYS_BEFORE),
        closes_at=max(now, operation.ends_at) + AFTERWARDS,
    )  # fmt: skip
