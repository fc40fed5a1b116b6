"""What is to be done before and after the day itself, and when: pure rules.

14 days, 7 days, 3 days and 1 day before, 24 hours and 30 days after: network's rules for alerts and operations,
*Protective operations*. That nobody has said go shortly before is our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from operations.model import MilestoneKind, Operation, OperationStatus
from safety_plans.calendar import DAY, Calendar

BROUGHT_FORWARD = timedelta(days=4)


class Task(StrEnum):
    """What the coordinator is asked for."""

    # The date, and whether the witness will go.
    CONFIRM = "confirm"
    # Assess again, and choose how it is done.
    ASSESS = "assess"
    # Plan, recipients and words stay as they are from now on.
    FREEZE = "freeze"
    GO_NO_GO = "go_no_go"
    NOT_GONE = "not_gone"
    # The hour has come and nobody has said whether anybody goes: the buddy and who leads the case are rung too.
    UNDECIDED = "undecided"
    DEBRIEF = "debrief"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A task and when it is due."""

    task: Task
    at: datetime


_BEFORE = ((Task.CONFIRM, 14 * DAY), (Task.ASSESS, 7 * DAY), (Task.FREEZE, 3 * DAY), (Task.GO_NO_GO, DAY))
_AT_LAST = ((Task.NOT_GONE, timedelta(hours=2)), (Task.UNDECIDED, timedelta()))
_AFTER = ((Task.DEBRIEF, DAY), (Task.WATCH, 30 * DAY))
_LOUD = frozenset({Task.UNDECIDED})
# With these it is told how many know of it, and how much is missing.
SAYS_WHAT_IS_MISSING = frozenset({Task.FREEZE, Task.GO_NO_GO, Task.NOT_GONE})


def tasks(operation: Operation, calendar: Calendar) -> list[Due]:
    """Return the tasks of an operation in their order; those before it fall on working mornings where they can."""
    before = [
        Due(task=task, at=calendar.snapped(operation.begins_at - wait, operation.begins_at - wait - BROUGHT_FORWARD))
        for task, wait in _BEFORE
    ]
    at_last = [Due(task=task, at=operation.begins_at - wait) for task, wait in _AT_LAST]
    over = operation.ends_at
    home = [
        each.confirmed_at for each in operation.milestones if each.kind is MilestoneKind.HOME_SAFE and each.confirmed_at
    ]
    after = [Due(task=task, at=calendar.due(max([over, *home]), wait)) for task, wait in _AFTER]
    return [*before, *at_last, *after]


def wanted(operation: Operation, task: Task) -> bool:
    """Whether a task is still to be done as the operation stands."""
    status = operation.status
    went = any(each.confirmed_at for each in operation.milestones)
    match task:
        case Task.CONFIRM | Task.ASSESS:
            return status in {OperationStatus.PLANNED, OperationStatus.APPROVED}
        case Task.FREEZE:
            return status is OperationStatus.PLANNED
        case Task.GO_NO_GO | Task.NOT_GONE | Task.UNDECIDED:
            return status in {OperationStatus.PLANNED, OperationStatus.APPROVED}
        case Task.DEBRIEF:
            debriefed = [each for each in operation.milestones if each.kind is MilestoneKind.DEBRIEFED]
            return went and any(each.waits for each in debriefed)
        case Task.WATCH:
            return went and status in {OperationStatus.COMPLETED, OperationStatus.CLOSED, OperationStatus.ABORTED}


def loud(task: Task) -> bool:
    """Whether more than the coordinator is rung."""
    return task in _LOUD


def first(found: list[Due], planned_at: datetime) -> int:
    """Return the first task that is to come: what was due before it was planned is not told; go or no-go always is."""
    ahead = next((number for number, each in enumerate(found) if each.at > planned_at), len(found))
    go = next(number for number, each in enumerate(found) if each.task is Task.GO_NO_GO)
    return min(ahead, go)


def told(operation: Operation, known: int, later: datetime | None) -> Operation:
    """Return the operation with so many tasks told, and the next due at `later`."""
    return replace(operation, task=known, next_task_at=later)
