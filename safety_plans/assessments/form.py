"""An assessment as a file, and as what is sealed: the one form of both, read whole with every problem in its place.

Whoever fills it in reads the questions beside the answers; what is sealed keeps the answers and names the questions by
the instrument's fingerprint. Who assessed and who looked besides is set by the program that signs, never by a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from agencies.model import PersonId
from core.texts import mark
from safety_plans.assessments.model import (
    Answer,
    Answered,
    Assessment,
    Dissent,
    Evidence,
    Likelihood,
    OwnView,
    Scenario,
    Severity,
)
from safety_plans.forms import Line, Part, PersonRef, Text, misshapen, parsed
from safety_plans.instruments.model import Instrument
from safety_plans.model import Level
from safety_plans.problems import Problem, problem

Decided = Literal["very_high", "high", "medium", "low"]
Own = Literal["very_high", "high", "medium", "low", "declined", "unable"]
NOT_THIS = mark("This is no assessment with an instrument that is known here. Look at the template.")


class AnswerForm(Part, frozen=True, kw_only=True):
    """The answer to one question; the question itself helps whoever fills it in, and is not kept."""

    answer: Answer
    evidence: Evidence | None = None
    note: Text = ""
    question: Text = ""


class ScenarioForm(Part, frozen=True, kw_only=True):
    """What could happen."""

    what: Line
    severity: Severity
    likelihood: Likelihood


class DissentForm(Part, frozen=True, kw_only=True):
    """That somebody sees it otherwise."""

    by: PersonRef
    level: Decided
    why: Line


class AssessmentForm(Part, frozen=True, kw_only=True):
    """The whole of it. `about` names the member of staff whom one with that instrument is about."""

    instrument: Line
    version: Annotated[int, msgspec.Meta(ge=1)]
    fingerprint: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    answers: dict[str, AnswerForm]
    scenarios: Annotated[tuple[ScenarioForm, ...], msgspec.Meta(max_length=50)] = ()
    level: Decided | None = None
    why: Text = ""
    changed: Text = ""
    own: Own | None = None
    why_below_own: Text = ""
    dissent: Annotated[tuple[DissentForm, ...], msgspec.Meta(max_length=20)] = ()
    about: PersonRef | None = None
    assessor: PersonRef | None = None
    countersigner: PersonRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is: an assessment with the instrument that it names, or what is wrong with it."""

    form: AssessmentForm | None
    instrument: Instrument | None
    problems: list[Problem]


def read(data: bytes, instruments: Iterable[Instrument]) -> Checked:
    """Read a file; of one that is wrong say everything at once."""
    problems: list[Problem] = []
    found = parsed(data, problems)
    if not problems:
        problems += misshapen(AssessmentForm, found)
    if problems:
        return Checked(form=None, instrument=None, problems=problems)
    form = msgspec.convert(found, AssessmentForm)
    instrument = next((each for each in instruments if each.fingerprint.hex() == form.fingerprint), None)
    if instrument is None or (instrument.id, instrument.version) != (form.instrument, form.version):
        return Checked(form=form, instrument=None, problems=[problem("fingerprint", NOT_THIS)])
    return Checked(form=form, instrument=instrument, problems=[])


def template(instrument: Instrument, language: str) -> AssessmentForm:
    """Return one to begin with: every question, and nothing known yet."""
    return AssessmentForm(
        instrument=instrument.id,
        version=instrument.version,
        fingerprint=instrument.fingerprint.hex(),
        answers={
            each.id: AnswerForm(answer=Answer.UNKNOWN, question=each.question(language))
            for each in instrument.indicators
        },
    )


def written(form: AssessmentForm) -> bytes:
    """Return it as a file, as `read` takes it."""
    return msgspec.json.format(msgspec.json.encode(form), indent=2) + b"\n"


def sealed(form: AssessmentForm, *, assessor: PersonId, countersigner: PersonId | None = None) -> AssessmentForm:
    """Return what is sealed of it: without the questions, with those who answer for it."""
    answers = {id_: msgspec.structs.replace(each, question="") for id_, each in form.answers.items()}
    by = None if countersigner is None else str(countersigner)
    return msgspec.structs.replace(form, answers=answers, assessor=str(assessor), countersigner=by)


def answered(form: AssessmentForm, answers: Mapping[str, AnswerForm]) -> AssessmentForm:
    """Return it with these answers, each beside its question; what is not among them stays."""
    given = {
        id_: msgspec.structs.replace(each, question=form.answers[id_].question if id_ in form.answers else "")
        for id_, each in answers.items()
    }
    return msgspec.structs.replace(form, answers={**form.answers, **given})


def about(form: AssessmentForm, person: str | None) -> AssessmentForm:
    """Return it about a member of staff, or about nobody in particular."""
    return msgspec.structs.replace(form, about=person)


def assessment(form: AssessmentForm, assessor: PersonId) -> Assessment:
    """Return what the rules judge; `assessor` answers for one that names nobody yet."""
    return Assessment(
        instrument=bytes.fromhex(form.fingerprint),
        answers={
            id_: Answered(answer=each.answer, evidence=each.evidence, note=each.note)
            for id_, each in form.answers.items()
        },
        scenarios=[
            Scenario(what=each.what, severity=each.severity, likelihood=each.likelihood) for each in form.scenarios
        ],
        level=Level.NOT_YET_ASSESSED if form.level is None else Level(form.level),
        why=form.why,
        changed=form.changed,
        own=_own(form.own),
        why_below_own=form.why_below_own,
        assessor=assessor if form.assessor is None else PersonId(UUID(form.assessor)),
        countersigner=None if form.countersigner is None else PersonId(UUID(form.countersigner)),
        dissent=[
            Dissent(by=PersonId(UUID(each.by)), level=Level(each.level), why=each.why) for each in form.dissent
        ],
    )  # fmt: skip


def _own(said: str | None) -> Level | OwnView | None:
    if said is None:
        return None
    return OwnView(said) if said in {"declined", "unable"} else Level(said)
