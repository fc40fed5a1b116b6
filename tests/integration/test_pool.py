"""Connections at hand: lent again as they are, unless somebody waits, something failed or the server let go of them."""

from __future__ import annotations

import asyncio

import pytest

from core import database as databases
from core.database import Database
from tests.waiting import until

PID = "SELECT pg_backend_pid()"


async def _pid(database: Database) -> int:
    async with database.reading() as reading:
        return int(await reading.value(PID))


async def test_what_came_back_whole_is_lent_again(database_url: str) -> None:
    async with databases.connect(database_url, connections=3) as database:
        async with database.reading() as one, database.transaction() as two:
            pids = {await one.value(PID), await two.value(PID)}
        assert len(pids) == 2
        assert database.pool_use()["open"] == database.pool_use()["idle"] == 2
        async with database.reading() as one, database.reading() as two:
            assert {await one.value(PID), await two.value(PID)} == pids
            assert database.pool_use()["idle"] == 0


async def test_whoever_waits_gets_what_comes_back(database_url: str) -> None:
    async with databases.connect(database_url, connections=1) as database, asyncio.TaskGroup() as tasks:
        async with database.reading() as held:
            pid = await held.value(PID)
            waiting = [tasks.create_task(_pid(database)) for _ in range(3)]
            await until(lambda: database._pool._waiting == 3)
        assert [await each for each in waiting] == [pid] * 3


async def test_nothing_of_what_failed_or_was_cancelled_is_left_to_the_next(database_url: str) -> None:
    async with databases.connect(database_url, connections=1) as database:
        with pytest.raises(LookupError):
            await _fail(database)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_sleep(database), 0.05)
        async with database.reading() as reading:
            assert await reading.value("SELECT to_regclass('left_over')") is None


async def _fail(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run("CREATE TABLE left_over (id int)")
        raise LookupError


async def _sleep(database: Database) -> None:
    async with database.reading() as reading:
        await reading.value("SELECT pg_sleep(30)")


async def test_a_transaction_that_somebody_left_open_is_not_at_hand(database_url: str) -> None:
    async with databases.connect(database_url, connections=1) as database:
        async with database.reading() as reading:
            await reading.value("SELECT 1")
            await reading._connection.execute("BEGIN")
            await reading._connection.execute("CREATE TABLE left_open (id int)")
        async with database.reading() as reading:
            assert await reading.value("SELECT to_regclass('left_open')") is None


async def test_what_the_server_let_go_of_is_replaced(database_url: str, database: Database) -> None:
    async with databases.connect(database_url, connections=2, urgent_connections=1) as lost:
        async with lost.reading() as one, lost.reading() as two:
            pids = [await one.value(PID), await two.value(PID)]
        async with database.transaction() as tx:
            await tx.rows("SELECT pg_terminate_backend(pid, 10000) FROM unnest($1::int[]) AS pid", pids)
        # The driver itself connects one anew.
        await until(lambda: lost.pool_use()["idle"] <= 1)
        async with lost.reading() as one, lost.reading() as two:
            assert not {await one.value(PID), await two.value(PID)} & {*pids}


async def test_what_is_lost_when_its_work_is_done_undoes_nothing(database_url: str, database: Database) -> None:
    async with databases.connect(database_url, connections=1) as lost:
        async with lost.reading() as reading:
            pid = await reading.value(PID)
            async with database.transaction() as tx:
                await tx.value("SELECT pg_terminate_backend($1, 10000)", pid)
            await until(lambda: not databases._is_open(reading._connection))
        assert await _pid(lost) != pid


async def test_what_lies_long_goes_back_to_the_driver(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with databases.connect(database_url, connections=2) as database:
        async with database.reading(), database.reading():
            pass
        assert len(database._pool._at_hand) == 2
        monkeypatch.setattr("core.pool.LIES_SECONDS", 0.0)
        for _ in range(2):
            await _pid(database)
        assert len(database._pool._at_hand) <= 1
        assert database.pool_use()["idle"] == 2
