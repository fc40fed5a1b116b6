"""Answers from a table (CSV) that somebody has filled in elsewhere, with every problem named by its row.

A row for each question: its id, the answer, on what it rests, a note. What has no row stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from core.texts import mark
from safety_plans.assessments.form import AnswerForm
from safety_plans.assessments.model import Answer
from safety_plans.forms import misshapen
from safety_plans.instruments.model import Instrument
from safety_plans.problems import Problem, problem
from safety_plans.tables import by_row, rows_of

COLUMNS = ("question", "answer", "evidence", "note")
MOST_ROWS = 500
NOT_ASKED = mark("The list of questions has none with this id: {id}")
TWICE = mark("This question stands in another row already: {id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table is: answers by the id of their question, or what is wrong with it."""

    answers: Mapping[str, AnswerForm]
    problems: list[Problem]


def read(data: bytes, instrument: Instrument) -> Table:
    """Read a table; of one that is wrong say everything at once. Nothing is taken of a table with a problem."""
    found = rows_of(data, COLUMNS, MOST_ROWS)
    asked = {each.id for each in instrument.indicators}
    answers: dict[str, AnswerForm] = {}
    problems = list(found.problems)
    for number, cells in found.rows:
        id_ = cells.pop("question", "").upper()
        if id_ not in asked:
            problems.append(problem(f"{number}.question", NOT_ASKED, id=id_))
        elif id_ in answers:
            problems.append(problem(f"{number}.question", TWICE, id=id_))
        else:
            wrong = [replace(each, where=f"{number}.{each.where}".rstrip(".")) for each in misshapen(AnswerForm, cells)]
            problems += wrong
            answers[id_] = AnswerForm(answer=Answer.UNKNOWN) if wrong else msgspec.convert(cells, AnswerForm)
    return Table(answers={} if problems else answers, problems=by_row(problems))
