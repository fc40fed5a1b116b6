"""What an assessment lacks, in sentences for whoever fills it in, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.texts import mark
from safety_plans.assessments.judging import LEVELS, Lack, Missing
from safety_plans.assessments.model import Answer, Evidence, OwnView
from safety_plans.problems import Problem, problem

_SAID: Mapping[Lack, tuple[str, str]] = {
    Lack.OTHER_INSTRUMENT: ("fingerprint", mark("These are answers to another list of questions, or version of it.")),
    Lack.UNANSWERED: ("answers", mark("This question is not answered. Not knowing is an answer too: {choices}.")),
    Lack.UNKNOWN_INDICATOR: ("answers", mark("This list has no such question.")),
    Lack.NO_EVIDENCE: ("answers", mark("Say on what it rests: {choices}.")),
    Lack.NO_NOTE: ("answers", mark("Say in a note why it does not apply.")),
    Lack.NO_SCENARIO: ("scenarios", mark("Say at least one thing that could happen, how bad and how likely.")),
    Lack.NO_LEVEL: ("level", mark("An assessment ends with a level. Decide which.")),
    Lack.NO_REASON: ("why", mark("Say why this level.")),
    Lack.NOTHING_CHANGED_SAID: ("changed", mark("Say what has changed since the last time.")),
    Lack.COPIED_FORWARD: ("changed", mark("These are the words of the last time. Say anew what has changed.")),
    Lack.NO_OWN_VIEW: ("own", mark("Say how the person rates it: {choices}.")),
    Lack.BELOW_CRITICAL_FLOOR: ("level", mark("A critical question is answered with yes: the level is high at least.")),
    Lack.BELOW_OWN_VIEW: ("why_below_own", mark("The person rates it higher. Say why the level is below that.")),
    Lack.NO_SECOND_PERSON: ("countersigner", mark("Lowering takes a second person, who looks and signs too.")),
}
_CHOICES: Mapping[Lack, Sequence[str]] = {
    Lack.UNANSWERED: (Answer.UNKNOWN,),
    Lack.NO_EVIDENCE: tuple(Evidence),
    Lack.NO_OWN_VIEW: (*LEVELS, *OwnView),
}


def problems(missing: Iterable[Missing]) -> list[Problem]:
    """Return what is lacking as it is told."""
    told = []
    for each in missing:
        where, what = _SAID[each.lack]
        place = f"{where}.{each.indicator}" if each.indicator else where
        told.append(problem(place, what, choices=", ".join(_CHOICES.get(each.lack, ()))))
    return told
