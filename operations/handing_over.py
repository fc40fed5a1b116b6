"""The hand-over at the end of a way: who receives says that somebody was taken over, or not, and why.

Until then whoever brings them answers for them (network's rules for alerts and operations, *Protective operations*).
By what both know each other stands in the sealed brief, and is never told here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies import contacts
from agencies import store as directory
from agencies.model import Person, PersonId, Role
from cases.model import Case, Compartment
from core import ledger, outbox
from core.clock import Clock, sensible
from core.database import Database, Reading
from core.errors import Conflict, InvalidInput
from core.outbox import Message
from core.texts import mark
from operations import acting, confirming, messages, running
from operations.acting import Deed, OperationView
from operations.model import HandOver, Milestone, Operation, OperationId, Refusal
from operations.planning import PROBLEMS, may_receive
from operations.transitions import AHEAD, RUNNING

NOBODY_RECEIVES = mark("Nobody is to be taken over on this operation. See who receives: {command}")
SHOW = "streha operation show"
NOT_YOURS = mark(
    "That somebody was taken over says who receives; or the coordinator or the buddy, if they heard it from them and "
    "do not go along themselves. Ask them."
)
ACCEPTED_ALREADY = mark("They were taken over already. Talk about it with who received them.")
OVER = mark("The way was ended before anybody was taken over. They stay with who brought them.")
NO_ARRIVAL = mark("No arrival with a time is still to come on this way, so nobody can be named who receives there.")
_RECEIVED = Deed(act="operation_received", template="operation_received")
_REFUSED = Deed(act="operation_refused")
_NAMED = Deed(act="operation_receiver_named", template="operation_receiver")


class HandingOver:
    """Takes the words of who receives."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(time_zone)

    async def receive(
        self, actor: Person, operation_id: OperationId, written_at: datetime | None = None
    ) -> OperationView:
        """Record that somebody was taken over, as who receives says, or told who leads or looks after the day."""
        now = self._clock.now()
        written = now if written_at is None else sensible(written_at)
        async with self._database.transaction(urgent=True) as tx:
            place = await acting.held(tx, actor, operation_id)
            step, heard_from = _spoken_for(actor, place[0], place[2])
            return await confirming.confirm(
                tx, _RECEIVED, actor, place, step.position, written, now, self._zone, heard_from=heard_from
            )  # fmt: skip

    async def refuse(self, actor: Person, operation_id: OperationId, why: Refusal) -> OperationView:
        """Record that somebody was not taken over, and why; everybody who must find another place is rung at once."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            case, circle, before = await acting.held(tx, actor, operation_id)
            _step, heard_from = _spoken_for(actor, case, before)
            _require_open(before)
            running.require_running(before)
            if before.refusal is why:
                return acting.view(actor, (case, circle, before), now, known=True)
            operation = replace(before, refused_at=now, refusal=why)
            await acting.keep(tx, case, operation, self._zone)
            await outbox.post(tx, await _refused(tx, case, circle, operation, heard_from or actor.id, now), now)
            await ledger.record(tx, acting.recorded(_REFUSED, actor, operation, now, {"why": why}))
            return acting.view(actor, (case, circle, operation), now)

    async def name(self, actor: Person, operation_id: OperationId, receiver: PersonId) -> OperationView:
        """Record who receives instead, at any time until somebody has taken them over."""
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            case, circle, before = await acting.held(tx, actor, operation_id)
            acting.require_leads(actor, case, before)
            _require_open(before)
            if before.status not in RUNNING | AHEAD:
                raise Conflict(running.NOT_UNDER_WAY)
            if before.receiver_id == receiver and before.refusal is None:
                return acting.view(actor, (case, circle, before), now, known=True)
            operation = replace(before, receiver_id=receiver, refused_at=None, refusal=None)
            if receiver not in circle.member_ids:
                raise InvalidInput(PROBLEMS["not_members"])
            if not may_receive(receiver, operation.buddy_id, operation.milestones):
                raise InvalidInput(PROBLEMS["receiver"])
            if operation.handed_over is not HandOver.AWAITED:
                # There is no such step, or those who go have confirmed it themselves.
                raise Conflict(NO_ARRIVAL)
            await acting.keep(tx, case, operation, self._zone)
            told = messages.told(
                operation, _NAMED.template, f"receiver:{now.isoformat()}", actor.id, more={"other": str(receiver)}
            )
            await outbox.post(tx, messages.ringing(told, [receiver]), now)
            await ledger.record(tx, acting.recorded(_NAMED, actor, operation, now, {"receiver": str(receiver)}))
            return acting.view(actor, (case, circle, operation), now)


def require_not_the_hand_over(operation: Operation, position: int) -> None:
    """Refuse the word of anybody else for the step that who receives confirms."""
    step = operation.hand_over
    if step is not None and step.position == position and step.confirmed_at is None:
        raise Conflict(NOT_YOURS)


def _spoken_for(actor: Person, case: Case, operation: Operation) -> tuple[Milestone, PersonId | None]:
    """Return the step of the hand-over, and whom the actor heard it from; refuse whoever cannot say it."""
    acting.require_part(actor, case, operation)
    step, receiver = operation.hand_over, operation.receiver_id
    if step is None or receiver is None:
        raise Conflict(NOBODY_RECEIVES, command=SHOW)
    if actor.id == receiver:
        return step, None
    goes = any(actor.id in each.confirmers for each in operation.milestones)
    if goes or actor.id not in {operation.coordinator_id, operation.buddy_id, *case.leaders}:
        raise Conflict(NOT_YOURS)
    return step, receiver


def _require_open(operation: Operation) -> None:
    """Refuse what is said of a hand-over that was, or never will be."""
    if operation.handed_over is HandOver.ACCEPTED:
        raise Conflict(ACCEPTED_ALREADY)
    if operation.handed_over is HandOver.OVER:
        raise Conflict(OVER)


async def _refused(
    tx: Reading, case: Case, circle: Compartment, operation: Operation, by: PersonId, now: datetime
) -> list[Message]:
    """Return what everybody hears who must find another place: the circle what it is, both supervisors whom to ring."""
    cause = f"refused:{now.isoformat()}"
    told = messages.refused(operation, cause, by)
    people = sorted((operation.people | {*case.leaders}) & circle.member_ids)
    said = messages.ringing(told, people, alone=True)
    called = dict.fromkeys(people)
    for supervisor, to_ring in await _supervisors(tx, case, operation):
        if supervisor not in people:
            said += messages.supervisor(operation, cause, supervisor, to_ring)
            called[supervisor] = None
    # At night a message wakes nobody.
    waking = [each for each, _ in await contacts.contacts_of(tx, list(called), [])]
    return said + messages.calling(operation, cause, waking)


async def _supervisors(tx: Reading, case: Case, operation: Operation) -> Sequence[tuple[PersonId, PersonId]]:
    """Return who answers for safety at both agencies, and whom of their own each rings; else its administrators."""
    named = [operation.coordinator_id, *([operation.receiver_id] if operation.receiver_id else [])]
    people = await directory.people(tx, named)
    own = {people[each].agency_id: each for each in reversed(named) if each in people}
    staff = [each for each in await directory.staff(tx, own) if each.id not in case.excluded_ids]
    officers = [each for each in staff if each.role is Role.SECURITY_OFFICER]
    without = own.keys() - {each.agency_id for each in officers}
    officers += [each for each in staff if each.agency_id in without and each.role is Role.ADMINISTRATOR]
    return [(each.id, own[each.agency_id]) for each in officers]
