"""Court dates as a calendar file has them: a file in, moments and everything that is wrong with it out. Pure.

Zones are those of the IANA, by name; where a file's own zone of that name never has the offset of that day, it is
asked and not guessed. An hour that comes twice or never on its day is refused, as is a day without an hour. Repeated
entries are followed by day and by week for two years. RFC 5545 and 5546 say what the properties mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Component, Event
from icalendar.prop import vDDDLists, vDDDTypes, vInt, vRecur, vText

from client.court_dates.splitting import Entry, split
from core.texts import mark
from safety_plans.problems import Problem, problem

# How far repeated entries are followed, and how many court dates one file gives at most.
FURTHEST_AHEAD = timedelta(days=2 * 366)
MOST_DATES = 500
_MOST_STEPS = 20_000
_LONGEST_UID = 1_000
_LONGEST_INTERVAL = 100
_EARLIEST, _LATEST = 1970, 2200
_METHODS = frozenset({"", "PUBLISH", "REQUEST", "CANCEL"})
_RULES = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"})
_LARGEST = 1_000_000_000
_SHOWN = 60
_ASIDE = (b"SUMMARY", b"DTSTAMP")

NO_UID = mark("It has no identifier (UID), so a later change of it could not be told.")
NO_TIME = mark("{name} is missing, or no time.")
NO_ZONE = mark("It says no time zone. Say which it means: --zone Europe/Belgrade")
UNKNOWN_ZONE = mark("Its time zone is not known. Write one like Europe/Belgrade into the file.")
OTHER_ZONE = mark(
    "The file makes its time zone another than the one of that name: nobody can say which hour is meant. Ask, and plan "
    "it by hand."
)
WHOLE_DAY = mark("It is a day without an hour. Ask for the hour, and write it into the file.")
NEVER = mark("This hour does not exist on that day: clocks are put forward. Ask for the hour.")
TWICE_THAT_DAY = mark("This hour comes twice on that day: clocks are put back. Ask for the hour.")
NOT_FOLLOWED = mark("It repeats in a way that is not followed here ({name}). Write its days one by one.")
TOO_MANY = mark("There are more than {most} court dates in it. Take the entries that you mean: --entry NUMBER")
OTHER_METHOD = mark("This calendar is an answer or a question to others (METHOD), and sets no dates.")
NOT_READ = mark("It cannot be understood: {name}.")
CONTRADICTS = mark("Entry {other} has the same identifier and says otherwise.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtDate:
    """One day at court as a file has it. `recurrence` is which of a series it stands for, or empty.

    `at` is the hour at which the court expects them; none where all of a `uid` is called off at once, or one day of it
    by its name alone. `stamp` is when the file's maker wrote it, in seconds.
    """

    entry: int
    line: int
    uid: str
    recurrence: str
    sequence: int
    stamp: int
    at: datetime | None
    cancelled: bool
    summary: str

    @property
    def key(self) -> tuple[str, str]:
        """What names it in every file."""
        return self.uid, self.recurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """What a file says: court dates (of series those ahead), which identifiers it has in whole, all problems.

    What of a `whole` identifier is not among the dates is no more, but for days of series that are `named` alone.
    """

    dates: Sequence[CourtDate]
    whole: Mapping[str, CourtDate]
    named: frozenset[tuple[str, str]]
    entries: int
    problems: Sequence[Problem]


def read(content: bytes, zone: ZoneInfo | None, now: datetime, only: frozenset[int] = frozenset()) -> CalendarFile:
    """Return what a file says, of the entries `only` where any are named; series are followed from `now` on.

    Times without a zone are those of `zone`. Raises InvalidInput where the file is no calendar, or too large.
    """
    parts = split(content)
    reader = _Reader(zone=zone, now=now, offsets=parts.offsets, only=only)
    opened = [found for each in parts.entries if (found := reader.opened(each)) is not None]
    taken = reader.newest(opened)
    replaced = frozenset(each.key for each in taken if each.recurrence)
    for each in taken:
        reader.take(each, replaced)
    if reader.ahead > MOST_DATES:
        reader.problems.append(problem("", TOO_MANY, most=MOST_DATES))
    # Where an entry cannot be read nobody knows which day of a series it stands for: none of them counts as gone.
    whole = reader.whole if len(opened) == len(parts.entries) else {}
    return CalendarFile(
        dates=reader.dates, whole=whole, named=replaced, entries=len(parts.entries), problems=reader.problems
    )


class _Wrong(Exception):
    """An entry cannot be taken."""

    def __init__(self, what: str, **about: object) -> None:
        super().__init__(what)
        self.what, self.about = what, about


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """An entry with its properties, and what names it."""

    entry: Entry
    event: Component
    uid: str
    recurrence: str
    sequence: int
    stamp: int

    @property
    def key(self) -> tuple[str, str]:
        return self.uid, self.recurrence

    @property
    def says(self) -> tuple[str, list[bytes]]:
        """All that matters of it."""
        return self.entry.method, sorted(each for each in self.entry.lines if not each.upper().startswith(_ASIDE))


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Collects dates and problems."""

    zone: ZoneInfo | None
    now: datetime
    offsets: Mapping[str, frozenset[timedelta]]
    only: frozenset[int]
    problems: list[Problem] = field(default_factory=list)
    dates: list[CourtDate] = field(default_factory=list)
    whole: dict[str, CourtDate] = field(default_factory=dict)
    ahead: int = 0
    # How many more days of series are looked at, in the whole file.
    steps: int = _MOST_STEPS

    def opened(self, entry: Entry) -> _Opened | None:
        """Return an entry with what names it; nothing where that is wrong, which is told unless it was left out."""
        try:
            if entry.wrong:
                raise _Wrong(entry.wrong[0][0], **entry.wrong[0][1])
            event = _event(entry)
            uid = _text(event, "UID")
            if not 0 < len(uid) <= _LONGEST_UID:
                raise _Wrong(NO_UID)
            recurrence = ""
            if "RECURRENCE-ID" in event:
                recurrence = _named(self._moment(event, "RECURRENCE-ID"))
                if "RANGE" in event["RECURRENCE-ID"].params:
                    raise _Wrong(NOT_FOLLOWED, name="RANGE")
            return _Opened(
                entry=entry, event=event, uid=uid, recurrence=recurrence, sequence=_number(event), stamp=_stamp(event)
            )
        except _Wrong as wrong:
            self._told(entry, wrong)
            return None

    def newest(self, opened: Sequence[_Opened]) -> list[_Opened]:
        """Return one entry for each name: of several the last word; where two contradict each other, that is told."""
        found: dict[tuple[str, str], _Opened] = {}
        for each in opened:
            other = found.get(each.key)
            if other is None or (each.sequence, each.stamp) > (other.sequence, other.stamp):
                found[each.key] = each
            elif (each.sequence, each.stamp) == (other.sequence, other.stamp) and each.says != other.says:
                self._told(each.entry, _Wrong(CONTRADICTS, other=other.entry.number))
        return list(found.values())

    def take(self, opened: _Opened, replaced: frozenset[tuple[str, str]]) -> None:
        """Take the dates of an entry."""
        if self.only and opened.entry.number not in self.only:
            return
        kept = len(self.dates)
        try:
            self._take(opened, replaced)
        except _Wrong as wrong:
            del self.dates[kept:]
            self.whole.pop(opened.uid, None)
            self._told(opened.entry, wrong)

    def _take(self, opened: _Opened, replaced: frozenset[tuple[str, str]]) -> None:
        entry, event = opened.entry, opened.event
        if entry.method not in _METHODS:
            raise _Wrong(OTHER_METHOD)
        cancelled = entry.method == "CANCEL" or _text(event, "STATUS").upper() == "CANCELLED"
        date_of = _Maker(opened=opened, cancelled=cancelled)
        if cancelled:
            # A cancellation needs no time: what it names is known by its name.
            self.dates.append(date_of(None))
            return
        at = self._moment(event, "DTSTART")
        if opened.recurrence or "RRULE" not in event:
            for name in ("RDATE", "EXRULE"):
                if name in event:
                    raise _Wrong(NOT_FOLLOWED, name=name)
            if not opened.recurrence:
                self.whole[opened.uid] = date_of(at)
            self._add(date_of(at))
            return
        self.whole[opened.uid] = date_of(None)
        for each in self._series(event, at):
            if (opened.uid, _named(each)) not in replaced:
                self._add(date_of(each, _named(each)))

    def _add(self, found: CourtDate) -> None:
        """Take one date: those that are past in any number, as a file has only so many entries."""
        ahead = found.at is not None and found.at > self.now
        self.ahead += ahead
        if not ahead or self.ahead <= MOST_DATES:
            self.dates.append(found)

    def _series(self, event: Component, first: datetime) -> Iterator[datetime]:
        """Return the days of a repeated entry by the clock on the wall, from now on, as far as is followed."""
        rule, zone = _rule(event), first.tzinfo
        if zone is None:
            raise _Wrong(NO_ZONE)
        until, off = self._until(rule, zone), self._called_off(event)
        endless: Any = vRecur({name: value for name, value in rule.items() if name.upper() != "UNTIL"})
        last = min(self.now + FURTHEST_AHEAD, until or self.now + FURTHEST_AHEAD)
        try:
            for wall in rrulestr(endless.to_ical().decode(), dtstart=first.replace(tzinfo=None)):
                self.steps -= 1
                if self.steps < 0:
                    # It began so long ago, or there are so many, that what is ahead was not reached.
                    raise _Wrong(NOT_FOLLOWED, name="RRULE")
                at = wall.replace(tzinfo=zone)
                if at.astimezone(UTC) > last:
                    return
                if at.astimezone(UTC) > self.now and at.astimezone(UTC) not in off and wall.date() not in off:
                    yield _only(at)
        except (ValueError, TypeError, IndexError, OverflowError):
            raise _Wrong(NOT_FOLLOWED, name="RRULE") from None

    def _until(self, rule: vRecur, zone: tzinfo) -> datetime | None:
        until = next(iter(rule.get("UNTIL", [])), None)
        if until is None:
            return None
        if not isinstance(until, date) or not _EARLIEST <= until.year < _LATEST:
            raise _Wrong(NOT_FOLLOWED, name="UNTIL")
        if isinstance(until, datetime):
            return (until if until.tzinfo else until.replace(tzinfo=zone)).astimezone(UTC)
        return datetime(until.year, until.month, until.day, 23, 59, 59, tzinfo=zone).astimezone(UTC)

    def _called_off(self, event: Component) -> set[datetime | date]:
        found: set[datetime | date] = set()
        named = event.get("EXDATE") or []
        for each in named if isinstance(named, list) else [named]:
            if not isinstance(each, vDDDLists):
                raise _Wrong(NO_TIME, name="EXDATE")
            for one in each.dts:
                value = one.dt
                if isinstance(value, datetime):
                    found.add(self._placed(value, each.params, "EXDATE").astimezone(UTC))
                elif isinstance(value, date):
                    found.add(value)
                else:
                    raise _Wrong(NO_TIME, name="EXDATE")
        return found

    def _moment(self, event: Component, name: str) -> datetime:
        """Return a moment of an entry in its zone; raise where nobody can say which hour is meant."""
        given = event.get(name)
        value = given.dt if isinstance(given, vDDDTypes) else None
        if isinstance(value, datetime):
            return _only(self._placed(value, given.params, name))
        if isinstance(value, date):
            raise _Wrong(WHOLE_DAY)
        raise _Wrong(NO_TIME, name=name)

    def _placed(self, value: datetime, params: Mapping[str, Any], name: str) -> datetime:
        if not _EARLIEST <= value.year < _LATEST:
            raise _Wrong(NO_TIME, name=name)
        value, zone = value.replace(microsecond=0), value.tzinfo
        if zone is None:
            if "TZID" in params:
                raise _Wrong(UNKNOWN_ZONE)
            if self.zone is None:
                raise _Wrong(NO_ZONE)
            return value.replace(tzinfo=self.zone)
        if not isinstance(zone, ZoneInfo | timezone):
            raise _Wrong(UNKNOWN_ZONE)
        own = self.offsets.get(str(params.get("TZID", "")))
        if own and value.utcoffset() not in own:
            raise _Wrong(OTHER_ZONE)
        return value

    def _told(self, entry: Entry, wrong: _Wrong) -> None:
        if not self.only or entry.number in self.only:
            self.problems.append(problem(where(entry.number, entry.line), wrong.what, **wrong.about))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes the dates of an entry."""

    opened: _Opened
    cancelled: bool

    def __call__(self, at: datetime | None, recurrence: str = "") -> CourtDate:
        return CourtDate(
            entry=self.opened.entry.number, line=self.opened.entry.line, uid=self.opened.uid,
            recurrence=recurrence or self.opened.recurrence, sequence=self.opened.sequence, stamp=self.opened.stamp,
            at=at,
            cancelled=self.cancelled, summary=_text(self.opened.event, "SUMMARY")[:_SHOWN],
        )  # fmt: skip


def where(entry: int, line: int) -> str:
    """Return how a place of the file is named; the same in every language."""
    return f"{entry} (:{line})"


def _event(entry: Entry) -> Component:
    try:
        text = b"\r\n".join((b"BEGIN:VEVENT", *entry.lines, b"END:VEVENT", b"")).decode()
        return Event.from_ical(text)
    except Exception:  # noqa: BLE001 (whatever a library finds in a file from elsewhere, and would quote)
        raise _Wrong(NOT_READ, name="VEVENT") from None


def _rule(event: Component) -> vRecur:
    """Return how an entry repeats, where that can be followed in bounded time."""
    for name in ("RDATE", "EXRULE"):
        if name in event:
            raise _Wrong(NOT_FOLLOWED, name=name)
    rule = event["RRULE"]
    if not isinstance(rule, vRecur):
        raise _Wrong(NOT_FOLLOWED, name="RRULE")
    parts = {str(each).upper() for each in rule}
    frequency = str(next(iter(rule.get("FREQ", [""])), "")).upper()
    interval = next(iter(rule.get("INTERVAL", [1])), 1)
    if frequency not in {"DAILY", "WEEKLY"} or not parts <= _RULES or not 1 <= interval <= _LONGEST_INTERVAL:
        raise _Wrong(NOT_FOLLOWED, name="RRULE")
    if frequency == "DAILY" and interval != 1 and "BYDAY" in parts:
        # Could be searched for ever.
        raise _Wrong(NOT_FOLLOWED, name="BYDAY")
    return rule


def _only(at: datetime) -> datetime:
    """Return a moment of the wall; raise where it comes twice or never on its day."""
    if at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset():
        back = at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None)
        raise _Wrong(TWICE_THAT_DAY if back == at.replace(tzinfo=None) else NEVER)
    return at


def _named(at: datetime) -> str:
    """Return the name of one day of a series: its moment, whatever zone the file said it in."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _number(event: Component) -> int:
    given = event.get("SEQUENCE", 0)
    if not isinstance(given, vInt | int) or not 0 <= int(given) < _LARGEST:
        raise _Wrong(NOT_READ, name="SEQUENCE")
    return int(given)


def _stamp(event: Component) -> int:
    """Return when an entry was written, or 0 where it does not say so in the world's time."""
    given = event.get("DTSTAMP")
    value = given.dt if isinstance(given, vDDDTypes) else None
    if not isinstance(value, datetime) or value.tzinfo is None or not _EARLIEST <= value.year < _LATEST:
        return 0
    return int(value.timestamp())


def _text(event: Component, name: str) -> str:
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, vText):
        raise _Wrong(NOT_READ, name=name)
    return str(value).strip()
