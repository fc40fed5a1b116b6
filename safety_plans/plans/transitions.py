"""How a plan goes from one state to the next: one table, and what each step demands of the plan that takes it.

Pure rules, the same for whoever writes a plan and whoever reads it: the server sees neither. Sources of each demand:
docs/safety-plans.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from core.texts import mark
from safety_plans.plans import lacking
from safety_plans.plans.model import Plan
from safety_plans.plans.parts import Status
from safety_plans.problems import Problem, problem

Demand = Callable[[Plan, Plan | None, dt.date], Iterator[Problem]]

_AGREED: tuple[Demand, ...] = (
    lacking.agreement, lacking.safe_contact, lacking.assessment, lacking.measures, lacking.contingencies, lacking.house,
    lacking.staff, lacking.way_home, lacking.consents, lacking.signatures,
)  # fmt: skip
_ACTIVE: tuple[Demand, ...] = (*_AGREED, lacking.accepted)
_TABLE: Mapping[tuple[Status, Status], tuple[Demand, ...]] = MappingProxyType(
    {
        (Status.DRAFT, Status.AGREED): _AGREED,
        (Status.DRAFT, Status.CLOSED): (lacking.reason, lacking.ground),
        (Status.AGREED, Status.DRAFT): (),
        (Status.AGREED, Status.ACTIVE): _ACTIVE,
        (Status.AGREED, Status.CLOSED): (lacking.reason, lacking.ground, lacking.second_signature),
        (Status.ACTIVE, Status.UNDER_REVIEW): (),
        (Status.ACTIVE, Status.SUSPENDED): (lacking.reason,),
        (Status.UNDER_REVIEW, Status.ACTIVE): (*_ACTIVE, lacking.looked_at_anew),
        (Status.UNDER_REVIEW, Status.SUSPENDED): (lacking.reason,),
        (Status.UNDER_REVIEW, Status.CLOSED): (lacking.reason, lacking.ground, lacking.second_signature),
        (Status.SUSPENDED, Status.UNDER_REVIEW): (),
        (Status.SUSPENDED, Status.CLOSED): (lacking.reason, lacking.ground, lacking.second_signature),
    }
)
# What holds for as long as a plan is in a state, also where nothing but its words changes.
_WHILE: Mapping[Status, tuple[Demand, ...]] = MappingProxyType(
    {
        Status.AGREED: _AGREED,
        Status.ACTIVE: _ACTIVE,
        Status.SUSPENDED: (lacking.reason,),
        Status.CLOSED: (lacking.reason, lacking.ground),
    }
)


def next_states(status: Status) -> frozenset[Status]:
    """Return where a plan may go from a state. From closed it goes nowhere: a new plan is made."""
    return frozenset(to for begun, to in _TABLE if begun is status)


def problems(plan: Plan, before: Plan | None, today: dt.date) -> list[Problem]:
    """Return what keeps this version of a plan from counting, all of it.

    `before` is the version that counted last, none for a new plan; `today` is a day where the plan is at work.
    """
    if before is None:
        return [] if plan.status is Status.DRAFT else [problem("status", mark("A new plan begins as a draft."))]
    if type(plan) is not type(before):
        return [problem("plan", mark("This is another kind of plan than the one before."))]
    if plan.status is before.status:
        if plan.status is Status.CLOSED:
            return [problem("status", mark("A closed plan stays as it is. Make a new one."))]
        demands = _WHILE.get(plan.status, ())
    else:
        found = _TABLE.get((before.status, plan.status))
        if found is None:
            allowed = ", ".join(sorted(next_states(before.status)))
            said = mark("From {before} a plan goes to: {allowed}.")
            return [problem("status", said, before=before.status, allowed=allowed or "-")]
        demands = found
    return [each for demand in demands for each in demand(plan, before, today)]
