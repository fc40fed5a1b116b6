"""Calendar files read to court dates: what is meant is found, whatever nobody can be sure of is asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.court_dates import reading, splitting
from client.court_dates.reading import CalendarFile
from core.errors import InvalidInput
from tests.court_calendars import calendar, entry

NOW = datetime(2031, 5, 1, 8, tzinfo=UTC)
BELGRADE = ZoneInfo("Europe/Belgrade")


def read(*entries: str, zone: ZoneInfo | None = None, only: frozenset[int] = frozenset()) -> CalendarFile:
    return reading.read(calendar(*entries), zone, NOW, only)


def wrong(*entries: str, zone: ZoneInfo | None = None) -> list[tuple[str, str]]:
    found = read(*entries, zone=zone)
    return [(each.where, each.what) for each in found.problems]


def days(found: CalendarFile) -> list[str]:
    assert not found.problems
    return [each.at.astimezone(UTC).strftime("%m-%dT%H:%M") for each in found.dates if each.at is not None]


def test_an_hour_is_that_of_its_zone() -> None:
    found = read(
        entry("a", "SUMMARY:Mila", "SEQUENCE:2", "DTSTAMP:20300101T000000Z"),
        entry("b", at="DTSTART:20310514T093000Z"),
        entry("c", at="DTSTART;TZID=America/New_York:20310514T093000"),
        entry("d", at="DTSTART;TZID=Central Europe Standard Time:20310514T093000"),
        entry("e", at="DTSTART:20310514T093000"),
        zone=BELGRADE,
    )
    assert days(found) == ["05-14T07:30", "05-14T09:30", "05-14T13:30", "05-14T07:30", "05-14T07:30"]
    first = found.dates[0]
    assert (first.key, first.sequence, first.summary, first.cancelled) == (("a", ""), 2, "Mila", False)
    assert first.stamp == datetime(2030, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "what"),
    [
        ("DTSTART:20310514T093000", reading.NO_ZONE),
        ("DTSTART;TZID=Custom:20310514T093000", reading.UNKNOWN_ZONE),
        ("DTSTART;TZID=../../../etc/passwd:20310514T093000", reading.UNKNOWN_ZONE),
        ("DTSTART;VALUE=DATE:20310514", reading.WHOLE_DAY),
        ("DTSTART:rubbish", reading.NO_TIME),
        ("DTSTART:20311314T093000Z", reading.NO_TIME),
        ("DTSTART:00010101T000000Z", reading.NO_TIME),
        ("DTSTART:99991231T235959Z", reading.NO_TIME),
        ("", reading.NO_TIME),
        ("DTSTART:20310514T093000Z\r\nDTSTART:20310515T093000Z", splitting.TWICE),
        ("DTSTART;TZID=Europe/Belgrade:20310330T023000", reading.NEVER),
        ("DTSTART;TZID=Europe/Belgrade:20311026T023000", reading.TWICE_THAT_DAY),
    ],
)
def test_an_hour_that_nobody_can_be_sure_of_is_asked_about_by_entry_and_line(at: str, what: str) -> None:
    assert wrong(entry("a"), entry("b", at=at)) == [("2 (:7)", what)]


def test_a_zone_of_the_file_is_never_run_and_where_it_lies_it_is_asked() -> None:
    # Followed, its rule would go on for ever.
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
        "TZOFFSETFROM:+0100\r\nTZOFFSETTO:{to}\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    )
    assert not wrong(zone.format(name="Europe/Belgrade", to="+0200"), entry("a"))
    assert wrong(zone.format(name="Europe/Belgrade", to="+0500"), entry("a")) == [("1 (:12)", reading.OTHER_ZONE)]
    own = entry("a", at="DTSTART;TZID=Own:20310514T093000")
    assert wrong(zone.format(name="Own", to="+0200"), own) == [("1 (:12)", reading.UNKNOWN_ZONE)]


def test_a_series_is_followed_over_the_change_of_clocks_and_without_what_is_left_out() -> None:
    weekly = entry(
        "a", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Belgrade:20311022T093000",
        at="DTSTART;TZID=Europe/Belgrade:20311015T093000",
    )  # fmt: skip
    moved = entry(
        "a", "RECURRENCE-ID;TZID=Europe/Belgrade:20311029T093000", at="DTSTART;TZID=Europe/Belgrade:20311030T110000"
    )
    assert days(read(weekly)) == ["10-15T07:30", "10-29T08:30", "11-05T08:30"]
    found = read(weekly, moved)
    assert days(found) == ["10-15T07:30", "11-05T08:30", "10-30T10:00"]
    # Taken alone, neither of them has the day of the other.
    assert days(read(weekly, moved, only=frozenset({1}))) == ["10-15T07:30", "11-05T08:30"]
    assert ("a", "20311029T083000Z") in read(weekly, moved, only=frozenset({1})).named
    # Without its bound it is followed for two years, from now on.
    assert len(days(read(entry("a", "RRULE:FREQ=WEEKLY", at="DTSTART:20300101T070000Z")))) == 104
    assert days(read(entry("a", "RRULE:FREQ=DAILY;UNTIL=20310515T120000Z"))) == ["05-14T07:30", "05-15T07:30"]


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=SECONDLY", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "RRULE:FREQ=DAILY;INTERVAL=0", "RRULE:FREQ=DAILY;UNTIL=20310514T0930", "RDATE:20310515T093000Z",
        "RRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY", "EXRULE:FREQ=DAILY", "RRULE:rubbish",
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_followed_is_refused(line: str) -> None:
    ((where, what),) = wrong(entry("a", line))
    assert (where, what) == ("1 (:3)", reading.NOT_FOLLOWED)


def test_so_many_days_are_no_court_dates() -> None:
    assert wrong(entry("a", "RRULE:FREQ=DAILY")) == [("", reading.TOO_MANY)]
    ancient = entry("a", "RRULE:FREQ=DAILY", at="DTSTART:19700101T090000Z")
    assert {what for _, what in wrong(ancient)} <= {reading.NOT_FOLLOWED, reading.TOO_MANY}


def test_what_is_called_off_needs_no_hour() -> None:
    assert [each.cancelled for each in read(entry("a", "STATUS:CANCELLED", at="")).dates] == [True]
    found = reading.read(calendar(entry("a"), method="CANCEL"), None, NOW)
    assert [(each.cancelled, each.at) for each in found.dates] == [(True, None)]
    reply = reading.read(calendar(entry("a"), method="REPLY"), None, NOW)
    assert [each.what for each in reply.problems] == [reading.OTHER_METHOD]


def test_of_two_with_one_name_the_later_word_counts_and_a_contradiction_is_told() -> None:
    later = entry("a", "SEQUENCE:1", at="DTSTART:20310601T080000Z")
    assert days(read(later, entry("a"))) == days(read(entry("a"), later)) == ["06-01T08:00"]
    assert days(read(entry("a", "SUMMARY:x"), entry("a", "SUMMARY:y"))) == ["05-14T07:30"]
    assert wrong(entry("a"), entry("a", at="DTSTART:20310601T080000Z")) == [("2 (:7)", reading.CONTRADICTS)]


def test_one_broken_entry_spoils_no_other_and_can_be_left_out() -> None:
    broken = entry("b", "SEQUENCE:x"), entry("", at=""), entry("d", "no line of a calendar")
    found = read(entry("a"), *broken, entry("e"))
    assert [each.where for each in found.problems] == ["2 (:7)", "3 (:12)", "4 (:15)"]
    assert [each.uid for each in found.dates] == ["a", "e"]
    # Nobody knows which day of a series the broken ones stand for.
    assert not found.whole
    assert not read(entry("a"), *broken, only=frozenset({1})).problems


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0\xff\xfe", b"name,begins\r\n", calendar(entry("a"))[:-20], b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
        calendar(entry("a", entry("b"))), calendar().replace(b"\r\n", b"\r\n" + b"BEGIN:X\r\n" * 20),
        calendar(entry("a")).decode().encode("utf-16"), b"x" * (splitting.MOST_BYTES + 1),
        calendar(*(entry("a") for _ in range(splitting.MOST_ENTRIES + 1))),
    ],
)  # fmt: skip
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        reading.read(content, None, NOW)


def test_folds_and_letters_of_any_kind_are_read() -> None:
    text = calendar(entry("ђ-1", "SUMMARY:Суђење")).replace(
        "ђ-1".encode(), "ђ-1".encode()[:1] + b"\r\n " + "ђ-1".encode()[1:]
    )
    found = reading.read(text, None, NOW)
    assert [(each.uid, each.summary) for each in found.dates] == [("ђ-1", "Суђење")]
    often = entry("a", *["EXDATE:20310101T000000Z"] * 200)
    assert wrong(often) == [("1 (:3)", splitting.TWICE)]
    huge = entry("a" * 20_000), entry("b", "DESCRIPTION:" + "x" * 100_000)
    assert wrong(*huge) == [("1 (:3)", splitting.LONG_LINE)]


def test_ten_thousand_entries_are_read_in_bounded_time() -> None:
    many = calendar(*(entry(f"u{each}", "RRULE:FREQ=DAILY;COUNT=100000") for each in range(splitting.MOST_ENTRIES)))
    began = perf_counter()
    found = reading.read(many, None, NOW)
    assert perf_counter() - began < 60
    assert len(found.dates) <= reading.MOST_DATES + 1
    assert found.problems


LINES = st.sampled_from(
    [
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "UID:a", "UID:b", "DTSTART:20310514T093000Z",
        "DTSTART;TZID=Europe/Belgrade:20310514T093000", "RRULE:FREQ=DAILY;COUNT=3", "BEGIN:VALARM", "END:VALARM",
        "RECURRENCE-ID:20310515T093000Z", "STATUS:CANCELLED", "EXDATE:20310515T093000Z", "SEQUENCE:-1", " folded",
        "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:Europe/Belgrade", "TZOFFSETTO:+9999", "METHOD:CANCEL", "",
    ]
)  # fmt: skip
PLACED = st.one_of(LINES, st.text(max_size=30), st.binary(max_size=30).map(lambda each: each.decode("latin-1")))


@settings(max_examples=300, deadline=None)
@given(st.lists(PLACED, max_size=12), st.sampled_from(["framed", "bare"]))
def test_whatever_stands_in_a_file_it_is_read_or_refused_in_our_words(lines: list[str], framing: str) -> None:
    content = "\r\n".join(lines).encode()
    if framing == "framed":
        content = calendar(entry("a", *lines), *lines)
    try:
        found = reading.read(content, BELGRADE, NOW)
    except InvalidInput:
        return
    for each in found.dates:
        assert each.cancelled is (each.at is None)
        assert each.at is None or each.at.tzinfo is not None
