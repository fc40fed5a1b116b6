"""One active bot: the lease goes by the database's clock, is fenced, and a dead bot's directory gives it at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bots.account import lease
from bots.account.lease import LEASE, Lease, LeaseLost
from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.errors import Conflict
from core.ids import new_id
from core.outbox import Lane, Message, Target, TargetKind
from tests.clock import MovableClock


class ClockOfMachine:
    """The clock of a machine that is wrong by so much, and knows nothing of it."""

    def __init__(self, wrong_by: timedelta) -> None:
        self._wrong_by = wrong_by
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self._wrong_by


async def stored(database: Database, lease: Lease) -> bool:
    """Try to store something as the active bot."""
    try:
        async with database.transaction() as tx:
            await lease.require(tx)
    except LeaseLost:
        return False
    return True


async def test_one_of_two_bots_is_active_and_the_other_follows_when_it_is_over(
    database: Database, clock: MovableClock
) -> None:
    first, second = Lease(database, clock), Lease(database, clock)
    assert await first.renew()
    assert not await second.renew()
    clock.move(LEASE - timedelta(seconds=1))
    assert not await second.renew()
    assert await first.renew()
    clock.move(LEASE + timedelta(seconds=1))
    assert await second.renew()
    assert not await stored(database, first)
    assert await stored(database, second)
    assert not await first.renew()


async def test_a_machine_whose_clock_is_ahead_does_not_take_the_lease(database: Database) -> None:
    right, ahead = Lease(database, SystemClock()), Lease(database, ClockOfMachine(timedelta(hours=1)))
    assert await right.renew()
    assert not await ahead.renew()


async def test_a_machine_whose_clock_is_behind_does_not_keep_the_lease_for_ever(
    database: Database, clock: MovableClock
) -> None:
    behind = Lease(database, ClockOfMachine(timedelta(hours=-1)))
    assert await behind.renew()
    async with database.transaction() as tx:
        left = await tx.value("SELECT until - clock_timestamp() FROM bot_lease")
    assert timedelta(0) < left <= LEASE
    assert clock.offset != timedelta(0)


async def test_a_lease_given_back_is_free_at_once(database: Database, clock: MovableClock) -> None:
    first, second = Lease(database, clock), Lease(database, clock)
    await first.acquire()
    await first.release()
    assert await second.renew()
    # Who never had it gives nothing back.
    await first.release()
    assert await second.renew()
    await Lease(database, clock).release()
    assert await stored(database, second)


async def test_who_has_the_directory_of_a_dead_bot_does_not_wait(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    here, elsewhere = tmp_path / "here.lock", tmp_path / "elsewhere.lock"
    here.touch()
    elsewhere.touch()
    dead, again, other = Lease(database, clock), Lease(database, clock), Lease(database, clock)
    dead.stand_in(here)
    assert await dead.renew()
    other.stand_in(elsewhere)
    assert not await other.renew()
    again.stand_in(here)
    assert await again.renew()
    assert not await stored(database, dead)
    nowhere = Lease(database, clock)
    nowhere.stand_in(tmp_path / "absent.lock")
    assert not await nowhere.renew()


async def test_without_a_place_no_bot_is_taken_for_dead(database: Database, clock: MovableClock) -> None:
    assert await Lease(database, clock).renew()
    assert not await Lease(database, clock).renew()


async def test_a_bot_that_was_away_too_long_learns_that_another_was_active(
    database: Database, clock: MovableClock
) -> None:
    away, other = Lease(database, clock), Lease(database, clock)
    await away.acquire()
    clock.move(LEASE * 2)
    await other.acquire()
    clock.move(LEASE * 2)
    # The lease is free again, but what this bot believes to be under way is the other's.
    assert not await away.renew()
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            await away.require(tx)


async def test_a_bot_that_is_cut_off_knows_when_another_may_be_active(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, other = Lease(database, clock), Lease(database, clock)
    found = [here.runs]
    await here.acquire()
    found.append(here.runs)
    assert not await other.renew()
    found.append(other.runs)
    with monkeypatch.context() as later:
        later.setattr(lease, "LEASE", timedelta(0))
        found.append(here.runs)
    assert await here.renew()
    found.append(here.runs)
    assert found == [False, True, False, False, True]


async def test_what_a_fenced_bot_had_under_way_is_taken_up_at_once(database: Database, clock: MovableClock) -> None:
    first, second = Lease(database, clock), Lease(database, clock)
    await first.acquire()
    message = Message(key="k", target=Target(kind=TargetKind.DESK, id=new_id()), template="alert_ring", lane=Lane.ALERT)
    async with database.transaction() as tx:
        await outbox.post(tx, [message], clock.now())
        assert len(await outbox.claim(tx, clock.now(), 10, Lane.ALERT)) == 1
    clock.move(LEASE + timedelta(seconds=1))
    async with database.transaction() as tx:
        assert not await outbox.claim(tx, clock.now(), 10, Lane.ALERT)
    await second.acquire()
    async with database.transaction() as tx:
        assert len(await outbox.claim(tx, clock.now(), 10, Lane.ALERT)) == 1
    # To renew is not to begin: what this bot has under way stays its own.
    assert await second.renew()
    async with database.transaction() as tx:
        assert not await outbox.claim(tx, clock.now(), 10, Lane.ALERT)
