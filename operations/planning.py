"""What a plan of a way must have before it is kept: every problem at once, never only the first. Pure rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from agencies.model import PersonId
from core.texts import mark
from operations.model import Milestone, MilestoneKind

LONGEST_AHEAD = timedelta(days=10 * 366)
LONGEST_WINDOW = timedelta(days=3)
MOST_STEPS = 20
CONFIRMERS = 2

PROBLEMS = {
    "begins_past": mark("It begins in the past. Check the date."),
    "begins_too_far": mark("It begins more than ten years ahead. Check the year."),
    "window": mark("It must end after it begins, and within three days."),
    "no_steps": mark("It needs 1 to 20 steps."),
    "no_way_home": mark("It needs a step home_safe with a time: whoever escorts is awaited too."),
    "order": mark("The times of the steps must follow each other, between begin and end."),
    "last": mark("Only debriefed may come after home_safe, once, and without a time."),
    "confirmers": mark("Every step with a time needs two different people who confirm it."),
    "buddy": mark("The buddy stays behind and looks after the others: name somebody who confirms no step."),
    "receiver": mark("Whoever receives is not one of those who go, and not the buddy. Name somebody else."),
    "no_arrival": mark("Whoever receives does so at a step arrived with a time. Add one."),
    "not_members": mark("Everybody who is named must be a member of the circle. Let them in first."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as it is planned."""

    kind: MilestoneKind
    due_at: datetime | None
    confirmers: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A way as it is planned; what it is about stands in the brief."""

    coordinator_id: PersonId
    buddy_id: PersonId
    liaison_id: PersonId | None
    begins_at: datetime
    ends_at: datetime
    steps: Sequence[Step]
    place_token: bytes | None = None
    receiver_id: PersonId | None = None
    drill: bool = False


def problems(plan: Plan, members: Collection[PersonId], now: datetime) -> list[str]:
    """Return which of PROBLEMS a plan has, in their order; of people only those in `members` can be named."""
    timed = [each.due_at for each in plan.steps if each.due_at is not None]
    homes = [number for number, each in enumerate(plan.steps) if each.kind is MilestoneKind.HOME_SAFE]
    named = {plan.coordinator_id, plan.buddy_id, *(one for each in plan.steps for one in each.confirmers)}
    named |= {each for each in (plan.liaison_id, plan.receiver_id) if each is not None}
    found = {
        "begins_past": plan.begins_at <= now,
        "begins_too_far": plan.begins_at > now + LONGEST_AHEAD,
        "window": not plan.begins_at < plan.ends_at <= plan.begins_at + LONGEST_WINDOW,
        "no_steps": not 0 < len(plan.steps) <= MOST_STEPS,
        "no_way_home": not any(plan.steps[each].due_at for each in homes),
        "order": any(later <= earlier for earlier, later in pairwise(timed))
        or any(not plan.begins_at <= each <= plan.ends_at for each in timed),
        "last": _ends_otherwise(plan.steps, homes),
        "confirmers": any(
            each.due_at is not None and len(set(each.confirmers)) < CONFIRMERS for each in plan.steps
        ),
        "buddy": any(plan.buddy_id in each.confirmers for each in plan.steps),
        "receiver": plan.receiver_id is not None and not may_receive(plan.receiver_id, plan.buddy_id, plan.steps),
        "no_arrival": plan.receiver_id is not None
        and not any(each.kind is MilestoneKind.ARRIVED and each.due_at for each in plan.steps),
        "not_members": not named <= set(members),
    }  # fmt: skip
    return [name for name, wrong in found.items() if wrong]


def may_receive(receiver: PersonId, buddy: PersonId, steps: Sequence[Step | Milestone]) -> bool:
    """Whether somebody can be who receives: neither one of those who go nor the buddy."""
    return receiver != buddy and not any(receiver in each.confirmers for each in steps)


def _ends_otherwise(steps: Sequence[Step], homes: Sequence[int]) -> bool:
    debriefed = [each for each in steps if each.kind is MilestoneKind.DEBRIEFED]
    after_home = [] if not homes else [each.kind for each in steps[homes[-1] + 1 :]]
    return (
        any(each is not MilestoneKind.DEBRIEFED for each in after_home)
        or len(debriefed) != len(after_home)
        or len(debriefed) > 1
        or any(each.due_at is not None for each in debriefed)
    )
