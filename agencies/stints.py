"""When whoever comes on duty is rung to prove that they are reached: quiet rules, as pure functions of a roster.

A stint is what one person has of a desk without a gap, however the calendar cuts it into shifts; of a desk that has
hours alone it is its opening, and whoever sits there proves it. The rules, and why:

- A stint is rung when it begins. One that begins at night (after 22:00, before 06:00, by the clock on the wall) is rung
  at 21:00 of the evening before: a roster that changes at midnight must wake nobody, and a phone that does not ring
  is found while there is time to find somebody else. Where somebody is up at all hours (`always_staffed`) it is rung
  when it begins, at any hour.
- Where the calendar begins another shift of the same stint, nothing has changed hands: it is rung by day, at the next
  09:00, and at most once in 20 hours. So a shift is rung once, whoever has a week of days is rung once a day, and
  nobody is rung because a day ends.
- Nobody is rung twice for one desk within 8 hours, whatever is changed in its roster.
- What was missed, because no engine ran, is made up for within half an hour; later only by day, and only where at
  least half an hour of the stint is left.

How a ring goes on is `agencies.duty_ring`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agencies.model import DutyDesk, PersonId
from agencies.roster import Interval, by_shifts, merged, moment_of, on_duty, opening_days

NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)
EVENING, MORNING = time(21), time(9)
ONCE_A_DAY = timedelta(hours=20)
APART = timedelta(hours=8)
IN_TIME = timedelta(minutes=30)
LEAST_LEFT = timedelta(minutes=30)
# No ring is earlier than this before its stint: from the evening before until the end of the night.
AHEAD = timedelta(hours=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """Duty without a gap: of a person, or without one of whoever sits at the desk. `starts` are its shifts' begins."""

    person_id: PersonId | None
    begins_at: datetime
    ends_at: datetime
    starts: tuple[datetime, ...]


def zone_of(desk: DutyDesk, network: tzinfo) -> tzinfo:
    """Return the zone a desk lives in: that of its hours, else the network's."""
    try:
        return ZoneInfo(desk.time_zone) if desk.hours else network
    except (ZoneInfoNotFoundError, ValueError):
        return network


def stints(desk: DutyDesk, begin: datetime, end: datetime, network: tzinfo) -> list[Stint]:
    """Return the stints of a desk that reach into a time, as far as its roster was read; none without a roster.

    Somebody who does not sit there has none.
    """
    spans: dict[PersonId | None, list[Interval]] = {}
    if by_shifts(desk):
        seated = {each.id for each in desk.officers}
        for shift in desk.shifts:
            if shift.person_id in seated:
                span = Interval(begins_at=shift.begins_at, ends_at=shift.ends_at)
                spans.setdefault(shift.person_id, []).append(span)
    elif desk.hours and desk.officers:
        day = timedelta(days=1)
        spans[None] = opening_days(desk, begin - day, end + day, zone_of(desk, network))
    found = [
        _stint(person_id, whole, its)
        for person_id, its in spans.items()
        for whole in merged(its)
        if whole.begins_at < end and whole.ends_at > begin
    ]
    return sorted(found, key=lambda each: (each.begins_at, str(each.person_id)))


def moments(stint: Stint, zone: tzinfo, *, staffed: bool) -> list[datetime]:
    """Return when a stint is to be rung, in order; the first may lie before it."""
    found = [stint.begins_at if staffed else _not_at_night(stint.begins_at, zone)]
    for start in stint.starts[1:]:
        morning = _next_morning(start, zone)
        if morning - found[-1] >= ONCE_A_DAY and stint.ends_at - morning >= LEAST_LEFT:
            found.append(morning)
    return found


def due(stint: Stint, last: datetime | None, now: datetime, zone: tzinfo, *, staffed: bool) -> bool:
    """Whether a stint is to be rung now; `last` is when its person was rung last for this desk."""
    past = [each for each in moments(stint, zone, staffed=staffed) if each <= now]
    if not past or stint.ends_at - now < LEAST_LEFT:
        return False
    moment = past[-1]
    if last is not None and moment - last < APART:
        return False
    return staffed or now - moment <= IN_TIME or not at_night(now, zone)


def at_night(moment: datetime, zone: tzinfo) -> bool:
    """Whether people who are not at work sleep then."""
    local = moment.astimezone(zone).time()
    return local > NIGHT_BEGINS or local < NIGHT_ENDS


def ended_between(
    desk: DutyDesk, person_id: PersonId, since: datetime, now: datetime, network: tzinfo
) -> datetime | None:  # fmt: skip
    """Return when somebody's duty at a desk last ended after one moment and until another, who has none now.

    Standing in is duty too. Nothing, where it goes on, or none of it ended.
    """
    if any(each.id == person_id for each in on_duty(desk, now)):
        return None
    stood = [(each.begins_at, each.ends_at) for each in desk.stand_ins if each.person.id == person_id]
    seated = any(each.id == person_id for each in desk.officers)
    sat = [
        (each.begins_at, each.ends_at)
        for each in stints(desk, since, now + timedelta(microseconds=1), network)
        if each.person_id == person_id or (each.person_id is None and seated)
    ]
    spans = merged(Interval(begins_at=begin, ends_at=end) for begin, end in (*sat, *stood))
    return max((each.ends_at for each in spans if since < each.ends_at <= now), default=None)


def _stint(person_id: PersonId | None, whole: Interval, shifts: Iterable[Interval]) -> Stint:
    within = {each.begins_at for each in shifts if whole.begins_at <= each.begins_at < whole.ends_at}
    return Stint(
        person_id=person_id, begins_at=whole.begins_at, ends_at=whole.ends_at, starts=tuple(sorted(within))
    )  # fmt: skip


def _not_at_night(begin: datetime, zone: tzinfo) -> datetime:
    """Return a begin, or the evening before where it is at night."""
    if not at_night(begin, zone):
        return begin
    local = begin.astimezone(zone)
    day = local.date() if local.time() > NIGHT_BEGINS else local.date() - timedelta(days=1)
    return moment_of(datetime.combine(day, EVENING), zone)


def _next_morning(start: datetime, zone: tzinfo) -> datetime:
    day = start.astimezone(zone).date()
    morning = moment_of(datetime.combine(day, MORNING), zone)
    return morning if morning >= start else moment_of(datetime.combine(day + timedelta(days=1), MORNING), zone)
