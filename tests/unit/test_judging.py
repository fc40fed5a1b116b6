"""What an assessment suggests and what it lacks: every rule by name, and the whole of it by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from safety_plans.assessments.judging import LEVELS, Lack, Missing, band, judged, lacking, lowers, rank
from safety_plans.assessments.model import (
    Answer,
    Answered,
    Assessment,
    Evidence,
    Likelihood,
    OwnView,
    Scenario,
    Severity,
)
from safety_plans.instruments.model import Instrument, Subject, Weight
from safety_plans.instruments.published import newest
from safety_plans.model import Level

ANA, MILA = PersonId(UUID(int=1)), PersonId(UUID(int=2))
VICTIM = newest(Subject.VICTIM)
NO = Answered(answer=Answer.NO, evidence=Evidence.SELF_REPORT)
YES = Answered(answer=Answer.YES, evidence=Evidence.DOCUMENT)
UNKNOWN = Answered(answer=Answer.UNKNOWN)
DECLINED = Answered(answer=Answer.DECLINED)
UNLIKELY = Scenario(what="A letter comes.", severity=Severity.MINOR, likelihood=Likelihood.UNLIKELY)
CRITICAL = [each.id for each in VICTIM.indicators if each.weight is Weight.CRITICAL]
OTHERS = [each.id for each in VICTIM.indicators if each.weight is not Weight.CRITICAL]


def assessment(answers: Mapping[str, Answered] | None = None, instrument: Instrument = VICTIM) -> Assessment:
    """Return one that lacks nothing, about a calm case, with some answers changed."""
    return Assessment(
        instrument=instrument.fingerprint,
        answers={each.id: NO for each in instrument.indicators} | dict(answers or {}),
        scenarios=[UNLIKELY],
        level=Level.LOW,
        why="Nothing points to danger.",
        changed="The trial has ended.",
        own=Level.LOW,
        why_below_own="",
        assessor=ANA,
        countersigner=None,
    )


def lacks(given: Assessment, before: Assessment | None = None) -> list[Missing]:
    return lacking(given, VICTIM, before)


def test_one_that_lacks_nothing_counts() -> None:
    assert lacks(assessment()) == []
    assert judged(assessment(), VICTIM).suggested is Level.LOW


@pytest.mark.parametrize("indicator", CRITICAL)
def test_a_critical_yes_sets_a_floor_whatever_is_decided(indicator: str) -> None:
    found = assessment({indicator: YES})
    assert judged(found, VICTIM).floor is Level.HIGH
    assert judged(found, VICTIM).suggested is Level.HIGH
    assert judged(found, VICTIM).critical == (indicator,)
    for level in (Level.LOW, Level.MEDIUM):
        assert Missing(lack=Lack.BELOW_CRITICAL_FLOOR) in lacks(replace(found, level=level))
    for level in (Level.HIGH, Level.VERY_HIGH):
        assert lacks(replace(found, level=level)) == []


@pytest.mark.parametrize("indicator", OTHERS)
def test_no_other_yes_decides_anything(indicator: str) -> None:
    assert judged(assessment({indicator: YES}), VICTIM) == judged(assessment(), VICTIM)


def test_unknown_is_not_no() -> None:
    four = dict.fromkeys(OTHERS[:4], UNKNOWN)
    assert not judged(assessment(four), VICTIM).insufficient
    assert judged(assessment(four | {OTHERS[4]: UNKNOWN}), VICTIM).insufficient
    assert judged(assessment({CRITICAL[0]: UNKNOWN}), VICTIM).insufficient


def test_who_declines_to_answer_is_not_counted_against() -> None:
    silent = assessment(dict.fromkeys((each.id for each in VICTIM.indicators), DECLINED))
    assert judged(silent, VICTIM) == judged(assessment(), VICTIM)
    assert lacks(silent) == []


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"instrument": bytes(32)}, Lack.OTHER_INSTRUMENT),
        ({"scenarios": []}, Lack.NO_SCENARIO),
        ({"why": "  "}, Lack.NO_REASON),
        ({"level": Level.NOT_YET_ASSESSED}, Lack.NO_LEVEL),
        ({"own": None}, Lack.NO_OWN_VIEW),
        ({"own": Level.NOT_YET_ASSESSED}, Lack.NO_OWN_VIEW),
        ({"own": Level.HIGH}, Lack.BELOW_OWN_VIEW),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, object], lack: Lack) -> None:
    assert Missing(lack=lack) in lacks(replace(assessment(), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "lack"),
    [
        (Answered(answer=Answer.YES), Lack.NO_EVIDENCE),
        (Answered(answer=Answer.NO), Lack.NO_EVIDENCE),
        (Answered(answer=Answer.NOT_APPLICABLE, note=" "), Lack.NO_NOTE),
    ],
)
def test_what_an_answer_rests_on_is_asked_for(answer: Answered, lack: Lack) -> None:
    assert lacks(assessment({"V08": answer})) == [Missing(lack=lack, indicator="V08")]


def test_every_question_is_answered_and_no_other() -> None:
    without = assessment()
    found = replace(without, answers={id_: each for id_, each in without.answers.items() if id_ != "V03"} | {"Z99": NO})
    assert lacks(found) == [
        Missing(lack=Lack.UNKNOWN_INDICATOR, indicator="Z99"),
        Missing(lack=Lack.UNANSWERED, indicator="V03"),
    ]


def test_a_level_below_the_persons_own_rating_is_given_a_reason_of_its_own() -> None:
    below = replace(assessment(), own=Level.VERY_HIGH)
    assert lacks(below) == [Missing(lack=Lack.BELOW_OWN_VIEW)]
    assert lacks(replace(below, why_below_own="She fears what was said in 2019; he has died.")) == []
    for own in OwnView:
        assert lacks(replace(below, own=own)) == []


def test_only_about_a_person_who_is_protected_there_is_an_own_rating() -> None:
    case = newest(Subject.CASE)
    assert lacking(replace(assessment(instrument=case), own=None), case, None) == []


def test_no_level_of_a_case_is_lowered_without_the_persons_own_view() -> None:
    case = newest(Subject.CASE)
    before = replace(assessment(instrument=case), level=Level.HIGH, changed="He was arrested.", own=None)
    lowered = replace(assessment(instrument=case), own=None, countersigner=MILA)
    assert lacking(lowered, case, before) == [Missing(lack=Lack.NO_OWN_VIEW)]
    assert lacking(replace(lowered, own=OwnView.DECLINED), case, before) == []


def test_lowering_takes_a_second_person_and_raising_one() -> None:
    before = replace(assessment(), level=Level.HIGH, changed="He was arrested.")
    alone = replace(assessment(), level=Level.MEDIUM)
    assert lacks(alone, before) == [Missing(lack=Lack.NO_SECOND_PERSON)]
    assert lacks(replace(alone, countersigner=ANA), before) == [Missing(lack=Lack.NO_SECOND_PERSON)]
    assert lacks(replace(alone, countersigner=MILA), before) == []
    assert lacks(replace(alone, level=Level.VERY_HIGH), before) == []
    assert lacks(replace(alone, level=Level.HIGH), before) == []


def test_what_changed_is_said_anew_each_time() -> None:
    before = assessment()
    assert lacks(replace(before, changed=" "), before) == [Missing(lack=Lack.NOTHING_CHANGED_SAID)]
    assert lacks(replace(before, changed=before.changed + " "), before) == [Missing(lack=Lack.COPIED_FORWARD)]
    assert lacks(replace(before, changed="")) == []


def test_the_bands_never_fall_where_something_is_worse_or_likelier() -> None:
    for one, other in product(product(Severity, Likelihood), repeat=2):
        worse = all(
            list(kind).index(a) <= list(kind).index(b)
            for kind, a, b in zip((Severity, Likelihood), one, other, strict=True)
        )
        if worse:
            low, high = (Scenario(what="", severity=severity, likelihood=how) for severity, how in (one, other))
            assert rank(band(low)) <= rank(band(high))


answers = st.builds(
    Answered,
    answer=st.sampled_from(Answer),
    evidence=st.none() | st.sampled_from(Evidence),
    note=st.sampled_from(["", "n"]),
)
scenarios = st.builds(
    Scenario, what=st.just("x"), severity=st.sampled_from(Severity), likelihood=st.sampled_from(Likelihood)
)
assessments = st.builds(
    Assessment,
    instrument=st.just(VICTIM.fingerprint),
    answers=st.dictionaries(st.sampled_from([each.id for each in VICTIM.indicators]), answers),
    scenarios=st.lists(scenarios, max_size=3),
    level=st.sampled_from(Level),
    why=st.sampled_from(["", "w"]),
    changed=st.sampled_from(["", "c", "d"]),
    own=st.none() | st.sampled_from([*Level, *OwnView]),
    why_below_own=st.sampled_from(["", "b"]),
    assessor=st.just(ANA),
    countersigner=st.sampled_from([None, ANA, MILA]),
)


@given(assessments, st.none() | assessments)
def test_whatever_counts_keeps_every_rule(found: Assessment, before: Assessment | None) -> None:
    """What lacks nothing is above every floor, is reasoned, and was lowered by two; a further yes never lowers."""
    if not lacks(found, before):
        said = judged(found, VICTIM)
        assert found.level in LEVELS
        assert found.why
        assert said.floor is None or rank(found.level) >= rank(said.floor)
        assert not lowers(found, before) or found.countersigner == MILA
    for each in CRITICAL:
        more = replace(found, answers={**found.answers, each: YES})
        suggested = judged(found, VICTIM).suggested
        worse = judged(more, VICTIM).suggested
        assert worse is not None
        assert suggested is None or rank(worse) >= rank(suggested)
