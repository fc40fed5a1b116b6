"""What cannot be so in a plan, whatever state it is in: every contradiction, with its place.

What a plan only lacks before it counts is another question: `safety_plans.plans.lacking`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.texts import mark
from safety_plans.plans.addresses import looks_like_one
from safety_plans.plans.model import Child, GuardianConflict, OrganisationPlan, Plan, StaffPlan, VictimPlan
from safety_plans.plans.parts import Given, Measure, MeasureStatus, Referral, ReferralStatus
from safety_plans.problems import Problem, problem

_NO_ADDRESS = mark("This looks like an address. Write an alias: the address belongs in the smaller compartment.")


def contradictions(plan: Plan) -> list[Problem]:
    """Return what cannot be so, whatever state the plan is in."""
    found = [*_measures(plan), *_places(plan)]
    match plan:
        case VictimPlan():
            found += [*_consents(plan), *_referrals(plan), *_child(plan.child)]
        case OrganisationPlan():
            found += _focal(plan)
        case StaffPlan():
            found += _staff(plan)
    return found


def _measures(plan: Plan) -> Iterator[Problem]:
    times = Counter(each.id for each in plan.measures)
    for number, each in enumerate(plan.measures, 1):
        where = f"measures {number}"
        if times[each.id] > 1:
            yield problem(f"{where}.id", mark("Another measure has this name: each has one of its own."))
        yield from _measure(where, each)


def _measure(where: str, measure: Measure) -> Iterator[Problem]:
    if measure.status is MeasureStatus.NOT_FEASIBLE and not measure.why.strip():
        yield problem(f"{where}.why", mark("Say why it cannot be done."))
    if measure.open and measure.status is not MeasureStatus.PROPOSED and measure.owner is None:
        yield problem(f"{where}.owner", mark("Somebody has accepted it: say who."))


def _places(plan: Plan) -> Iterator[Problem]:
    for number, each in enumerate(plan.contingencies, 1):
        if looks_like_one(each.safe_place):
            yield problem(f"contingencies {number}.safe_place", _NO_ADDRESS)
    if isinstance(plan, VictimPlan) and looks_like_one(plan.shelter):
        yield problem("shelter", _NO_ADDRESS)


def _consents(plan: VictimPlan) -> Iterator[Problem]:
    for number, each in enumerate(plan.consents, 1):
        where = f"consents {number}"
        if each.until is not None and each.until < each.on:
            yield problem(f"{where}.until", mark("This day is before the one on which it was given."))
        if (each.answer is Given.WITHDRAWN) != (each.withdrawn is not None):
            yield problem(f"{where}.withdrawn", mark("Withdrawn has a day, and only withdrawn has one."))
        elif each.withdrawn is not None and each.withdrawn < each.on:
            yield problem(f"{where}.withdrawn", mark("This day is before the one on which it was given."))


def _referrals(plan: VictimPlan) -> Iterator[Problem]:
    for number, each in enumerate(plan.referrals, 1):
        yield from _referral(f"referrals {number}", each)


def _referral(where: str, referral: Referral) -> Iterator[Problem]:
    if referral.accept_by < referral.sent:
        yield problem(f"{where}.accept_by", mark("This day is before the one on which it was sent."))
    if referral.status is ReferralStatus.REFUSED:
        if not referral.why.strip():
            yield problem(f"{where}.why", mark("Say why it was refused."))
        if not referral.supervisor_told.strip():
            yield problem(f"{where}.supervisor_told", mark("A refusal reaches a supervisor: say whom."))
    if referral.feedback is not None and referral.feedback.due < referral.sent:
        yield problem(f"{where}.feedback.due", mark("This day is before the one on which it was sent."))


def _child(child: Child | None) -> Iterator[Problem]:
    if (
        child is not None
        and child.guardian_conflict is not GuardianConflict.NOT_CHECKED
        and not child.checked_by.strip()
    ):
        yield problem("child.checked_by", mark("Say who looked at it."))


def _focal(plan: OrganisationPlan) -> Iterator[Problem]:
    if plan.focal_point is not None and plan.focal_point == plan.deputy:
        yield problem("deputy", mark("The deputy is somebody else."))


def _staff(plan: StaffPlan) -> Iterator[Problem]:
    times = Counter(each.person for each in plan.staff)
    for number, each in enumerate(plan.staff, 1):
        if times[each.person] > 1:
            yield problem(f"staff {number}.person", mark("There is another entry about this person: make one of them."))
