"""A year of cases: people who assess late or not at all, events by day and night, court dates, clocks; and its account.

Time goes from one thing that is due to the next; the sweeps are the engine's. What must have been said follows from
what stood in the database when: from levels, due times and the hours of the night, by a reckoning of its own.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from agencies.model import AgencyKind, Person, PersonId
from alerts.model import State
from alerts.vocabulary import StandDownReason
from cases.ledger import sequence_all
from cases.model import Case, Part
from core.database import Database, Row
from safety_plans.calendar import Calendar
from safety_plans.clocks import sweep as clocks
from safety_plans.clocks.rules import ClockKind
from safety_plans.digests import sweep as digests
from safety_plans.events import take_up_events
from safety_plans.measures import sweep as measures
from safety_plans.model import Level, Reason
from safety_plans.quiet import Quiet
from safety_plans.rings import sweep as rings
from safety_plans.service import ReviewView
from safety_plans.sweep import next_due, remind_due
from safety_plans.triggers import SOON, Within, urgent
from tests.clock import ZONE, MovableClock
from tests.people import Network

NIGHT = Quiet.read("22:00-07:00", ZONE.key)
CALENDAR = Calendar("RS", ZONE)
DAY = timedelta(days=1)
# Of each level so many of ten.
LEVELS = [Level.LOW] * 5 + [Level.MEDIUM] * 3 + [Level.HIGH] * 1 + [Level.VERY_HIGH] * 1
CASES_OF_ONE = 10
IN_CUSTODY = 0.3
# Of what is due so much is done on one day, and to so many cases something happens.
DONE_A_DAY = 0.6
HAPPENS_A_DAY = 0.03


@dataclass(slots=True)
class Due:
    """That a review or a clock was due at a time, and when it was seen to be so: first, and last."""

    level: Level
    reason: Reason
    first: datetime
    last: datetime
    # By when something urgent had to be assessed that happened once it was due, or shortly before: from then on at the
    # latest people are told as of that.
    urged: datetime | None = None


@dataclass(slots=True)
class Account:
    """What was due when, and what digests had to say."""

    # Of reviews and of clocks.
    due: dict[tuple[UUID, datetime], Due] = field(default_factory=dict)
    digests: dict[tuple[date, PersonId], tuple[int, int, int, int]] = field(default_factory=dict)


# What changes of reviews and clocks is noted by the database of the test, so that a look costs what has changed and
# not what there is: of five thousand cases hundreds are due at every one of hundreds of moments a day.
NOTED = """
CREATE TABLE noted (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text, id uuid, owner_id uuid, due_at timestamptz,
    level text, reason text, stands boolean);
CREATE FUNCTION note_review() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO noted (what, id, owner_id, due_at, level, reason, stands)
    VALUES ('review', NEW.id, NEW.owner_id, NEW.due_at, NEW.level, NEW.reason, NEW.state = 'open');
    RETURN NULL; END $$;
CREATE TRIGGER begins AFTER INSERT ON reviews FOR EACH ROW EXECUTE FUNCTION note_review();
CREATE TRIGGER changes AFTER UPDATE ON reviews FOR EACH ROW
    WHEN ((OLD.owner_id, OLD.due_at, OLD.level, OLD.reason, OLD.state)
        IS DISTINCT FROM (NEW.owner_id, NEW.due_at, NEW.level, NEW.reason, NEW.state))
    EXECUTE FUNCTION note_review();
CREATE FUNCTION note_clock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO noted (what, id, stands) VALUES ('clock', OLD.id, false);
    ELSE
        INSERT INTO noted (what, id, owner_id, due_at, level, reason, stands)
        VALUES ('clock', NEW.id, NEW.owner_id, NEW.due_at, 'low', 'interval', NEW.due_at IS NOT NULL);
    END IF;
    RETURN NULL; END $$;
CREATE TRIGGER begins AFTER INSERT OR DELETE ON case_clocks FOR EACH ROW EXECUTE FUNCTION note_clock();
CREATE TRIGGER changes AFTER UPDATE ON case_clocks FOR EACH ROW
    WHEN ((OLD.owner_id, OLD.due_at) IS DISTINCT FROM (NEW.owner_id, NEW.due_at)) EXECUTE FUNCTION note_clock();
INSERT INTO noted (what, id, owner_id, due_at, level, reason, stands)
    SELECT 'review', id, owner_id, due_at, level, reason, true FROM reviews WHERE state = 'open'
    UNION ALL SELECT 'clock', id, owner_id, due_at, 'low', 'interval', true FROM case_clocks WHERE due_at IS NOT NULL;
"""


class Standing:
    """The reviews and clocks that stand, as they were when last looked at; keeps the account of what was due when."""

    def __init__(self, account: Account, urged: Mapping[tuple[UUID, datetime], datetime]) -> None:
        self.rows: dict[UUID, Row] = {}
        self._account = account
        self._urged = urged
        self._read = 0
        # What was due at the last look, and what will be, the first first.
        self._due: dict[UUID, tuple[datetime, Due]] = {}
        self._ahead: list[tuple[datetime, int, UUID]] = []

    async def begin(self, database: Database) -> None:
        """Let the database note what changes."""
        async with database.transaction() as tx:
            await tx.script(NOTED)

    async def look(self, database: Database, now: datetime) -> None:
        """Note what is due now for the first time; what is due no more was so at the last look."""
        async with database.reading() as look:
            changed = await look.rows("SELECT * FROM noted WHERE number > $1 ORDER BY number", self._read)
        for row in {each["id"]: each for each in changed}.values():
            self._due.pop(row["id"], None)
            self.rows.pop(row["id"], None)
            if row["stands"]:
                self.rows[row["id"]] = row
                heapq.heappush(self._ahead, (row["due_at"], row["number"], row["id"]))
        self._read = changed[-1]["number"] if changed else self._read
        while self._ahead and self._ahead[0][0] <= now:
            due_at, number, id_ = heapq.heappop(self._ahead)
            found = self.rows.get(id_)
            if found is not None and found["number"] == number:
                seen = Due(level=Level(found["level"]), reason=Reason(found["reason"]), first=now, last=now)
                self._due[id_] = due_at, self._account.due.setdefault((id_, due_at), seen)
        for id_, (due_at, each) in self._due.items():
            each.last, each.urged = now, self._urged.get((id_, due_at))


class Year:
    """Lives through days of cases whose people act by chance."""

    def __init__(self, network: Network, clock: MovableClock, cases: int, seed: int) -> None:
        self.database: Database = network.database
        self.network = network
        self.account = Account()
        self.clock = clock
        self._count = cases
        self._chance = random.Random(seed)  # noqa: S311 (chance that can be repeated)
        self._leaders: list[tuple[Person, Person]] = []
        self._cases: list[tuple[Case, Person]] = []
        self._urged: dict[tuple[UUID, datetime], datetime] = {}
        self._standing = Standing(self.account, self._urged)

    async def begin(self) -> None:
        """Open the cases: one shelter leads them, one centre is the deputy."""
        workers = -(-self._count // CASES_OF_ONE)
        shelter = await self.network.office(AgencyKind.SHELTER, workers=workers, deputies=1)
        welfare = await self.network.office(AgencyKind.SOCIAL_WELFARE, workers=workers, deputies=1)
        self._leaders = list(zip(shelter.workers, welfare.workers, strict=True))
        for number in range(self._count):
            leader, deputy = self._leaders[number % workers]
            case = await self.network.case(leader, {welfare: Part.INFORMED}, deputy=deputy)
            await self.network.reviews.set_level(leader, case.id, self._chance.choice(LEVELS))
            if self._chance.random() < IN_CUSTODY:
                await self.network.clocks.looked(leader, case.id, ClockKind.CUSTODY)
            self._cases.append((case, leader))
        await digests.begin_new(self.database, self.clock, ZONE)
        await self._standing.begin(self.database)

    async def live(self, days: int) -> None:
        """Let days pass."""
        start = self.clock.now().astimezone(ZONE).date()
        for number in range(days):
            day = start + timedelta(days=number)
            at_work = CALENDAR.morning(day) + timedelta(hours=1)
            await self._until(at_work)
            if CALENDAR.working(day):
                await self._work()
            # Something happens at any hour.
            for moment, case, leader in sorted(self._happenings(at_work), key=lambda each: each[0]):
                await self._until(moment)
                await self._something_happens(case, leader)

    async def _until(self, moment: datetime) -> None:
        """Let the sweeps run at every moment at which something is due, until a moment and then."""
        sweeps: list[tuple[Callable[[Database], Awaitable[datetime | None]], Callable[[], Awaitable[object]]]] = [
            (next_due, lambda: remind_due(self.database, self.clock, quiet=NIGHT)),
            (clocks.next_due, lambda: clocks.remind_due(self.database, self.clock, quiet=NIGHT)),
            (measures.next_due, lambda: measures.remind_due(self.database, self.clock, ZONE, quiet=NIGHT)),
            (rings.next_due, lambda: rings.tell_folded(self.database, self.clock, NIGHT)),
            (digests.next_due, lambda: digests.tell_due(self.database, self.clock, ZONE, NIGHT)),
        ]
        while True:
            following = [(await asked(self.database), sweep) for asked, sweep in sweeps]
            at = min(each for each, _ in [*following, (moment, None)] if each is not None)
            if at > self.clock.now():
                self.clock.set(at)
            for due_at, sweep in following:
                if due_at is not None and due_at <= self.clock.now():
                    await sweep()
            # What follows from an act comes a moment later than what is told of this one.
            await self._look()
            await sequence_all(self.database)
            await take_up_events(self.database, self.clock, ZONE)
            await self._look()
            if at == moment and not any(each is not None and each <= moment for each, _ in following):
                return

    async def _look(self) -> None:
        """Note what is due now, and in the morning what everybody has to do."""
        now = self.clock.now()
        day = now.astimezone(ZONE).date()
        morning = now == CALENDAR.morning(day) and CALENDAR.working(day)
        await self._standing.look(self.database, now)
        if morning:
            self._note_digests(day, now)

    def _note_digests(self, day: date, now: datetime) -> None:
        ends = _next_working(day)
        found: dict[PersonId, Counter[str]] = defaultdict(Counter)
        for row in self._standing.rows.values():
            if row["due_at"] < ends:
                late = "late" if row["due_at"] < now else "due"
                found[PersonId(row["owner_id"])][f"{row['what']} {late}"] += 1
        for person, each in found.items():
            numbers = (each["review due"], each["review late"], each["clock due"], each["clock late"])
            self.account.digests.setdefault((day, person), numbers)

    async def _work(self) -> None:
        """Let people end their alerts, and assess and look after most of what is due."""
        async with self.database.reading() as look:
            to_do = await look.rows(
                """
                SELECT case_id, 'alert' AS what FROM alerts WHERE state <> 'stood_down'
                UNION SELECT case_id, 'review' FROM reviews WHERE state = 'open' AND due_at <= $1
                UNION SELECT case_id, 'clock' FROM case_clocks WHERE due_at <= $1
                """,
                self.clock.now(),
            )
        # Whoever has nothing to do is not asked: of thousands it is hundreds who have.
        of = {what: {row["case_id"] for row in to_do if row["what"] == what} for what in ("alert", "review", "clock")}
        alerted, due = (
            {leader.id for case, leader in self._cases if case.id in of[what]} for what in ("alert", "review")
        )
        # What is due at one moment comes in any order, and chance is to be the same in every run.
        number = {case.id: place for place, (case, _) in enumerate(self._cases)}
        for leader, deputy in self._leaders:
            if leader.id in alerted:
                await self._end_alerts(leader)
            if leader.id in due | alerted:
                for view in sorted(
                    await self.network.reviews.due(leader), key=lambda each: number[each.review.case_id]
                ):
                    if view.stale_since is not None and self._chance.random() < DONE_A_DAY:
                        await self._assess(leader, deputy, view)
        for case, leader in [each for each in self._cases if each[0].id in of["clock"]]:
            now = self.clock.now()
            for each in sorted((await self.network.clocks.see(leader, case.id)).clocks, key=lambda each: each.kind):
                if each.due_at <= now and self._chance.random() < DONE_A_DAY:
                    await self.network.clocks.looked(leader, case.id, each.kind)

    async def _end_alerts(self, leader: Person) -> None:
        for alert in [each.alert for each in await self.network.alerts.see_all(leader)]:
            if alert.state is not State.STOOD_DOWN:
                await self.network.alerts.acknowledge(leader, alert.id)
                await self.network.alerts.stand_down(leader, alert.id, StandDownReason.SAFE)

    async def _assess(self, leader: Person, deputy: Person, view: ReviewView) -> None:
        """Let one person tell a level, and mostly a second one agree where it is lower."""
        level = self._chance.choice(LEVELS)
        told = await self.network.reviews.set_level(leader, view.review.case_id, level)
        if told.lowering is not None and self._chance.random() < DONE_A_DAY:
            await self.network.reviews.set_level(deputy, view.review.case_id, level)

    def _happenings(self, at_work: datetime) -> Iterator[tuple[datetime, Case, Person]]:
        for case, leader in self._cases:
            if self._chance.random() < HAPPENS_A_DAY:
                yield at_work + timedelta(minutes=self._chance.randrange(1, 22 * 60)), case, leader

    async def _something_happens(self, case: Case, leader: Person) -> None:
        now = self.clock.now()
        if self._chance.random() < 0.2:
            court = CALENDAR.morning(now.astimezone(ZONE).date() + timedelta(days=self._chance.randrange(3, 60)))
            await self.network.clocks.add_date(leader, case.id, court)
            return
        within = self._chance.choice([*[Within.THREE_DAYS] * 3, Within.ONE_DAY, Within.TWO_HOURS])
        review = (await self.network.reviews.note_event(leader, case.id, within)).review
        if within is Within.TWO_HOURS and review.due_at < now + SOON:
            # It was due sooner, or is already.
            self._urged.setdefault((review.id, review.due_at), now + SOON)


def _next_working(day: date) -> datetime:
    """Return when the next working day begins."""
    following = next(day + number * DAY for number in range(1, 30) if CALENDAR.working(day + number * DAY))
    return datetime(following.year, following.month, following.day, tzinfo=ZONE)


def reminders(due_at: datetime, seen: Due) -> list[datetime]:
    """Return when something that was due has to have been said, and said again, as long as it stood."""
    pressing = urgent(seen.reason)
    wait = (lambda moment: moment) if pressing else NIGHT.until
    found, moment = [], wait(max(due_at, seen.first))
    late = timedelta(hours=2) if pressing or seen.level is Level.VERY_HIGH else DAY
    following = wait(max(due_at + late, moment))
    while moment <= seen.last:
        found.append(moment)
        moment, following = following, wait(following + DAY)
    return found
