"""A database that was restored is on hold: noticed by whoever knew more, nothing old is said, what is raised calls."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from alerts.service import Alerts
from alerts.sweep import escalate_due
from cases import hold, ledger
from cases.hold import Hold, Why
from cases.last_head import FILE_NAME, LastHead
from core import database as databases
from core import outbox
from core.database import Database
from core.outbox import Lane, TargetKind
from core.settings import Settings
from deploy.stack import LocalStack
from safety_plans.clocks.rules import Spans
from safety_plans.sweep import open_missing, remind_due
from server.engine import Engine
from tests.bench.filled import MAY_LOAD
from tests.clock import ZONE, MovableClock
from tests.conftest import Copies
from tests.outgoing import said
from tests.people import Network, Scene
from tests.rewound import rewind

MINUTE = timedelta(minutes=1)


async def held(database: Database) -> Hold | None:
    async with database.reading() as look:
        return await hold.current(look)


async def resume(database: Database, clock: MovableClock) -> None:
    found = await held(database)
    assert found is not None
    async with database.transaction() as tx:
        assert await hold.resume(tx, found, await ledger.head(database), clock.now())


@pytest.fixture(autouse=True)
async def may_rewind(postgres: LocalStack) -> None:
    """Let tests put rows back past the keys between tables, as who restores a backup does."""
    await postgres._postgres.run_sql(MAY_LOAD)


# Noticed -------------------------------------------------------------------------------------------------


async def test_the_first_who_looks_holds_nothing(database: Database, scene: Scene, clock: MovableClock) -> None:
    assert scene.case
    for _ in range(2):
        assert await LastHead(database, clock).look() is None
    await ledger.sequence_all(database)
    assert await LastHead(database, clock).look() is None
    assert await said(database, "hold_began") == []


async def test_a_ledger_that_does_not_lead_through_what_a_process_knew_is_held(
    database: Database, network: Network, scene: Scene, clock: MovableClock, logged: io.StringIO
) -> None:
    last_head = LastHead(database, clock)
    await ledger.sequence_all(database)
    async with rewind(database):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await ledger.sequence_all(database)
        known = await ledger.head(database)
        assert await last_head.look() is None
    found = await last_head.look()
    assert found == Hold(since=clock.now(), why=Why.HEAD_LOST, lost=known)
    assert logged.getvalue().count('"hold_began"') == 1
    # Told once, however often somebody looks, and by whom.
    count = len(await said(database, "hold_began"))
    assert count > 1
    for each in (last_head, LastHead(database, clock), last_head):
        assert await each.look() == found
    assert len(await said(database, "hold_began")) == count


async def test_other_entries_at_the_same_place_are_noticed_too(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    last_head = LastHead(database, clock)
    async with rewind(database):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await ledger.sequence_all(database)
        position = await ledger.position(database)
        await last_head.look()
    clock.move(MINUTE)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    await ledger.sequence_all(database)
    assert await ledger.position(database) >= position
    found = await last_head.look(quickly=True)
    assert found is not None
    assert found.why is Why.HEAD_LOST


async def test_a_process_that_starts_knows_by_its_file(
    database: Database, network: Network, scene: Scene, clock: MovableClock, tmp_path: Path
) -> None:
    async with rewind(database):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await ledger.sequence_all(database)
        await LastHead(database, clock, tmp_path).look()
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    written = (tmp_path / FILE_NAME).read_bytes()
    assert await LastHead(database, clock).look() is None, "who knew nothing notices nothing"
    found = await LastHead(database, clock, tmp_path).look()
    assert found is not None
    assert found.why is Why.HEAD_LOST
    assert (tmp_path / FILE_NAME).read_bytes() == written, (
        "what was lost must not be forgotten before somebody compares"
    )


async def test_the_latest_of_several_lost_heads_is_kept(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    early, late = LastHead(database, clock), LastHead(database, clock)
    async with rewind(database):
        for last_head in (early, late):
            await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            await ledger.sequence_all(database)
            await last_head.look()
        newest = await ledger.head(database)
    await early.look()
    found = await late.look()
    assert found is not None
    assert found.lost == newest
    assert await early.look() == found


async def test_a_dump_that_is_read_in_elsewhere_is_held_without_any_file(
    database: Database, database_url: str, copies: Copies, scene: Scene, network: Network, clock: MovableClock
) -> None:
    await LastHead(database, clock).look()
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    # A copy can only be made of what nobody uses.
    async with database.transaction() as tx:
        name = await tx.value("SELECT current_database()")
    await _close(database)
    async with copies.copy(str(name)) as url, databases.connect(url) as copied:
        found = await LastHead(copied, clock).look()
        assert found is not None
        assert (found.why, found.lost) == (Why.ANOTHER_DATABASE, None)
        assert {each.state for each in await said(copied, "alert_ring")} == {"withdrawn"}
        await resume(copied, clock)
        assert await LastHead(copied, clock).look() is None
    assert database_url


async def _close(database: Database) -> None:
    for pool in (database._pool, database._urgent):
        await pool.close()


async def test_a_file_that_cannot_be_read_or_written_stops_nobody(
    database: Database, scene: Scene, clock: MovableClock, tmp_path: Path, logged: io.StringIO
) -> None:
    assert scene.case
    await ledger.sequence_all(database)
    (tmp_path / FILE_NAME).write_text("nonsense")
    assert await LastHead(database, clock, tmp_path).look() is None
    assert "ledger_head_not_read" in logged.getvalue()
    (tmp_path / "a file").write_text("")
    assert await LastHead(database, clock, tmp_path / "a file").look() is None
    assert "ledger_head_not_kept" in logged.getvalue()


# Held ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def restored(database: Database, network: Network, scene: Scene, clock: MovableClock) -> Hold:
    """Hold a database in which an alert is open that is of a backup, with messages that wait."""
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await open_missing(database, clock, ZONE, Spans(), everywhere=True)
    clock.move(timedelta(days=400))
    async with database.transaction() as tx:
        await hold.begin(tx, Why.HEAD_LOST, clock.now(), place=None, lost=None)
    found = await held(database)
    assert found is not None
    return found


async def test_nothing_that_waited_is_said(database: Database, clock: MovableClock, restored: Hold) -> None:
    assert restored
    states = {(each.template, each.state) for each in await said(database)}
    assert ("alert_ring", "withdrawn") in states
    assert {state for template, state in states if not template.startswith("hold_")} == {"withdrawn"}
    async with database.transaction() as tx:
        claimed = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        assert {each.message.template for each in claimed} == {"hold_ring", "hold_began"}
        assert await outbox.claim(tx, clock.now(), 100, Lane.ORDINARY) == []


async def test_what_was_on_its_way_may_not_leave_any_more(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    async with database.transaction() as tx:
        claimed = await outbox.claim(tx, clock.now(), 100, Lane.ALERT)
        await hold.begin(tx, Why.HEAD_LOST, clock.now(), place=None, lost=None)
        assert not any([await outbox.still_wanted(tx, each.id) for each in claimed])


async def test_old_alerts_and_reviews_call_nobody_until_somebody_resumes(
    database: Database, settings: Settings, clock: MovableClock, restored: Hold
) -> None:
    assert restored
    before = len(await said(database))
    engine = Engine(database, clock, settings)
    assert await escalate_due(database, clock) == 0
    assert await remind_due(database, clock) == 0
    await resume(database, clock)
    told = len(await said(database))
    assert told > before
    assert await escalate_due(database, clock) == 1
    assert await remind_due(database, clock) == 1
    assert len(await said(database)) > told
    assert engine


async def test_what_is_raised_on_hold_calls_and_escalates(
    database: Database, network: Network, scene: Scene, clock: MovableClock, restored: Hold
) -> None:
    assert restored
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
    await network.alerts.raise_(scene.coordinator, circle.id, uuid4())
    rings = [each for each in await said(database, "alert_ring") if each.state == "pending"]
    assert rings
    clock.move(3 * MINUTE)
    assert await escalate_due(database, clock) == 1, "its ladder goes on, the old one's does not"
    assert len([each for each in await said(database, "alert_ring") if each.state == "pending"]) > len(rings)


async def test_a_press_on_hold_wakes_an_old_alert(
    database: Database, network: Network, scene: Scene, clock: MovableClock, restored: Hold
) -> None:
    assert restored
    view = await network.alerts.raise_(scene.deputy, scene.case.core.id, uuid4())
    assert view.alert.sent < restored.since, "it joined the one that the backup holds"
    assert [each for each in await said(database, "alert_ring") if each.state == "pending"]
    assert await escalate_due(database, clock) == 1


async def test_those_who_lead_and_the_desks_are_told_by_one_ring_each(
    database: Database, scene: Scene, restored: Hold
) -> None:
    assert restored
    told = await said(database, "hold_ring")
    targets = [each.target for each in told]
    assert len(targets) == len(set(targets))
    people = {each.id for each in targets if each.kind is TargetKind.PERSON}
    assert people == {scene.coordinator.id, scene.deputy.id}
    assert scene.police.desk_id in {each.id for each in targets if each.kind is TargetKind.DESK}
    assert all(each.mentions for each in told)


async def test_the_ledger_tells_of_both_ends(database: Database, clock: MovableClock, restored: Hold) -> None:
    await resume(database, clock)
    assert await held(database) is None
    await ledger.sequence_all(database)
    acts = [(each.act, each.actor_kind) for each in await ledger.entries(database, limit=1000)]
    assert [each for each in acts if each[0].startswith("hold_")] == [
        ("hold_began", "system"), ("hold_ended", "operator"),
    ]  # fmt: skip
    # Whoever resumes a hold that another has ended ends nothing.
    async with database.transaction() as tx:
        assert not await hold.resume(tx, restored, await ledger.head(database), clock.now())


async def test_after_a_resumption_every_process_believes_the_ledger_as_it_is(
    database: Database, network: Network, scene: Scene, clock: MovableClock, tmp_path: Path
) -> None:
    other = LastHead(database, clock)
    async with rewind(database):
        await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
        await ledger.sequence_all(database)
        await LastHead(database, clock, tmp_path).look()
        await other.look()
    last_head = LastHead(database, clock, tmp_path)
    assert await last_head.look() is not None
    await resume(database, clock)
    await ledger.sequence_all(database)
    for each in (last_head, other, LastHead(database, clock, tmp_path), LastHead(database, clock)):
        assert await each.look() is None
    # And a backup of before that is noticed again, once: whoever has compared is believed then, too.
    async with database.transaction() as tx:
        await tx.run("UPDATE hold SET generation = 0")
    assert await LastHead(database, clock, tmp_path).look() is not None
    await resume(database, clock)
    await ledger.sequence_all(database)
    for each in (last_head, other, LastHead(database, clock, tmp_path), LastHead(database, clock)):
        assert await each.look() is None


async def test_who_calls_for_help_before_the_restore_is_noticed_is_called_for(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    last_head = LastHead(database, clock)
    async with rewind(database):
        await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
        await ledger.sequence_all(database)
        await last_head.look()
    clock.move(3 * MINUTE)
    raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    hold_ = await last_head.look()
    assert hold_ is not None
    assert hold_.since < clock.now()
    assert {each.state for each in await said(database, "alert_ring")} == {"pending"}
    clock.move(3 * MINUTE)
    assert await escalate_due(database, clock) == 1
    assert (await network.alerts.see(scene.coordinator, raised.alert.id)).alert.step == 1


async def test_an_engine_that_starts_on_a_restored_database_says_nothing_old(
    database: Database, settings: Settings, network: Network, scene: Scene, clock: MovableClock, tmp_path: Path
) -> None:
    running = MovableClock()
    alerts = Alerts(database, running)
    await alerts.raise_(scene.member, scene.case.core.id, uuid4())
    running.move(3 * MINUTE)
    async with rewind(database):
        await network.agencies.all_agencies()
        await network.cases.open_compartment(scene.coordinator, scene.case.id, [])
        await ledger.sequence_all(database)
        await LastHead(database, running, tmp_path).look()
    before = await said(database, "alert_ring", "alert_still_silent")
    await Engine(database, running, settings, LastHead(database, running, tmp_path)).sweep()
    assert await held(database) is not None
    after = await said(database, "alert_ring", "alert_still_silent")
    assert len(after) == len(before)
    assert {each.state for each in after} == {"withdrawn"}
    assert clock
