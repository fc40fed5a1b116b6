"""PostgreSQL's failures in our words: nothing half done, nothing quoted, and back again by itself."""

from __future__ import annotations

import asyncio
import io
import json
from uuid import uuid4

import pytest

from agencies.model import AgencyKind
from alerts.vocabulary import StandDownReason
from core import database as databases
from core import heartbeat
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, StrehaError, Unavailable
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.waiting import until_somebody_waits

MARKED = "Zlatokrila Neponovljivić"


async def cut(database: Database, tx: Transaction) -> None:
    """End the server's side of a transaction, as a failover does."""
    pid = await tx.value("SELECT pg_backend_pid()")
    async with database.transaction() as other:
        await other.value("SELECT pg_terminate_backend($1)", pid)


async def test_where_nothing_answers_it_is_said_at_once(unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await databases.connect(f"postgresql://streha:secret@127.0.0.1:{unused_tcp_port}/streha").__aenter__()


async def add_half(tx: Transaction, clock: MovableClock) -> None:
    """Do something that must not remain."""
    await tx.run("INSERT INTO heartbeats (role, at) VALUES ('half', $1)", clock.now())


@pytest.mark.parametrize("moment", ["in the middle", "before the commit"])
async def test_a_transaction_that_is_cut_leaves_nothing(database: Database, clock: MovableClock, moment: str) -> None:
    async def do() -> None:
        async with database.transaction() as tx:
            await add_half(tx, clock)
            await cut(database, tx)
            if moment == "in the middle":
                await tx.value("SELECT 1")

    with pytest.raises(Unavailable):
        await do()
    assert await heartbeat.beats(database) == {}


async def test_a_raise_cut_in_the_middle_leaves_nothing_and_succeeds_again(
    database: Database, network: Network, scene: Scene
) -> None:
    key = uuid4()

    async def raise_and_tell() -> bool:
        try:
            await network.alerts.raise_(scene.member, scene.case.core.id, key)
        except Unavailable:
            return False
        return True

    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        # The raise stands still in its middle, at the ledger, and is cut there.
        await tx.script("LOCK TABLE ledger IN EXCLUSIVE MODE")
        raising = tasks.create_task(raise_and_tell())
        await until_somebody_waits(tx)
        await tx.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
    assert not raising.result()
    async with database.transaction() as tx:
        for table in ("alerts", "alert_raises", "alert_recipients", "outbox"):
            assert await tx.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 (own tables)
    assert (await network.alerts.raise_(scene.member, scene.case.core.id, key)).alert.id == key


async def test_after_every_connection_was_lost_it_goes_on(database: Database, clock: MovableClock) -> None:
    for urgent in (False, True):
        async with database.transaction(urgent=urgent) as tx:
            await tx.value("SELECT 1")
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with database.transaction() as tx:
        assert await tx.value(f"SELECT count(pg_terminate_backend(pid, 10000)) {others}")
    with pytest.raises(Unavailable):
        await _run(database, "SELECT pg_terminate_backend(pg_backend_pid())", [])
    await heartbeat.check_write(database, clock)
    assert await heartbeat.beats(database) == {"readiness": clock.now()}
    async with database.transaction() as tx:
        assert await tx.value("SELECT 1") == 1


async def test_a_crowd_of_readers_does_not_stand_in_the_way_of_a_raise(database_url: str, scene: Scene) -> None:
    async with databases.connect(database_url, connections=2, urgent_connections=2) as database:
        network = Network(database, MovableClock())
        async with database.transaction(), database.transaction():
            assert database.pool_use()["idle"] == 0
            raised = await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())
            assert database.pool_use()["urgent_open"] >= 1
        await network.alerts.acknowledge(scene.police.officer, raised.alert.id)
        await network.alerts.stand_down(scene.police.officer, raised.alert.id, StandDownReason.SAFE)


async def test_what_saves_lives_is_committed_before_it_is_said(database: Database) -> None:
    async with database.transaction(urgent=True) as tx:
        assert await tx.value("SHOW synchronous_commit") == "on"
        assert await tx.value("SHOW timezone") == "UTC"


async def test_a_refusal_quotes_nothing(database: Database, network: Network, logged: io.StringIO) -> None:
    await network.agencies.add_agency(name=MARKED, kind=AgencyKind.NGO, country="RS", language="sr-Latn")
    attempts: list[tuple[type[StrehaError], str, list[object]]] = [
        (Conflict, "INSERT INTO agencies SELECT gen_random_uuid(), name, 'ngo', 'RS', 'en', now() FROM agencies", []),
        (Conflict, "INSERT INTO duty_officers VALUES (gen_random_uuid(), gen_random_uuid(), now())", []),
        (InvalidInput, "SELECT $1::text", [MARKED + "\0"]),
        (InvalidInput, "SELECT $1::integer", [MARKED]),
        (InvalidInput, "SELECT $1::integer", [2**40]),
        (InvalidInput, "SELECT $1::text", ["\ud800"]),
        (Unavailable, f"DO $$ BEGIN RAISE EXCEPTION '{MARKED}' USING ERRCODE = '57P03'; END $$", []),
    ]  # fmt: skip
    for error, statement, values in attempts:
        with pytest.raises(error) as refused:
            await _run(database, statement, values)
        assert MARKED not in str(refused.value)
    assert MARKED not in logged.getvalue()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [(line["event"], line["sqlstate"]) for line in lines if "sqlstate" in line] == [
        ("database_unavailable", "57P03")
    ]


async def _run(database: Database, statement: str, values: list[object]) -> None:
    async with database.transaction() as tx:
        await tx.value(statement, *values)


async def test_a_fault_of_the_program_is_not_called_an_outage(database: Database) -> None:
    for statement in ("SELEC 1", "SELECT * FROM nowhere", "SELECT nothing FROM agencies", "CREATE TABLE agencies ()"):
        with pytest.raises(Exception, match=r".+") as fault:
            await _run(database, statement, [])
        assert not isinstance(fault.value, StrehaError)


async def test_values_come_back_as_they_went(database: Database) -> None:
    async with database.transaction() as tx:
        value = {"text": 'č "quoted" \\ \n', "number": 7, "yes": True, "nothing": None, "list": [1, "two"]}
        assert await tx.value("SELECT $1::jsonb", value) == value
        assert await tx.run("SELECT 1") == 1
        assert await tx.row("SELECT 1 WHERE false") is None
        assert await tx.value("SELECT 1 WHERE false") is None
        assert await tx.rows("SELECT 1 WHERE false") == []


async def test_a_cancelled_transaction_leaves_nothing(database: Database, clock: MovableClock) -> None:
    async def do() -> None:
        async with asyncio.timeout(0.2), database.transaction() as tx:
            await add_half(tx, clock)
            await tx.value("SELECT pg_sleep(30)")

    with pytest.raises(TimeoutError):
        await do()
    assert await heartbeat.beats(database) == {}


async def test_the_clocks_are_compared(database: Database, clock: MovableClock) -> None:
    machine = clock.now() - clock.offset
    assert abs(await database.seconds_ahead(machine.timestamp())) < 2
    assert await database.seconds_ahead(machine.timestamp() + 3600) > 3590
