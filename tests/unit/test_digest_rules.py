"""When a digest is told: once a working day or week, whatever holidays and clocks do; and that it counts rightly."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from cases.model import CaseId
from core.texts import LANGUAGES, render
from safety_plans.digests.messages import TEXTS, digest
from safety_plans.digests.rules import (
    MANY,
    Carried,
    Kind,
    Morning,
    What,
    next_morning,
    numbers,
    told_now,
)

ZONE = ZoneInfo("Europe/Belgrade")
CASE = CaseId(UUID(int=1))


def weekdays(day: date) -> bool:
    """Work from Monday to Friday, without holidays."""
    return day.isoweekday() < 6


def mornings(since: datetime, days: int, holidays: frozenset[date]) -> list[datetime]:
    """Return the turns that one row takes."""
    found, now = [], since
    while now < since + timedelta(days=days):
        now = next_morning(now, ZONE, lambda day: weekdays(day) and day not in holidays)
        found.append(now)
    return found


@given(
    since=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    off=st.sets(st.integers(0, 60), max_size=20),
    late=st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), min_size=1, max_size=5),
)
def test_a_digest_is_told_once_a_working_day_or_week_however_late_engines_are(
    since: datetime, off: set[int], late: list[timedelta]
) -> None:
    first = since.astimezone(ZONE).date()
    holidays = frozenset(first + timedelta(days=each) for each in off)

    def working(day: date) -> bool:
        return weekdays(day) and day not in holidays

    for kind in Kind:
        last, told, now = first - timedelta(days=1), [], since
        for number in range(60):
            turn = next_morning(now, ZONE, working)
            assert turn > now
            assert turn.astimezone(ZONE).hour == 10
            now = turn + late[number % len(late)]
            if told_now(kind, last, now, ZONE, working):
                last = now.astimezone(ZONE).date()
                told.append(last)
        assert all(working(each) for each in told)
        spans = Counter(each if kind is Kind.PERSON else each.isocalendar()[:2] for each in told)
        assert set(spans.values()) <= {1}


def test_in_time_every_working_day_and_week_has_its_digest() -> None:
    # New Year on a Thursday, a Monday that is a holiday, both nights in which the clock changes.
    holidays = frozenset({date(2026, 1, 1), date(2026, 1, 2), date(2026, 4, 13)})
    turns = mornings(datetime(2025, 12, 31, 12, tzinfo=UTC), 330, holidays)
    days = [each.astimezone(ZONE).date() for each in turns]
    start = date(2026, 1, 1)
    wanted = [start + timedelta(days=each) for each in range((days[-1] - start).days + 1)]
    assert days == [each for each in wanted if weekdays(each) and each not in holidays]
    assert {each.astimezone(ZONE).hour for each in turns} == {10}
    last, told = date(2025, 12, 31), []
    for now in turns:
        if told_now(Kind.AGENCY, last, now, ZONE, lambda day: weekdays(day) and day not in holidays):
            last = now.astimezone(ZONE).date()
            told.append(last)
    assert date(2026, 4, 14) in told
    assert date(2026, 4, 13) not in told
    assert [each.isocalendar().week for each in told] == list(range(2, 2 + len(told)))


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 9, tzinfo=UTC), True),
        (datetime(2026, 11, 21, 12, tzinfo=UTC), False),
    ],
)
def test_nothing_is_told_before_ten_or_when_nobody_works(moment: datetime, *, told: bool) -> None:
    assert told_now(Kind.PERSON, date(2026, 11, 20), moment, ZONE, weekdays) is told


def test_on_friday_the_weekend_counts_as_due() -> None:
    friday = Morning.of(date(2026, 11, 20), ZONE, weekdays)
    assert friday.following == date(2026, 11, 23)
    assert friday.ends(ZONE) == datetime(2026, 11, 22, 23, tzinfo=UTC)
    thursday = Morning.of(date(2026, 11, 19), ZONE, weekdays)
    assert thursday.ends(ZONE) == datetime(2026, 11, 19, 23, tzinfo=UTC)


def test_a_calendar_without_working_days_hangs_nobody() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert next_morning(now, ZONE, lambda _: False) > now
    assert Morning.of(date(2026, 11, 20), ZONE, lambda _: False).following == date(2026, 11, 21)


def test_what_is_carried_is_counted_by_kind_and_person() -> None:
    def one(owner: int, what: What, *, due: bool = False, late: bool = False) -> Carried:
        return Carried(case_id=CASE, owner_id=PersonId(UUID(int=owner)), what=what, due=due, late=late)

    found = numbers(
        [
            *(one(1, What.REVIEW) for _ in range(MANY)), one(1, What.REVIEW, due=True),
            *(one(2, What.REVIEW, late=True) for _ in range(MANY)), one(2, What.MEASURE, due=True),
            *(one(3, What.MEASURE, late=True) for _ in range(3)), *(one(3, What.CLOCK, due=True) for _ in range(4)),
        ]
    )  # fmt: skip
    assert (found.reviews, found.burdened) == (2 * MANY + 1, 1)
    assert found.due == {What.REVIEW: 1, What.MEASURE: 1, What.CLOCK: 4}
    assert found.late == {What.REVIEW: MANY, What.MEASURE: 3}
    assert found.pressing
    assert not numbers([one(1, What.REVIEW)]).pressing


@pytest.mark.parametrize("kind", list(Kind))
def test_every_number_stands_in_every_language(kind: Kind) -> None:
    carried = numbers([])
    ring, words = digest(kind, UUID(int=1), date(2026, 11, 23), PersonId(UUID(int=2)), carried)
    assert ring.mentions
    assert not words.mentions
    for language in LANGUAGES:
        text = render(TEXTS[words.template], language, **words.parameters)
        assert text.count("0") == len(words.parameters) - (kind is Kind.AGENCY)
        assert "{" not in text
