"""The schema's history: from nothing, by many at once, never backwards; and the schema file says the same."""

from __future__ import annotations

import asyncio
import sys
from importlib import resources
from pathlib import Path

import pytest

from core import database as databases
from core import migrations
from core.database import Database
from core.migrations import SchemaMismatch, known, migrate, require_compatible
from tests.schema import made_of

CHECKOUT = Path(__file__).parents[2]
# A process that migrates once it is told to, so that several do it at the same moment.
MIGRATING = """
import asyncio, sys
sys.path.insert(0, {checkout!r})
from core.database import connect
from core.migrations import migrate

async def main():
    async with connect({url!r}) as database:
        print("ready", flush=True)
        sys.stdin.readline()
        print(await migrate(database), flush=True)

asyncio.run(main())
"""


async def test_from_nothing_to_now(empty_database_url: str) -> None:
    async with databases.connect(empty_database_url) as database:
        with pytest.raises(SchemaMismatch, match="streha migrate"):
            await require_compatible(database)
        assert await migrate(database) == len(known())
        assert await migrate(database) == 0
        await require_compatible(database)
        async with database.transaction() as tx:
            rows = await tx.rows("SELECT version, min_compatible FROM schema_versions ORDER BY version")
        assert [(row["version"], row["min_compatible"]) for row in rows] == [
            (each.version, each.min_compatible) for each in known()
        ]


async def test_the_schema_file_says_what_the_migrations_make(database: Database, empty_database_url: str) -> None:
    async with databases.connect(empty_database_url) as other:
        async with other.transaction() as tx:
            await tx.script(resources.files("core").joinpath("schema.sql").read_text())
        described = await made_of(other)
    migrated = await made_of(database)
    assert described.keys() == migrated.keys()
    assert {name: described[name] for name in migrated if described[name] != migrated[name]} == {}


async def test_several_processes_at_once_migrate_once(empty_database_url: str) -> None:
    program = MIGRATING.format(checkout=str(CHECKOUT), url=empty_database_url)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    try:
        async with asyncio.timeout(60):
            for process in processes:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"ready\n"
            ends = [(await process.communicate(b"go\n"))[0] for process in processes]
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert sorted(int(each) for each in ends) == [0, 0, len(known())]
    assert [process.returncode for process in processes] == [0, 0, 0]


async def test_several_pools_at_once_migrate_once(empty_database_url: str) -> None:
    async def migrate_once() -> int:
        async with databases.connect(empty_database_url) as database:
            return await migrate(database)

    async with asyncio.TaskGroup() as tasks:
        migrating = [tasks.create_task(migrate_once()) for _ in range(4)]
    assert sum(each.result() for each in migrating) == len(known())


async def test_a_migration_is_applied_whole_or_not_at_all(empty_database_url: str) -> None:
    async with databases.connect(empty_database_url) as database:
        # Something in the way of a table in the middle of the first file.
        async with database.transaction() as tx:
            await tx.script("CREATE TABLE alerts (whatever integer)")
        with pytest.raises(Exception, match="alerts"):
            await migrate(database)
        assert {name for name in await made_of(database) if name.startswith("relations")} == {"relations: alerts"}
        async with database.transaction() as tx:
            await tx.script("DROP TABLE alerts")
        assert await migrate(database) == len(known())


@pytest.mark.parametrize("welcome", [True, False])
async def test_a_newer_schema_is_used_only_if_it_still_allows_this_program(
    database: Database, *, welcome: bool
) -> None:
    newest = known()[-1].version
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO schema_versions (version, min_compatible) VALUES ($1, $2)",
            newest + 1,
            newest if welcome else newest + 1,
        )
    assert await migrate(database) == 0
    if welcome:
        await require_compatible(database)
    else:
        with pytest.raises(SchemaMismatch, match="newer"):
            await require_compatible(database)


async def test_an_older_schema_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run("DELETE FROM schema_versions WHERE version = $1", known()[-1].version)
    with pytest.raises(SchemaMismatch, match="older"):
        await require_compatible(database)


def test_no_file_is_passed_over() -> None:
    files = [each.name for each in resources.files(migrations).iterdir() if each.name.endswith(".sql")]
    assert len(files) == len(known())
    assert [each.version for each in known()] == list(range(1, len(files) + 1))
    assert all(each.min_compatible <= each.version for each in known())
