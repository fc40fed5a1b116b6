"""Rosters from elsewhere: what a table and a calendar mean, and what is wrong with them, never quoted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.model import AgencyId, Person, PersonId, Role
from agencies.roster import FURTHEST_AHEAD, MOST_SHIFTS
from agencies.roster_files import MOST_BYTES, MOST_EVENTS, RosterFile, read
from core.errors import InvalidInput

BELGRADE = ZoneInfo("Europe/Belgrade")
# A Monday; 10:00 in Belgrade.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MARK = "Gudalo-7731"


def person(number: int, name: str) -> Person:
    return Person(
        id=PersonId(UUID(int=100 + number)), agency_id=AgencyId(UUID(int=1)), name=name, role=Role.PRACTITIONER,
        matrix_user=f"@{name.split(maxsplit=1)[0].lower()}-{number}:streha.localhost", signing_key=bytes(32),
    )  # fmt: skip


ana, boris = person(1, "Ana Primer"), person(2, "Boris Primer")
OFFICERS = (ana, boris)


def table(*rows: str, heading: str = "person,begins,ends") -> bytes:
    return "\r\n".join((heading, *rows, "")).encode()


def event(*lines: str, who: str = "Ana Primer") -> str:
    return "\r\n".join(("BEGIN:VEVENT", f"SUMMARY:{who}", *lines, "END:VEVENT"))


def calendar(*events: str) -> bytes:
    return "\r\n".join(
        ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//invented//", *events, "END:VCALENDAR", "")
    ).encode()


def found(content: bytes, now: datetime = NOW) -> RosterFile:
    return read(content, OFFICERS, BELGRADE, now)


def shifts(content: bytes, now: datetime = NOW) -> list[tuple[PersonId, str, str]]:
    """Return shifts in the time of Belgrade, where nothing is wrong."""
    read_ = found(content, now)
    assert read_.problems == ()
    shape = "%d.%m. %H:%M"
    return [
        (each.person_id, each.begins_at.astimezone(BELGRADE).strftime(shape),
         each.ends_at.astimezone(BELGRADE).strftime(shape))
        for each in read_.turns
    ]  # fmt: skip


def problems(content: bytes) -> list[tuple[int, str]]:
    """Return where something is wrong; nothing of the file is in the words for it."""
    read_ = found(content)
    for each in read_.problems:
        said = str(each.error)
        assert MARK not in said
        assert all(word not in said for word in content.decode().replace(",", "\n").split("\n") if len(word) > 8)
    return [(each.row, each.column) for each in read_.problems]


# A table ---------------------------------------------------------------------------------------------


def test_a_table_is_read_however_a_spreadsheet_writes_it() -> None:
    expected = [(ana.id, "02.03. 20:00", "03.03. 08:00"), (boris.id, "03.03. 08:00", "03.03. 20:00")]
    plain = table(
        "Ana Primer,2026-03-02 20:00,2026-03-03 08:00", f"{boris.matrix_user},2026-03-03 08:00,2026-03-03 20:00"
    )
    assert shifts(plain) == expected
    assert shifts(b"\xef\xbb\xbf" + plain.replace(b"\r\n", b"\n")) == expected
    other = table(
        "2.3.2026. 20:00;x;3.3.2026. 8:00;Ana Primer",
        "",
        f'"03.03.2026 08:00";"a ; b";03.03.2026 20:00;{boris.id}',
        heading="Begins;note;Ends;Person",
    )
    assert shifts(other) == expected
    assert shifts(table("Ana Primer,2026-03-02T19:00Z,2026-03-03T08:00+01:00")) == expected[:1]
    assert found(table()) == RosterFile(turns=(), problems=(), ended=0)


def test_what_has_ended_is_left_out() -> None:
    content = table("Ana Primer,2026-03-01 20:00,2026-03-02 10:00", "Ana Primer,2026-03-02 09:00,2026-03-02 10:01")
    assert len(shifts(content)) == 1
    assert found(content).ended == 1


def test_a_table_is_read_on_the_nights_when_clocks_change() -> None:
    spring = table("Ana Primer,2026-03-29 01:00,2026-03-29 02:30", "Boris Primer,2026-03-29 02:30,2026-03-29 08:00")
    one, other = found(spring).turns
    assert one.ends_at == other.begins_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    autumn = table("Ana Primer,2026-10-25 01:00,2026-10-25 02:30", "Boris Primer,2026-10-25 02:30,2026-10-25 08:00")
    one, other = found(autumn).turns
    assert one.ends_at == other.begins_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # A shift that would lie within the hour that does not exist is not one.
    assert problems(table("Ana Primer,2026-03-29 02:10,2026-03-29 02:50")) == [(2, "ends")]


def test_every_wrong_row_is_told_by_row_and_column() -> None:
    good = "Ana Primer,2026-03-02 20:00,2026-03-03 08:00"
    content = table(
        good,
        f"{MARK},2026-03-02 20:00,2026-03-03 08:00",
        f"Ana Primer,{MARK},2026-03-03 08:00",
        f"Ana Primer,2026-03-02 20:00,{MARK}",
        "Ana Primer,2026-03-03 08:00,2026-03-02 20:00",
        "Ana Primer,2026-03-03 08:00",
        "",
        "Ana Primer,2026-03-03 08:00,2026-05-03 08:00",
        "Ana Primer,2036-03-03 08:00,2036-03-03 20:00",
        ",2026-03-03 08:00,2026-03-03 20:00",
        good,
    )
    assert problems(content) == [
        (3, "person"), (4, "begins"), (5, "ends"), (6, "ends"), (7, "ends"), (9, "ends"), (10, "ends"), (11, "person")
    ]  # fmt: skip
    assert len(found(content).turns) == 2


def test_a_name_that_two_have_is_nobody() -> None:
    namesake = replace(person(3, "Ana Primer"))
    read_ = read(
        table(*(f"{each},2026-03-02 20:00,2026-03-03 08:00" for each in ("Ana Primer", namesake.matrix_user))),
        (*OFFICERS, namesake), BELGRADE, NOW,
    )  # fmt: skip
    assert [(each.row, each.column) for each in read_.problems] == [(2, "person")]
    assert [each.person_id for each in read_.turns] == [namesake.id]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfeA\x00",
        b"person,begins\r\nAna,2026-03-02 20:00\r\n",
        b"person,begins,ends,ends\r\n",
        b'person,begins,ends\r\n"Ana',
        b"x" * (MOST_BYTES + 1),
        table(*["Ana Primer,2026-03-02 20:00,2026-03-03 08:00"] * (MOST_SHIFTS + 1)),
        b"BEGIN:VCALENDAR\r\n",
        calendar(event("DTSTART:20260303T080000", "DURATION:PT1H"))[:-20],
        b"BEGIN:VCALENDAR\r\ngarbage\r\nEND:VCALENDAR\r\n",
        calendar(*[event("DTSTART:20260303T080000", "DURATION:PT1H")] * (MOST_EVENTS + 1)),
    ],
    ids=range(11),
)
def test_a_file_that_is_no_roster_is_refused_whole(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        found(content)
    assert not refused.value.parameters
    assert refused.value.__cause__ is None


@given(st.binary(max_size=300), st.sampled_from([b"", b"person,begins,ends\r\n", b"BEGIN:VCALENDAR\r\n"]))
def test_garbage_is_refused_in_our_own_words(garbage: bytes, opening: bytes) -> None:
    with suppress(InvalidInput):
        assert not found(opening + garbage).turns


MOMENTS = st.sampled_from(
    ["20260303T080000", "20260303T080000Z", "20260329T023000", "00010101T000000Z", "99991231T235959Z", "20260303",
     "99991231", "T", "", "19700101T000000", "21991231T235959Z", "20261025T023000"]
)  # fmt: skip
PARAMETERS = st.sampled_from(["", ";TZID=Europe/Belgrade", ";TZID=America/New_York", ";VALUE=DATE", ";TZID="])
RULES = st.builds(
    ";".join,
    st.lists(
        st.sampled_from(
            ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "INTERVAL=3", "COUNT=0", "COUNT=4", "BYDAY=MO",
             "BYDAY=-1SU", "BYDAY=9TU", "BYMONTHDAY=31", "BYMONTH=2", "UNTIL=99991231T235959Z", "UNTIL=00010101",
             "BYSETPOS=400", "WKST=SU", "FREQ=", "UNTIL=20260401T000000Z"]
        ),
        max_size=4, unique=True,
    ),
)  # fmt: skip
LINES = st.one_of(
    st.builds(
        lambda name, parameters, moment: f"{name}{parameters}:{moment}",
        st.sampled_from(["DTSTART", "DTEND", "EXDATE", "RECURRENCE-ID", "RDATE"]), PARAMETERS, MOMENTS,
    ),
    st.sampled_from(["DURATION:PT12H", "DURATION:-PT1H", "DURATION:P999999999D", "UID:x", "STATUS:CONFIRMED", "UID:y"]),
    RULES.map(lambda rule: f"RRULE:{rule}"),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.lists(LINES, max_size=6), min_size=1, max_size=3))
def test_whatever_a_calendar_says_is_a_shift_or_a_problem(events: list[list[str]]) -> None:
    with suppress(InvalidInput):
        read_ = found(calendar(*(event("DTSTART:20260303T080000", *lines) for lines in events)))
        assert {each.row for each in read_.problems} <= set(range(1, len(events) + 1))
        assert all(NOW < each.ends_at <= NOW + FURTHEST_AHEAD for each in read_.turns)
        assert all(each.begins_at < each.ends_at for each in read_.turns)


# A calendar ------------------------------------------------------------------------------------------


def test_events_are_shifts_in_the_zone_they_name() -> None:
    content = calendar(
        event("DTSTART;TZID=Europe/Belgrade:20260302T200000", "DTEND;TZID=Europe/Belgrade:20260303T080000"),
        event("DTSTART:20260303T070000Z", "DTEND:20260303T190000Z", who=boris.matrix_user),
        # No zone: the network's. And another for the end.
        event("DTSTART:20260304T080000", "DTEND;TZID=Europe/London:20260304T190000"),
        event("DTSTART;VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260307"),
        event("DTSTART;VALUE=DATE:20260308"),
        event("DTSTART:20260309T080000", "DURATION:PT12H"),
        event("DTSTART:20260310T080000", "DURATION:PT12H", "STATUS:CANCELLED"),
    )
    assert shifts(content) == [
        (ana.id, "02.03. 20:00", "03.03. 08:00"),
        (boris.id, "03.03. 08:00", "03.03. 20:00"),
        (ana.id, "04.03. 08:00", "04.03. 20:00"),
        (ana.id, "05.03. 00:00", "07.03. 00:00"),
        (ana.id, "08.03. 00:00", "09.03. 00:00"),
        (ana.id, "09.03. 08:00", "09.03. 20:00"),
    ]


def test_a_series_keeps_its_hour_when_clocks_change_and_leaves_out_what_was_called_off() -> None:
    content = calendar(
        event(
            "UID:series", "DTSTART;TZID=Europe/Belgrade:20260101T200000", "DTEND;TZID=Europe/Belgrade:20260102T080000",
            "RRULE:FREQ=DAILY;UNTIL=20260331T180000Z",
            "EXDATE;TZID=Europe/Belgrade:20260326T200000,20260327T200000",
            "EXDATE;VALUE=DATE:20260325",
        ),
        event("UID:series", "RECURRENCE-ID;TZID=Europe/Belgrade:20260330T200000", "DTSTART:20260330T210000",
              "DTEND:20260331T080000", who="Boris Primer"),
        event("UID:series", "RECURRENCE-ID;TZID=Europe/Belgrade:20260324T200000", "DTSTART:20260324T200000",
              "DTEND:20260325T080000", "STATUS:CANCELLED"),
    )  # fmt: skip
    now = datetime(2026, 3, 23, 9, 0, tzinfo=UTC)
    assert shifts(content, now) == [
        (ana.id, "23.03. 20:00", "24.03. 08:00"),
        (ana.id, "28.03. 20:00", "29.03. 08:00"),
        (ana.id, "29.03. 20:00", "30.03. 08:00"),
        (ana.id, "31.03. 20:00", "01.04. 08:00"),
        (boris.id, "30.03. 21:00", "31.03. 08:00"),
    ]


def test_two_series_that_relieve_each_other_leave_no_hole_in_a_year() -> None:
    content = calendar(
        event("DTSTART;TZID=Europe/Belgrade:20260302T080000", "DURATION:PT12H", "RRULE:FREQ=DAILY"),
        event("DTSTART;TZID=Europe/Belgrade:20260302T200000", "DURATION:PT12H", "RRULE:FREQ=DAILY", who="Boris Primer"),
    )
    turns = sorted(found(content).turns, key=lambda each: each.begins_at)
    assert all(one.ends_at == other.begins_at for one, other in pairwise(turns))
    # However endless the series is, it reaches as far ahead as a roster does.
    assert NOW + FURTHEST_AHEAD - timedelta(days=2) < turns[-1].ends_at <= NOW + FURTHEST_AHEAD


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3", ["02", "04", "09"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=2", ["02", "16"]),
        ("FREQ=MONTHLY;BYDAY=1MO;UNTIL=20260401", ["02"]),
        ("FREQ=DAILY;BYDAY=SA,SU;UNTIL=20260309T000000", ["07", "08"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=1", ["31"]),
    ],
)
def test_rules_are_followed(rule: str, days: list[str]) -> None:
    content = calendar(event("DTSTART:20260302T120000", "DURATION:PT1H", f"RRULE:{rule}"))
    assert [begins[:2] for _, begins, _ in shifts(content)] == days


@pytest.mark.parametrize(
    ("column", "lines"),
    [
        ("DTSTART", ("DTEND:20260303T080000",)),
        ("DTSTART", (f"DTSTART:{MARK}", "DTEND:20260303T080000")),
        ("DTSTART", ("DTSTART;TZID=Nowhere/Land:20260303T080000", "DURATION:PT1H")),
        ("DTSTART", ("DTSTART:00010101T000000", "DURATION:PT1H")),
        ("DTSTART", ("DTSTART:20260303T080000", "DTSTART:20260303T090000", "DURATION:PT1H")),
        ("DTEND", ("DTSTART:20260303T080000",)),
        ("DTEND", ("DTSTART:20260303T080000", f"DTEND:{MARK}")),
        ("DTEND", ("DTSTART:20260303T080000", "DTEND:20260303T080000")),
        ("DTEND", ("DTSTART:20260303T080000", "DTEND:20270303T080000")),
        ("DURATION", ("DTSTART:20260303T080000", f"DURATION:{MARK}")),
        ("EXDATE", ("DTSTART:20260303T080000", "DURATION:PT1H", "RRULE:FREQ=DAILY", f"EXDATE:{MARK}")),
        ("RDATE", ("DTSTART:20260303T080000", "DURATION:PT1H", "RDATE:20260304T080000")),
        ("RECURRENCE-ID", ("DTSTART:20260303T080000", "DURATION:PT1H", f"RECURRENCE-ID:{MARK}")),
        ("RECURRENCE-ID", ("DTSTART:20260303T080000", "DURATION:PT1H",
                           "RECURRENCE-ID;RANGE=THISANDFUTURE:20260304T080000")),
        *(
            ("RRULE", ("DTSTART:20260303T080000", "DURATION:PT1H", f"RRULE:{rule}"))
            for rule in (
                MARK, "FREQ=SECONDLY", "FREQ=HOURLY;COUNT=3", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1",
                "FREQ=DAILY;INTERVAL=1001", "INTERVAL=2", "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2", "FREQ=DAILY;BYHOUR=1",
                "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=WEEKLY;BYDAY=XX", "FREQ=YEARLY;BYEASTER=0", "COUNT=x",
            )
        ),
        ("DTEND", ("DTSTART:20260303T080000", "DURATION:P40D", "RRULE:FREQ=DAILY")),
    ],
)  # fmt: skip
def test_every_wrong_event_is_told_by_number_and_property(column: str, lines: tuple[str, ...]) -> None:
    good = event("DTSTART:20260303T080000", "DURATION:PT1H")
    assert problems(calendar(good, event(*lines), good)) == [(2, column)]


def test_a_calendar_names_who_sits_there() -> None:
    wrong = event("DTSTART:20260303T080000", "DURATION:PT1H", who=MARK)
    assert problems(calendar(wrong)) == [(1, "SUMMARY")]
    nameless = ("BEGIN:VEVENT", "DTSTART:20260303T080000", "DURATION:PT1H", "END:VEVENT")
    assert problems(calendar(*nameless)) == [(1, "SUMMARY")]


def test_a_zone_of_the_files_own_making_is_refused() -> None:
    own = (
        "BEGIN:VTIMEZONE", "TZID:Invented", "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
    )  # fmt: skip
    assert problems(calendar(*own, event("DTSTART;TZID=Invented:20260303T080000", "DURATION:PT1H"))) == [(1, "DTSTART")]


def test_a_roster_has_a_bound_however_it_is_reached() -> None:
    daily = event("DTSTART:20260303T080000", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    read_ = found(calendar(*[daily] * 30))
    assert len(read_.turns) == MOST_SHIFTS
    assert {each.column for each in read_.problems} == {"RRULE"}
    # What never comes is searched for no further than a calendar reaches.
    assert (
        shifts(calendar(event("DTSTART:20260303T080000", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")))
        == []
    )
