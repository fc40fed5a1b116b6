"""What a monthly meeting goes through: which things belong to it, in which order, and what its page may not say."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec
import pytest

from core.errors import InvalidInput
from safety_plans.plans.owed import owed
from safety_plans.plans.parts import Feedback, Referral, Status
from safety_plans.taskforce import page
from safety_plans.taskforce.decisions import Decision, Meeting, Present, left_out
from safety_plans.taskforce.pack import Due, Entry, Kind, in_order, kind_of, last_day, late_of, until
from tests.plan_files import ONE, STAFF, TODAY, VICTIM

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2027, 3, 10, 9, tzinfo=dt.UTC)


def due(what: str, on: dt.date, owner: str = "Ana", *, kind: Kind = Kind.MEASURE) -> Due:
    return Due(kind=kind, what=what, owner=owner, on=on, overdue=on < TODAY)


def moment(at: dt.datetime) -> str:
    return at.isoformat()


@pytest.mark.parametrize(
    ("month", "last"),
    [(None, "2027-03-31"), ("2027-02", "2027-02-28"), ("2028-02", "2028-02-29"), ("2027-12", "2027-12-31")],
)
def test_a_month_ends_on_its_last_day(month: str | None, last: str) -> None:
    assert last_day(month, TODAY).isoformat() == last


@pytest.mark.parametrize("month", ["", "2027", "2027-13", "2027-00", "March", "2027-W10", "2027-03-01", "0000-01"])
def test_another_month_is_refused(month: str) -> None:
    with pytest.raises(InvalidInput, match="A month looks like"):
        last_day(month, TODAY)


def test_what_is_late_stands_first_and_what_comes_later_is_left_for_the_next() -> None:
    last = last_day(None, TODAY)
    late, early, end = due("late", TODAY - 40 * DAY, "Zora"), due("early", TODAY), due("end", last, "Boris")
    after = due("after", last + DAY)
    assert until([after, end, early, late, early], last) == [late, early, end]
    # What is late stays in the pack of every month, also of one that has passed.
    assert until([after, end, early, late], last_day("2027-01", TODAY)) == [late]


def test_every_kind_of_a_plan_is_told_apart() -> None:
    referral = Referral(to="Them", what="A bed", sent=TODAY, accept_by=TODAY, feedback=Feedback(to="Us", due=TODAY))
    exposed = msgspec.structs.replace(STAFF.staff[0], debriefing_due=TODAY)
    plans = (
        msgspec.structs.replace(VICTIM, status=Status.AGREED, referrals=(referral,)),
        msgspec.structs.replace(STAFF, status=Status.AGREED, measures=(), staff=(exposed,)),
    )
    kinds = {each.where: kind_of(each) for plan in plans for each in owed(plan, UUID(ONE))}
    assert kinds == {
        "measures 1": Kind.MEASURE,
        "referrals 1": Kind.REFERRAL,
        "referrals 1.feedback": Kind.FEEDBACK,
        "staff 1.debriefing_due": Kind.DEBRIEFING,
    }


def test_cases_in_greatest_danger_come_first_and_stale_ones_count_as_high() -> None:
    soon, later = NOW + DAY, NOW + 9 * DAY
    entries = [
        Entry(codename="low", level="low", review_due=soon),
        Entry(codename="stale", level="low", review_due=NOW - DAY, stale_since=NOW - DAY),
        Entry(codename="unknown"),
        Entry(codename="other-program", level="extreme", review_due=later),
        Entry(codename="medium", level="medium", review_due=soon),
        Entry(codename="high", level="high", review_due=soon),
        Entry(codename="very", level="very_high", review_due=later),
        Entry(codename="new", level="not_yet_assessed", review_due=NOW),
    ]
    order = ["very", "stale", "new", "high", "other-program", "unknown", "medium", "low"]
    assert [each.codename for each in in_order(entries)] == order


def test_what_each_owner_has_not_done_is_counted_over_all_cases() -> None:
    late = TODAY - DAY
    first = Entry(codename="a", due=[due("1", late, "Ana"), due("2", TODAY, "Ana"), due("3", late, "Zora")])
    second = Entry(codename="b", due=[due("4", late, "Zora")])
    assert late_of([first, second]) == [("Zora", 2), ("Ana", 1)]


@pytest.mark.parametrize("language", ["en", "sr_Latn", "sr_Cyrl"])
def test_the_page_says_everything_and_not_what_it_is(language: str) -> None:
    entries = [
        Entry(codename="quiet-heron", level="high", review_due=NOW, stale_since=NOW, plans=1,
            lacking=["quiet-heron: lacks"],
            due=[due("<b>Lock</b>", TODAY - DAY), due("custody", TODAY, kind=Kind.CLOCK)]),
        Entry(codename="calm-otter", unread=["calm-otter: <i>why</i>"]),
        Entry(codename="still-crane", level="low", review_due=NOW),
    ]  # fmt: skip
    made = page.pack(entries, language, moment)
    assert made.count(NOW.isoformat()) == 3
    for each in ("quiet-heron: lacks", "&lt;b&gt;Lock&lt;/b&gt;", "2027-03-09", "calm-otter: &lt;i&gt;why&lt;/i&gt;"):
        assert each in made, each
    assert "default-src 'none'" in made
    assert "<title>&#160;</title>" in made
    assert not any(each in made.casefold() for each in ("streha", "стреха", "task force", "traffick", "trgovin"))
    # Of what could not be read nobody is told that nothing is due.
    unread = made[made.index("calm-otter") : made.index("still-crane")]
    nothing = page.pack([Entry(codename="x", level="low")], language, moment).split("<p>")[-1].split("</p>")[0]
    assert nothing in made
    assert nothing not in unread


def test_what_is_open_goes_on_in_the_next_version_of_a_day() -> None:
    def decision(what: str, status: Literal["open", "done", "dropped"] = "open") -> Decision:
        return Decision(what=what, by=(ONE,), owner=ONE, deadline=TODAY, status=status)

    def meeting(*decided: Decision) -> Meeting:
        return Meeting(day=TODAY, present=(Present(person=ONE, agency="Us"),), decisions=decided)

    before = meeting(decision("a"), decision("a"), decision("b", "done"), decision("c"))
    assert left_out(before, before) == []
    assert left_out(meeting(decision("c", "dropped"), decision("a", "done"), decision("a")), before) == []
    missing = left_out(meeting(decision("a"), decision("new")), before)
    assert [each.about["decision"] for each in missing] == ["a", "c"]
