"""How plans go from state to state: the one table, and each demand of it, one thing taken away at a time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from safety_plans.plans.model import Agreement, Answer, Assent, Child, Court, Objection, Plan, Trusted
from safety_plans.plans.parts import Ending, Ground, MeasureStatus, ReferralStatus, Signature, Status
from safety_plans.plans.transitions import next_states, problems
from tests.plan_files import ASSESSED_ANEW, DAY, EVERY, ONE, ORGANISATION, STAFF, TODAY, VICTIM

_PATHS = {
    Status.DRAFT: {Status.AGREED, Status.CLOSED},
    Status.AGREED: {Status.DRAFT, Status.ACTIVE, Status.CLOSED},
    Status.ACTIVE: {Status.UNDER_REVIEW, Status.SUSPENDED},
    Status.UNDER_REVIEW: {Status.ACTIVE, Status.SUSPENDED, Status.CLOSED},
    Status.SUSPENDED: {Status.UNDER_REVIEW, Status.CLOSED},
    Status.CLOSED: set(),
}
ENDED = Ending(on=TODAY, why="she moved away", ground=Ground.DANGER_OVER)


def _at(plan: Any, status: Status, **changes: object) -> Any:
    return msgspec.structs.replace(plan, status=status, **changes)


def _places(plan: Plan, before: Plan | None, today: dt.date = TODAY) -> list[str]:
    return [each.where for each in problems(plan, before, today)]


@pytest.mark.parametrize("plan", EVERY.values(), ids=EVERY)
def test_a_plan_goes_its_whole_way(plan: Plan) -> None:
    signed = tuple(msgspec.structs.replace(each, on=TODAY + DAY) for each in plan.signatories)
    anew: dict[str, Any] = {"signatories": signed} | ({"assessment": ASSESSED_ANEW} if plan is VICTIM else {})
    way = [
        _at(plan, Status.DRAFT), _at(plan, Status.AGREED), _at(plan, Status.ACTIVE), _at(plan, Status.UNDER_REVIEW),
        _at(plan, Status.ACTIVE, **anew), _at(plan, Status.SUSPENDED, ended=ENDED, **anew),
        _at(plan, Status.UNDER_REVIEW, **anew), _at(plan, Status.CLOSED, ended=ENDED, **anew),
    ]  # fmt: skip
    before = None
    for each in way:
        assert problems(each, before, TODAY + DAY) == []
        before = each


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("to", Status)
def test_no_other_way_is_open(before: Status, to: Status) -> None:
    assert next_states(before) == _PATHS[before]
    if to not in _PATHS[before] and (to is not before or to is Status.CLOSED):
        assert _places(_at(VICTIM, to, ended=ENDED), _at(VICTIM, before, ended=ENDED)) == ["status"]


def test_a_new_plan_is_a_draft_and_stays_of_its_kind() -> None:
    assert _places(_at(VICTIM, Status.DRAFT), None) == []
    assert _places(_at(VICTIM, Status.ACTIVE), None) == ["status"]
    assert _places(STAFF, VICTIM) == ["plan"]


_MEASURE, _CASE = VICTIM.measures[0], VICTIM.contingencies[0]
_LACKS: list[tuple[Plan, dict[str, Any], str]] = [
    (VICTIM, {"agreement": None}, "agreement"),
    (VICTIM, {"agreement": Agreement(answer=Answer.DECLINED, on=TODAY, how="asked")}, "agreement.answer"),
    (VICTIM, {"agreement": Agreement(answer=Answer.AGREED, on=TODAY + DAY, how="asked")}, "agreement.on"),
    (VICTIM, {"child": Child(assent=Assent.GIVEN)}, "child.guardian_conflict"),
    (VICTIM, {"trusted": (Trusted(name="Vera Uzor", relation="guardian", guardian=True),)}, "trusted 1.why"),
    (VICTIM, {"safe_contact": None}, "safe_contact"),
    (VICTIM, {"assessment": None}, "assessment"),
    (VICTIM, {"measures": ()}, "measures"),
    (VICTIM, {"measures": (msgspec.structs.replace(_MEASURE, deadline=None),)}, "measures 1.deadline"),
    (VICTIM, {"contingencies": ()}, "contingencies"),
    (VICTIM, {"contingencies": (msgspec.structs.replace(_CASE, first_minute=()),)}, "contingencies 1.first_minute"),
    (VICTIM, {"contingencies": (msgspec.structs.replace(_CASE, call=()),)}, "contingencies 1.call"),
    (VICTIM, {"court": Court(next_date=TODAY, way_home="x")}, "court.month_after"),
    (VICTIM, {"court": Court(next_date=TODAY, month_after="x")}, "court.way_home"),
    (VICTIM, {"consents": ()}, "referrals 1.to"),
    (VICTIM, {"consents": (msgspec.structs.replace(VICTIM.consents[0], until=TODAY - DAY),)}, "referrals 1.to"),
    (VICTIM, {"referrals": (msgspec.structs.replace(VICTIM.referrals[0], feedback=None),)}, "referrals 1.feedback"),
    (VICTIM, {"signatories": VICTIM.signatories[:1]}, "signatories"),
    (VICTIM, {"signatories": VICTIM.signatories[:1] * 2}, "signatories"),
    (
        VICTIM,
        {"signatories": (VICTIM.signatories[0], Signature(name="Mira Uzor", role="she", on=TODAY + DAY))},
        "signatories 2.on",
    ),
    *((ORGANISATION, {name: None}, name) for name in ("focal_point", "deputy", "last_drill")),
    *((ORGANISATION, {name: " "}, name) for name in ("police_liaison", "reporting", "travel", "devices", "stop_work")),
    (ORGANISATION, {"staff_care": ""}, "staff_care"),
    (ORGANISATION, {"evacuation": ()}, "evacuation"),
    (ORGANISATION, {"last_drill": TODAY - 190 * DAY}, "last_drill"),
    (STAFF, {"staff": ()}, "staff"),
    (STAFF, {"staff": (msgspec.structs.replace(STAFF.staff[0], route_home=""),)}, "staff 1.route_home"),
]


@pytest.mark.parametrize(("plan", "changes", "place"), _LACKS)
@pytest.mark.parametrize("before", [Status.DRAFT, Status.AGREED])
def test_each_thing_that_lacks_keeps_a_plan_from_being_agreed(
    before: Status, plan: Plan, changes: dict[str, Any], place: str
) -> None:
    assert _places(_at(plan, Status.AGREED, **changes), _at(plan, before)) == [place]


def test_what_lacks_while_a_plan_is_a_draft_is_nobodys_business() -> None:
    bare = _at(VICTIM, Status.DRAFT, agreement=None, measures=(), signatories=())
    assert problems(bare, _at(VICTIM, Status.DRAFT), TODAY) == []


def test_an_accepted_referral_alone_asks_for_feedback_and_a_refused_one_for_no_consent() -> None:
    refused = msgspec.structs.replace(VICTIM.referrals[0], status=ReferralStatus.REFUSED, feedback=None)
    assert _places(_at(VICTIM, Status.AGREED, referrals=(refused,), consents=()), _at(VICTIM, Status.DRAFT)) == []
    lawful = msgspec.structs.replace(VICTIM.consents[0], legal_basis="article 5", until=TODAY - DAY)
    assert _places(_at(VICTIM, Status.AGREED, consents=(lawful,)), _at(VICTIM, Status.DRAFT)) == []


def test_what_nobody_has_accepted_keeps_a_plan_from_being_active() -> None:
    proposed = (msgspec.structs.replace(_MEASURE, status=MeasureStatus.PROPOSED),)
    assert _places(_at(VICTIM, Status.AGREED, measures=proposed), _at(VICTIM, Status.DRAFT)) == []
    assert _places(_at(VICTIM, Status.ACTIVE, measures=proposed), _at(VICTIM, Status.AGREED)) == ["measures 1.status"]
    assert _places(_at(VICTIM, Status.ACTIVE, measures=proposed), _at(VICTIM, Status.ACTIVE)) == ["measures 1.status"]


def test_an_unanswered_objection_keeps_a_plan_from_being_active() -> None:
    objected = msgspec.structs.replace(STAFF.staff[0], objection=Objection(on=TODAY, why="this is not so"))
    places = _places(_at(STAFF, Status.ACTIVE, staff=(objected,)), _at(STAFF, Status.AGREED))
    assert places == ["staff 1.objection.answer"]


def test_a_review_rests_on_a_new_assessment_and_new_signatures() -> None:
    before = _at(VICTIM, Status.UNDER_REVIEW)
    assert _places(_at(VICTIM, Status.ACTIVE), before) == ["assessment", "signatories"]


@pytest.mark.parametrize(
    ("ended", "places"),
    [
        (None, ["ended"]),
        (Ending(on=TODAY + DAY, why="x", ground=Ground.DEATH), ["ended.on", "signatories"]),
        (Ending(on=TODAY, why="a verdict"), ["ended.ground"]),
    ],
)
def test_a_plan_ends_for_a_reason_and_two_sign_it(ended: Ending | None, places: list[str]) -> None:
    before = _at(VICTIM, Status.SUSPENDED, ended=ENDED)
    assert _places(_at(VICTIM, Status.CLOSED, ended=ended), before) == places
    alone = VICTIM.signatories[:1]
    assert "signatories" in _places(_at(VICTIM, Status.CLOSED, ended=ENDED, signatories=alone), before)


def test_whoever_stands_by_it_is_counted_by_name() -> None:
    twice = (VICTIM.signatories[0], Signature(name=" ana primer", role="coordinator", on=TODAY, person=ONE))
    assert _places(_at(VICTIM, Status.AGREED, signatories=twice), _at(VICTIM, Status.DRAFT)) == ["signatories"]
