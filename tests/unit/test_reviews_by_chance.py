"""Reviews of a case over chance: levels, events, days at court, assessments, nights and holidays of four countries.

What stands beside the rules is a plainer account: all that happened, each by itself, and between which moments it may
fall due. Nothing is merged there, pulled or snapped; a due time is looked at, and is right or is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from agencies.model import PersonId
from cases.model import CaseId
from safety_plans.calendar import Calendar
from safety_plans.clocks.dates import around
from safety_plans.clocks.rules import CaseDate
from safety_plans.model import Level, Reason, Review, ReviewId, ReviewState
from safety_plans.rules import due_at
from safety_plans.triggers import Duty, duty, left_over, merged, pulled, strictest, urgent

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# As the network's rules have them, not as the program does.
EVERY = {Level.VERY_HIGH: DAY, Level.HIGH: 7 * DAY, Level.MEDIUM: 14 * DAY, Level.LOW: 30 * DAY}
HAPPENS = {
    Reason.EVENT_2H: 2 * HOUR, Reason.ALERT: 2 * HOUR, Reason.LEAK: 2 * HOUR, Reason.EVENT_24H: DAY,
    Reason.HEALTH: DAY, Reason.CLOCK_24H: DAY, Reason.EVENT_72H: 3 * DAY, Reason.MEASURE: 3 * DAY,
}  # fmt: skip
NOBODY = UUID(int=0)
SERBIA = Calendar("RS", ZoneInfo("Europe/Belgrade"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """That something must be assessed between two moments; `sure` where no assessment can have satisfied it yet."""

    reason: Reason
    since: datetime
    earliest: datetime
    latest: datetime
    sure: bool = True

    @property
    def within_hours(self) -> bool:
        return HAPPENS.get(self.reason, DAY) < DAY


@dataclass(slots=True)
class Account:
    """What is owed, by people of one country."""

    calendar: Calendar
    level: Owed
    owed: list[Owed] = field(default_factory=list)
    dates: list[CaseDate] = field(default_factory=list)
    # What days at court demanded when it was last assessed.
    of_dates: list[Owed] = field(default_factory=list)

    def assessed(self, level: Level, at: datetime) -> None:
        """Keep what an assessment leaves: surely what came after it, surely not what it satisfied, else perhaps."""
        kept = []
        for each in self.owed:
            same = [other for other in self.owed if other.reason is each.reason]
            if not all(_satisfied(other, at) for other in same):
                later = all(other.earliest > at + DAY for other in same)
                kept.append(replace(each, sure=each.sure and (each.since > at or later)))
        self.owed = kept
        self.level = Owed(reason=Reason.INTERVAL, since=at, earliest=at + EVERY[level] / 4, latest=at + EVERY[level])
        around = [each for date in self.dates for each in _around(date)]
        self.of_dates = [
            replace(each, sure=each.since > at or each.earliest > at + DAY)
            for each in around
            if not _satisfied(each, at)
        ]

    def all(self) -> list[Owed]:
        return [self.level, *self.owed, *self.of_dates]

    def right(self, due: datetime) -> None:
        """Require a due time that leaves nothing out, and that something owed explains."""
        for each in self.all():
            assert not each.sure or due <= each.latest
        assert any(self._explains(each, due) for each in self.all())

    def _explains(self, owed: Owed, due: datetime) -> bool:
        """Whether something owed falls due then: in hours exactly; else awake, on the last working morning there is."""
        if owed.within_hours:
            return due == owed.latest
        if not owed.earliest <= due <= owed.latest and not self._evening(owed, due):
            return False
        mornings = [each for each in self._mornings(owed) if owed.earliest <= each <= owed.latest]
        working = [each for each in mornings if self._works(each.astimezone(self.calendar.zone).date())]
        if mornings:
            return due == max(working or mornings)
        if owed.earliest == owed.since == due:
            # What would be brought forward further than it is known is due at once.
            return True
        return self._awake(due) and (due == owed.latest or self._evening(owed, due))

    def _evening(self, owed: Owed, due: datetime) -> bool:
        """Whether it is the evening before the night in which something would fall due."""
        local = due.astimezone(self.calendar.zone)
        shortly = timedelta() <= owed.latest - due < 13 * HOUR
        return local.time() == time(19) and shortly and not self._awake(owed.latest)

    def _awake(self, moment: datetime) -> bool:
        return 7 <= moment.astimezone(self.calendar.zone).hour < 22

    def _works(self, day: date) -> bool:
        return holidays.country_holidays(self.calendar.country).is_working_day(day)

    def _mornings(self, owed: Owed) -> Iterable[datetime]:
        first = owed.earliest.astimezone(self.calendar.zone).date()
        last = owed.latest.astimezone(self.calendar.zone).date()
        for number in range((last - first).days + 1):
            yield datetime.combine(first + number * DAY, time(10), self.calendar.zone).astimezone(UTC)


def _satisfied(owed: Owed, assessed_at: datetime) -> bool:
    return owed.since <= assessed_at and owed.latest <= assessed_at + DAY


def _around(of: CaseDate) -> list[Owed]:
    """Return what a day at court demands: a week and a day before it, a day and thirty after it."""
    before = [
        Owed(
            reason=Reason.DATE,
            since=of.told_at,
            earliest=max(of.at - ahead - 4 * DAY, of.told_at),
            latest=of.at - ahead,
        )
        for ahead in (7 * DAY, DAY)
        if of.at - ahead > of.told_at
    ]
    return before + [
        Owed(reason=Reason.DATE, since=of.at, earliest=of.at + after / 4, latest=of.at + after)
        for after in (DAY, 30 * DAY)
    ]


class Lived:
    """A case as the rules have it, joined as the service joins them, and its account."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self.calendar, self.now = calendar, now
        self.duties: dict[Reason, Duty] = {}
        self.dates: list[CaseDate] = []
        first = Owed(reason=Reason.INTERVAL, since=now, earliest=now + 7 * DAY / 4, latest=now + 7 * DAY)
        self.account = Account(calendar, first)
        due = due_at(Level.HIGH, now, calendar)
        self.review = Review(
            id=ReviewId(NOBODY), case_id=CaseId(NOBODY), level=Level.HIGH, owner_id=PersonId(NOBODY), opened_at=now,
            due_at=due, state=ReviewState.OPEN, step=0, next_step_at=due,
        )  # fmt: skip

    def wait(self, by: timedelta) -> None:
        """Let time pass; what is due meanwhile is reminded of."""
        self.now += by
        if self.now >= self.review.due_at:
            self.review = replace(self.review, step=1, next_step_at=self.now + DAY)

    def happen(self, reason: Reason, ago: timedelta) -> None:
        """Let something come to be known that happened a while ago."""
        at = self.now - ago
        further = duty(reason, at, self.calendar)
        known = self.duties.get(reason)
        self.duties[reason] = merged(known, further) if known else further
        before, self.review = self.review, pulled(self.review, further)
        within = HAPPENS.get(reason, DAY)
        earliest = at + (within if within < DAY else within / 4)
        self.account.owed.append(Owed(reason=reason, since=at, earliest=earliest, latest=at + within))
        # Never later, and never less urgent for what else happens; what is due earlier is said anew.
        assert self.review.due_at == min(before.due_at, further.due_at)
        assert self.review.next_step_at is not None
        assert urgent(self.review.reason) == (urgent(before.reason) or urgent(reason))
        if urgent(reason):
            assert self.review.next_step_at <= further.due_at
        elif urgent(before.reason):
            assert self.review.next_step_at == before.next_step_at
        elif self.review.due_at < before.due_at:
            assert (self.review.step, self.review.next_step_at) == (0, self.review.due_at)
        else:
            assert (self.review.step, self.review.next_step_at) == (before.step, before.next_step_at)

    def to_court(self, ahead: timedelta) -> None:
        """Let a day at court be set."""
        of = CaseDate(at=self.now + ahead, told_at=self.now)
        self.dates.append(of)
        self.account.dates.append(of)
        self.happen(Reason.DATE, timedelta())

    def assess(self, level: Level, ago: timedelta) -> None:
        """Let it be told what somebody assessed a while ago."""
        at = self.now - ago
        left = left_over(self.duties.values(), at)
        self.duties = {each.reason: each for each in left}
        set_before = [each for of in self.dates for each in around(of, self.calendar)]
        due, reason = strictest(due_at(level, at, self.calendar), [*left, *left_over(set_before, at)])
        self.review = replace(self.review, level=level, due_at=due, reason=reason, step=0, next_step_at=due)
        self.account.assessed(level, at)
        event(f"after an assessment: {reason}")


hours = st.integers(0, 60 * 24 * 2).map(lambda each: timedelta(minutes=each))
steps = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 60 * 24 * 12).map(lambda each: timedelta(minutes=each))),
    st.tuples(st.just("happen"), st.sampled_from(list(HAPPENS)), st.one_of(st.just(timedelta()), hours)),
    st.tuples(st.just("to_court"), st.integers(1, 24 * 45).map(lambda each: timedelta(hours=each))),
    st.tuples(st.just("assess"), st.sampled_from(list(EVERY)), st.one_of(st.just(timedelta()), hours)),
)
calendars = st.builds(
    Calendar,
    st.sampled_from(["RS", "BA", "AL", "IL"]),
    st.sampled_from(["Europe/Belgrade", "Asia/Jerusalem", "America/New_York"]).map(ZoneInfo),
)
# Most often around what is hard: holidays in a row, nights in which the clock changes, the 29th of February.
begins = st.one_of(
    st.integers(0, 4 * 365 * 24 * 60).map(lambda each: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=each)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes),
        st.sampled_from([datetime(*day, tzinfo=UTC) for day in (
            (2026, 12, 30), (2027, 3, 26), (2027, 4, 28), (2027, 10, 29), (2028, 2, 26), (2028, 10, 27),
        )]),
        st.integers(0, 4 * 24 * 60),
    ),
)  # fmt: skip


@settings(max_examples=300)
@given(calendars, begins, st.lists(steps, min_size=1, max_size=14))
@example(SERBIA, datetime(2027, 4, 28, 20, tzinfo=UTC), [("assess", Level.VERY_HIGH, timedelta())])
@example(
    SERBIA,
    datetime(2028, 2, 27, 23, tzinfo=UTC),
    [("to_court", 3 * DAY), ("assess", Level.LOW, timedelta()), ("wait", 4 * DAY), ("assess", Level.LOW, 6 * HOUR)],
)
def test_whatever_happens_nothing_is_left_out_and_nothing_is_due_without_need(
    calendar: Calendar, now: datetime, story: Sequence[tuple[str, *tuple[object, ...]]]
) -> None:
    lived = Lived(calendar, now)
    lived.account.right(lived.review.due_at)
    for name, *what in story:
        getattr(lived, name)(*what)
        lived.account.right(lived.review.due_at)
