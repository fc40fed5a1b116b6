"""What people call the states and steps of an operation, in general words: what a step means here tells the brief."""

from __future__ import annotations

from core.texts import mark
from operations.model import MilestoneKind, OperationStatus

STEPS: dict[str, str] = {
    MilestoneKind.READY: mark("ready to go"),
    MilestoneKind.DEPARTED: mark("departed"),
    MilestoneKind.WAYPOINT: mark("on the way, at the point that was agreed"),
    MilestoneKind.INSIDE: mark("inside"),
    MilestoneKind.CLEARED: mark("out again, nobody follows"),
    MilestoneKind.ARRIVED: mark("arrived"),
    MilestoneKind.HOME_SAFE: mark("everybody home and safe"),
    MilestoneKind.DEBRIEFED: mark("talked about afterwards"),
}
STATUSES: dict[str, str] = {
    OperationStatus.PLANNED: mark("planned, to be approved"),
    OperationStatus.APPROVED: mark("approved"),
    OperationStatus.GO: mark("go: it begins"),
    OperationStatus.IN_PROGRESS: mark("under way"),
    OperationStatus.DIVERTED: mark("diverted, under way"),
    OperationStatus.COMPLETED: mark("everybody is home"),
    OperationStatus.CLOSED: mark("closed"),
    OperationStatus.ABORTED: mark("ended early"),
    OperationStatus.POSTPONED: mark("postponed"),
}
