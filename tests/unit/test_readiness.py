"""Whoever asks whether the process is ready, and however many do: the checks are run one at a time."""

from __future__ import annotations

import asyncio

from core.errors import Unavailable
from server.api.health import Checks


async def test_all_who_ask_while_a_check_runs_share_the_next() -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    begun: list[asyncio.Event] = []

    async def check() -> None:
        begun.append(gates[len(begun)])
        await begun[-1].wait()

    checks = Checks({"database": check})
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(checks.outcomes())
        await asyncio.sleep(0)
        others = [tasks.create_task(checks.outcomes()) for _ in range(20)]
        await asyncio.sleep(0)
        assert len(begun) == 1
        gates[0].set()
        await first
        gates[1].set()
    assert [each.result() for each in (first, *others)] == [{"database": "ok"}] * 21
    assert len(begun) == 2


async def test_nobody_is_told_of_a_check_that_began_before_they_asked() -> None:
    works = True

    async def check() -> None:
        await asyncio.sleep(0)
        if not works:
            raise Unavailable("away")

    checks = Checks({"database": check})
    assert await checks.outcomes() == {"database": "ok"}
    works = False
    assert await checks.outcomes() == {"database": "failed"}
