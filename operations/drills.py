"""Exercises of ways: what may never be taken for each other, and how soon people answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.database import Reading
from core.errors import Conflict
from core.texts import mark
from operations import store
from operations.model import Milestone, MilestoneKind, Operation
from operations.planning import Plan
from operations.running import lateness_begins, on_the_way
from operations.templates import Template, UsualStep
from operations.transitions import RUNNING

STAYS = mark("This is an exercise and stays one. Plan what is in earnest apart.")
IN_EARNEST = mark("This is in earnest and stays so. Plan an exercise apart.")
NOT_NOW = mark(
    "In this circle somebody is on the way in earnest. Wait with the exercise until everybody is home: nobody may take "
    "one word for the other."
)
# Ten minutes from when it is planned to its end: begun after two, each step three minutes after the one before.
BEGINS_AFTER = timedelta(minutes=2)
QUICK = Template(
    kind="drill", name={}, lasts=timedelta(minutes=8), hands_over=False,
    steps=[
        UsualStep(kind=kind, after=timedelta(minutes=after), wording={})
        for kind, after in ((MilestoneKind.READY, 0), (MilestoneKind.ARRIVED, 3), (MilestoneKind.HOME_SAFE, 6))
    ],
)  # fmt: skip


def require_same(operation: Operation, plan: Plan) -> None:
    """Refuse to make an exercise of what is in earnest, or the reverse."""
    if operation.drill is not plan.drill:
        raise Conflict(STAYS if operation.drill else IN_EARNEST)


async def require_alone(look: Reading, operation: Operation) -> None:
    """Refuse to begin an exercise where somebody is on the way in earnest: a bare word there is about them."""
    others: Sequence[Operation] = await store.of_compartments(look, [operation.compartment_id], RUNNING)
    if any(on_the_way(each) and not each.drill for each in others):
        raise Conflict(NOT_NOW)


def answered_after(operation: Operation, step: Milestone) -> timedelta | None:
    """Return how long after a step was due its confirmation came here; None where nobody had to be asked, or yet is.

    Only of an exercise: of what is in earnest nobody is measured.
    """
    due = lateness_begins(step)
    if not operation.drill or due is None or step.confirmed_at is None or step.rung == 0:
        return None
    return max(step.confirmed_at - due, timedelta())
