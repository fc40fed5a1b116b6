"""What a monthly meeting decided on a case, as a file and as what is sealed: by whom, who does it, by which day.

Level and measures are decided by named members (Western Balkans report 2012, *monthly task force*). A level that is
decided is told with an assessment, which two sign where it is lower; here it stands beside what it rests on.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from core.texts import mark
from safety_plans.assessments.form import Decided
from safety_plans.forms import Line, Part, PersonRef, Text, misshapen, parsed
from safety_plans.problems import Problem, problem

NOT_PRESENT = mark("Whoever decided was present: name them under present too.")
NOT_YET = mark("This day is to come. Write down what was decided once it was.")
NO_REASON = mark("Say why it is not done.")
TOO_EARLY = mark("The day by which it is done lies before the meeting.")
TWICE = mark("This person stands there twice.")
LEFT_OUT = mark(
    '"{decision}" is sealed for this day, still open, and not in it. Take it over in the same words, as open, done or '
    "dropped. See: streha taskforce decisions"
)


class Present(Part, frozen=True, kw_only=True):
    """Somebody who was there, by their id, and for whom they spoke."""

    person: PersonRef
    agency: Line


class Decision(Part, frozen=True, kw_only=True):
    """One thing that was decided: by whom, who does it, by which day, and how far it is."""

    what: Line
    by: Annotated[tuple[PersonRef, ...], msgspec.Meta(min_length=1, max_length=50)]
    owner: PersonRef
    deadline: dt.date
    status: Literal["open", "done", "dropped"] = "open"
    why: Text = ""


class Meeting(Part, frozen=True, kw_only=True):
    """A meeting on one case."""

    day: dt.date
    present: Annotated[tuple[Present, ...], msgspec.Meta(min_length=1, max_length=50)]
    decisions: Annotated[tuple[Decision, ...], msgspec.Meta(min_length=1, max_length=100)]
    level: Decided | None = None
    why: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file is: what a meeting decided, or what is wrong with it."""

    meeting: Meeting | None
    problems: list[Problem]


def read(data: bytes) -> Checked:
    """Read a file; of one that is wrong say everything at once."""
    problems: list[Problem] = []
    found = parsed(data, problems)
    if not problems:
        problems += misshapen(Meeting, found)
    return Checked(meeting=None if problems else msgspec.convert(found, Meeting), problems=problems)


def lacking(meeting: Meeting, today: dt.date) -> list[Problem]:
    """Return what keeps it from being sealed, as far as the file alone tells."""
    present = [each.person for each in meeting.present]
    found = [problem("day", NOT_YET)] if meeting.day > today else []
    found += [problem(f"present.{n}", TWICE) for n, each in enumerate(present) if each in present[:n]]
    for n, each in enumerate(meeting.decisions):
        where = f"decisions.{n}"
        if not set(each.by) <= set(present):
            found.append(problem(f"{where}.by", NOT_PRESENT))
        if each.deadline < meeting.day:
            found.append(problem(f"{where}.deadline", TOO_EARLY))
        if each.status == "dropped" and not each.why.strip():
            found.append(problem(f"{where}.why", NO_REASON))
    return found


def left_out(meeting: Meeting, before: Meeting) -> list[Problem]:
    """Return what is still open in the version before, and stands in this one no more: nobody would see to it."""
    missing = Counter(each.what for each in before.decisions) - Counter(each.what for each in meeting.decisions)
    found = []
    for each in before.decisions:
        if each.status == "open" and missing[each.what]:
            missing[each.what] -= 1
            found.append(problem("decisions", LEFT_OUT, decision=each.what))
    return found


def owed(meeting: Meeting) -> list[tuple[UUID, dt.date]]:
    """Return who is to do something by which day: all that the server learns."""
    return [(UUID(each.owner), each.deadline) for each in meeting.decisions if each.status == "open"]


def template(today: dt.date, people: Iterable[str]) -> Meeting:
    """Return one to begin with: these people present, and one decision to write over."""
    there = tuple(people)
    return Meeting(
        day=today,
        present=tuple(Present(person=each, agency="?") for each in there),
        decisions=(Decision(what="?", by=there[:1], owner=there[0], deadline=today),),
    )


def written(meeting: Meeting) -> bytes:
    """Return it as a file, as `read` takes it, and as what is sealed."""
    return msgspec.json.format(msgspec.json.encode(meeting), indent=2) + b"\n"
