"""What may be done with an operation in which state: one table, looked up and never branched on elsewhere."""

from __future__ import annotations

from enum import StrEnum

from core.errors import Conflict
from core.texts import mark
from operations.model import OperationStatus

NOT_NOW = mark("This cannot be done with the operation as it stands. Look at it again.")


class Move(StrEnum):
    """What people do with an operation as a whole."""

    APPROVE = "approve"
    GO = "go"
    # The first step was confirmed, or the way is gone on with.
    SET_OUT = "set_out"
    DIVERT = "divert"
    ABORT = "abort"
    POSTPONE = "postpone"
    PLAN_ANEW = "plan_anew"
    # Everybody is home.
    COMPLETE = "complete"
    CLOSE = "close"


_TABLE: dict[tuple[OperationStatus, Move], OperationStatus] = {
    (OperationStatus.PLANNED, Move.APPROVE): OperationStatus.APPROVED,
    (OperationStatus.APPROVED, Move.GO): OperationStatus.GO,
    (OperationStatus.GO, Move.SET_OUT): OperationStatus.IN_PROGRESS,
    (OperationStatus.IN_PROGRESS, Move.SET_OUT): OperationStatus.IN_PROGRESS,
    (OperationStatus.DIVERTED, Move.SET_OUT): OperationStatus.DIVERTED,
    (OperationStatus.ABORTED, Move.SET_OUT): OperationStatus.ABORTED,
    (OperationStatus.COMPLETED, Move.SET_OUT): OperationStatus.COMPLETED,
    (OperationStatus.IN_PROGRESS, Move.DIVERT): OperationStatus.DIVERTED,
    (OperationStatus.GO, Move.DIVERT): OperationStatus.DIVERTED,
    (OperationStatus.PLANNED, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.APPROVED, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.GO, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.IN_PROGRESS, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.DIVERTED, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.POSTPONED, Move.ABORT): OperationStatus.ABORTED,
    (OperationStatus.PLANNED, Move.POSTPONE): OperationStatus.POSTPONED,
    (OperationStatus.APPROVED, Move.POSTPONE): OperationStatus.POSTPONED,
    (OperationStatus.GO, Move.POSTPONE): OperationStatus.POSTPONED,
    (OperationStatus.PLANNED, Move.PLAN_ANEW): OperationStatus.PLANNED,
    (OperationStatus.APPROVED, Move.PLAN_ANEW): OperationStatus.PLANNED,
    (OperationStatus.GO, Move.PLAN_ANEW): OperationStatus.PLANNED,
    (OperationStatus.POSTPONED, Move.PLAN_ANEW): OperationStatus.PLANNED,
    (OperationStatus.IN_PROGRESS, Move.COMPLETE): OperationStatus.COMPLETED,
    (OperationStatus.DIVERTED, Move.COMPLETE): OperationStatus.COMPLETED,
    (OperationStatus.COMPLETED, Move.CLOSE): OperationStatus.CLOSED,
    (OperationStatus.ABORTED, Move.CLOSE): OperationStatus.CLOSED,
}
# In these somebody may be out, and is watched.
RUNNING = frozenset(
    {OperationStatus.GO, OperationStatus.IN_PROGRESS, OperationStatus.DIVERTED, OperationStatus.ABORTED}
)
# In these a day is still being prepared.
AHEAD = frozenset({OperationStatus.PLANNED, OperationStatus.APPROVED, OperationStatus.GO})


def after(status: OperationStatus, move: Move) -> OperationStatus:
    """Return the status after a move. Raises Conflict where the table has none."""
    found = _TABLE.get((status, move))
    if found is None:
        raise Conflict(NOT_NOW)
    return found


def may(status: OperationStatus, move: Move) -> bool:
    """Whether a move is possible."""
    return (status, move) in _TABLE
