"""A risk assessment: what was answered, what could happen, and the level that a named person decided on, and why.

It is made and read on people's own machines and stored sealed; the server learns the level and the next due time. The
words of answers and levels: docs/instruments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agencies.model import PersonId
from safety_plans.model import Level


class Answer(StrEnum):
    """What is known. `unknown` is not no; `declined` counts against nobody."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    NOT_APPLICABLE = "not_applicable"


class Evidence(StrEnum):
    """On what a yes or a no rests."""

    SELF_REPORT = "self_report"
    OBSERVED = "observed"
    THIRD_PARTY = "third_party"
    DOCUMENT = "document"


class Severity(StrEnum):
    """How bad it would be."""

    MINOR = "minor"
    MODERATE = "moderate"
    SERIOUS = "serious"
    LIFE_THREATENING = "life_threatening"


class Likelihood(StrEnum):
    """How likely it is."""

    UNLIKELY = "unlikely"
    POSSIBLE = "possible"
    LIKELY = "likely"
    IMMINENT = "imminent"


class OwnView(StrEnum):
    """Why there is no rating by the person who is protected."""

    DECLINED = "declined"
    UNABLE = "unable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to one question. A yes or a no rests on something; what does not apply says why."""

    answer: Answer
    evidence: Evidence | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What could happen, in the words of whoever assesses."""

    what: str
    severity: Severity
    likelihood: Likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissent:
    """That somebody of the circle sees it otherwise, and how."""

    by: PersonId
    level: Level
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One of them. `own` is the person's own rating, or why there is none; nobody is asked where none is a person."""

    instrument: bytes
    answers: Mapping[str, Answered]
    scenarios: Sequence[Scenario]
    level: Level
    why: str
    changed: str
    own: Level | OwnView | None
    why_below_own: str
    assessor: PersonId
    countersigner: PersonId | None
    dissent: Sequence[Dissent] = ()
