"""What the server is told of a plan: who owes something by which day, and nothing of a plan nobody works on."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from safety_plans.plans.owed import owed
from safety_plans.plans.parts import MeasureStatus, ReferralStatus, Status
from tests.plan_files import DAY, ONE, STAFF, TODAY, VICTIM

LEADS = UUID(int=7)
AT_WORK = {Status.AGREED, Status.ACTIVE, Status.UNDER_REVIEW}


@pytest.mark.parametrize("status", Status)
def test_only_of_a_plan_at_work_is_anything_owed(status: Status) -> None:
    plan = msgspec.structs.replace(VICTIM, status=status)
    assert bool(owed(plan, LEADS)) == (status in AT_WORK)


def test_measures_that_are_done_or_cannot_be_are_owed_no_more() -> None:
    for status in MeasureStatus:
        measure = msgspec.structs.replace(VICTIM.measures[0], status=status)
        plan = msgspec.structs.replace(VICTIM, status=Status.ACTIVE, measures=(measure,), referrals=())
        found = [(each.owner, each.deadline, each.where) for each in owed(plan, LEADS)]
        done = status in {MeasureStatus.DONE, MeasureStatus.NOT_FEASIBLE}
        assert found == ([] if done else [(UUID(ONE), TODAY + 7 * DAY, "measures 1")])


def test_what_nobody_is_named_for_is_the_coordinators() -> None:
    sent = msgspec.structs.replace(VICTIM.referrals[0], status=ReferralStatus.SENT, feedback=None)
    plan = msgspec.structs.replace(VICTIM, status=Status.ACTIVE, measures=(), referrals=(sent,))
    assert [(each.owner, each.deadline) for each in owed(plan, LEADS)] == [(LEADS, sent.accept_by)]
    waits = VICTIM.referrals[0]
    assert waits.feedback is not None
    given = msgspec.structs.replace(waits, feedback=msgspec.structs.replace(waits.feedback, given=TODAY))
    plan = msgspec.structs.replace(plan, referrals=(given, waits))
    assert [(each.where, each.owner) for each in owed(plan, LEADS)] == [("referrals 2.feedback", LEADS)]


def test_whoever_was_exposed_is_debriefed() -> None:
    exposed = msgspec.structs.replace(STAFF.staff[0], debriefing_due=TODAY)
    plan = msgspec.structs.replace(STAFF, status=Status.ACTIVE, measures=(), staff=(exposed,))
    assert [(str(each.owner), each.deadline) for each in owed(plan, LEADS)] == [(exposed.person, TODAY)]
