"""The report of exercises: percentiles of what was answered, and nobody's silence left out."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import AgencyId
from alerts.drills import MEDIAN, NEARLY_ALL, Answered, percentile, report
from alerts.model import AlertId, Tier

BELGRADE = ZoneInfo("Europe/Belgrade")
POLICE, SHELTER = AgencyId(UUID(int=1)), AgencyId(UUID(int=2))
# In Belgrade it is one hour later in winter, two in summer.
NIGHT = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)
SUMMER_NIGHT = datetime(2026, 7, 6, 1, 30, tzinfo=UTC)
EVENING = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)


def answered(
    drill: int, seconds: float | None, *, agency: AgencyId = POLICE, tier: Tier = Tier.DESKS, sent: datetime = NIGHT
) -> Answered:
    return Answered(alert_id=AlertId(UUID(int=drill)), agency_id=agency, tier=tier, sent=sent, seconds=seconds)


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [
        ([], None, None),
        ([7.0], 7.0, 7.0),
        ([9.0, 1.0], 1.0, 9.0),
        ([3.0, 1.0, 2.0], 2.0, 3.0),
        ([float(each) for each in range(1, 21)], 10.0, 19.0),
        ([float(each) for each in range(1, 101)], 50.0, 95.0),
        ([float(each) for each in range(1, 102)], 51.0, 96.0),
    ],
)
def test_a_percentile_is_a_time_that_was_measured(values: list[float], p50: float | None, p95: float | None) -> None:
    assert percentile(values, MEDIAN) == p50
    assert percentile(values, NEARLY_ALL) == p95


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_so_many_in_a_hundred_are_no_later(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    needed = ceil(len(values) * percent / 100 - 1e-9)
    assert sum(each <= found for each in values) >= needed
    assert sum(each < found for each in values) < needed


def test_figures_are_of_an_agency_a_tier_and_an_hour_of_the_networks_day() -> None:
    figures = report(
        [
            answered(1, 10.0),
            answered(2, 30.0, sent=SUMMER_NIGHT),
            answered(3, 20.0, sent=EVENING),
            answered(4, None, sent=EVENING),
            answered(1, 99.0, agency=SHELTER),
        ],
        BELGRADE,
    )
    shown = [(each.agency_id, each.tier, each.hour, each.called, each.never_answered, each.p50) for each in figures]
    assert shown == [
        (POLICE, None, None, 4, 1, 20.0),
        (POLICE, Tier.DESKS, None, 4, 1, 20.0),
        (POLICE, Tier.DESKS, 0, 2, 1, 20.0),
        (POLICE, Tier.DESKS, 3, 2, 0, 10.0),
        (SHELTER, None, None, 1, 0, 99.0),
        (SHELTER, Tier.DESKS, None, 1, 0, 99.0),
        (SHELTER, Tier.DESKS, 3, 1, 0, 99.0),
    ]


def test_of_a_whole_agency_whoever_came_first_counts_once_for_each_exercise() -> None:
    figures = report(
        [
            answered(1, 40.0),
            answered(1, 15.0, tier=Tier.LEADERS),
            answered(2, None),
            answered(2, 200.0, tier=Tier.DEPUTIES),
            answered(3, None),
            answered(3, None, tier=Tier.LEADERS),
        ],
        BELGRADE,
    )
    assert (figures[0].tier, figures[0].called, figures[0].never_answered) == (None, 3, 1)
    assert (figures[0].p50, figures[0].p95) == (15.0, 200.0)


def test_without_exercises_there_is_nothing_to_tell() -> None:
    assert report([], BELGRADE) == []
    silent = report([answered(1, None)], BELGRADE)
    assert {(each.called, each.never_answered, each.p50, each.p95) for each in silent} == {(1, 1, None, None)}
