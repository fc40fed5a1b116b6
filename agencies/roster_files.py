"""Rosters that were made elsewhere: a table (CSV) or a calendar (iCalendar), read to shifts and to what is wrong.

Pure: files in, shifts out. A file comes from outside, so everything in it has a bound, and what is said of it names
row and column and quotes nothing. In a table `person`, `begins` and `ends` are columns, and row 1 is the heading; in a
calendar a row is an event, its summary says who, and the first event is row 1. A person is named by Matrix user, id or
name, and sits at the desk already. Times without a zone are the network's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone, tzinfo
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component
from icalendar.prop import vDDDLists, vDDDTypes, vRecur, vText

from agencies.model import Person, PersonId
from agencies.roster import (
    ENDS_FIRST,
    FURTHEST_AHEAD,
    LONGEST,
    MOST_SHIFTS,
    NOT_A_TIME,
    TOO_LONG,
    Turn,
    fault_of,
    moment_in,
    read_time,
)
from core.errors import InvalidInput
from core.texts import mark

MOST_BYTES = 1_000_000
MOST_EVENTS = 1_000
# How far a rule is followed from its beginning, however long ago that was.
MOST_STEPS = 50_000
COLUMNS = ("person", "begins", "ends")
# What a rule may say. Each other part could ask for what never comes, and have it searched for ever.
_PARTS = {
    "DAILY": {"BYDAY"},
    "WEEKLY": {"BYDAY"},
    "MONTHLY": {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"},
}
_EARLIEST, _LATEST = 1970, 2200
_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}

TOO_LARGE = mark("The file is too large, or has too many rows.")
NOT_A_ROSTER = mark("This is neither a table with the columns person, begins, ends nor a calendar, in UTF-8.")
NOT_SEATED = mark("Nobody who sits at this desk is called so. Seat the person first.")
AMBIGUOUS = mark("Several who sit at this desk are called so. Use the Matrix user or the id.")
NO_SUCH_ZONE = mark("This time zone is not known.")
NOT_UNDERSTOOD = mark("A calendar with this is not understood. Write these shifts one by one.")
TOO_MANY = mark("This comes too often: a roster has at most {limit} shifts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one row, in words that quote nothing of it."""

    row: int
    column: str
    error: InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFile:
    """What a file says: shifts, those that have ended left out, and everything that is wrong with it."""

    turns: tuple[Turn, ...]
    problems: tuple[Problem, ...]
    ended: int


def read(content: bytes, officers: Collection[Person], zone: tzinfo, now: datetime) -> RosterFile:
    """Return what a file says, whichever kind it is."""
    if len(content) > MOST_BYTES:
        raise InvalidInput(TOO_LARGE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(NOT_A_ROSTER) from None
    reader = _Reader(officers=officers, zone=zone, now=now)
    if text.lstrip()[:15].upper() == "BEGIN:VCALENDAR":
        _read_calendar(text, reader)
    else:
        _read_table(text, reader)
    return RosterFile(turns=tuple(reader.turns), problems=tuple(reader.problems), ended=reader.ended)


class _Wrong(Exception):
    """A column of this row cannot be taken."""

    def __init__(self, column: str, reason: str | InvalidInput) -> None:
        super().__init__(column)
        self.column = column
        self.error = InvalidInput(reason) if isinstance(reason, str) else reason


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Collects shifts and problems."""

    officers: Collection[Person]
    zone: tzinfo
    now: datetime
    turns: list[Turn] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ended: int = 0

    def person(self, words: str, column: str) -> PersonId:
        found = [each for each in self.officers if words in (each.matrix_user, str(each.id))]
        found = found or [each for each in self.officers if words == each.name]
        if len(found) != 1:
            raise _Wrong(column, AMBIGUOUS if found else NOT_SEATED)
        return found[0].id

    def add(self, person_id: PersonId, begins_at: datetime, ends_at: datetime, column: str) -> None:
        fault = fault_of(begins_at, ends_at, self.now)
        if fault is not None:
            raise _Wrong(column, fault)
        if ends_at <= self.now:
            self.ended += 1
            return
        if len(self.turns) >= MOST_SHIFTS:
            raise _Wrong(column, InvalidInput(TOO_MANY, limit=MOST_SHIFTS))
        self.turns.append(Turn(person_id=person_id, begins_at=begins_at, ends_at=ends_at))

    def wrong(self, row: int, problem: _Wrong) -> None:
        self.problems.append(Problem(row=row, column=problem.column, error=problem.error))


# A table ----------------------------------------------------------------------------------------------


def _read_table(text: str, reader: _Reader) -> None:
    heading = text.partition("\n")[0]
    # A spreadsheet in Serbian separates by semicolons.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",", strict=True)
    try:
        names = [each.strip().lower() for each in next(rows, [])]
        if any(names.count(each) != 1 for each in COLUMNS):
            raise InvalidInput(NOT_A_ROSTER)
        places = [names.index(each) for each in COLUMNS]
        for number, row in enumerate(rows, start=2):
            if number > MOST_SHIFTS + 1:
                raise InvalidInput(TOO_LARGE)
            if any(each.strip() for each in row):
                try:
                    _take_row([row[at].strip() if at < len(row) else "" for at in places], reader)
                except _Wrong as problem:
                    reader.wrong(number, problem)
    except csv.Error:
        raise InvalidInput(NOT_A_ROSTER) from None


def _take_row(cells: Sequence[str], reader: _Reader) -> None:
    who, *times = cells
    person_id = reader.person(who, COLUMNS[0])
    begins_at, ends_at = (
        _time(text, reader.zone, column) for text, column in zip(times, COLUMNS[1:], strict=True)
    )  # fmt: skip
    reader.add(person_id, begins_at, ends_at, COLUMNS[2])


def _time(text: str, zone: tzinfo, column: str) -> datetime:
    try:
        return moment_in(read_time(text), zone)
    except InvalidInput as error:
        raise _Wrong(column, error) from None


# A calendar -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """One event in the wall time of its own zone."""

    who: str
    begins: datetime
    length: timedelta
    zone: tzinfo


def _read_calendar(text: str, reader: _Reader) -> None:
    try:
        calendars = Calendar.from_ical(text, multiple=True)
        events = [each for found in calendars for each in found.walk("VEVENT")]
    except Exception:  # noqa: BLE001 (whatever a library finds in a file from elsewhere, and would quote)
        raise InvalidInput(NOT_A_ROSTER) from None
    if not calendars:
        # It breaks off before its end.
        raise InvalidInput(NOT_A_ROSTER)
    if len(events) > MOST_EVENTS:
        raise InvalidInput(TOO_LARGE)
    moved = _moved(events, reader.zone)
    for number, event in enumerate(events, start=1):
        if _plain(event, "STATUS").upper() == "CANCELLED":
            continue
        try:
            _take_event(event, moved.get(_plain(event, "UID"), set()), reader)
        except _Wrong as problem:
            reader.wrong(number, problem)


def _moved(events: Sequence[Component], zone: tzinfo) -> dict[str, set[datetime]]:
    """Return which occurrences of which series another event stands for, or calls off."""
    found: dict[str, set[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            try:
                begins, own = _wall(event, "RECURRENCE-ID", zone)
            except _Wrong:
                # Told where the event itself is taken.
                continue
            found.setdefault(_plain(event, "UID"), set()).add(moment_in(begins, own))
    return found


def _take_event(event: Component, moved: set[datetime], reader: _Reader) -> None:
    for name in ("RDATE", "EXRULE"):
        if name in event:
            raise _Wrong(name, NOT_UNDERSTOOD)
    begins, zone = _wall(event, "DTSTART", reader.zone)
    taken = _Event(who=_plain(event, "SUMMARY"), begins=begins, length=_length(event, begins, zone, reader), zone=zone)
    if taken.length <= timedelta(0):
        raise _Wrong("DTEND", ENDS_FIRST)
    if taken.length > LONGEST:
        raise _Wrong("DTEND", InvalidInput(TOO_LONG, days=LONGEST.days))
    person_id = reader.person(taken.who, "SUMMARY")
    single = "RECURRENCE-ID" in event
    if single:
        _wall(event, "RECURRENCE-ID", reader.zone)
        if "RANGE" in _given(event, "RECURRENCE-ID").params:
            raise _Wrong("RECURRENCE-ID", NOT_UNDERSTOOD)
    repeated = "RRULE" in event and not single
    called_off = _called_off(event, reader.zone)
    for wall in _occurrences(event, taken, reader.now) if repeated else (begins,):
        at = moment_in(wall, zone)
        if (not single and at in moved) or at in called_off or wall.date() in called_off:
            continue
        end = moment_in(wall + taken.length, zone)
        if at < end or not repeated:
            # A short shift of a series can fall into an hour that does not exist: nobody has it then.
            reader.add(person_id, at, end, "RRULE" if repeated else "DTEND")


def _occurrences(event: Component, taken: _Event, now: datetime) -> list[datetime]:
    """Return when a repeated event begins, as far ahead as a roster reaches and no further."""
    rule = _given(event, "RRULE")
    if not isinstance(rule, vRecur):
        raise _Wrong("RRULE", NOT_UNDERSTOOD)
    frequency = str(next(iter(rule.get("FREQ", [""])), "")).upper()
    interval = next(iter(rule.get("INTERVAL", [1])), 1)
    allowed = _ALWAYS | _PARTS.get(frequency, set())
    if frequency == "DAILY" and interval != 1:
        allowed -= {"BYDAY"}
    parts = {str(each).upper() for each in rule}
    if frequency not in _PARTS or not parts <= allowed or not 1 <= interval <= 1000:
        raise _Wrong("RRULE", NOT_UNDERSTOOD)
    # The reader itself ends a series here: a bound with a zone and a beginning without one do not go together.
    until = _last(rule, taken.zone)
    endless: Any = vRecur({name: value for name, value in rule.items() if name.upper() != "UNTIL"})
    last = (now + FURTHEST_AHEAD).astimezone(taken.zone).replace(tzinfo=None) - taken.length
    last = last if until is None else min(last, until)
    try:
        steps = rrulestr(endless.to_ical().decode(), dtstart=taken.begins)
        found = list(takewhile(lambda wall: wall <= last, islice(steps, MOST_STEPS)))
    except (ValueError, TypeError, IndexError):
        # A ninth Tuesday, for example.
        raise _Wrong("RRULE", NOT_UNDERSTOOD) from None
    if len(found) == MOST_STEPS:
        raise _Wrong("RRULE", InvalidInput(TOO_MANY, limit=MOST_SHIFTS))
    return found


def _last(rule: vRecur, zone: tzinfo) -> datetime | None:
    until = next(iter(rule.get("UNTIL", [])), None)
    if until is None:
        return None
    if isinstance(until, date) and until.year >= _LATEST:
        return None
    if isinstance(until, datetime):
        return until.replace(tzinfo=None) if until.tzinfo is None else until.astimezone(zone).replace(tzinfo=None)
    if isinstance(until, date):
        return datetime(until.year, until.month, until.day, 23, 59, 59)  # noqa: DTZ001 (wall time)
    raise _Wrong("RRULE", NOT_UNDERSTOOD)


def _length(event: Component, begins: datetime, zone: tzinfo, reader: _Reader) -> timedelta:
    """Return how long an event is by the clock on the wall."""
    if "DTEND" in event:
        ends, own = _wall(event, "DTEND", reader.zone)
        if own is not zone:
            ends = moment_in(ends, own).astimezone(zone).replace(tzinfo=None)
        return ends - begins
    if "DURATION" in event:
        given = _given(event, "DURATION")
        length = given.dt if isinstance(given, vDDDTypes) else None
        if not isinstance(length, timedelta):
            raise _Wrong("DURATION", NOT_A_TIME)
        return length
    if not isinstance(_given(event, "DTSTART").dt, datetime):
        return timedelta(days=1)
    raise _Wrong("DTEND", NOT_A_TIME)


def _called_off(event: Component, zone: tzinfo) -> set[datetime | date]:
    """Return which occurrences are left out: moments, and whole days."""
    found: set[datetime | date] = set()
    named = _given(event, "EXDATE") or []
    for each in named if isinstance(named, list) else [named]:
        for one in each.dts if isinstance(each, vDDDLists) else [None]:
            value = None if one is None else one.dt
            if isinstance(value, datetime) and _EARLIEST <= value.year < _LATEST:
                found.add(moment_in(value, zone))
            elif isinstance(value, date):
                found.add(value)
            else:
                raise _Wrong("EXDATE", NOT_A_TIME)
    return found


def _wall(event: Component, name: str, zone: tzinfo) -> tuple[datetime, tzinfo]:
    """Return a time of an event by the clock on the wall, and where that clock hangs."""
    prop = _given(event, name)
    value = prop.dt if isinstance(prop, vDDDTypes) else None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            if "TZID" in prop.params:
                raise _Wrong(name, NO_SUCH_ZONE)
            wall, own = value, zone
        elif isinstance(value.tzinfo, ZoneInfo | timezone):
            wall, own = value.replace(tzinfo=None), value.tzinfo
        else:
            # A zone of the file's own making may say anything.
            raise _Wrong(name, NO_SUCH_ZONE)
    elif isinstance(value, date):
        wall, own = datetime(value.year, value.month, value.day), zone  # noqa: DTZ001 (wall time)
    else:
        raise _Wrong(name, NOT_A_TIME)
    if not _EARLIEST <= wall.year < _LATEST:
        raise _Wrong(name, NOT_A_TIME)
    return wall.replace(microsecond=0), own


def _plain(event: Component, name: str) -> str:
    value = _given(event, name)
    return str(value).strip() if isinstance(value, vText) else ""


def _given(event: Component, name: str) -> Any:
    """Return what stands under a name: one property, several, one that cannot be read, or nothing."""
    return event.get(name)
