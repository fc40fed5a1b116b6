"""What a plan lacks before it may be in a state: one function for each demand, named in `transitions`.

Each takes the plan, the version that counted last (none for a new one) and the day, and tells what is lacking. A demand
that does not concern a kind of plan tells nothing. Sources: docs/safety-plans.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from dateutil.relativedelta import relativedelta

from core.texts import mark
from safety_plans.plans.model import (
    Agreement,
    Answer,
    GuardianConflict,
    OrganisationPlan,
    Plan,
    StaffPlan,
    VictimPlan,
)
from safety_plans.plans.parts import Ending, Given, MeasureStatus, ReferralStatus
from safety_plans.problems import Problem, problem

# How old the last exercise of an organisation may be.
DRILL_AT_LEAST = relativedelta(months=6)
# The coordinator, and somebody besides.
SIGNATURES = 2


def agreement(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask for what the person says; who declines loses nothing, but the plan is not called agreed."""
    if not isinstance(plan, VictimPlan):
        return
    if plan.agreement is None:
        yield problem("agreement", mark("Say whether the person agrees, how they were asked, and when."))
    else:
        yield from _asked(plan.agreement, today)
    if plan.child is not None and plan.child.guardian_conflict is GuardianConflict.NOT_CHECKED:
        yield problem("child.guardian_conflict", mark("Look at whether the guardian has a part in the danger."))
    for number, each in enumerate(plan.trusted, 1):
        if each.guardian and not each.why.strip():
            yield problem(f"trusted {number}.why", mark("A guardian is not trusted by default: say why this one is."))


def _asked(agreed: Agreement, today: dt.date) -> Iterator[Problem]:
    if agreed.answer is Answer.DECLINED:
        yield problem("agreement.answer", mark("The person declined: the plan stays a draft, and help goes on."))
    if agreed.on > today:
        yield problem("agreement.on", mark("This day is yet to come."))


def safe_contact(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask how the person is reached without harm."""
    if isinstance(plan, VictimPlan) and plan.safe_contact is None:
        yield problem("safe_contact", mark("Say how the person is reached without harm, and when."))


def assessment(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask for the assessment that the plan answers."""
    if isinstance(plan, VictimPlan) and plan.assessment is None:
        yield problem("assessment", mark("Name the risk assessment that this plan answers."))


def measures(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask that each measure has somebody who does it, and a day: else nobody is reminded."""
    if not plan.measures:
        yield problem("measures", mark("There is no measure: say what somebody does, and by when."))
    for number, each in enumerate(plan.measures, 1):
        if each.open and each.owner is None:
            yield problem(f"measures {number}.owner", mark("Say who does it."))
        if each.open and each.deadline is None:
            yield problem(f"measures {number}.deadline", mark("Say by which day."))


def contingencies(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask for what is done in the first minute of at least one thing that may happen."""
    if not plan.contingencies:
        yield problem("contingencies", mark("Say for at least one thing that may happen what is done at once."))
    for number, each in enumerate(plan.contingencies, 1):
        if not each.first_minute:
            yield problem(f"contingencies {number}.first_minute", mark("Say what is done in the first minute."))
        if not each.call:
            yield problem(f"contingencies {number}.call", mark("Say who is called."))


def house(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask an organisation for whoever sees to its safety, and for exercises that are not long ago."""
    if not isinstance(plan, OrganisationPlan):
        return
    for name in ("focal_point", "deputy"):
        if getattr(plan, name) is None:
            yield problem(name, mark("Say who."))
    for name in ("police_liaison", "reporting", "travel", "devices", "stop_work", "staff_care"):
        if not getattr(plan, name).strip():
            yield problem(name, mark("This is still empty."))
    if not plan.evacuation:
        yield problem("evacuation", mark("Say when the organisation gives way, and how."))
    if plan.last_drill is None or plan.last_drill + DRILL_AT_LEAST < today:
        yield problem("last_drill", mark("The last exercise is longer ago than six months, or there was none."))


def staff(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask that nobody's objection to what is written about them stands unanswered."""
    if not isinstance(plan, StaffPlan):
        return
    if not plan.staff:
        yield problem("staff", mark("There is no entry about anybody of the staff."))
    for number, each in enumerate(plan.staff, 1):
        if each.objection is not None and not each.objection.answer.strip():
            yield problem(f"staff {number}.objection.answer", mark("They object to this entry: answer them."))
        if not each.route_home.strip():
            yield problem(f"staff {number}.route_home", mark("Say how they come home."))


def way_home(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask that a plan does not end at the courtroom's door: the way home and the month after are the dangerous part."""
    if not isinstance(plan, VictimPlan) or plan.court.next_date is None or plan.court.next_date < today:
        return
    for name in ("way_home", "month_after"):
        if not getattr(plan.court, name).strip():
            yield problem(f"court.{name}", mark("There is a day at court: say how this is seen to."))


def consents(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask that whoever is referred to is covered by a consent that holds, or by a legal ground."""
    if not isinstance(plan, VictimPlan):
        return
    covered = {
        each.with_whom.strip().casefold()
        for each in plan.consents
        if each.legal_basis.strip() or (each.answer is Given.GIVEN and (each.until is None or each.until >= today))
    }
    for number, each in enumerate(plan.referrals, 1):
        if each.status not in {ReferralStatus.SENT, ReferralStatus.ACCEPTED}:
            continue
        if each.to.strip().casefold() not in covered:
            yield problem(
                f"referrals {number}.to", mark("There is no consent to share with them, and no legal ground either.")
            )
        if each.status is ReferralStatus.ACCEPTED and each.feedback is None:
            yield problem(f"referrals {number}.feedback", mark("Say by which day whoever referred hears how it went."))


def signatures(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask for two who stand by it."""
    if len({each.name.strip().casefold() for each in plan.signatories}) < SIGNATURES:
        yield problem("signatories", mark("At least two people sign it."))
    for number, each in enumerate(plan.signatories, 1):
        if each.on > today:
            yield problem(f"signatories {number}.on", mark("This day is yet to come."))


def accepted(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask that nothing is merely proposed: what nobody has accepted nobody does."""
    for number, each in enumerate(plan.measures, 1):
        if each.status is MeasureStatus.PROPOSED:
            yield problem(f"measures {number}.status", mark("Nobody has accepted this measure yet."))


def looked_at_anew(plan: Plan, before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask that a review rests on something new: another assessment, and signatures of those who looked."""
    if before is None:
        return
    if isinstance(plan, VictimPlan) and isinstance(before, VictimPlan) and plan.assessment == before.assessment:
        yield problem("assessment", mark("Name the new assessment: this one is of the time before the review."))
    if max((each.on for each in plan.signatories), default=dt.date.min) <= max(
        (each.on for each in before.signatories), default=dt.date.min
    ):
        yield problem("signatories", mark("Whoever looked at it anew signs it anew."))


def reason(plan: Plan, _before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask why a plan rests or ends."""
    if plan.ended is None:
        yield problem("ended", mark("Say why, and from which day on."))
    elif plan.ended.on > today:
        yield problem("ended.on", mark("This day is yet to come."))


def ground(plan: Plan, _before: Plan | None, _today: dt.date) -> Iterator[Problem]:
    """Ask for a ground: a verdict, a withdrawn statement or a denial is none."""
    ended: Ending | None = plan.ended
    if ended is not None and ended.ground is None:
        said = mark("Say the ground. A verdict or a withdrawn statement is none: the danger goes on.")
        yield problem("ended.ground", said)


def second_signature(plan: Plan, before: Plan | None, today: dt.date) -> Iterator[Problem]:
    """Ask that two stand by the end, and signed on its day or later."""
    begun = plan.ended.on if plan.ended is not None else today
    if len({each.name.strip().casefold() for each in plan.signatories if each.on >= begun}) < SIGNATURES:
        yield problem("signatories", mark("Two people sign that the plan ends, on that day or later."))
    yield from signatures(plan, before, today)
