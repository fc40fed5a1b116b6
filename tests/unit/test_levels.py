"""When a level that is told counts: nobody lowers one alone, whatever they tell and in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from core.errors import Conflict
from safety_plans.assessments.judging import rank
from safety_plans.levels import SECOND_WITHIN, Outcome, Standing, Told, outcome
from safety_plans.model import Level

BEGAN = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
PEOPLE = [PersonId(UUID(int=each)) for each in range(4)]
LEVELS = [each for each in Level if each is not Level.NOT_YET_ASSESSED]
hours = st.integers(0, 100).map(lambda each: timedelta(hours=each))
steps = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(LEVELS), hours), max_size=12)


@given(steps, st.sampled_from(list(Level)), st.one_of(st.none(), hours))
def test_nobody_lowers_a_level_alone(
    steps: list[tuple[PersonId, Level, timedelta]], begun: Level, event: timedelta | None
) -> None:
    level, waiting, now = begun, None, BEGAN
    for by, told_level, later in steps:
        now += later
        told = Told(level=told_level, by=by, at=now, assessed_at=now)
        standing = Standing(
            level=level, members=PEOPLE, assess=PEOPLE[:2], waiting=waiting,
            last_event=None if event is None else BEGAN + event,
        )  # fmt: skip
        try:
            found = outcome(told, standing)
        except Conflict:
            assert by not in PEOPLE[:2]
            assert rank(told_level) <= rank(level)
            continue
        if rank(found.level) < rank(level) and level is not Level.NOT_YET_ASSESSED:
            assert waiting is not None
            assert (waiting.level, waiting.by != by) == (told_level, True)
            assert now - waiting.at <= SECOND_WITHIN
            assert found.assessed_at == waiting.assessed_at
            assert event is None or BEGAN + event <= waiting.assessed_at
        if found.waiting is not None:
            assert found == Outcome(level=level, assessed_at=now, waiting=told)
            assert rank(told_level) < rank(level)
        else:
            assert found.level is told_level
        level, waiting = found.level, found.waiting


def test_who_left_is_no_first_of_two() -> None:
    first = Told(level=Level.LOW, by=PEOPLE[0], at=BEGAN, assessed_at=BEGAN)
    second = Told(level=Level.LOW, by=PEOPLE[2], at=BEGAN, assessed_at=BEGAN)
    there = Standing(level=Level.HIGH, members=PEOPLE, assess=PEOPLE[:2], waiting=first, last_event=None)
    gone = Standing(level=Level.HIGH, members=PEOPLE[1:], assess=PEOPLE[1:2], waiting=first, last_event=None)
    assert outcome(second, there).level is Level.LOW
    with pytest.raises(Conflict):
        outcome(second, gone)
