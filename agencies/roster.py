"""Who is on duty when: opening hours, shifts, rotations, and the gaps between them.

Pure rules. Hours and rotations are wall time, shifts are moments. A wall time that does not exist on a night in spring
is the moment at which the clock jumps, one that comes twice in autumn is the first: the same for an end and for the
beginning that follows it, so that no change of the clock ever tears a gap or seats two people for one. How a roster is
read from files is `agencies.roster_files`'; how it is kept, `agencies.rosters`'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import cycle, islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agencies.model import DutyDesk, Opening, Person, PersonId
from core.errors import InvalidInput
from core.texts import mark

DAY_MINUTES = 24 * 60
# A roster further ahead is a slip of the pen, or a calendar that never ends.
FURTHEST_AHEAD = timedelta(days=400)
# Past shifts are nobody's business for longer.
KEPT = timedelta(days=31)
LONGEST = timedelta(days=31)
MOST_SHIFTS = 10_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LENGTHS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DAYS = rf"({'|'.join(WEEKDAYS)})(?:-({'|'.join(WEEKDAYS)}))?"
_HOURS = re.compile(rf"{_DAYS} ([0-9]{{2}}):([0-9]{{2}})-([0-9]{{2}}):([0-9]{{2}})")

NOT_A_TIME = mark("This is not a time. It looks like 2026-11-30 08:00, by the clock on the wall.")
ENDS_FIRST = mark("A shift ends after it begins.")
TOO_LONG = mark("A shift is at most {days} days long.")
TOO_FAR = mark("A roster reaches at most {days} days ahead.")
NOT_HOURS = mark('Hours look like "mon-fri 08:00-20:00". Weekdays are mon tue wed thu fri sat sun.')
NOT_A_LENGTH = mark("A length looks like 12h, 1d or 1w.")
NOT_A_ROTATION = mark("A rotation needs somebody who takes turns, and 1 to {limit} shifts.")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Interval:
    """From one moment until, and without, another."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A shift as it is planned, before it is anybody's row."""

    person_id: PersonId
    begins_at: datetime
    ends_at: datetime


def uses_roster(desk: DutyDesk) -> bool:
    """Tell whether anything was said of when people answer here. Without, whoever sits there is on duty."""
    return bool(desk.hours) or by_shifts(desk)


def by_shifts(desk: DutyDesk) -> bool:
    """Tell whether shifts say who is on duty: also where all are over, or none was read (see `DutyDesk`)."""
    return desk.has_shifts or bool(desk.shifts)


def is_open(desk: DutyDesk, at: datetime) -> bool:
    """Tell whether somebody should be on duty at a moment. A desk without hours is always open."""
    return bool(_clipped(_opened(desk, at, at), at, at + timedelta(microseconds=1)))


def on_duty(desk: DutyDesk, at: datetime) -> tuple[Person, ...]:
    """Return who of those who sit at a desk answers at a moment: by shift, or everybody while it is open.

    A shift outside the hours counts: who has it is there. Whoever stands in answers beside them, seated or not.
    """
    standing = tuple(each.person for each in desk.stand_ins if each.begins_at <= at < each.ends_at)
    return tuple({each.id: each for each in (*rostered(desk, at), *standing)}.values())


def rostered(desk: DutyDesk, at: datetime) -> tuple[Person, ...]:
    """Return who of those who sit at a desk is on duty by its roster alone."""
    if by_shifts(desk):
        present = {each.person_id for each in desk.shifts if each.begins_at <= at < each.ends_at}
        return tuple(each for each in desk.officers if each.id in present)
    return desk.officers if is_open(desk, at) else ()


def opening_days(desk: DutyDesk, begin: datetime, end: datetime, zone: tzinfo) -> list[Interval]:
    """Return the hours of a desk on the days between two moments, each as it was said, touching ones apart."""
    found = []
    for each in _days(begin.astimezone(zone).date(), end.astimezone(zone).date()):
        for opening in desk.hours:
            if opening.weekday == each.isoweekday():
                opens, closes = (_wall(each, minutes, zone) for minutes in (opening.opens, opening.closes))
                if opens < closes:
                    found.append(Interval(begins_at=opens, ends_at=closes))
    return found


def gaps(desk: DutyDesk, covering: DutyDesk | None, begin: datetime, end: datetime) -> list[Interval]:
    """Return when somebody should be on duty, and nobody is, neither here nor at the desk that covers."""
    covered = [*_answered(desk, begin, end), *(() if covering is None else _answered(covering, begin, end))]
    return _without(_clipped(_opened(desk, begin, end), begin, end), merged(covered))


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same time in as few intervals as possible, in order: what overlaps or touches is one."""
    found: list[Interval] = []
    for each in sorted(intervals):
        if found and each.begins_at <= found[-1].ends_at:
            found[-1] = Interval(begins_at=found[-1].begins_at, ends_at=max(found[-1].ends_at, each.ends_at))
        else:
            found.append(each)
    return found


def moment_of(local: datetime, zone: tzinfo) -> datetime:
    """Return the moment of a wall time (see above for those that do not exist or come twice)."""
    at = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0):
        return at
    # Within the jump: the first second that has the later offset.
    early, late = local.replace(tzinfo=zone, fold=1).astimezone(UTC), at
    later = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == later:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def rotation(
    people: Sequence[PersonId], *, begins: datetime, length: timedelta, count: int, zone: tzinfo
) -> list[Turn]:
    """Return shifts that people take in turn, one after the other, by the clock on the wall.

    A shift that falls wholly into an hour that does not exist is nobody's.
    """
    if not people or not 0 < count <= MOST_SHIFTS or length <= timedelta(0):
        raise InvalidInput(NOT_A_ROTATION, limit=MOST_SHIFTS)
    try:
        moments = [moment_of(begins + number * length, zone) for number in range(count + 1)]
    except OverflowError:
        raise InvalidInput(NOT_A_ROTATION, limit=MOST_SHIFTS) from None
    turns = zip(islice(cycle(people), count), moments, moments[1:], strict=False)
    return [Turn(person_id=person_id, begins_at=begin, ends_at=end) for person_id, begin, end in turns if begin < end]


def fault_of(begins_at: datetime, ends_at: datetime, now: datetime) -> InvalidInput | None:
    """Return why something cannot be a shift, if so."""
    if begins_at >= ends_at:
        return InvalidInput(ENDS_FIRST)
    if ends_at - begins_at > LONGEST:
        return InvalidInput(TOO_LONG, days=LONGEST.days)
    if ends_at > now + FURTHEST_AHEAD:
        return InvalidInput(TOO_FAR, days=FURTHEST_AHEAD.days)
    return None


def read_time(text: str) -> datetime:
    """Return a time as it is typed: wall time without a zone, unless an offset is named."""
    stripped = text.strip()
    try:
        if re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}\.? [0-9]{1,2}:[0-9]{2}", stripped):
            day, _, clock = stripped.replace(". ", " ").partition(" ")
            found = datetime.strptime(f"{day} {clock}", "%d.%m.%Y %H:%M")  # noqa: DTZ007 (wall time has no zone)
        else:
            # A day alone is not a time: whether its beginning or its end is meant, nobody can say.
            found = datetime.fromisoformat(stripped if ":" in stripped else "")
    except ValueError:
        raise InvalidInput(NOT_A_TIME) from None
    if not 1970 <= found.year < 2200:
        raise InvalidInput(NOT_A_TIME)
    return found.replace(microsecond=0)


def moment_in(time: datetime, zone: tzinfo) -> datetime:
    """Return the moment of a time as it was typed or stands in a file: by its own offset, or in a zone."""
    return moment_of(time, zone) if time.tzinfo is None else time.astimezone(UTC)


def without(turns: Iterable[Turn], span: Interval) -> list[Turn]:
    """Return what is left of shifts outside a span of time."""
    return [
        Turn(person_id=each.person_id, begins_at=left.begins_at, ends_at=left.ends_at)
        for each in turns
        for left in _without([Interval(begins_at=each.begins_at, ends_at=each.ends_at)], [span])
    ]


def read_hours(texts: Collection[str]) -> list[Opening]:
    """Return weekly hours as they are typed; what overlaps is one, what goes past midnight is two."""
    minutes: list[Interval] = []
    monday = datetime(2001, 1, 1, tzinfo=UTC)
    for text in texts:
        found = _HOURS.fullmatch(" ".join(text.lower().split()))
        if found is None:
            raise InvalidInput(NOT_HOURS)
        first = WEEKDAYS.index(found[1])
        days = (WEEKDAYS.index(found[2] or found[1]) - first) % 7 + 1
        opens, closes = (_minutes(int(found[at]), int(found[at + 1])) for at in (3, 5))
        if opens in (closes, DAY_MINUTES):
            raise InvalidInput(NOT_HOURS)
        length = timedelta(minutes=(closes - opens) % DAY_MINUTES or DAY_MINUTES)
        for day in range(first, first + days):
            begin = monday + timedelta(days=day % 7, minutes=opens)
            minutes.append(Interval(begins_at=begin, ends_at=begin + length))
    return _openings(monday, minutes)


def show_hours(hours: Collection[Opening]) -> list[str]:
    """Return weekly hours as they are typed, days that are alike together."""
    by_day = [tuple((each.opens, each.closes) for each in sorted(hours) if each.weekday == day) for day in range(1, 8)]
    shown: list[str] = []
    day = 0
    while day < len(by_day):
        last = day
        while last + 1 < len(by_day) and by_day[last + 1] == by_day[day]:
            last += 1
        days = WEEKDAYS[day] if last == day else f"{WEEKDAYS[day]}-{WEEKDAYS[last]}"
        shown += [f"{days} {_clock(opens)}-{_clock(closes)}" for opens, closes in by_day[day]]
        day = last + 1
    return shown


def read_length(text: str) -> timedelta:
    """Return a length of time as it is typed: 12h, 1d, 1w."""
    found = re.fullmatch(r"([0-9]{1,4})([hdw])", text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise InvalidInput(NOT_A_LENGTH)
    return int(found[1]) * _LENGTHS[found[2]]


def _minutes(hour: int, minute: int) -> int:
    total = hour * 60 + minute
    if minute > 59 or total > DAY_MINUTES:
        raise InvalidInput(NOT_HOURS)
    return total


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _openings(monday: datetime, intervals: Iterable[Interval]) -> list[Opening]:
    """Return what minutes of one week, the last night reaching into the next, are as weekdays with hours."""
    week = timedelta(days=7)
    wrapped = []
    for each in intervals:
        wrapped.append(Interval(begins_at=each.begins_at, ends_at=min(each.ends_at, monday + week)))
        if each.ends_at > monday + week:
            wrapped.append(Interval(begins_at=monday, ends_at=each.ends_at - week))
    found = []
    for day in range(7):
        midnight = monday + timedelta(days=day)
        for each in _clipped(merged(wrapped), midnight, midnight + timedelta(days=1)):
            opens, closes = (
                (moment - midnight) // timedelta(minutes=1) for moment in (each.begins_at, each.ends_at)
            )  # fmt: skip
            found.append(Opening(weekday=day + 1, opens=opens, closes=closes))
    return found


def _answered(desk: DutyDesk, begin: datetime, end: datetime) -> list[Interval]:
    """Return when somebody is on duty at a desk, between two moments or around them."""
    if by_shifts(desk):
        seated = {each.id for each in desk.officers}
        return [
            Interval(begins_at=each.begins_at, ends_at=each.ends_at)
            for each in desk.shifts
            if each.person_id in seated and each.begins_at < end and each.ends_at > begin
        ]
    return _opened(desk, begin, end) if desk.officers else []


def _opened(desk: DutyDesk, begin: datetime, end: datetime) -> list[Interval]:
    """Return when a desk is open, between two moments and a day around them."""
    day = timedelta(days=1)
    if desk.always_staffed or not desk.hours:
        return [Interval(begins_at=begin - day, ends_at=end + day)]
    try:
        zone = ZoneInfo(desk.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        # This machine does not know the zone in which the hours were said. Alerts read this: in doubt it is open.
        return [Interval(begins_at=begin - day, ends_at=end + day)]
    return opening_days(desk, begin - day, end + day, zone)


def _wall(day: date, minutes: int, zone: tzinfo) -> datetime:
    return moment_of(datetime(day.year, day.month, day.day) + timedelta(minutes=minutes), zone)  # noqa: DTZ001 (wall)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _clipped(intervals: Iterable[Interval], begin: datetime, end: datetime) -> list[Interval]:
    """Return the part of intervals between two moments, merged."""
    return merged(
        Interval(begins_at=max(each.begins_at, begin), ends_at=min(each.ends_at, end))
        for each in intervals
        if each.begins_at < end and each.ends_at > begin
    )


def _without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """Return what merged intervals are not taken."""
    left = []
    for each in intervals:
        begin = each.begins_at
        for other in taken:
            if other.ends_at <= begin or other.begins_at >= each.ends_at:
                continue
            if other.begins_at > begin:
                left.append(Interval(begins_at=begin, ends_at=other.begins_at))
            begin = other.ends_at
        if begin < each.ends_at:
            left.append(Interval(begins_at=begin, ends_at=each.ends_at))
    return left
