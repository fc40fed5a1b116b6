"""Assessments as vectors: each rule by name, and chance; what this program says of them every other must say too."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any
from uuid import UUID

import msgspec

from agencies.model import PersonId
from safety_plans.assessments.form import AssessmentForm, assessment
from safety_plans.assessments.judging import judged, lacking, lowers
from safety_plans.assessments.model import Answer, Evidence, Likelihood, Severity
from safety_plans.instruments.model import Indicator, Instrument, Subject, Weight, Words

ANA, MILA = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LEVELS = ("low", "medium", "high", "very_high")
WEIGHTS = (Weight.CRITICAL, Weight.CRITICAL, Weight.ELEVATING, Weight.CONTEXT, Weight.ELEVATING, Weight.PROTECTIVE)
_BY_CHANCE = 60


def definition() -> Mapping[str, Any]:
    """Return the one definition, as it lies in the program."""
    file = resources.files("safety_plans.assessments").joinpath("definition.json")
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def instrument(subject: str) -> Instrument:
    """Return a short list of questions about somebody or something."""
    words = Words(en="?", sr="?")
    indicators = [
        Indicator(id=f"T{number:02}", weight=weight, sources=(), question=words)
        for number, weight in enumerate(WEIGHTS, 1)
    ]
    return Instrument(
        id="tried", version=1, subject=Subject(subject), title=words, sources={}, indicators=indicators
    )  # fmt: skip


def told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rules say of an assessment: what it suggests, whether it lowers, and all that it lacks."""
    assert given["definition"] == definition()
    asked = instrument(given["instrument"]["subject"])
    assert given["instrument"] == _instrument(asked)
    made, before = (_assessment(given[each]) for each in ("assessment", "before"))
    assert made is not None
    found = judged(made, asked)
    return {
        "suggested": found.suggested, "floor": found.floor, "critical": list(found.critical),
        "unknown": list(found.unknown), "insufficient": found.insufficient, "lowers": lowers(made, before),
        "lacking": [[each.lack.value, each.indicator] for each in lacking(made, asked, before)],
    }  # fmt: skip


def given(subject: str = "victim", before: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a calm assessment that lacks nothing, with some of it changed."""
    asked = instrument(subject)
    return {
        "definition": dict(definition()), "instrument": _instrument(asked),
        "assessment": {**calm(asked), **changes}, "before": None if before is None else {**calm(asked), **before},
    }  # fmt: skip


def calm(asked: Instrument) -> dict[str, Any]:
    """Return what is said where nothing points to danger."""
    return {
        "instrument": asked.id, "version": asked.version, "fingerprint": asked.fingerprint.hex(),
        "answers": {each.id: {"answer": "no", "evidence": "observed"} for each in asked.indicators},
        "scenarios": [{"what": "A letter comes.", "severity": "minor", "likelihood": "unlikely"}],
        "level": "low", "why": "Nothing points to danger.", "changed": "The trial has ended.", "own": "low",
        "why_below_own": "", "assessor": ANA, "countersigner": None,
    }  # fmt: skip


def by_name() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each rule with what breaks it, and what just does not."""
    answers = calm(instrument("victim"))["answers"]

    def answered(**changes: Mapping[str, Any] | None) -> dict[str, Any]:
        return {id_: each for id_, each in ({**answers, **changes}).items() if each is not None}

    earlier = {"changed": "He was arrested."}
    yield "one that lacks nothing", given()
    yield "answers to another list", given(fingerprint="00" * 32)
    yield "a question that is not answered", given(answers=answered(T03=None))
    yield "a question that nobody asked", given(answers=answered(X9={"answer": "unknown"}))
    yield "a name that every object has", given(answers=answered(constructor={"answer": "unknown"}))
    yield "a yes that rests on nothing", given(answers=answered(T03={"answer": "yes"}))
    yield "a no that rests on nothing", given(answers=answered(T03={"answer": "no", "evidence": None}))
    yield "declined rests on nothing", given(answers=answered(T01={"answer": "declined"}))
    for note, name in (("", "without a note"), ("  ", "with an empty note"), ("a child", "with a note")):
        yield f"what does not apply, {name}", given(answers=answered(T01={"answer": "not_applicable", "note": note}))
    yield "one unknown that is not critical", given(answers=answered(T03={"answer": "unknown"}))
    yield "one unknown that is critical", given(answers=answered(T02={"answer": "unknown"}))
    yield "all unknown", given(answers={each: {"answer": "unknown"} for each in answers})
    critical = answered(T02={"answer": "yes", "evidence": "document"})
    for level in LEVELS:
        yield f"a critical yes, {level}", given(answers=critical, level=level, own=level)
        yield f"lowered from high to {level}, alone", given(before={**earlier, "level": "high"}, level=level)
        yield f"the own rating {level}", given(level="medium", own=level)
    yield "below the own rating, with a reason", given(own="high", why_below_own="She fears another town.")
    yield "no scenario", given(scenarios=[])
    for name in ("why", "changed"):
        yield f"{name} is empty", given(**{name: " "}, before=earlier)
    yield "the words of the last time", given(before={"changed": " The trial has ended. "})
    yield "no level", given(level=None)
    for own in (None, "declined", "unable"):
        for subject in Subject:
            yield f"{subject.value}, own view {own}", given(subject.value, own=own)
            lower = given(subject.value, own=own, countersigner=MILA, before={**earlier, "level": "high"})
            yield f"{subject.value}, own view {own}, lowered by two", lower
    yield "lowered by one who signs twice", given(countersigner=ANA, before={**earlier, "level": "high"})
    yield "lowered from never assessed", given(before={**earlier, "level": None})
    for severity in Severity:
        for likelihood in Likelihood:
            one = {"what": "?", "severity": severity.value, "likelihood": likelihood.value}
            yield f"{severity.value} and {likelihood.value}", given(scenarios=[one])


def by_chance() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what chance makes up, the same each time."""
    chance = random.Random(7)  # noqa: S311 (nothing secret comes of it)

    def one() -> dict[str, Any]:
        return {
            "answers": {
                each: {
                    "answer": chance.choice(list(Answer)).value, "note": chance.choice(["", "a note"]),
                    "evidence": chance.choice([None, *(evidence.value for evidence in Evidence)]),
                }
                for each in ("T01", "T02", "T03", "T04", "T05", "T06") if chance.random() < 0.95
            },
            "scenarios": [
                {"what": "?", "severity": chance.choice(list(Severity)).value,
                 "likelihood": chance.choice(list(Likelihood)).value}
                for _ in range(chance.choice([0, 1, 1, 2, 3]))
            ],
            "level": chance.choice([*LEVELS, *LEVELS, None]), "why": chance.choice(["", "so"]),
            "changed": chance.choice(["", "one", "other"]), "why_below_own": chance.choice(["", "so"]),
            "own": chance.choice([*LEVELS, None, "declined", "unable"]),
            "countersigner": chance.choice([None, ANA, MILA]),
        }  # fmt: skip

    for number in range(_BY_CHANCE):
        before = one() if chance.random() < 0.7 else None
        yield f"chance {number}", given(chance.choice(list(Subject)).value, before=before, **one())


def _instrument(asked: Instrument) -> dict[str, Any]:
    return {
        "fingerprint": asked.fingerprint.hex(), "subject": asked.subject.value,
        "indicators": [{"id": each.id, "weight": each.weight.value} for each in asked.indicators],
    }  # fmt: skip


def _assessment(said: Mapping[str, Any] | None) -> Any:
    if said is None:
        return None
    form = msgspec.convert(said, AssessmentForm)
    return assessment(form, PersonId(UUID(ANA)))
