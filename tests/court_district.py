"""A year of a court district: ways to court with telephones off inside, hearings that last longer, people who forget.

Every way but a few goes well in truth, so whoever is called on account of it is called for nothing. Those few end in
silence, and must be noticed. Times are minutes; people act by chance that can be repeated; sweeps are the engine's.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from uuid import uuid4

from agencies.model import AgencyKind, Person, PersonId
from alerts.model import State
from alerts.vocabulary import StandDownReason
from cases.model import Case, Part
from operations.acting import OperationView
from operations.model import Despite, Milestone, MilestoneKind, OperationId
from operations.running import LONGEST_DARK
from operations.sweep import call_for_late, next_late
from operations.templates import templates
from safety_plans.calendar import Calendar
from safety_plans.model import Level
from tests.clock import ZONE, MovableClock
from tests.people import Network

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CALENDAR = Calendar("RS", ZONE)
KINDS = ("court_testimony", "court_other", "police_or_prosecutor_interview")
LEVELS = (Level.LOW, Level.MEDIUM, Level.HIGH, Level.VERY_HIGH)
# How often: nobody of a way is heard from again; somebody forgets to say something; a question is not answered. Inside:
# a recess, and the silence announced anew; who stays behind says that it will be later, or notes what was forgotten.
LOST, UNSAID, UNANSWERED, RECESS, LATER, NOTED = 0.02, 0.05, 0.08, 0.4, 0.25, 0.2
# A silence is at least so long, and during less nothing happens.
SHORTEST = 10


@dataclass(slots=True, kw_only=True)
class Said:
    """What the district heard of one way, in the order in which it came; a silence with its end."""

    way: OperationId
    level: Level
    oks: list[datetime] = field(default_factory=list)
    silences: list[tuple[datetime, datetime]] = field(default_factory=list)
    # Since when nobody can say anything.
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A case with those who go, who lead, and who stays behind."""

    case: Case
    coordinator: Person
    leader: Person
    buddy: PersonId
    goes: tuple[Person, Person]
    level: Level


class District:
    """Lives through working days of so many teams, each with one way a day."""

    def __init__(self, network: Network, clock: MovableClock, teams: int, seed: int) -> None:
        self.network, self.clock = network, clock
        self.said: list[Said] = []
        self._count = teams
        self._chance = random.Random(seed)  # noqa: S311 (chance that can be repeated)
        self._teams: list[Team] = []

    async def begin(self) -> None:
        """Open a case for each team."""
        for number in range(self._count):
            shelter = await self.network.office(AgencyKind.SHELTER, workers=3, deputies=1)
            welfare = await self.network.office(AgencyKind.SOCIAL_WELFARE, workers=2, deputies=1)
            coordinator, buddy, goes = shelter.workers
            leader, other = welfare.workers
            case = await self.network.case(coordinator, {welfare: Part.RESPONDER}, [buddy, goes, other], leader)
            level = LEVELS[number % len(LEVELS)]
            await self.network.reviews.set_level(coordinator, case.id, level)
            self._teams.append(
                Team(
                    case=case, coordinator=coordinator, leader=leader, buddy=buddy.id, goes=(goes, other), level=level,
                )
            )  # fmt: skip

    async def live(self, days: int) -> None:
        """Let days pass; on working days everybody goes."""
        start = self.clock.now().astimezone(ZONE).date()
        for day in (start + number * DAY for number in range(days)):
            if CALENDAR.working(day):
                await self._live_through(day)

    async def _live_through(self, day: date) -> None:
        """Let all ways of a day take their course beside each other, then end what is left of them."""
        began = max(datetime(day.year, day.month, day.day, 5, tzinfo=ZONE), self.clock.now())
        self.clock.set(began)
        turn = count()
        under_way: list[tuple[datetime, int, AsyncIterator[datetime]]] = []
        for team in self._teams:
            begins = self.clock.now() + (120 + 15 * self._chance.randrange(20)) * MINUTE
            going = self._goes(team, begins)
            heapq.heappush(under_way, (await anext(going), next(turn), going))
        while under_way:
            moment, _, going = heapq.heappop(under_way)
            await self._until(moment)
            following = await anext(going, None)
            if following is not None:
                heapq.heappush(under_way, (max(following, self.clock.now()), next(turn), going))
        if any(each.lost_at is not None and each.lost_at >= began for each in self.said):
            # Whoever is lost in a silence is missed when that is over.
            await self._until(self.clock.now() + LONGEST_DARK + 60 * MINUTE)
        for team in self._teams:
            await self._ends(team)

    async def _until(self, moment: datetime) -> None:
        while (late := await next_late(self.network.database)) is not None and late <= moment:
            self.clock.set(max(late, self.clock.now()))
            await call_for_late(self.network.database, self.clock)
        self.clock.set(max(moment, self.clock.now()))

    async def _goes(self, team: Team, begins: datetime) -> AsyncIterator[datetime]:
        """Plan one way and live through it: yields when something is next done."""
        plan = templates()[self._chance.choice(KINDS)].plan(
            begins, team.coordinator.id, team.buddy, [each.id for each in team.goes], team.leader.id
        )
        view = await self.network.operations.plan(team.coordinator, team.case.core.id, uuid4(), plan)
        await self.network.operations.approve(team.coordinator, view.operation.id)
        yield begins - 30 * MINUTE
        view = await self.network.operations.go(team.coordinator, view.operation.id, Despite.SEEN_TO)
        said = Said(way=view.operation.id, level=team.level)
        self.said.append(said)
        async for moment in _Way(self.network, self.clock, self._chance, team, said).lived(view):
            yield moment

    async def _ends(self, team: Team) -> None:
        """Find whoever was lost, and end what was raised."""
        for view in await self.network.operations.running_in(team.coordinator, team.case.core.id):
            await arrived(self.network, team, view)
        for each in await self.network.alerts.see_all(team.leader):
            if each.alert.state is not State.STOOD_DOWN:
                await self.network.alerts.acknowledge(team.leader, each.alert.id)
                await self.network.alerts.stand_down(team.leader, each.alert.id, StandDownReason.FALSE_ALARM)


class _Way:
    """One way, as those live through it who go."""

    def __init__(self, network: Network, clock: MovableClock, chance: random.Random, team: Team, said: Said) -> None:
        self._network, self._clock, self._chance = network, clock, chance
        self._team, self._said = team, said

    async def lived(self, view: OperationView) -> AsyncIterator[datetime]:
        """Go, from the first step to the last; yields when something is next done."""
        timed = [each for each in view.operation.milestones if each.planned_at is not None]
        lost = self._chance.randrange(1, len(timed)) if self._chance.random() < LOST else None
        reached = before = view.operation.begins_at
        for number, step in enumerate(timed):
            if number == lost:
                self._said.lost_at = self._clock.now()
                return
            # It takes from half as long to twice as long as was planned.
            assert step.planned_at is not None
            took = (step.planned_at - before) * self._chance.choice((0.5, 0.8, 1, 1, 1, 1.1, 1.3, 2))
            before = step.planned_at
            reached = max(reached + took, self._clock.now() + MINUTE)
            off = number > 0 and timed[number - 1].kind is MilestoneKind.INSIDE
            async for moment in self._inside(reached) if off else self._on_the_way(step, reached):
                yield moment
            yield reached
            if step.kind is not MilestoneKind.DEPARTED or self._chance.random() > UNSAID:
                await self._network.under_way.confirm(self._goes(), self._said.way)
                self._said.oks.append(self._clock.now())
        yield self._clock.now() + 60 * MINUTE
        await arrived(self._network, self._team, await self._seen())

    async def _on_the_way(self, step: Milestone, reached: datetime) -> AsyncIterator[datetime]:
        """Answer the question with how much later it will be, mostly; nobody knows that to the minute."""
        while (due := await self._due(step)) < reached:
            yield due + self._chance.randrange(1, 4) * MINUTE
            if self._chance.random() < UNANSWERED:
                return
            left = max(round((reached - self._clock.now()) / MINUTE) + self._chance.randrange(-5, 15), 5)
            await self._network.under_way.delay(self._goes(), self._said.way, min(left, 240), uuid4())

    async def _inside(self, out: datetime) -> AsyncIterator[datetime]:
        """Be inside, telephones off, until they are out: the silence is as long as they think that it will be."""
        if self._chance.random() < UNSAID:
            return
        until = await self._dark(round((out - self._clock.now()) / MINUTE) + self._chance.randrange(-30, 90, 5))
        while (left := round((min(out, until) - self._clock.now()) / MINUTE)) >= SHORTEST:
            yield self._clock.now() + self._chance.randrange(5, left) * MINUTE
            happens = self._chance.random()
            if happens < RECESS:
                until = await self._dark(round((out - self._clock.now()) / MINUTE) + self._chance.randrange(-20, 60, 5))
            elif happens < RECESS + LATER:
                # The court tells who stays behind that it lasts longer: nothing of that is about telephones.
                minutes = self._chance.randrange(5, 60, 5)
                await self._network.under_way.delay(self._team.coordinator, self._said.way, minutes, uuid4())
            elif happens < RECESS + LATER + NOTED:
                for each in [each for each in (await self._seen()).operation.milestones if each.passed][:1]:
                    await self._network.under_way.confirm(
                        self._team.coordinator, self._said.way, each.position, heard_from=self._goes().id
                    )

    async def _dark(self, minutes: int) -> datetime:
        now, minutes = self._clock.now(), min(max(minutes, SHORTEST), LONGEST_DARK // MINUTE)
        await self._network.under_way.dark(self._goes(), self._said.way, minutes, uuid4())
        self._said.silences.append((now, now + minutes * MINUTE))
        return now + minutes * MINUTE

    def _goes(self) -> Person:
        return self._chance.choice(self._team.goes)

    async def _seen(self) -> OperationView:
        return await self._network.operations.see(self._team.coordinator, self._said.way)

    async def _due(self, step: Milestone) -> datetime:
        found = next(each for each in (await self._seen()).operation.milestones if each.id == step.id).due_at
        assert found is not None
        return found


async def arrived(network: Network, team: Team, view: OperationView) -> None:
    """Have everybody home, and what was noted talked about."""
    homes = [each for each in view.operation.milestones if each.kind is not MilestoneKind.DEBRIEFED]
    for each in (homes[-1], view.operation.milestones[-1]):
        if each.waits:
            await network.under_way.confirm(team.coordinator, view.operation.id, each.position)
