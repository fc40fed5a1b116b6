"""What somebody owes of a plan by a day: all that the server is told of it, so that it can remind.

Measures stand with their owners. What nobody is named for is the coordinator's: that another agency answers a referral,
and that whoever referred hears how it went. Sources: docs/safety-plans.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from safety_plans.plans.model import Plan, StaffPlan, VictimPlan
from safety_plans.plans.parts import ReferralStatus, Status

# In the other states nobody works on it: a draft binds nobody, and what rests or ended is not reminded of.
_AT_WORK = frozenset({Status.AGREED, Status.ACTIVE, Status.UNDER_REVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One thing: where it stands in the plan, what it is, who does it, by which day."""

    where: str
    what: str
    owner: UUID
    deadline: dt.date


def owed(plan: Plan, coordinator: UUID) -> list[Owed]:
    """Return what is still to be done, the earliest first."""
    if plan.status not in _AT_WORK:
        return []
    found = [*_measures(plan), *_referrals(plan, coordinator), *_debriefings(plan)]
    return sorted(found, key=lambda each: (each.deadline, each.where))


def _measures(plan: Plan) -> Iterator[Owed]:
    for number, each in enumerate(plan.measures, 1):
        if each.open and each.owner is not None and each.deadline is not None:
            yield Owed(
                where=f"measures {number}", what=each.what, owner=UUID(each.owner), deadline=each.deadline
            )  # fmt: skip


def _referrals(plan: Plan, coordinator: UUID) -> Iterator[Owed]:
    if not isinstance(plan, VictimPlan):
        return
    for number, each in enumerate(plan.referrals, 1):
        where = f"referrals {number}"
        if each.status is ReferralStatus.SENT:
            yield Owed(where=where, what=each.what, owner=coordinator, deadline=each.accept_by)
        if each.feedback is not None and each.feedback.given is None:
            yield Owed(where=f"{where}.feedback", what=each.what, owner=coordinator, deadline=each.feedback.due)


def _debriefings(plan: Plan) -> Iterator[Owed]:
    if not isinstance(plan, StaffPlan):
        return
    for number, each in enumerate(plan.staff, 1):
        if each.debriefing_due is not None:
            yield Owed(
                where=f"staff {number}.debriefing_due", what=each.how, owner=UUID(each.person),
                deadline=each.debriefing_due,
            )  # fmt: skip
