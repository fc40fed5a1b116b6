"""Whatever people do and however time passes: what the rules promise holds of the real engine, two of them at once.

A Hypothesis state machine on a real PostgreSQL. What is checked is written here from the rules, not taken from the
program: whoever is silent is rung on, an accepted alert was accepted by everybody who must, an ended one is quiet, and
nothing is said to anybody excluded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agencies.model import AgencyId, Person, PersonId
from alerts.model import AlertId
from alerts.sweep import escalate_due, next_due
from alerts.vocabulary import Event, StandDownReason, Status
from cases.model import Part
from core.database import Database, Row, connect
from core.errors import Conflict, NotFound
from core.ids import new_id
from tests import outgoing
from tests.clock import MovableClock
from tests.outgoing import Said
from tests.people import Network, Office, Scene

T = TypeVar("T")
EXAMPLES, STEPS = 12, 14
EVENTS = (Event.PANIC, Event.BEING_FOLLOWED, Event.DEVICE_LOST)
# Alerts document, "First wave": a step without an answer is followed by the next after at most so long.
LONGEST_STEP = {Event.PANIC: timedelta(minutes=10), Event.BEING_FOLLOWED: timedelta(minutes=10)}
LONGEST_OF_ALL = timedelta(hours=2)
SIX_HOURS, DAY = timedelta(hours=6), timedelta(days=1)
OWNER_IS_ASKED = timedelta(minutes=30)
PAUSE = timedelta(minutes=15)


@dataclass(kw_only=True)
class Call:
    """What the rules say of one open alert."""

    alert_id: AlertId
    status: Status
    event: Event
    began_at: datetime
    rung_at: datetime
    raisers: set[PersonId]
    accepted: set[AgencyId] = field(default_factory=set)
    accepted_at: datetime | None = None
    paused_at: datetime | None = None


class World:
    """A case with three responders on a database of its own, driven from outside the loop."""

    def __init__(self, url: str, scene: Scene, start: datetime) -> None:
        self.runner = asyncio.Runner()
        self._url = url
        self.scene = scene
        self.clock = MovableClock(start)
        self.runner.run(self._open())

    async def _open(self) -> None:
        self._connected = connect(self._url)
        self.database: Database = await self._connected.__aenter__()
        self.network = Network(self.database, self.clock)

    def close(self) -> None:
        """Leave the database."""
        self.runner.run(self._connected.__aexit__(None, None, None))
        self.runner.close()


class AlertMachine(RuleBasedStateMachine):
    """People of a case, and the engines."""

    world: World

    @initialize()
    def a_case(self) -> None:
        scene = self.world.scene
        self.responders: dict[AgencyId, Office] = {
            office.agency.id: office for office in (scene.shelter, scene.police, scene.welfare)
        }
        self.people: list[Person] = [
            scene.coordinator, scene.deputy, scene.member, scene.shelter.officer, *scene.police.officers,
            scene.welfare.officer, scene.shelter.deputies[0], scene.police.deputies[0],
        ]  # fmt: skip
        parts = {scene.police: Part.RESPONDER, scene.welfare: Part.RESPONDER, scene.ngo: Part.INFORMED}
        members = [scene.member, scene.ngo.worker]
        self.case = self._run(self.world.network.case(scene.coordinator, parts, members, scene.deputy))
        self.since = self._last()
        self.calls: dict[Status, Call] = {}
        self.excluded: dict[PersonId, int] = {}
        self.ended: set[UUID] = set()

    # What people do ------------------------------------------------------------------------------------

    @rule(by=st.integers(0, 2), event=st.sampled_from(EVENTS), drill=st.booleans())
    def somebody_presses(self, by: int, event: Event, drill: bool) -> None:  # noqa: FBT001 (Hypothesis passes by name)
        person, status = self.people[by], Status.EXERCISE if drill else Status.ACTUAL
        raising = self.world.network.alerts.raise_(person, self.case.core.id, new_id(), event=event, status=status)
        if person.id in self.excluded:
            with pytest.raises(NotFound):
                self._run(raising)
            return
        view, now = self._run(raising), self.world.clock.now()
        known = self.calls.get(status)
        if known is None or known.alert_id != view.alert.id:
            assert known is None, "a second alert is open in the same place"
            self.calls[status] = Call(
                alert_id=view.alert.id, status=status, event=event, began_at=now, rung_at=now, raisers={person.id}
            )
            return
        known.raisers.add(person.id)
        changes = known.accepted_at or known.paused_at or _worse(event, known.event)
        if (changes or now - known.began_at >= SIX_HOURS) and view.alert.ladder_began_at == now:
            known.event = event if _worse(event, known.event) else known.event
            known.accepted, known.accepted_at, known.paused_at = set(), None, None
            known.began_at = known.rung_at = now

    @rule(by=st.integers(0, 8), drill=st.booleans())
    def somebody_accepts(self, by: int, drill: bool) -> None:  # noqa: FBT001
        person, call = self.people[by], self.calls.get(Status.EXERCISE if drill else Status.ACTUAL)
        if call is None:
            return
        try:
            self._run(self.world.network.alerts.acknowledge(person, call.alert_id))
        except NotFound:
            rung = any(person.id in each.mentions for each in self._rings(call))
            assert not rung or person.id in self.excluded, "somebody who was called may not accept"
        except Conflict:
            assert person.id in call.raisers
        else:
            assert person.id not in self.excluded
            call.accepted.add(person.agency_id)
            if call.accepted >= self.responders.keys():
                call.accepted_at, call.paused_at = self.world.clock.now(), None

    @rule(drill=st.booleans())
    def everybody_accepts(self, drill: bool) -> None:  # noqa: FBT001
        for number in (3, 4, 6):
            self.somebody_accepts(number, drill)

    @rule(by=st.integers(0, 8), drill=st.booleans())
    def somebody_says_it_is_over(self, by: int, drill: bool) -> None:  # noqa: FBT001
        person, status = self.people[by], Status.EXERCISE if drill else Status.ACTUAL
        call = self.calls.get(status)
        if call is None:
            return
        with suppress(NotFound, Conflict):
            standing = self.world.network.alerts.stand_down(person, call.alert_id, StandDownReason.SAFE)
            alert = self._run(standing).alert
            if alert.ended:
                assert person.id not in call.raisers, "whoever raised it ended it alone"
                self.ended.add(call.alert_id)
                del self.calls[status]
            elif alert.cancel_asked_at == self.world.clock.now() and call.accepted_at is None:
                call.paused_at = self.world.clock.now()

    @rule(drill=st.booleans())
    def everybody_accepts_and_ends_it(self, drill: bool) -> None:  # noqa: FBT001
        """Chance alone hardly ever ends an alert: whoever ends it must have accepted it, and not have pressed."""
        self.everybody_accepts(drill)
        for number in (3, 4, 6):
            self.somebody_says_it_is_over(number, drill)

    @precondition(lambda self: not self.excluded)
    @rule(by=st.integers(2, 8))
    def somebody_is_excluded(self, by: int) -> None:
        person = self.people[by]
        self._run(self.world.network.cases.exclude(self.world.scene.coordinator, self.case.id, person.id))
        self.excluded[person.id] = self._last()

    @rule(minutes=st.sampled_from((1, 3, 9, 16, 31, 45, 130, 400, 1500)))
    def time_passes(self, minutes: int) -> None:
        """Let two engines do what falls due, each thing when it does."""
        until = self.world.clock.now() + timedelta(minutes=minutes)
        while (due := self._run(next_due(self.world.database))) is not None and due <= until:
            self.world.clock.set(max(due, self.world.clock.now()))
            before = self._last()
            self._sweep()
            self._heed(self._said(before))
            for call in self.calls.values():
                self._is_rung_on(call)
        self.world.clock.set(until)
        for call in self.calls.values():
            self._is_rung_on(call)

    # What holds ----------------------------------------------------------------------------------------

    @invariant()
    def an_alert_stands_where_the_answers_put_it(self) -> None:
        for call in self.calls.values():
            row = self._row(call.alert_id)
            assert row["state"] != "stood_down"
            assert row["next_step_at"] is not None, "nothing would ever be done about it again"
            # Whoever is excluded may have been the one who accepted; then the owner's clock opens it again.
            if call.accepted_at is None:
                assert row["state"] in {"open", "unanswered"}, call
            else:
                assert row["state"] == "accepted", call

    @invariant()
    def what_has_ended_is_quiet(self) -> None:
        for alert_id in self.ended:
            row = self._row(alert_id)
            assert (row["state"], row["next_step_at"]) == ("stood_down", None)
            assert not row["waiting"]

    @invariant()
    def nothing_is_said_to_anybody_excluded(self) -> None:
        for person_id, since in self.excluded.items():
            for each in self._said(since):
                assert person_id not in each.mentions
                assert each.target.id != person_id or not each.template.startswith(("alert_", "drill_"))

    @invariant()
    def an_exercise_says_so_and_nothing_else_does(self) -> None:
        drills = {call.alert_id for call in self.calls.values() if call.status is Status.EXERCISE}
        for call in self.calls.values():
            for each in self._of(call):
                assert each.template.startswith("drill_") is (call.alert_id in drills)

    def teardown(self) -> None:
        """End what is left, so that the next example begins in peace."""
        if hasattr(self, "case"):
            self._run(self._forget())

    async def _forget(self) -> None:
        async with self.world.database.transaction() as tx:
            await tx.run("UPDATE alerts SET state = 'stood_down', next_step_at = NULL")
            await tx.run("UPDATE outbox SET state = 'withdrawn' WHERE state IN ('pending', 'sending')")

    # Helpers -------------------------------------------------------------------------------------------

    def _run(self, awaited: Coroutine[Any, Any, T]) -> T:
        return self.world.runner.run(awaited)

    def _sweep(self) -> None:
        async def both() -> None:
            async with asyncio.TaskGroup() as engines:
                for _ in range(2):
                    engines.create_task(escalate_due(self.world.database, self.world.clock))

        self._run(both())

    def _heed(self, said: list[Said]) -> None:
        """Note what the engines did: whom they rang, and where a silent or lost owner opened an alert again."""
        now = self.world.clock.now()
        for call in self.calls.values():
            row = self._row(call.alert_id)
            if call.accepted_at is not None and row["state"] == "open":
                call.accepted, call.accepted_at = set(), None
                call.began_at = call.rung_at = now
            of_this = [each for each in said if each.alert_id == call.alert_id]
            if any(each.template.endswith("_ring") for each in of_this):
                call.rung_at = now
                call.paused_at = None
            if call.accepted_at is not None and any(each.template.endswith("_owner_asked") for each in of_this):
                call.accepted_at = max(call.accepted_at, now)

    def _is_rung_on(self, call: Call) -> None:
        """Require that an open alert was rung on in time, and that the owner of an accepted one was asked in time."""
        now = self.world.clock.now()
        if call.accepted_at is not None:
            assert now - call.accepted_at <= OWNER_IS_ASKED + timedelta(minutes=10), "its owner was forgotten"
            return
        longest = LONGEST_STEP.get(call.event, LONGEST_OF_ALL)
        if now - call.began_at >= SIX_HOURS:
            longest = DAY
        quiet_since = max(call.rung_at, call.paused_at or call.rung_at)
        assert now - quiet_since <= max(longest, PAUSE if call.paused_at else longest), call

    def _said(self, after: int) -> list[Said]:
        return self._run(outgoing.said(self.world.database, after=after))

    def _last(self) -> int:
        async def look() -> int:
            async with self.world.database.reading() as reading:
                return int(await reading.value("SELECT coalesce(max(sequence), 0) FROM outbox"))

        return self._run(look())

    def _of(self, call: Call) -> list[Said]:
        return [each for each in self._said(self.since) if each.alert_id == call.alert_id]

    def _rings(self, call: Call) -> list[Said]:
        return [each for each in self._of(call) if each.template.endswith("_ring")]

    def _row(self, alert_id: UUID) -> Row:
        async def look() -> Row | None:
            async with self.world.database.reading() as reading:
                return await reading.row(
                    "SELECT state, next_step_at, EXISTS (SELECT FROM outbox WHERE alert_id = alerts.id "
                    "AND state = 'pending' AND template LIKE '%\\_ring') AS waiting FROM alerts WHERE id = $1",
                    alert_id,
                )

        row = self._run(look())
        assert row is not None
        return row


def test_the_engine_keeps_what_the_rules_promise(database_url: str, scene: Scene, clock: MovableClock) -> None:
    world = World(database_url, scene, clock.now())
    AlertMachine.world = world
    try:
        run_state_machine_as_test(
            AlertMachine,
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        world.close()


def _worse(one: Event, other: Event) -> bool:
    return EVENTS.index(one) < EVENTS.index(other)
