"""Quiet hours: what can wait until morning waits, on every night, those that the clock changes too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.settings import Settings
from safety_plans.quiet import LONGEST, Quiet

ZONE = ZoneInfo("Europe/Belgrade")
NIGHT = Quiet(begins=time(22), ends=time(7), zone=ZONE)

moments = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
hours = st.times().map(lambda each: each.replace(second=0, microsecond=0))


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment by the clock on the wall."""
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (local(2026, 11, 23, 21, 59), None),
        (local(2026, 11, 23, 22), local(2026, 11, 24, 7)),
        (local(2026, 12, 31, 23, 59), local(2027, 1, 1, 7)),
        (local(2028, 2, 28, 23), local(2028, 2, 29, 7)),
        (local(2026, 11, 24, 6, 59), local(2026, 11, 24, 7)),
        (local(2026, 11, 24, 7), None),
        # The nights in which the clock jumps: 02:30 is there twice in autumn, never in spring.
        (local(2026, 10, 24, 22), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (local(2026, 3, 28, 22), datetime(2026, 3, 29, 5, tzinfo=UTC)),
    ],
)
def test_what_falls_into_the_night_waits_for_its_end(moment: datetime, until: datetime | None) -> None:
    assert NIGHT.at(moment) is (until is not None)
    assert NIGHT.until(moment) == (until or moment)


def test_hours_that_are_alike_are_never_and_hours_of_the_day_do_not_wrap() -> None:
    never = Quiet(begins=time(7), ends=time(7), zone=ZONE)
    noon = Quiet(begins=time(12), ends=time(13), zone=ZONE)
    for hour in range(24):
        moment = local(2026, 11, 23, hour)
        assert not never.at(moment)
        assert noon.at(moment) is (hour == 12)
    assert noon.until(local(2026, 11, 23, 12, 30)) == local(2026, 11, 23, 13)


@given(moment=moments, begins=hours, ends=hours)
def test_nothing_waits_longer_than_the_night_or_into_another(moment: datetime, begins: time, ends: time) -> None:
    quiet = Quiet(begins=begins, ends=ends, zone=ZONE)
    until = quiet.until(moment)
    # An hour more in the night in which the clock is put back.
    assert moment <= until <= moment + quiet.length + timedelta(hours=1)
    assert quiet.at(moment) is (until > moment)
    assert not quiet.at(until)


def test_the_default_is_the_night() -> None:
    settings = Settings.__dataclass_fields__["quiet_hours"]
    assert Quiet.read(str(settings.default), "Europe/Belgrade") == NIGHT
    assert NIGHT.length < LONGEST


@pytest.mark.parametrize(
    "text", ["", "22:00", "22-7", "22:00-25:00", "22:00-07:00-09:00", "07:00-22:00", "22:00Z-07:00"]
)
def test_what_are_no_quiet_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="STREHA_QUIET_HOURS looks like"):
        Quiet.read(text, "Europe/Belgrade")
