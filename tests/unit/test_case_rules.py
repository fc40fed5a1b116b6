"""Who may know what of a case: whatever the reason, what may not be known does not exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from cases import codenames
from cases.model import Case, CaseId, Compartment, CompartmentId
from cases.rules import (
    NO_CASE,
    NO_COMPARTMENT,
    as_seen_by,
    compartment_seen_by,
    require_leader,
    require_open,
)
from core.errors import Conflict, NotFound, StrehaError

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PEOPLE = [PersonId(UUID(int=number)) for number in range(1, 7)]
CASE = CaseId(UUID(int=100))
people = st.sampled_from(PEOPLE)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a case as the service could leave one, and some as only a mistake could."""
    coordinator = draw(people)
    deputy = draw(st.none() | people.filter(lambda each: each != coordinator))
    circles = tuple(
        Compartment(
            id=CompartmentId(UUID(int=200 + number)), case_id=CASE, codename=f"circle-{number}", core=number == 0,
            membership_version=1, closed_at=draw(st.none() | st.just(MOMENT)),
            member_ids=draw(st.frozensets(people)),
        )
        for number in range(draw(st.integers(1, 3)))
    )  # fmt: skip
    return Case(
        id=CASE, codename="circle-0", language="en", coordinator_id=coordinator, deputy_id=deputy, opened_at=MOMENT,
        closed_at=draw(st.none() | st.just(MOMENT)), compartments=circles, excluded_ids=draw(st.frozensets(people)),
    )  # fmt: skip


def refusal(case: Case, person: PersonId, compartment: CompartmentId) -> StrehaError | None:
    try:
        compartment_seen_by(case, compartment, person)
    except StrehaError as error:
        return error
    return None


@given(cases(), people)
def test_somebody_sees_their_own_circles_a_leader_all_and_the_excluded_nothing(case: Case, person: PersonId) -> None:
    mine = {each.id for each in case.compartments if person in each.member_ids}
    if person in case.excluded_ids or not (mine or person in case.leaders):
        with pytest.raises(NotFound) as refused:
            as_seen_by(case, person)
        assert str(refused.value) == NO_CASE
        return
    seen = as_seen_by(case, person)
    if person in case.leaders:
        assert seen == case
    else:
        assert {each.id for each in seen.compartments} == mine
        assert seen.excluded_ids == frozenset()


@given(cases(), people, st.integers(200, 204))
def test_a_circle_that_may_not_be_known_is_absent(case: Case, person: PersonId, number: int) -> None:
    circle = case.compartment(CompartmentId(UUID(int=number)))
    allowed = (
        circle is not None
        and circle.open
        and person not in case.excluded_ids
        and (person in case.leaders or person in circle.member_ids)
    )
    error = refusal(case, person, CompartmentId(UUID(int=number)))
    if allowed:
        assert error is None
    else:
        assert isinstance(error, NotFound)
        assert str(error) == NO_COMPARTMENT


@given(cases(), people)
def test_only_leaders_of_an_open_case_lead(case: Case, person: PersonId) -> None:
    excluded = person in case.excluded_ids
    if person in case.leaders and not excluded and case.open:
        require_leader(case, person)
        return
    knows = not excluded and (person in case.leaders or any(person in each.member_ids for each in case.compartments))
    with pytest.raises(Conflict if knows else NotFound):
        require_leader(case, person)


def test_a_closed_case_is_not_changed() -> None:
    core = Compartment(
        id=CompartmentId(UUID(int=1)), case_id=CASE, codename="one", core=True, membership_version=1, closed_at=None,
        member_ids=frozenset(),
    )  # fmt: skip
    case = Case(
        id=CASE, codename="one", language="en", coordinator_id=PEOPLE[0], deputy_id=None, opened_at=MOMENT,
        closed_at=None, compartments=(core,),
    )  # fmt: skip
    require_open(case)
    with pytest.raises(Conflict):
        require_open(replace(case, closed_at=MOMENT))
    assert case.leaders == (PEOPLE[0],)
    assert replace(case, deputy_id=PEOPLE[1]).leaders == (PEOPLE[0], PEOPLE[1])
    assert case.core is core


def test_codenames_are_two_everyday_words() -> None:
    names = [codenames.new_codename() for _ in range(2000)]
    for name in names:
        first, second = name.split("-")
        assert first in codenames._FIRST
        assert second in codenames._SECOND
    # Every name is as likely as another: no order, and hardly a repetition.
    assert len(set(names)) > 1700
    assert names != sorted(names)


def test_the_words_are_harmless_and_each_stands_once() -> None:
    words = [*codenames._FIRST, *codenames._SECOND]
    assert len(codenames._FIRST) == len(set(codenames._FIRST))
    assert len(codenames._SECOND) == len(set(codenames._SECOND))
    assert len(codenames._FIRST) * len(codenames._SECOND) > 20_000
    assert all(word.isascii() and word.islower() and word.isalpha() and 3 <= len(word) <= 12 for word in words)


@pytest.mark.parametrize(("attempt", "words"), [(0, 2), (9, 2), (10, 3), (25, 4)])
def test_where_names_run_out_they_grow(attempt: int, words: int) -> None:
    assert len(codenames.new_codename(attempt).split("-")) == words
