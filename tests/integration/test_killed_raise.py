"""SIGKILL at any await of a raise: all of it is there or nothing, and the same key completes it once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from agencies.model import Person
from alerts.model import AlertId, State
from alerts.vocabulary import StandDownReason
from cases.model import Case, Part
from core.database import Database
from tests.people import Network

RAISER = Path(__file__).with_name("killed_raiser.py")
PATIENCE_SECONDS = 60
COUNTS = """
SELECT (SELECT count(*) FROM alerts WHERE id = $1) AS alerts,
    (SELECT count(*) FROM alert_raises WHERE alert_id = $1) AS raises,
    (SELECT count(*) FROM alert_agencies WHERE alert_id = $1) AS agencies,
    (SELECT count(*) FROM alert_recipients WHERE alert_id = $1) AS recipients,
    (SELECT count(*) FROM outbox WHERE alert_id = $1) AS messages,
    (SELECT count(*) FROM ledger WHERE object_id = $1 AND act = 'alert_raised') AS acts
"""
UNDER_WAY = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'relation' AND pid <> pg_backend_pid()
"""

Raise = Callable[[int, UUID], Awaitable[str]]


@asynccontextmanager
async def raiser(url: str, person: Person, case: Case) -> AsyncIterator[Raise]:
    """Start what raises and dies."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(RAISER), url, person.matrix_user, str(case.core.id),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    answers, orders = process.stdout, process.stdin

    async def order(at: int, key: UUID) -> str:
        orders.write(f"{at} {key}\n".encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await answers.readline()).decode().strip()

    try:
        yield order
    finally:
        orders.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()


async def counted(database: Database, key: UUID) -> list[int]:
    """Return how much of a raise there is, once nothing of the dead process is under way any more."""
    async with database.transaction() as tx:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await tx.value(UNDER_WAY):
                pass
        row = await tx.row(COUNTS, key)
    assert row is not None
    return [row[name] for name in ("alerts", "raises", "agencies", "recipients", "messages", "acts")]


async def test_a_raise_killed_at_any_await(database: Database, database_url: str, network: Network) -> None:
    shelter, police = await network.office(), await network.office()
    case = await network.case(shelter.worker, {police: Part.RESPONDER}, [police.worker])

    async def end(key: UUID) -> None:
        """Free the scope for the next one."""
        await network.alerts.acknowledge(police.officer, AlertId(key))
        await network.alerts.stand_down(police.officer, AlertId(key), StandDownReason.DRILL_OVER)

    whole_key = uuid4()
    await network.alerts.raise_(shelter.worker, case.core.id, whole_key)
    whole = await counted(database, whole_key)
    assert all(whole)
    await end(whole_key)

    died_before, died_after, at = 0, 0, 0
    async with raiser(database_url, shelter.worker, case) as raise_and_die:
        while True:
            at, key = at + 1, uuid4()
            ended = await raise_and_die(at, key)
            assert ended in {"killed", "raised"}
            there = await counted(database, key)
            assert there in ([0] * len(whole), whole)
            if ended == "raised":
                assert there == whole
                break
            died_after += there == whole
            died_before += there != whole
            # The person presses on, with the same key, as every client does.
            view = await network.alerts.raise_(shelter.worker, case.core.id, key)
            assert (view.alert.id, view.alert.state) == (key, State.OPEN)
            assert await counted(database, key) == whole
            await end(key)
    assert died_before > 15, died_before
    assert died_after >= 3, died_after
