"""Times: aware, in this century, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import EARLIEST, LATEST, Clock, OffsetFileClock, Pace, SystemClock, sensible
from core.errors import InvalidInput
from tests.clock import MovableClock

zones = st.sampled_from(["UTC", "Europe/Belgrade", "Europe/Skopje", "Pacific/Auckland", "America/St_Johns"]).map(
    ZoneInfo
)


def naive(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


class Undecided(tzinfo):
    """A zone that does not know its offset."""

    def utcoffset(self, _moment: datetime | None, /) -> timedelta | None:
        return None

    def dst(self, _moment: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, _moment: datetime | None, /) -> str | None:
        return None


@given(st.datetimes(min_value=naive(2000, 1, 2), max_value=naive(2099, 12, 30), timezones=zones))
def test_a_sensible_time_keeps_its_moment(moment: datetime) -> None:
    assert sensible(moment).timestamp() == moment.timestamp()
    assert sensible(moment).tzinfo is UTC


@given(st.datetimes())
def test_a_time_without_a_zone_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidInput, match="zone"):
        sensible(moment)
    with pytest.raises(InvalidInput, match="zone"):
        sensible(moment.replace(tzinfo=Undecided()))


@pytest.mark.parametrize("hours", [-23, -1, 0, 1, 23])
@pytest.mark.parametrize("moment", [naive(1, 1, 1), naive(9999, 12, 31), naive(1999, 12, 30), naive(2100, 1, 2)])
def test_an_absurd_time_is_refused(moment: datetime, hours: int) -> None:
    with pytest.raises(InvalidInput, match="century"):
        sensible(moment.replace(tzinfo=timezone(timedelta(hours=hours))))


def test_the_century_has_sharp_edges() -> None:
    assert sensible(EARLIEST) == EARLIEST
    tick = timedelta(microseconds=1)
    assert sensible(LATEST - tick) == LATEST - tick
    for outside in (EARLIEST - tick, LATEST):
        with pytest.raises(InvalidInput):
            sensible(outside)


@pytest.mark.parametrize(
    ("content", "seconds"),
    [("90", 90), ("-90\n", -90), ("", 0), ("soon", 0), ("1" * 40, 0), ("1.5", 0), ("\x00", 0)],
)
def test_a_file_moves_the_clock(tmp_path: Path, content: str, seconds: int) -> None:
    path = tmp_path / "offset"
    clock = OffsetFileClock(path)
    assert clock.offset == timedelta(0)
    path.write_text(content)
    assert clock.offset == timedelta(seconds=seconds)
    ahead = clock.now() - SystemClock().now()
    assert abs(ahead - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_bytes_that_are_no_text_do_not_move_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "offset"
    path.write_bytes(b"\xff\xfe")
    assert OffsetFileClock(path).offset == timedelta(0)


def test_clocks_are_aware() -> None:
    standing: Clock = MovableClock(datetime(2026, 3, 2, tzinfo=UTC))
    running: Clock = MovableClock()
    for clock in (standing, running, SystemClock()):
        assert clock.now().utcoffset() == timedelta(0)


def test_a_movable_clock_moves() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    clock = MovableClock(start)
    assert clock.now() == clock.now() == start
    clock.move(timedelta(days=1))
    assert clock.now() == start + timedelta(days=1)
    clock.set(start)
    assert clock.now() == start
    assert abs((clock.now() - clock.offset) - SystemClock().now()) < timedelta(seconds=5)
    running = MovableClock()
    running.set(start)
    assert start <= running.now() < start + timedelta(seconds=5)


def test_what_is_done_now_and_then_is_not_kept_by_a_clock_that_is_set_back() -> None:
    clock = MovableClock(datetime(2026, 3, 2, tzinfo=UTC))
    pace = Pace(clock, timedelta(seconds=20))
    assert pace.due()
    assert pace.due(), "what was not done is due still"
    pace.done()
    assert not pace.due()
    clock.move(timedelta(seconds=20))
    assert pace.due()
    clock.move(timedelta(days=1))
    pace.done()
    clock.move(-timedelta(days=1))
    assert pace.due()
