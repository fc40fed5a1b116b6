"""PostgreSQL dies as its machine would: what was committed is on the standby, which answers at the same address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.database import Database, connect
from core.errors import Unavailable
from deploy.errors import StackError
from deploy.stack import LocalStack
from tests.waiting import PATIENCE_SECONDS


async def test_nothing_committed_is_lost_however_often_the_standby_takes_over(tmp_path: Path) -> None:
    async with (
        LocalStack(tmp_path / "stack", fast=True, homeserver=False) as stack,
        connect(stack.addresses.database_url) as database,
    ):
        async with database.transaction() as tx:
            await tx.script("CREATE TABLE kept (number int)")
        for round_ in range(2):
            await stack.add_standby()
            written: list[int] = []
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(_write(database, written, first=1000 * round_))
                while len(written) < 20:  # noqa: ASYNC110 (another task writes)
                    await asyncio.sleep(0.01)
                known = len(written)
                await stack.fail_over()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while len(written) < known + 20:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                writing.cancel()
            async with database.reading() as look:
                found = {row["number"] for row in await look.rows("SELECT number FROM kept")}
            assert set(written) <= found


async def test_without_a_standby_there_is_nothing_to_fail_over_to(tmp_path: Path) -> None:
    async with LocalStack(tmp_path / "stack", fast=True, homeserver=False) as stack:
        with pytest.raises(StackError):
            await stack.fail_over()


async def _write(database: Database, written: list[int], *, first: int) -> None:
    number = first
    while True:
        try:
            async with database.transaction(urgent=True) as tx:
                await tx.run("INSERT INTO kept VALUES ($1)", number)
        except Unavailable:
            await asyncio.sleep(0.01)
        else:
            written.append(number)
        number += 1
