"""What the metrics say after something has happened, and what they leave out while nobody can know."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from agencies.sign_in import SignIn
from alerts.vocabulary import StandDownReason, Status
from bots.account.lease import Lease
from bots.sending.outcomes import Outcomes
from cases import hold, ledger
from cases.hold import Why
from core import database as databases
from core import heartbeat, metrics, outbox
from core.database import Database, Transaction
from core.errors import StrehaError
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings
from safety_plans.model import Level
from server.engine import Engine
from server.live.events import Ending
from server.live.feed import Feed
from server.metrics import Exposition
from streha.processes import exposition
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.scraped import Scrape, counted, scrape, unknown_labels
from tests.waiting import until, until_somebody_waits

CALLED = {"status": "Actual", "severity": "Extreme"}
DRILL = {"status": "Exercise", "severity": "Extreme"}


@pytest.fixture
def told(database: Database, clock: MovableClock) -> Exposition:
    """Return what a process on the test's own database tells."""
    made = exposition(clock)
    made.reads(database)
    return made


async def test_an_alert_from_its_raise_to_its_end(
    told: Exposition, network: Network, scene: Scene, clock: MovableClock
) -> None:
    before = await scrape(told)
    assert before("streha_alerts_open", state="open", **CALLED) == 0
    view = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    await network.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4(), status=Status.EXERCISE)
    clock.move(timedelta(seconds=90))
    now = await scrape(told)
    assert now("streha_alerts_open", state="open", **CALLED) == 1
    assert now("streha_alerts_oldest_unaccepted_seconds", **CALLED) == 90
    assert now.since(before, "streha_alert_raises_total", through="api", **CALLED) == 1
    assert now.since(before, "streha_alert_raises_total", through="api", **DRILL) == 1

    for person in (scene.coordinator, scene.deputy, scene.police.officer):
        await network.alerts.acknowledge(person, view.alert.id)
    accepted = await scrape(told)
    assert accepted.since(before, "streha_alert_acknowledgement_seconds_count", **CALLED) == 3
    assert accepted.since(before, "streha_alert_acknowledgement_seconds_sum", **CALLED) == 270
    assert accepted("streha_alerts_open", state="accepted", **CALLED) == 1
    assert accepted("streha_alerts_oldest_unaccepted_seconds", **CALLED) == 0
    assert accepted("streha_alerts_oldest_unaccepted_seconds", **DRILL) == 90

    await network.alerts.stand_down(scene.coordinator, view.alert.id, StandDownReason.SAFE)
    ended = await scrape(told)
    assert ended("streha_alerts_open", state="accepted", **CALLED) == 0
    assert ended.since(before, "streha_alerts_ended_total", status="Actual") == 1
    assert ended.since(before, "streha_alerts_ended_total", status="Exercise") == 0


async def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    counts: list[str] = []

    async def act(*, fails: bool) -> None:
        async with database.transaction() as tx:
            tx.afterwards(lambda: counts.append("counted"))
            assert counts == []
            if fails:
                raise StrehaError("no")

    with pytest.raises(StrehaError):
        await act(fails=True)
    assert counts == []
    await act(fails=False)
    assert counts == ["counted"]


async def test_a_count_that_fails_leaves_what_was_stored(database: Database, clock: MovableClock) -> None:
    def fail() -> None:
        raise KeyError

    async with database.transaction() as tx:
        tx.afterwards(fail)
        await outbox.post(tx, [_message(Lane.ALERT)], clock.now())
    async with database.transaction() as tx:
        assert len(await outbox.claim(tx, clock.now(), 10, Lane.ALERT)) == 1


async def test_a_step_that_waits_for_its_sweep(
    told: Exposition, network: Network, scene: Scene, database: Database, clock: MovableClock, settings: Settings
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    clock.move(timedelta(minutes=3))
    before = await scrape(told)
    assert before("streha_sweep_rows_overdue", module="alerts") == 1
    assert before("streha_sweep_oldest_overdue_seconds", module="alerts") == 60
    assert before("streha_sweep_rows_overdue", module="reviews") == 0
    assert before("streha_ledger_waiting_entries") is not None

    await Engine(database, clock, settings).sweep()
    now = await scrape(told)
    assert now.since(before, "streha_sweep_step_lateness_seconds_count", module="alerts") == 1
    assert now.since(before, "streha_sweep_step_lateness_seconds_sum", module="alerts") == 60
    assert now("streha_sweep_rows_overdue", module="alerts") == 0
    modules = ("clock", "alerts", "first_reviews", "reviews", "ledger", "sign_in", "heartbeat", "wake")
    for module in modules:
        assert now("streha_sweep_last_success_timestamp_seconds", module=module) == clock.now().timestamp()
        assert now.since(before, "streha_sweep_duration_seconds_count", module=module) == 1
        assert now.since(before, "streha_sweep_failures_total", module=module) == 0
    assert not [
        labels for name, labels in now.values if name.startswith("streha_sweep") and ("module", "other") in labels
    ]
    assert now("streha_ledger_waiting_entries") == 0
    assert now("streha_heartbeat_age_seconds", role="engine") == 0


async def test_a_module_that_fails_is_counted_and_its_last_success_grows_old(
    told: Exposition, network: Network, scene: Scene, database: Database, clock: MovableClock, settings: Settings
) -> None:
    engine = Engine(database, clock, settings)
    await engine.sweep()
    worked_at = clock.now().timestamp()
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.LOW)
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    clock.move(timedelta(minutes=3))
    before = await scrape(told)
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE reviews RENAME TO reviews_elsewhere")
    await engine.sweep()
    now = await scrape(told)
    assert now.since(before, "streha_sweep_failures_total", module="reviews") == 1
    assert now("streha_sweep_last_success_timestamp_seconds", module="reviews") == worked_at
    assert now("streha_sweep_last_success_timestamp_seconds", module="alerts") == clock.now().timestamp()
    # What is counted at the scrape fails alike: its gauges are silent, and that is told; its neighbours' are there.
    assert now.since(before, "streha_scrape_tally_failures_total", module="reviews") == 1
    assert not now.told("streha_reviews_open")
    assert now("streha_scrape_database_up") == 1
    assert now("streha_alerts_open", state="open", **CALLED) == 1


async def test_a_row_that_fails_is_counted(
    told: Exposition, network: Network, scene: Scene, database: Database, clock: MovableClock, settings: Settings
) -> None:
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    clock.move(timedelta(minutes=3))
    before = await scrape(told)
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE alert_recipients RENAME TO recipients_elsewhere")
    await Engine(database, clock, settings).sweep()
    clock.move(timedelta(minutes=1))
    now = await scrape(told)
    assert now.since(before, "streha_sweep_row_failures_total", module="alerts") == 1
    assert now("streha_sweep_oldest_overdue_seconds", module="alerts") == 120


async def test_messages_from_waiting_to_their_ends(told: Exposition, database: Database, clock: MovableClock) -> None:
    before = await scrape(told)
    async with database.transaction() as tx:
        calls = [_message(Lane.ALERT, TargetKind.DESK) for _ in range(3)]
        await outbox.post(tx, [*calls, _message(Lane.ORDINARY)], clock.now())
    clock.move(timedelta(seconds=4))
    async with database.transaction() as tx:
        claimed = await outbox.claim(tx, clock.now(), 2, Lane.ALERT)
    now = await scrape(told)
    desk = {"lane": "alert", "room_kind": "desk"}
    assert now("streha_outbox_waiting_messages", state="sending", **desk) == 2
    assert now("streha_outbox_waiting_messages", state="pending", **desk) == 1
    assert now("streha_outbox_waiting_messages", state="pending", lane="ordinary", room_kind="compartment") == 1
    assert now("streha_outbox_waiting_messages", state="pending", lane="ordinary", room_kind="person") == 0
    assert now("streha_outbox_oldest_waiting_seconds", **desk) == 4

    outcomes = Outcomes(database, clock)
    async with database.transaction() as tx:
        await outbox.mark_sent(tx, [(claimed[0].id, [uuid4()])], clock.now())
        outcomes.sent(claimed[0], clock.now(), [uuid4()])
    await outcomes.give_up(claimed[1], "failed", "M_TOO_LARGE")
    ended = await scrape(told)
    for state in ("sent", "failed"):
        assert ended.since(before, "streha_messages_ended_total", state=state, channel="matrix", **desk) == 1
    lane = {"lane": "alert", "channel": "matrix"}
    assert ended.since(before, "streha_message_delivery_seconds_sum", **lane) == 4
    assert ended.since(before, "streha_message_people_unreached_total", **lane) == 1
    assert ended("streha_outbox_waiting_messages", state="sending", **desk) == 0
    assert ended("streha_outbox_waiting_messages", state="pending", **desk) == 1


async def test_reviews_are_open_then_due_then_overdue(
    told: Exposition, network: Network, scene: Scene, database: Database, clock: MovableClock, settings: Settings
) -> None:
    engine = Engine(database, clock, settings)
    await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    assert await _reviews(told) == (1, 0, 0)
    # Also before anybody was reminded, and when the sweep is late by weeks.
    clock.move(timedelta(days=7))
    assert await _reviews(told) == (1, 1, 0)
    await engine.sweep()
    assert await _reviews(told) == (1, 1, 0)
    for _ in range(3):
        clock.move(timedelta(days=1))
        await engine.sweep()
        assert await _reviews(told) == (1, 0, 1)
    (view,) = await network.reviews.due(scene.coordinator)
    await network.reviews.complete(scene.coordinator, view.review.id)
    assert await _reviews(told) == (1, 0, 0)


async def test_a_hold_and_since_when(told: Exposition, database: Database, clock: MovableClock) -> None:
    assert (await scrape(told))("streha_hold_since_timestamp_seconds") == 0
    began = clock.now()
    async with database.transaction() as tx:
        await hold.begin(tx, Why.ANOTHER_DATABASE, began, place="another", lost=None)
    clock.move(timedelta(hours=3))
    assert (await scrape(told))("streha_hold_since_timestamp_seconds") == began.timestamp()
    async with database.transaction() as tx:
        found = await hold.current(tx)
        assert found is not None
        assert await hold.resume(tx, found, ledger.Head(position=0, hash=bytes(32)), clock.now())
    assert (await scrape(told))("streha_hold_since_timestamp_seconds") == 0


@pytest.mark.usefixtures("scene")
async def test_roles_the_lease_and_the_ledger(told: Exposition, database: Database, clock: MovableClock) -> None:
    never = await scrape(told)
    assert never("streha_heartbeat_age_seconds", role="engine") == float("inf")
    assert never("streha_heartbeat_age_seconds", role="bots") == float("inf")
    assert never("streha_heartbeat_age_seconds", role="readiness") is None
    assert never("streha_bot_lease_held") == 0
    assert never("streha_ledger_last_position") == 0
    assert not never.told("streha_ledger_last_position_age_seconds")
    assert (never("streha_ledger_waiting_entries") or 0) > 0

    await heartbeat.beat(database, "bots", clock.now())
    await Lease(database, clock).acquire()
    clock.move(timedelta(seconds=7))
    waiting = await scrape(told)
    assert waiting("streha_heartbeat_age_seconds", role="bots") == 7
    assert waiting("streha_bot_lease_held") == 1
    assert waiting("streha_ledger_oldest_waiting_seconds") == 7
    clock.move(timedelta(seconds=14))
    assert (await scrape(told))("streha_bot_lease_held") == 0

    await ledger.sequence(database)
    now = await scrape(told)
    assert now("streha_ledger_waiting_entries") == 0
    assert now("streha_ledger_last_position") == never("streha_ledger_waiting_entries")
    assert now("streha_ledger_oldest_waiting_seconds") == 0
    assert now("streha_ledger_last_position_age_seconds") == 21


async def test_live_streams_are_counted_by_their_ends(
    network: Network, scene: Scene, database: Database, settings: Settings
) -> None:
    feed = Feed(database, network.clock, SignIn(database, network.clock, settings))
    before = counted()
    mine, another = [await feed.follow(scene.member.id, b"a token", None) for _ in range(2)]
    assert counted().since(before, "streha_streams_open") == 2
    mine.end(Ending.SLOW)
    another.end(None)
    now = counted()
    assert now.since(before, "streha_streams_open") == 0
    assert now.since(before, "streha_streams_ended_total", reason="slow") == 1
    assert now.since(before, "streha_streams_ended_total", reason="left") == 1
    assert {*metrics.STREAM_END.values} == {"left", *Ending}


async def test_clocks_that_agree(told: Exposition) -> None:
    skew = (await scrape(told))("streha_clock_skew_seconds")
    assert skew is not None
    assert abs(skew) < 2


async def test_who_waits_for_a_connection_is_seen(database_url: str, clock: MovableClock) -> None:
    async with databases.connect(database_url, connections=1, urgent_connections=2) as narrow:
        told = exposition(clock)
        told.reads(narrow)
        waited = counted()
        async with asyncio.TaskGroup() as tasks, narrow.transaction(urgent=True), narrow.transaction():
            behind = tasks.create_task(_look(narrow))
            await until(lambda: counted()("streha_database_pool_waiting", pool="ordinary") == 1)
            narrow.tell_pool_use()
            crowded = counted()
        assert behind.done()
        assert crowded("streha_database_pool_connections", pool="ordinary", state="in_use") == 1
        assert crowded("streha_database_pool_connections", pool="ordinary", state="idle") == 0
        assert crowded("streha_database_pool_connections_limit", pool="urgent") == 2
        assert crowded("streha_database_pool_connections", pool="urgent", state="in_use") == 1
        free = await scrape(told)
        assert free("streha_database_pool_connections", pool="ordinary", state="idle") == 1
        assert free("streha_database_pool_waiting", pool="ordinary") == 0
        assert free.since(waited, "streha_database_pool_acquire_seconds_count", pool="ordinary") >= 2


async def test_askers_at_one_moment_share_one_look(told: Exposition, database_url: str) -> None:
    holder = await asyncpg.connect(database_url)
    try:
        before = await scrape(told)
        await holder.execute("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(told.text()) for _ in range(5)]
            await until_somebody_waits(Transaction(holder))
            await holder.execute("COMMIT")
    finally:
        await holder.close()
    assert len({each.result() for each in asked}) == 1
    # One connection for each of the six tallies: of one asker, not of five.
    assert counted().since(before, "streha_database_pool_acquire_seconds_count", pool="ordinary") == 6


async def test_no_tally_lets_a_scrape_wait_for_ever(
    told: Exposition, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.tally.COLLECT_SECONDS", 0.2)
    holder = await asyncpg.connect(database_url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE")
            now = await scrape(told)
    finally:
        await holder.close()
    assert now("streha_scrape_database_up") == 0
    assert now("streha_clock_skew_seconds") is not None
    assert not now.told("streha_alerts_open")
    assert (await scrape(told))("streha_scrape_database_up") == 1


async def test_a_busy_night_says_only_what_is_on_the_lists(
    told: Exposition, network: Network, scene: Scene, database: Database, clock: MovableClock, settings: Settings
) -> None:
    engine = Engine(database, clock, replace(settings, sweep_interval=1.0))
    await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
    for _ in range(4):
        clock.move(timedelta(hours=12))
        await engine.sweep()
    await scrape(told)
    assert list(unknown_labels()) == []


async def _reviews(told: Exposition) -> tuple[float | None, ...]:
    now: Scrape = await scrape(told)
    return tuple(now(f"streha_reviews_{standing}") for standing in ("open", "due", "overdue"))


async def _look(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.value("SELECT 1")


def _message(lane: Lane, kind: TargetKind = TargetKind.COMPARTMENT) -> Message:
    return Message(key=str(uuid4()), target=Target(kind=kind, id=uuid4()), template="review_due", lane=lane)
