"""The day itself: what a word on the way changes. Pure rules over an operation and moments.

A word is for the step that its author knew: a telephone that comes back after an hour sends what was written then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from agencies.model import PersonId
from core.errors import Conflict, InvalidInput
from core.texts import mark
from operations.lateness import missed_at
from operations.model import HandOver, Milestone, MilestoneKind, Operation, OperationStatus
from operations.transitions import RUNNING, Move, after, may
from safety_plans.model import Level

# Two people who go together write the same: words so close to the last are about that step.
ONE_STEP = timedelta(minutes=2)
LONGEST_DELAY = timedelta(hours=4)
LONGEST_DARK = timedelta(hours=8)

NOT_UNDER_WAY = mark("This operation is not under way: nobody is expected now.")
ALL_DONE = mark("Every step of this operation is confirmed already.")
OUT = mark("Somebody may have set out by now. Say how it goes, or end it early; then it can be planned anew.")
STILL_AWAITED = mark("Somebody is still awaited at home. Confirm that they are there, then close it.")
NO_STEP = mark("This operation has no such step. Look at it again.")
NOT_TO_COME = mark("In the time that is to come nothing was reached yet. Check the time.")
DELAY_LIMIT = mark("A delay is of 1 to 240 minutes. For a longer one postpone the operation, or abort it.")
DARK_LIMIT = mark("A silence is of 1 to 480 minutes. Announce it again when you are heard from.")


def gone(operation: Operation) -> Operation:
    """Return the operation with its first step watched: somebody said go."""
    return _armed(replace(operation, status=after(operation.status, Move.GO)))


def require_running(operation: Operation) -> None:
    """Refuse words about a way that nobody is on."""
    if operation.status not in RUNNING and operation.status is not OperationStatus.COMPLETED:
        raise Conflict(NOT_UNDER_WAY)


def meant(operation: Operation, written_at: datetime) -> Milestone | None:
    """Return the step that a bare word of this moment confirms; nothing where it repeats the last one.

    What was written before the last step was confirmed, or within two minutes of it, is about that step. Once a step
    with a time is due it answers the question for that one, whatever without a time stands before it.
    """
    require_running(operation)
    last = max((each.written_at for each in operation.milestones if each.written_at is not None), default=None)
    if last is not None and written_at - last < ONE_STEP:
        return None
    if operation.next is None:
        raise Conflict(ALL_DONE)
    watched = operation.watched
    asked = watched is not None and watched.due_at is not None and watched.due_at <= written_at
    return watched if asked else operation.next


def confirmed(
    operation: Operation, position: int, by: PersonId, written_at: datetime, now: datetime, *,
    heard_from: PersonId | None = None,
) -> Operation:  # fmt: skip
    """Return the operation with a step confirmed; those before it are passed. Said twice it changes nothing.

    A step that was passed can still be confirmed, with its own time: nothing goes backwards by it, and a silence goes
    on. The hand-over is never passed: as long as nobody has taken over whoever is brought, it is asked for. Raises
    InvalidInput for a step that is not there and for what is to come.
    """
    require_running(operation)
    step = next((each for each in operation.milestones if each.position == position), None)
    if step is None:
        raise InvalidInput(NO_STEP)
    if written_at > now + ONE_STEP:
        raise InvalidInput(NOT_TO_COME)
    if step.confirmed_at is not None:
        return operation
    done = replace(
        step, confirmed_at=now, confirmed_by=by, heard_from=heard_from, written_at=min(written_at, now), passed=False,
        next_step_at=None,
    )  # fmt: skip
    milestones = [
        done if each is step
        else replace(each, passed=True, next_step_at=None)
        if each.position < position and each.waits and each is not operation.hand_over
        else each
        for each in operation.milestones
    ]  # fmt: skip
    reached = replace(operation, milestones=milestones, status=after(operation.status, Move.SET_OUT))
    return _armed(_completed(_heard(reached, min(written_at, now)) if step.waits else reached))


def delayed(operation: Operation, minutes: int, said_at: datetime) -> Operation:
    """Return the operation with every step to come later by so many minutes, from when that was said if one is late.

    A silence goes on: that they are later says nothing of telephones.
    """
    require_running(operation)
    if not timedelta() < timedelta(minutes=minutes) <= LONGEST_DELAY:
        raise InvalidInput(DELAY_LIMIT)
    watched = operation.watched
    if watched is None or watched.due_at is None:
        raise Conflict(ALL_DONE)
    by = max(watched.due_at, said_at) - watched.due_at + timedelta(minutes=minutes)
    milestones = [
        replace(each, due_at=each.due_at + by, rung=0) if each.waits and each.due_at is not None else each
        for each in operation.milestones
    ]
    whole = operation.delayed_minutes + round(by / timedelta(minutes=1))
    return _armed(
        replace(
            operation, milestones=milestones, delayed_minutes=whole, ends_at=operation.ends_at + by,
        )
    )  # fmt: skip


def dark(operation: Operation, minutes: int, said_at: datetime) -> Operation:
    """Return the operation with nobody expected to be heard from for so long: telephones are off inside.

    It ends in a question, not in an alarm: the ladder begins then. A step that is missed already stays so: a silence
    that is announced late hides nothing.
    """
    require_running(operation)
    if not timedelta() < timedelta(minutes=minutes) <= LONGEST_DARK:
        raise InvalidInput(DARK_LIMIT)
    until = said_at + timedelta(minutes=minutes)
    milestones = [
        replace(each, silent_until=until, rung=0)
        if each.waits and each.due_at is not None and not missed(operation.level, each, said_at)
        else each
        for each in operation.milestones
    ]
    return _armed(replace(operation, milestones=milestones, dark_until=until))


def missed(level: Level, step: Milestone, at: datetime) -> bool:
    """Whether a step's grace is over at a moment."""
    begins = lateness_begins(step)
    return begins is not None and missed_at(level, begins) <= at


def diverted(operation: Operation) -> Operation:
    """Return the operation under way to somewhere else: its steps stay, and are watched as before."""
    return _armed(replace(operation, status=after(operation.status, Move.DIVERT)))


def may_be_out(operation: Operation, now: datetime) -> bool:
    """Whether somebody may be on the way: a step was reached, or after go the first was due. Silence is no proof."""
    if operation.status is OperationStatus.GO:
        first = operation.watched
        return first is not None and first.due_at is not None and first.due_at <= now
    return operation.status in {OperationStatus.IN_PROGRESS, OperationStatus.DIVERTED}


def on_the_way(operation: Operation) -> frozenset[PersonId]:
    """Return who goes along, from go until everybody is home: those who confirm. The buddy stays behind."""
    if operation.status not in RUNNING or operation.watched is None:
        return frozenset()
    return frozenset(person for step in operation.milestones for person in step.confirmers)


def aborted(operation: Operation, now: datetime) -> Operation:
    """Return the operation ended early. Whoever may have set out is still awaited at home, and debriefed."""
    out = may_be_out(operation, now)
    status = after(operation.status, Move.ABORT)
    kept = {MilestoneKind.HOME_SAFE, MilestoneKind.DEBRIEFED} if out else set()
    milestones = [
        replace(each, passed=True, next_step_at=None) if each.waits and each.kind not in kept else each
        for each in operation.milestones
    ]
    return _armed(replace(operation, status=status, milestones=milestones))


def still_awaited(operation: Operation, move: Move, now: datetime) -> bool:
    """Whether the operation cannot be postponed or closed, for somebody who may have set out is still awaited."""
    return may_be_out(operation, now) or (move is Move.CLOSE and operation.watched is not None)


def require_nobody_out(operation: Operation, now: datetime) -> None:
    """Refuse where somebody may have set out and is awaited."""
    if may_be_out(operation, now):
        raise Conflict(OUT)


def ended(operation: Operation, move: Move, now: datetime) -> Operation:
    """Return the operation postponed or closed: nothing of it is watched any more.

    Raises Conflict where somebody who may have set out is still awaited.
    """
    status = after(operation.status, move)
    if still_awaited(operation, move, now):
        raise Conflict(STILL_AWAITED)
    return replace(
        operation, status=status, milestones=[replace(each, next_step_at=None) for each in operation.milestones]
    )


def ended_with_case(operation: Operation) -> Operation:
    """Return the operation of a case that is closed: nobody is watched any more."""
    milestones = [replace(each, next_step_at=None) for each in operation.milestones]
    return replace(operation, milestones=milestones, next_task_at=None)


def with_step(operation: Operation, step: Milestone, *, rung: int, next_step_at: datetime) -> Operation:
    """Return the operation with one step taken further on its ladder."""
    later = replace(step, rung=rung, next_step_at=next_step_at)
    return replace(operation, milestones=[later if each is step else each for each in operation.milestones])


def lateness_begins(step: Milestone) -> datetime | None:
    """Return when a step begins to be late: at its time, at the end of a silence, or when somebody was heard from."""
    if step.due_at is None or step.silent_until is None:
        return step.due_at
    return max(step.due_at, step.silent_until)


def _heard(operation: Operation, written_at: datetime) -> Operation:
    """Let a silence be over: whoever is heard from is expected by the plan again.

    What should have been reached before they wrote is asked for first: nobody is called about people who have just
    been heard from.
    """
    milestones = [
        replace(each, silent_until=written_at if each.due_at is not None and each.due_at < written_at else None)
        if each.waits
        else each
        for each in operation.milestones
    ]
    return replace(operation, milestones=milestones, dark_until=None)


def _completed(operation: Operation) -> Operation:
    """Let everybody be home: that, not the arrival, completes it, for whoever escorts is protected too.

    Once they were debriefed too, it is closed.
    """
    home = [each for each in operation.milestones if each.kind is MilestoneKind.HOME_SAFE]
    if (
        operation.status in {OperationStatus.IN_PROGRESS, OperationStatus.DIVERTED}
        and home
        and all(each.confirmed_at for each in home)
        and operation.handed_over not in {HandOver.AWAITED, HandOver.REFUSED}
    ):
        operation = replace(operation, status=after(operation.status, Move.COMPLETE))
    if operation.next is None and may(operation.status, Move.CLOSE):
        operation = replace(operation, status=after(operation.status, Move.CLOSE))
    return operation


def _armed(operation: Operation) -> Operation:
    """Watch the first step to come that has a time, and none else."""
    watched = operation.watched if operation.status in RUNNING else None

    def steps() -> Iterator[Milestone]:
        for each in operation.milestones:
            if watched is None or each.position != watched.position:
                yield replace(each, next_step_at=None)
            elif each.rung > 0 and each.next_step_at is not None:
                # People are called already: what was set for it goes on.
                yield each
            else:
                yield replace(each, next_step_at=lateness_begins(each))

    return replace(operation, milestones=list(steps()))
