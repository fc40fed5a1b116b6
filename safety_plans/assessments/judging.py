"""What an assessment suggests, and what is missing before it counts: pure rules, the same for writer and reader.

A suggestion and floors, never a score: severity and likelihood suggest a band, a critical yes sets a floor, and a named
person decides and says why. The server can check none of it, so every client that reads checks it again. Bands, floor
and counts stand in `definition.json`.

Sources: docs/instruments.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from safety_plans.assessments.model import Answer, Assessment, OwnView, Scenario
from safety_plans.instruments.model import Instrument, Subject, Weight
from safety_plans.model import Level

_DEFINITION: Mapping[str, Any] = json.loads(
    resources.files("safety_plans.assessments").joinpath("definition.json").read_text(encoding="utf-8")
)
LEVELS = tuple(Level(each) for each in _DEFINITION["levels"])
CRITICAL_FLOOR = Level(_DEFINITION["critical_floor"])
TOO_MANY_UNKNOWN: int = _DEFINITION["unknowns_that_are_too_many"]


class Lack(StrEnum):
    """What an assessment lacks before it counts."""

    OTHER_INSTRUMENT = "other_instrument"
    UNANSWERED = "unanswered"
    UNKNOWN_INDICATOR = "unknown_indicator"
    NO_EVIDENCE = "no_evidence"
    NO_NOTE = "no_note"
    NO_SCENARIO = "no_scenario"
    NO_LEVEL = "no_level"
    NO_REASON = "no_reason"
    NOTHING_CHANGED_SAID = "nothing_changed_said"
    COPIED_FORWARD = "copied_forward"
    NO_OWN_VIEW = "no_own_view"
    BELOW_CRITICAL_FLOOR = "below_critical_floor"
    BELOW_OWN_VIEW = "below_own_view"
    NO_SECOND_PERSON = "no_second_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that is lacking, and of which question where it is of one."""

    lack: Lack
    indicator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the answers say. `floor` is the lowest level that a critical yes allows; `critical` names each of them."""

    suggested: Level | None
    floor: Level | None
    critical: tuple[str, ...]
    unknown: tuple[str, ...]
    insufficient: bool


def band(scenario: Scenario) -> Level:
    """Return the level that how bad and how likely something is suggest."""
    row = _DEFINITION["bands"][scenario.severity]
    return Level(row[_DEFINITION["likelihoods"].index(scenario.likelihood)])


def rank(level: Level) -> int:
    """Return how high a level is, from 0. Who was never assessed is treated as high."""
    return LEVELS.index(Level.HIGH if level is Level.NOT_YET_ASSESSED else level)


def judged(assessment: Assessment, instrument: Instrument) -> Judgement:
    """Return what the answers and scenarios say, before anybody decides."""
    answers = {id_: each.answer for id_, each in assessment.answers.items()}
    critical = [each.id for each in instrument.indicators if each.weight is Weight.CRITICAL]
    yes = tuple(each for each in critical if answers.get(each) is Answer.YES)
    unknown = tuple(each.id for each in instrument.indicators if answers.get(each.id) is Answer.UNKNOWN)
    floor = CRITICAL_FLOOR if yes else None
    suggestions = [band(each) for each in assessment.scenarios] + ([] if floor is None else [floor])
    return Judgement(
        suggested=max(suggestions, key=rank, default=None),
        floor=floor,
        critical=yes,
        unknown=unknown,
        insufficient=len(unknown) >= TOO_MANY_UNKNOWN or any(each in critical for each in unknown),
    )


def lowers(assessment: Assessment, before: Assessment | None) -> bool:
    """Whether the level is lower than at the last time. The first assessment lowers nothing."""
    return before is not None and rank(assessment.level) < rank(before.level)


def lacking(assessment: Assessment, instrument: Instrument, before: Assessment | None) -> list[Missing]:
    """Return what is missing, all of it; an assessment of which nothing is missing counts.

    `before` is the last one about the same subject that counts, by whatever instrument.
    """
    return [
        *_answers(assessment, instrument),
        *_decision(assessment, judged(assessment, instrument)),
        *_against(assessment, before),
        *_own_view(assessment, instrument, before),
    ]


def _answers(assessment: Assessment, instrument: Instrument) -> Iterator[Missing]:
    if assessment.instrument != instrument.fingerprint:
        yield Missing(lack=Lack.OTHER_INSTRUMENT)
    asked = {each.id for each in instrument.indicators}
    for id_ in sorted(assessment.answers.keys() - asked):
        yield Missing(lack=Lack.UNKNOWN_INDICATOR, indicator=id_)
    for id_ in (each.id for each in instrument.indicators):
        found = assessment.answers.get(id_)
        if found is None:
            yield Missing(lack=Lack.UNANSWERED, indicator=id_)
        elif found.answer in {Answer.YES, Answer.NO} and found.evidence is None:
            yield Missing(lack=Lack.NO_EVIDENCE, indicator=id_)
        elif found.answer is Answer.NOT_APPLICABLE and not found.note.strip():
            yield Missing(lack=Lack.NO_NOTE, indicator=id_)


def _decision(assessment: Assessment, judgement: Judgement) -> Iterator[Missing]:
    if not assessment.scenarios:
        yield Missing(lack=Lack.NO_SCENARIO)
    if not assessment.why.strip():
        yield Missing(lack=Lack.NO_REASON)
    if assessment.level is Level.NOT_YET_ASSESSED:
        yield Missing(lack=Lack.NO_LEVEL)
    elif judgement.floor is not None and rank(assessment.level) < rank(judgement.floor):
        yield Missing(lack=Lack.BELOW_CRITICAL_FLOOR)


def _against(assessment: Assessment, before: Assessment | None) -> Iterator[Missing]:
    """Hold it against the last one: what changed is said anew each time, and nobody lowers a level alone."""
    if before is None:
        return
    changed = assessment.changed.strip()
    if not changed:
        yield Missing(lack=Lack.NOTHING_CHANGED_SAID)
    elif changed == before.changed.strip():
        yield Missing(lack=Lack.COPIED_FORWARD)
    if lowers(assessment, before) and assessment.countersigner in {None, assessment.assessor}:
        yield Missing(lack=Lack.NO_SECOND_PERSON)


def _own_view(assessment: Assessment, instrument: Instrument, before: Assessment | None) -> Iterator[Missing]:
    """Ask for the own rating of the person who is protected; of their case where its level is lowered."""
    own = assessment.own
    asked = {Subject.VICTIM, Subject.CASE} if lowers(assessment, before) else {Subject.VICTIM}
    if own is None:
        if instrument.subject in asked:
            yield Missing(lack=Lack.NO_OWN_VIEW)
    elif isinstance(own, Level):
        if own is Level.NOT_YET_ASSESSED:
            yield Missing(lack=Lack.NO_OWN_VIEW)
        elif rank(assessment.level) < rank(own) and not assessment.why_below_own.strip():
            yield Missing(lack=Lack.BELOW_OWN_VIEW)
    elif own not in OwnView:
        yield Missing(lack=Lack.NO_OWN_VIEW)
