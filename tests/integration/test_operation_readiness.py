"""Readiness from facts that are really there: each taken away by itself, and go said all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import AgencyKind, Person
from core.database import Database
from core.errors import Conflict, NotFound
from core.key_holders import KeyState
from operations.acting import OperationView
from operations.model import Despite, Missing, OperationStatus
from operations.readiness import AFTERWARDS
from operations.sweep import count_down
from safety_plans.clocks.rules import ClockKind
from safety_plans.model import Level
from tests import outgoing
from tests.clock import ZONE, MovableClock
from tests.integration.test_operations import HOUR, buddy, core, plan_of
from tests.people import Network, Scene

__all__ = ["buddy"]
DAY = timedelta(days=1)
# Of those who go, in the order in which they are rung.
NUMBERS = ("+381600000001", "+381600000002", "+381600000003", "+381600000004")


class Day:
    """A day for which everything is ready, and what people see of it."""

    def __init__(self, database: Database, network: Network, scene: Scene, view: OperationView) -> None:
        self.database, self.network, self.scene, self.view = database, network, scene, view

    async def missing(self) -> list[tuple[Missing, bool]]:
        found = await self.network.operations.readiness(self.scene.member, self.view.operation.id)
        return [(each.what, each.hard) for each in found.missing]

    async def write(self, sql: str, *values: object) -> None:
        async with self.database.transaction() as tx:
            await tx.run(sql, *values)

    async def put_card(self) -> None:
        """Let every desk have a key, and the card of the circle sealed to it."""
        circle, writer, now = core(self.scene), self.scene.coordinator.id, self.network.clock.now()
        await self.write(
            "INSERT INTO emergency_cards (compartment_id, number, written_by, written_at) VALUES ($1, 1, $2, $3)",
            circle, writer, now,
        )  # fmt: skip
        await self.write(
            "INSERT INTO desk_keys (desk_id, key, added_by, added_at, signed_at, signature) "
            "SELECT id, decode(repeat('11', 32), 'hex'), $1, $2, $2, decode(repeat('22', 64), 'hex') FROM duty_desks",
            writer, now,
        )  # fmt: skip
        await self.write(
            "INSERT INTO card_envelopes (compartment_id, desk_id, key, sealed) "
            "SELECT $1, desk_id, key, 'sealed' FROM desk_keys",
            circle,
        )

    async def go(self, despite: Despite | None = None) -> OperationView:
        return await self.network.operations.go(self.scene.coordinator, self.view.operation.id, despite)


@pytest.fixture
async def day(database: Database, network: Network, scene: Scene, buddy: Person, clock: MovableClock) -> Day:
    """Plan a day in a case whose level was assessed; everybody holds the key of the channel and has a telephone."""
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    plan = plan_of(scene, buddy, clock.now() + 20 * HOUR)
    view = await network.operations.plan(scene.coordinator, core(scene), uuid4(), plan)
    await network.operations.approve(scene.coordinator, view.operation.id)
    await network.clocks.looked(scene.coordinator, scene.case.id, ClockKind.CUSTODY)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    day = Day(database, network, scene, view)
    await day.write("UPDATE bot_lease SET until = $1", clock.now() + 400 * DAY)
    for person, number in zip(sorted(view.operation.people), NUMBERS, strict=True):
        await Contacts(database, clock).add(person, Means.VOICE, number, of_desk=False)
        await day.write(
            "INSERT INTO key_holders (target_kind, target_id, person_id, device_id, state, seen_at) "
            "VALUES ('compartment', $1, $2, 'ONE', $3, $4)",
            core(scene), person, KeyState.HOLDS, clock.now(),
        )  # fmt: skip
    await day.put_card()
    return day


async def test_where_everything_is_ready_go_needs_no_reason(day: Day) -> None:
    assert await day.missing() == []
    assert (await day.go()).operation.status is OperationStatus.GO
    assert await outgoing.said(day.database, "operation_despite") == []
    # Until the last is home the key of the channel stays what it is.
    async with day.database.reading() as look:
        window = await look.row("SELECT opens_at, closes_at FROM key_windows WHERE target_id = $1", core(day.scene))
    operation = day.view.operation
    assert window is not None
    assert window["opens_at"] < operation.begins_at < operation.ends_at < window["closes_at"]


@pytest.mark.parametrize("state", [KeyState.NOT_JOINED, KeyState.NO_DEVICE, KeyState.WITHHELD, KeyState.OWED])
async def test_whoever_could_not_read_what_is_said_is_missing(day: Day, state: KeyState) -> None:
    await day.write("UPDATE key_holders SET state = $1 WHERE person_id = $2", state, day.scene.member.id)
    [(what, hard)] = await day.missing()
    assert (what in {Missing.NOT_JOINED, Missing.NO_DEVICE, Missing.NO_KEY}, hard) == (True, True)
    with pytest.raises(Conflict):
        await day.go()


async def test_each_fact_that_is_gone_is_said_and_nothing_else(day: Day, clock: MovableClock) -> None:
    scene, network = day.scene, day.network
    await day.write("UPDATE bot_lease SET until = NULL")
    assert await day.missing() == [(Missing.NOT_KNOWN, True)]
    await day.write("UPDATE bot_lease SET until = $1", clock.now() + 400 * DAY)

    # A key that somebody holds who left the desk, and a desk without its card.
    await day.write("UPDATE desk_keys SET renew_since = $1", clock.now())
    assert await day.missing() == [(Missing.NO_CARD, True)]
    await day.write("UPDATE desk_keys SET renew_since = NULL")
    await day.write("DELETE FROM card_envelopes WHERE desk_id = $1", scene.police.desk_id)
    assert await day.missing() == [(Missing.NO_CARD, True)]
    await day.write(
        "INSERT INTO card_envelopes (compartment_id, desk_id, key, sealed) "
        "SELECT $1, desk_id, key, 'sealed' FROM desk_keys WHERE desk_id = $2",
        core(scene), scene.police.desk_id,
    )  # fmt: skip

    day_of_it = (day.view.operation.begins_at).astimezone(ZONE).date()
    await network.absences.put(scene.member, day_of_it, day_of_it)
    assert await day.missing() == [(Missing.AWAY, True)]
    await network.absences.end(scene.member)

    await day.write("DELETE FROM contacts WHERE person_id = $1", scene.deputy.id)
    await day.write("UPDATE key_holders SET seen_at = $1 WHERE person_id = $2", clock.now() - 2 * DAY, scene.member.id)
    assert await day.missing() == [(Missing.NO_TELEPHONE, False), (Missing.NOT_SEEN, False)]
    # That is advice: nobody is kept from going.
    assert (await day.go()).operation.status is OperationStatus.GO


async def test_whoever_is_away_in_the_middle_of_a_way_of_days_is_away(
    day: Day, buddy: Person, clock: MovableClock
) -> None:
    plan = replace(
        plan_of(day.scene, buddy, clock.now() + 20 * HOUR), ends_at=clock.now() + 20 * HOUR + timedelta(hours=70)
    )
    await day.network.operations.plan_anew(day.scene.coordinator, day.view.operation.id, plan)
    middle = (plan.begins_at + timedelta(hours=35)).astimezone(ZONE).date()
    await day.network.absences.put(day.scene.member, middle, middle)
    assert (Missing.AWAY, True) in await day.missing()


async def test_only_a_desk_that_an_alert_would_call_counts_as_duty(day: Day, network: Network) -> None:
    scene = day.scene
    # Another agency's desk, of which no alert of this case would call anybody.
    elsewhere = await network.office(AgencyKind.NGO)
    await day.write("UPDATE duty_desks SET always_staffed = true WHERE agency_id = $1", elsewhere.agency.id)
    assert await day.missing() == []
    for agency in scene.case.agencies:
        await day.write(
            "DELETE FROM duty_officers WHERE desk_id IN (SELECT id FROM duty_desks WHERE agency_id = $1)", agency
        )
    assert (Missing.NOBODY_ON_DUTY, True) in await day.missing()


async def test_a_key_stays_until_those_who_are_later_are_home_too(day: Day, clock: MovableClock) -> None:
    operation = day.view.operation
    await day.go()
    clock.set(operation.begins_at)
    await day.network.under_way.delay(day.scene.member, operation.id, 240, uuid4())
    async with day.database.reading() as look:
        closes = await look.value("SELECT max(closes_at) FROM key_windows WHERE target_id = $1", core(day.scene))
    assert closes == operation.ends_at + timedelta(minutes=240) + AFTERWARDS


async def test_what_comes_to_be_missing_after_go_is_told_shortly_before(day: Day, clock: MovableClock) -> None:
    await day.go()
    clock.set(day.view.operation.begins_at - HOUR)
    await count_down(day.database, clock, ZONE)
    assert await outgoing.said(day.database, "operation_readiness") == []
    await day.write("UPDATE operations SET task = task - 1, next_task_at = $1", clock.now())
    await day.write("UPDATE key_holders SET state = 'owed' WHERE person_id = $1", day.scene.member.id)
    await count_down(day.database, clock, ZONE)
    [said] = await outgoing.said(day.database, "operation_readiness")
    assert said.parameters["number"] == "1"


async def test_custody_that_nobody_confirmed_in_time_counts_as_ended(day: Day, clock: MovableClock) -> None:
    await day.write("UPDATE case_clocks SET due_at = $1 WHERE kind = $2", clock.now(), ClockKind.CUSTODY)
    assert await day.missing() == [(Missing.CUSTODY, True)]
    clock.move(timedelta(minutes=1))
    await day.network.clocks.looked(day.scene.coordinator, day.scene.case.id, ClockKind.CUSTODY)
    assert await day.missing() == []


async def test_a_witness_who_is_summoned_appears_and_it_is_known_who_took_it_upon_them(
    day: Day,
) -> None:
    await day.write("UPDATE bot_lease SET until = NULL")
    with pytest.raises(Conflict, match="Not ready"):
        await day.go()
    assert (await day.go(Despite.SUMMONED)).operation.status is OperationStatus.GO
    [said] = await outgoing.said(day.database, "operation_despite")
    assert said.parameters["count"] == "1"
    async with day.database.reading() as look:
        facts = await look.value("SELECT facts FROM ledger WHERE act = 'operation_gone'")
    assert facts == {"despite": "summoned", "missing": "not_known"}


async def test_before_the_day_it_is_told_how_many_know_and_how_much_is_missing(day: Day, clock: MovableClock) -> None:
    scene = day.scene
    gone = await day.network.person(scene.ngo.agency)
    await day.network.cases.add_member(scene.coordinator, core(scene), gone.id)
    clock.move(HOUR)
    await day.network.cases.remove_member(scene.coordinator, core(scene), gone.id)
    await day.write("UPDATE key_holders SET state = 'owed' WHERE person_id = $1", scene.member.id)
    clock.set(day.view.operation.begins_at - HOUR)
    await count_down(day.database, clock, ZONE)
    [said] = await outgoing.said(day.database, "operation_readiness")
    known = await day.network.operations.readiness(scene.member, day.view.operation.id)
    # Whoever left since it was planned can know it too.
    assert said.parameters["count"] == str(known.exposed) == str(len(scene.case.core.member_ids) + 2)
    assert int(said.parameters["number"]) == len(known.missing)


async def test_who_is_not_in_the_circle_asks_in_vain(day: Day) -> None:
    with pytest.raises(NotFound):
        await day.network.operations.readiness(day.scene.stranger, day.view.operation.id)
