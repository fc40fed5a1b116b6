"""A case over a chance of levels, events, days at court and waiting, in the service: what holds after every step.

`tests/unit/test_reviews_by_chance.py` looks at when a review falls due; here at what the database and the sweeps make
of it: one open review, never later for what happens, no level lowered by one person or over what happened since,
nothing that is due untold.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from agencies.model import Person
from cases.ledger import sequence_all
from core.database import Database, Row
from core.errors import Conflict
from core.outbox import TargetKind
from safety_plans.clocks import sweep as clocks
from safety_plans.events import take_up_events
from safety_plans.model import Level
from safety_plans.quiet import Quiet
from safety_plans.sweep import remind_due
from safety_plans.triggers import Within
from tests.clock import ZONE, MovableClock
from tests.people import Network, Scene

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = Quiet.read("22:00-07:00", ZONE.key)
LEVELS = [Level.LOW, Level.MEDIUM, Level.HIGH, Level.VERY_HIGH]
EVERY = {Level.VERY_HIGH: DAY, Level.HIGH: 7 * DAY, Level.MEDIUM: 14 * DAY, Level.LOW: 30 * DAY}
IN_TIME = {Within.TWO_HOURS: 2 * HOUR, Within.ONE_DAY: DAY, Within.THREE_DAYS: 3 * DAY}
STEPS = 60


@dataclass(slots=True)
class Waiting:
    """That a person told a lower level, and nothing had happened since."""

    level: Level
    by: Person
    at: datetime


class Chance:
    """Lives through a case; what may be lowered is reckoned from what people did alone."""

    def __init__(self, network: Network, scene: Scene, clock: MovableClock, seed: int) -> None:
        self._network, self._scene, self._clock = network, scene, clock
        self._database: Database = network.database
        self._chance = random.Random(seed)  # noqa: S311 (chance that can be repeated)
        self._waiting: Waiting | None = None
        self.lowered = self.told = 0

    async def live(self) -> None:
        """Do one thing after another."""
        await self._network.reviews.set_level(self._scene.coordinator, self._scene.case.id, Level.HIGH)
        for _ in range(STEPS):
            step: Callable[[], object] = self._chance.choice(
                [self._tell, self._tell, self._tell, self._wait, self._wait, self._happens, self._to_court, self._done]
            )
            await step()  # type: ignore[misc]
            # No two things happen at the very same moment.
            self._clock.move(timedelta(seconds=1))
            await self._open()

    async def _tell(self) -> None:
        """Let somebody tell a level, most often the one that waits."""
        who = self._chance.choice([self._scene.coordinator, self._scene.deputy, self._scene.member])
        first, before, now = self._waiting, (await self._open())["level"], self._clock.now()
        level = self._chance.choice(LEVELS if first is None else [*LEVELS, first.level, first.level, first.level])
        refused = True
        with suppress(Conflict):
            await self._network.reviews.set_level(who, self._scene.case.id, level)
            refused = False
        after = Level((await self._open())["level"])
        if LEVELS.index(level) >= LEVELS.index(before):
            # Raising takes one person, whoever it is; only who assesses can say that it stays.
            assert refused == (level == before and who is self._scene.member)
            assert after == level
        elif after != before:
            assert after == level
            assert first is not None
            assert (first.level, first.by is who) == (level, False)
            assert now <= first.at + 3 * DAY
            self.lowered += 1
        if not refused:
            self._waiting = None if after == level else Waiting(level, who, now)
            assert (await self._open())["due_at"] <= now + EVERY[after]

    async def _done(self) -> None:
        """Let a leader find that the level stays."""
        review, now = await self._open(), self._clock.now()
        await self._network.reviews.complete(self._scene.coordinator, review["id"])
        following = await self._open()
        assert (following["level"], following["id"] == review["id"]) == (review["level"], False)
        assert following["due_at"] <= now + EVERY[Level(review["level"])]

    async def _happens(self) -> None:
        within = self._chance.choice(list(Within))
        before, now = await self._open(), self._clock.now()
        await self._network.reviews.note_event(self._scene.member, self._scene.case.id, within)
        after = await self._open()
        assert after["id"] == before["id"]
        assert after["due_at"] <= min(before["due_at"], now + IN_TIME[within])
        self._waiting = None

    async def _to_court(self) -> None:
        ahead = timedelta(hours=self._chance.randint(1, 40 * 24))
        before, now = await self._open(), self._clock.now()
        await self._network.clocks.add_date(self._scene.coordinator, self._scene.case.id, now + ahead)
        after = await self._open()
        assert after["due_at"] <= min(before["due_at"], now + DAY)
        self._waiting = None

    async def _wait(self) -> None:
        """Let time pass, and the sweeps run; whatever is due is told, if not by night."""
        self._clock.move(timedelta(minutes=self._chance.randint(1, 60 * self._chance.choice([3, 30, 150]))))
        for _ in range(2):
            await remind_due(self._database, self._clock, quiet=NIGHT)
            await clocks.remind_due(self._database, self._clock, quiet=NIGHT)
            await sequence_all(self._database)
            await take_up_events(self._database, self._clock, ZONE)
        review, now = await self._open(), self._clock.now()
        assert review["next_step_at"] > now
        if review["due_at"] <= now and not NIGHT.at(now):
            async with self._database.reading() as look:
                said = await look.value(
                    "SELECT count(*) FROM outbox WHERE key LIKE 'review:' || $1::text || ':%' AND target_kind = $2",
                    str(review["id"]), TargetKind.COMPARTMENT,
                )  # fmt: skip
            assert said
            self.told += 1

    async def _open(self) -> Row:
        """Return the open review, of which there is one, of the level that the case has."""
        async with self._database.reading() as look:
            rows = await look.rows(
                "SELECT reviews.*, risk_levels.level AS stands FROM reviews JOIN risk_levels USING (case_id) "
                "WHERE case_id = $1 AND state = 'open'",
                self._scene.case.id,
            )
        assert [each["level"] for each in rows] == [each["stands"] for each in rows[:1]]
        return rows[0]


@pytest.mark.parametrize("seed", range(4))
# Before Easter and the first of May; the nights in which the clock changes; a leap day.
@pytest.mark.parametrize("begins", [datetime(2027, 3, 20, 9, tzinfo=UTC), datetime(2028, 2, 20, 9, tzinfo=UTC)])
async def test_what_holds_after_every_step(
    network: Network, clock: MovableClock, begins: datetime, seed: int
) -> None:  # fmt: skip
    clock.set(begins)
    life = Chance(network, await network.scene(), clock, seed)
    await life.live()
    assert life.told


async def test_what_happened_stands_against_a_lower_level_also_once_it_was_assessed(
    network: Network, clock: MovableClock
) -> None:
    scene = await network.scene()
    case = scene.case.id
    await network.reviews.set_level(scene.coordinator, case, Level.HIGH)
    waits = await network.reviews.set_level(scene.coordinator, case, Level.LOW)
    clock.move(HOUR)
    await network.reviews.note_event(scene.member, case, Within.TWO_HOURS)
    clock.move(HOUR)
    [due] = await network.reviews.due(scene.coordinator)
    assert waits.lowering is Level.LOW
    done = await network.reviews.complete(scene.coordinator, due.review.id)
    assert done.review.level is Level.HIGH
    clock.move(HOUR)
    # What the first looked at lies before the threat: the second's word is a first one.
    told = await network.reviews.set_level(scene.deputy, case, Level.LOW)
    assert (told.review.level, told.lowering) == (Level.HIGH, Level.LOW)
