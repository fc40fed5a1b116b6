"""Whatever is said on the way, however late it comes: service and PostgreSQL do what another telling of the rules says.

That telling is `tests.operation_model`; nobody is called twice for the same, however seldom it is looked.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.model import Person
from alerts.vocabulary import Event
from cases.model import CompartmentId, Part
from core.database import Database, connect
from core.errors import Conflict, InvalidInput
from operations.model import Despite, MilestoneKind, OperationId, Refusal
from operations.planning import Plan, Step
from operations.sweep import call_for_late, next_late
from safety_plans.calendar import DAY
from safety_plans.model import Level
from tests.clock import MovableClock
from tests.operation_model import Awaited, Day, Refused
from tests.people import Network, Scene

T = TypeVar("T")
# More for whoever looks for longer.
EXAMPLES = int(os.environ.get("DAYS_ON_THE_WAY", "40"))
MINUTE = timedelta(minutes=1)
# As on a day at court: that testimony has begun is only noted.
WAY = (
    (MilestoneKind.READY, 0), (MilestoneKind.DEPARTED, 30), (MilestoneKind.INSIDE, 120), (MilestoneKind.WAYPOINT, None),
    (MilestoneKind.CLEARED, 240), (MilestoneKind.HOME_SAFE, 360),
)  # fmt: skip
# Somebody is brought to somebody.
BRINGS = (*WAY[:-1], (MilestoneKind.ARRIVED, 300), WAY[-1])
# By how many minutes a word came later than it was written, or seems to come before it.
LAGS = st.sampled_from((0, 0, 0, 1, 5, 30, 70, -1, -3))

words = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 12), st.integers(0, 130)),
        LAGS,
        st.one_of(
            st.tuples(st.just("ok"), st.integers(0, 7)),
            st.tuples(st.just("bare"), st.just(0)),
            st.tuples(st.just("delayed"), st.integers(-1, 250)),
            st.tuples(st.just("dark"), st.integers(-1, 490)),
            st.tuples(st.sampled_from(["divert", "abort", "received", "refused", "look", "look"]), st.just(0)),
        ),
    ),
    max_size=16,
)  # fmt: skip


class OnTheWay:
    """One way, in the program and as the rules say; minutes are counted from its begin."""

    def __init__(self, network: Network, database: Database, clock: MovableClock, goes: Person, begun: Begun,
                 day: Day) -> None:  # fmt: skip
        self.network, self.database, self.clock = network, database, clock
        self.goes, self.begins, self.way, self.day = goes, begun.begins, begun.way, day
        self.receives = begun.receives

    async def word(self, wait: int, lag: int, word: str, number: int) -> None:
        """Let time pass and somebody say something; both take it, or both refuse it."""
        self.clock.move(wait * MINUTE)
        await self.look()
        now = (self.clock.now() - self.begins) / MINUTE
        written, said = now - lag, now - max(lag, 0)
        at = self.clock.now() - lag * MINUTE
        under_way, goes, way = self.network.under_way, self.goes, self.way
        acts: dict[str, tuple[Any, Any]] = {
            "ok": (lambda: under_way.confirm(goes, way, number, at), lambda: self.day.ok(number, written, now)),
            "bare": (lambda: under_way.confirm(goes, way, None, at), lambda: self.day.bare(written, now)),
            "delayed": (
                lambda: under_way.delay(goes, way, number, uuid4(), at), lambda: self.day.delayed(number, said),
            ),
            "dark": (lambda: under_way.dark(goes, way, number, uuid4(), at), lambda: self.day.dark(number, said)),
            "divert": (lambda: under_way.divert(goes, way), self.day.divert),
            "abort": (lambda: under_way.abort(goes, way), lambda: self.day.abort(now)),
            "received": (
                lambda: self.network.handing_over.receive(self.receives, way, at),
                lambda: self.day.received(written, now),
            ),
            "refused": (
                lambda: self.network.handing_over.refuse(self.receives, way, Refusal.NO_PLACE), self.day.refused,
            ),
        }  # fmt: skip
        if word == "look":
            return
        act, told = acts[word]
        taken = refused = False
        with suppress(Conflict, InvalidInput):
            await act()
            taken = True
        try:
            told()
        except Refused:
            refused = True
        assert taken is not refused, (word, number, lag)

    async def look(self) -> None:
        """Let two engines look at once: they climb what the rules say, together once."""
        before = await self._climbed()
        async with asyncio.TaskGroup() as engines:
            for _ in range(2):
                engines.create_task(call_for_late(self.database, self.clock))
        wanted = self.day.looked((self.clock.now() - self.begins) / MINUTE)
        found = (await self._climbed())[len(before) :]
        assert found == ([] if wanted is None else [(wanted[0], ",".join(wanted[1]))])
        following = await next_late(self.database)
        assert (following is None) is (self.day.awaited is None)
        assert following is None or following > self.clock.now()

    async def everything_was_said_once(self) -> None:
        """Each rung was said once for each time from which a step was late, and the desks were called."""
        async with self.database.reading() as look:
            rows = await look.rows(
                "SELECT template, count(*) AS times FROM outbox WHERE key LIKE $1 AND target_kind = 'compartment' "
                "GROUP BY template",
                f"operation:{self.way}:%",
            )
            alarmed = await look.value(
                "SELECT count(*) FROM alerts WHERE event = ANY($1) AND state <> 'stood_down'",
                [Event.MISSED_MILESTONE, Event.OPERATION_ABORTED],
            )
        said = {row["template"]: row["times"] for row in rows}
        received = {each.position for each in self.day.steps if each.position == self.day.hand_over}
        every = {each.position for each in self.day.steps}
        for template, rungs, positions in (
            ("operation_prompt", {"prompt"}, every - received),
            ("operation_prompt_hand_over", {"prompt"}, received),
            ("operation_late", {"buddy", "liaison"}, every),
            ("operation_late_police", {"police"}, every),
        ):
            wanted = [each for each in self.day.called if each[1] in rungs and each[0] in positions]
            assert said.get(template, 0) == len(wanted), template
        ended_out = self.day.aborted and self.day.out
        assert alarmed == int(ended_out or any(rung == "desk" for _, rung, _ in self.day.called))

    async def _climbed(self) -> list[tuple[int, str]]:
        async with self.database.reading() as look:
            rows = await look.rows(
                "SELECT facts FROM ledger WHERE object_id = $1 AND act LIKE 'milestone_late%' ORDER BY entry",
                self.way,
            )
        return [(row["facts"]["position"], row["facts"]["rungs"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A way that begins, and who receives at its end, if somebody is brought to somebody."""

    way: OperationId
    begins: datetime
    receives: Person


async def begun(
    network: Network, clock: MovableClock, scene: Scene, level: Level, *, brings: bool = False
) -> Begun:  # fmt: skip
    """Open a case, plan a way and say go."""
    buddy, receives = [await network.person(scene.shelter.agency) for _ in range(2)]
    case = await network.case(
        scene.coordinator, {scene.police: Part.RESPONDER, scene.welfare: Part.INFORMED},
        [scene.member, buddy, receives], scene.deputy,
    )  # fmt: skip
    if level is not Level.NOT_YET_ASSESSED:
        await network.reviews.set_level(scene.coordinator, case.id, level)
    begins = clock.now() + DAY
    plan = Plan(
        coordinator_id=scene.coordinator.id, buddy_id=buddy.id, liaison_id=scene.member.id, begins_at=begins,
        ends_at=begins + timedelta(hours=8),
        steps=tuple(
            Step(
                kind=kind, due_at=None if after is None else begins + after * MINUTE,
                confirmers=(scene.deputy.id, scene.member.id),
            )
            for kind, after in (BRINGS if brings else WAY)
        ),
        receiver_id=receives.id if brings else None,
    )  # fmt: skip
    return Begun(way=await _gone(network, clock, scene, case.core.id, plan), begins=begins, receives=receives)


async def _gone(
    network: Network, clock: MovableClock, scene: Scene, circle: CompartmentId, plan: Plan
) -> OperationId:  # fmt: skip
    way = (await network.operations.plan(scene.coordinator, circle, uuid4(), plan)).operation.id
    await network.operations.approve(scene.coordinator, way)
    await network.operations.go(scene.coordinator, way, Despite.SEEN_TO)
    clock.set(plan.begins_at - MINUTE)
    return way


def test_the_service_does_what_the_rules_say(database_url: str, scene: Scene, clock: MovableClock) -> None:
    runner = asyncio.Runner()

    def run(awaited: Coroutine[Any, Any, T]) -> T:
        return runner.run(awaited)

    connected = connect(database_url)
    database = run(connected.__aenter__())
    network = Network(database, clock)

    async def lived(level: Level, brings: bool, said: Sequence[tuple[int, int, tuple[str, int]]]) -> None:  # noqa: FBT001
        way = await begun(network, clock, scene, level, brings=brings)
        planned = BRINGS if brings else WAY
        steps = [
            Awaited(position=number, due=after, home=kind is MilestoneKind.HOME_SAFE)
            for number, (kind, after) in enumerate(planned, start=1)
        ]
        day = Day(level=level.value, steps=steps, hand_over=len(planned) - 1 if brings else None)
        there = OnTheWay(network, database, clock, scene.member, way, day)
        try:
            for wait, lag, (word, number) in said:
                await there.word(wait, lag, word, number)
            # Nobody says anything more: whoever is still awaited has everybody called, and again.
            for wait in (20, 16, 600):
                await there.word(wait, 0, "look", 0)
            await there.everything_was_said_once()
        finally:
            await _forget(database)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(Level), st.booleans(), words)
    def whatever_is_said(level: Level, brings: bool, said: list[tuple[int, int, tuple[str, int]]]) -> None:  # noqa: FBT001
        run(lived(level, brings, said))

    try:
        whatever_is_said()
    finally:
        run(connected.__aexit__(None, None, None))
        runner.close()


async def _forget(database: Database) -> None:
    """End what is left, so that the next example begins in peace."""
    async with database.transaction() as tx:
        await tx.run("UPDATE milestones SET next_step_at = NULL")
        await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL")
